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

static int link_into(struct workshop *shop, int root, const char *target, const char *name)
{
	char path[4 * UNIT_NAME_SIZE], original[2 * UNIT_NAME_SIZE];
	int result;

	snprintf(path, sizeof(path), "etc/systemd/system/%s.wants/%s", target, name);
	snprintf(original, sizeof(original), "/" UNIT_DIRECTORY "/%s", name);
	result = tree_link(root, path, original);
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "unit %s can't be enabled: %s",
				     name, strerror(-result));
}

static int enable(struct workshop *shop, int root, const char *name, const char *text)
{
	static const char key[] = "\nWantedBy=";
	unsigned count = 0;

	for (const char *line = text; (line = strstr(line, key)) != NULL;) {
		char target[UNIT_NAME_SIZE];

		line += sizeof(key) - 1;
		while (take_word(&line, target, sizeof(target))) {
			int result = link_into(shop, root, target, name);

			if (result != 0)
				return result;
			count++;
		}
	}
	return count > 0 ? 0
			 : failure_set(&shop->failure, -EINVAL,
				   "unit %s can't be enabled: it has no WantedBy= line", name);
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
	char path[2 * UNIT_NAME_SIZE];
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
		result = enable(shop, root, name, text);
	free(text);
	return result;
}

int units_enable(struct workshop *shop, int root, const char *name)
{
	char path[2 * UNIT_NAME_SIZE];
	char *text = NULL;
	int result;

	snprintf(path, sizeof(path), UNIT_DIRECTORY "/%.120s", name);
	result = tree_read(root, path, &text);
	if (result != 0)
		return failure_set(&shop->failure, result,
			"the recipe enables unit %s, which no package brought: %s", name,
			strerror(-result));
	result = enable(shop, root, name, text);
	free(text);
	return result;
}

int units_mask(struct workshop *shop, int root, const char *name)
{
	char path[2 * UNIT_NAME_SIZE];
	int result;

	snprintf(path, sizeof(path), "etc/systemd/system/%.120s", name);
	result = tree_link(root, path, "/dev/null");
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "unit %s can't be masked: %s",
				     name, strerror(-result));
}
