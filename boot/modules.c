/* SPDX-License-Identifier: ISC */
/* Which modules a board's root needs, and in which order (modules.dep(5), modules.softdep). */
#include "boot/build.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"

#define MODULES_LIMIT 512      /* in one closure */
#define TEXT_LIMIT (16u << 20) /* modules.dep of Debian's kernel has 1 MB */
#define MODULE_NAME_SIZE 64    /* MODULE_NAME_LEN of the kernel */

struct resolver {
	char *dependencies; /* modules.dep, NULs in place of newlines */
	size_t dependencies_size;
	char *soft; /* modules.softdep, the same way */
	size_t soft_size;
	char *builtin; /* modules.builtin, the same way */
	size_t builtin_size;
	struct boot_modules *modules;
	unsigned depth;
	char *reason;
};

/* "kernel/net/9p/9pnet.ko.xz" -> "9pnet", with '-' as '_': one name, as the kernel sees it. */
static bool module_name(const char *path, size_t length, char out[static MODULE_NAME_SIZE])
{
	const char *slash = memrchr(path, '/', length);
	const char *name = slash ? slash + 1 : path;
	size_t name_length = (size_t)(path + length - name);
	const char *dot = memmem(name, name_length, ".ko", 3);

	if (dot)
		name_length = (size_t)(dot - name);
	if (name_length == 0 || name_length >= MODULE_NAME_SIZE)
		return false;
	for (size_t i = 0; i < name_length; i++)
		out[i] = name[i] == '-' ? '_' : name[i];
	out[name_length] = '\0';
	return true;
}

static int load(const char *directory, const char *name, char **text, size_t *size, char *reason)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/%s", directory, name);
	int result = n < 0 || (size_t)n >= sizeof(path) ? -ENAMETOOLONG
							: file_read(path, TEXT_LIMIT, text, size);

	if (result != 0) {
		snprintf(reason, BOOT_REASON_SIZE, "%s can't be read: %s", name, strerror(-result));
		return result;
	}
	for (char *p = *text; (p = strchr(p, '\n')) != NULL; p++)
		*p = '\0';
	return 0;
}

static const char *next_line(const char *text, size_t size, const char *line)
{
	const char *next = line ? line + strlen(line) + 1 : text;

	return next < text + size ? next : NULL;
}

/* The line of modules.dep ("path: deps") or modules.builtin ("path") of that module. */
static const char *find_line(const char *text, size_t size, const char *wanted)
{
	char name[MODULE_NAME_SIZE];

	for (const char *line = NULL; (line = next_line(text, size, line)) != NULL;)
		if (module_name(line, strcspn(line, ":"), name) && strcmp(name, wanted) == 0)
			return line;
	return NULL;
}

static bool is_listed(const struct boot_modules *modules, const char *path, size_t length)
{
	for (size_t i = 0; i < modules->count; i++)
		if (strlen(modules->paths[i]) == length &&
			memcmp(modules->paths[i], path, length) == 0)
			return true;
	return false;
}

static int list(struct boot_modules *modules, const char *path, size_t length)
{
	if (modules->count == MODULES_LIMIT)
		return -E2BIG;
	if (!modules->paths)
		modules->paths = calloc(MODULES_LIMIT, sizeof(*modules->paths));
	if (!modules->paths)
		return -ENOMEM;
	modules->paths[modules->count] = strndup(path, length);
	if (!modules->paths[modules->count])
		return -ENOMEM;
	modules->count++;
	return 0;
}

static int add_module(struct resolver *resolver, const char *wanted, bool optional);

/* "softdep NAME pre: a b post: c": what must be there before, by name or by an alias that no file
 * here resolves (crypto-crc32c), therefore optional. */
static int add_soft(struct resolver *resolver, const char *name)
{
	for (const char *line = NULL;
		(line = next_line(resolver->soft, resolver->soft_size, line)) != NULL;) {
		char owner[MODULE_NAME_SIZE], word[MODULE_NAME_SIZE];
		const char *rest;
		int used = 0, result;

		if (sscanf(line, "softdep %63s pre:%n", owner, &used) != 1 || used == 0 ||
			strcmp(owner, name) != 0)
			continue;
		for (rest = line + used; sscanf(rest, " %63s%n", word, &used) == 1; rest += used) {
			char normal[MODULE_NAME_SIZE];

			if (strcmp(word, "post:") == 0)
				break;
			if (!module_name(word, strlen(word), normal))
				continue;
			result = add_module(resolver, normal, true);
			if (result != 0)
				return result;
		}
	}
	return 0;
}

static int add_needed(struct resolver *resolver, const char *needed)
{
	for (needed += strspn(needed, " "); *needed; needed += strspn(needed, " ")) {
		size_t length = strcspn(needed, " ");
		char name[MODULE_NAME_SIZE];
		int result = module_name(needed, length, name) ? add_module(resolver, name, false)
							       : -EINVAL;

		if (result != 0)
			return result;
		needed += length;
	}
	return 0;
}

static int add_module(struct resolver *resolver, const char *wanted, bool optional)
{
	const char *line = find_line(resolver->dependencies, resolver->dependencies_size, wanted);
	size_t length = line ? strcspn(line, ":") : 0;
	int result;

	if (!line) {
		if (optional || find_line(resolver->builtin, resolver->builtin_size, wanted))
			return 0;
		snprintf(resolver->reason, BOOT_REASON_SIZE,
			"the kernel has no module %s, which a board needs for its root", wanted);
		return -ENOENT;
	}
	if (is_listed(resolver->modules, line, length))
		return 0;
	if (line[length] != ':' || ++resolver->depth > 32) {
		snprintf(
			resolver->reason, BOOT_REASON_SIZE, "modules.dep is damaged at %s", wanted);
		return -EINVAL;
	}
	result = add_soft(resolver, wanted);
	if (result == 0)
		result = add_needed(resolver, line + length + 1);
	if (result == 0)
		result = list(resolver->modules, line, length);
	resolver->depth--;
	return result;
}

static int add_all(struct resolver *resolver, const char *const *wanted)
{
	for (; *wanted; wanted++) {
		bool optional = (*wanted)[0] == '?';
		char name[MODULE_NAME_SIZE];
		int result = module_name(*wanted + optional, strlen(*wanted + optional), name)
				     ? add_module(resolver, name, optional)
				     : -EINVAL;

		if (result != 0)
			return result;
	}
	return 0;
}

int boot_modules_resolve(const char *directory, const char *const *wanted,
	struct boot_modules *modules, char reason[static BOOT_REASON_SIZE])
{
	struct resolver resolver = { .modules = modules, .reason = reason };
	int result;

	memset(modules, 0, sizeof(*modules));
	snprintf(reason, BOOT_REASON_SIZE, "the list of modules is not valid");
	result = load(directory, "modules.dep", &resolver.dependencies, &resolver.dependencies_size,
		reason);
	if (result == 0)
		result = load(
			directory, "modules.softdep", &resolver.soft, &resolver.soft_size, reason);
	if (result == 0)
		result = load(directory, "modules.builtin", &resolver.builtin,
			&resolver.builtin_size, reason);
	if (result == 0)
		result = add_all(&resolver, wanted);
	free(resolver.dependencies);
	free(resolver.soft);
	free(resolver.builtin);
	return result;
}

void boot_modules_free(struct boot_modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		free(modules->paths[i]);
	free(modules->paths);
	memset(modules, 0, sizeof(*modules));
}
