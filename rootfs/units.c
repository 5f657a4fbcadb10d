/* SPDX-License-Identifier: ISC */
#include "rootfs/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "rootfs/tree.h"

#define UNIT_LIMIT (64u * 1024u)
#define UNIT_NAME_SIZE 128
#define UNIT_DIRECTORY "usr/lib/systemd/system"
#define UNIT_PATH_SIZE (2 * UNIT_NAME_SIZE)
#define BLANKS " \t"

/* The next word of a value, or false at the end of its line. */
static bool take_word(const char **rest, char *out, size_t size)
{
	size_t length;

	*rest += strspn(*rest, BLANKS);
	length = strcspn(*rest, BLANKS "\n");
	if (length == 0 || length >= size)
		return false;
	memcpy(out, *rest, length);
	out[length] = '\0';
	*rest += length;
	return true;
}

/* `path` is the unit's own; `how` is "wants" or "requires". */
static int link_into(
	struct workshop *shop, int root, const char *target, const char *how, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char link[4 * UNIT_NAME_SIZE], original[UNIT_PATH_SIZE + 1];
	int result;

	snprintf(link, sizeof(link), "etc/systemd/system/%s.%s/%s", target, how, name);
	snprintf(original, sizeof(original), "/%s", path);
	result = tree_link(root, link, original);
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "unit %s can't be enabled: %s",
				     name, strerror(-result));
}

static int link_by(struct workshop *shop, int root, const char *path, const char *text,
	const char *key, const char *how, unsigned *count)
{
	for (const char *line = text; (line = strstr(line, key)) != NULL;) {
		char target[UNIT_NAME_SIZE];

		line += strlen(key);
		while (take_word(&line, target, sizeof(target))) {
			int result = link_into(shop, root, target, how, path);

			if (result != 0)
				return result;
			(*count)++;
		}
	}
	return 0;
}

static int enable(struct workshop *shop, int root, const char *path, const char *text)
{
	unsigned count = 0;
	int result = link_by(shop, root, path, text, "\nWantedBy=", "wants", &count);

	if (result == 0)
		result = link_by(shop, root, path, text, "\nRequiredBy=", "requires", &count);
	if (result != 0 || count > 0)
		return result;
	return failure_set(&shop->failure, -EINVAL,
		"unit %s can't be enabled: it has no WantedBy= or RequiredBy= line",
		strrchr(path, '/') + 1);
}

/* systemd's prefixes of a program, and the leading '/'. */
static int check_program(struct workshop *shop, int root, const char *name, const char *text)
{
	static const char key[] = "\nExecStart=";
	const char *line = strstr(text, key);
	char program[512];
	int result;

	if (!line)
		return 0;
	line += sizeof(key) - 1;
	line += strspn(line, "@-:+!/");
	if (!take_word(&line, program, sizeof(program)))
		return 0;
	result = tree_check_program(root, program);
	return result == 0 ? 0
			   : failure_set(&shop->failure, result,
				     "unit %s starts /%s, which can't be executed in the root: %s",
				     name, program, strerror(-result));
}

int units_install(struct workshop *shop, int root, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;
	char path[UNIT_PATH_SIZE];
	char *text = NULL;
	size_t size;
	int result = strlen(name) < UNIT_NAME_SIZE ? file_read(file, UNIT_LIMIT, &text, &size)
						   : -ENAMETOOLONG;

	snprintf(path, sizeof(path), UNIT_DIRECTORY "/%.120s", name);
	if (result == 0)
		result = tree_write(root, path, text, size, 0644);
	if (result != 0)
		failure_set(&shop->failure, result, "unit %s can't be put into the root: %s", file,
			strerror(-result));
	if (result == 0)
		result = check_program(shop, root, name, text);
	if (result == 0)
		result = enable(shop, root, path, text);
	free(text);
	return result;
}

int units_enable(struct workshop *shop, int root, const char *name)
{
	static const char *const places[] = { "etc/systemd/system", UNIT_DIRECTORY };
	char path[UNIT_PATH_SIZE];
	char *text = NULL;
	int result = -ENOENT;

	for (size_t i = 0; result == -ENOENT && i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%.120s", places[i], name);
		result = tree_read(root, path, &text);
	}
	if (result != 0)
		return failure_set(&shop->failure, result,
			"the recipe enables unit %s, which neither a package nor the recipe's "
			"files brought: %s",
			name, strerror(-result));
	result = enable(shop, root, path, text);
	free(text);
	return result;
}

int units_mask(struct workshop *shop, int root, const char *name)
{
	char path[UNIT_PATH_SIZE];
	int result;

	snprintf(path, sizeof(path), "etc/systemd/system/%.120s", name);
	result = tree_link(root, path, "/dev/null");
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "unit %s can't be masked: %s",
				     name, strerror(-result));
}
