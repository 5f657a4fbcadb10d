/* SPDX-License-Identifier: ISC */
#include "rootfs/files.h"

#include <errno.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/tree.h"

struct placing {
	struct workshop *shop;
	int root;
	const struct recipe_file *file;
	uid_t user;
	gid_t group;
};

static int explain(struct workshop *shop, const struct recipe_file *file, const char *what,
	const char *on, int result)
{
	return failure_set(&shop->failure, result, "%s:%u: %s %s: %s",
		shop->recipe->inputs[file->input], file->line, what, on, strerror(-result));
}

int files_add_to_key(struct workshop *shop, struct cache_key *key)
{
	const struct recipe *recipe = shop->recipe;

	for (size_t i = 0; i < recipe->file_count; i++) {
		const struct recipe_file *file = &recipe->files[i];
		char hash[HASH_TEXT_SIZE], *source = realpath(file->source, NULL);
		struct stat status = { 0 };
		int result = source && stat(source, &status) == 0 ? 0 : -errno;

		if (result == 0 && S_ISDIR(status.st_mode)) {
			result = tree_hash(source, hash);
			cache_key_add(key, hash);
		} else if (result == 0) {
			cache_key_add(key, status.st_mode & 0100 ? "program" : "file");
			result = cache_key_add_file(key, source);
		}
		free(source);
		if (result != 0)
			return explain(shop, file, "can't read", file->source, result);
	}
	return 0;
}

/* "NAME:x:NUMBER:…" of passwd(5) and group(5). */
static int find_number(const char *text, const char *name, unsigned *number)
{
	size_t length = strlen(name);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		const char *field;
		char digits[12];
		uint64_t value;

		line += *line == '\n';
		if (strncmp(line, name, length) != 0 || line[length] != ':')
			continue;
		field = strchr(line + length + 1, ':');
		if (!field || strcspn(field + 1, ":\n") >= sizeof(digits))
			return -EINVAL;
		snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(field + 1, ":\n"), field + 1);
		if (str_parse_u64(digits, 0, UINT32_MAX - 1, &value) != 0)
			return -EINVAL;
		*number = (unsigned)value;
		return 0;
	}
	return -ENOENT;
}

static int resolve(
	const struct placing *placing, const char *name, const char *database, unsigned *number)
{
	char *text = NULL;
	uint64_t value;
	int result;

	*number = 0;
	if (name[0] == '\0')
		return 0;
	if (str_parse_u64(name, 0, UINT32_MAX - 1, &value) == 0) {
		*number = (unsigned)value;
		return 0;
	}
	result = tree_read(placing->root, database, &text);
	if (result == 0)
		result = find_number(text, name, number);
	free(text);
	if (result == -ENOENT)
		return failure_set(&placing->shop->failure, result,
			"%s:%u: the root's /%s has no %s: is the package that makes it in the "
			"recipe?",
			placing->shop->recipe->inputs[placing->file->input], placing->file->line,
			database, name);
	return result == 0 ? 0
			   : explain(placing->shop, placing->file, "can't look up", name, result);
}

static int put_file(
	const struct placing *placing, const char *source, const char *path, mode_t source_mode)
{
	mode_t mode = placing->file->mode	  ? placing->file->mode
		      : (source_mode & 0100) != 0 ? 0755
						  : 0644;
	int result = tree_copy(placing->root, path, source, mode, placing->user, placing->group);

	return result == 0 ? 0
			   : explain(placing->shop, placing->file, "can't copy", source, result);
}

static int put_link(const struct placing *placing, const char *source, const char *path)
{
	char target[RECIPE_PATH_SIZE];
	ssize_t n = readlink(source, target, sizeof(target) - 1);
	int result = n < 0 ? -errno : 0;

	if (result == 0) {
		target[n] = '\0';
		result = tree_link(placing->root, path, target);
	}
	if (result == 0)
		result = tree_own(placing->root, path, placing->user, placing->group);
	return result == 0 ? 0
			   : explain(placing->shop, placing->file, "can't copy", source, result);
}

/* One that is there stays as it is. */
static int put_directory(const struct placing *placing, const char *path)
{
	int result = tree_find(placing->root, path);

	if (result == 0)
		return 0;
	result = tree_make_directory(placing->root, path);
	if (result == 0)
		result = tree_own(placing->root, path, placing->user, placing->group);
	return result == 0 ? 0 : explain(placing->shop, placing->file, "can't make", path, result);
}

static int put_entry(const struct placing *placing, const FTSENT *entry, size_t skip)
{
	char path[2 * RECIPE_PATH_SIZE];

	if (snprintf(path, sizeof(path), "%s%s", placing->file->path, entry->fts_path + skip) >=
		(int)sizeof(path))
		return explain(
			placing->shop, placing->file, "can't copy", entry->fts_path, -ENAMETOOLONG);
	switch (entry->fts_info) {
	case FTS_D:
		return put_directory(placing, path);
	case FTS_DP:
		return 0;
	case FTS_F:
		return put_file(placing, entry->fts_accpath, path, entry->fts_statp->st_mode);
	case FTS_SL:
	case FTS_SLNONE:
		return put_link(placing, entry->fts_accpath, path);
	default:
		return explain(placing->shop, placing->file, "can't copy", entry->fts_path,
			entry->fts_errno ? -entry->fts_errno : -EINVAL);
	}
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int put_tree(const struct placing *placing, char *source)
{
	char *const roots[] = { source, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	const FTSENT *entry;
	int result = walk ? 0 : -errno;

	while (result == 0 && (errno = 0, entry = fts_read(walk)) != NULL)
		result = put_entry(placing, entry, strlen(source));
	if (result == 0 && errno != 0)
		result = -errno;
	if (walk)
		fts_close(walk);
	return result == 0 ? 0
			   : explain(placing->shop, placing->file, "can't copy", source, result);
}

static int install(struct placing *placing)
{
	const struct recipe_file *file = placing->file;
	char *source = realpath(file->source, NULL);
	struct stat status = { 0 };
	int result;

	if (!source || stat(source, &status) != 0) {
		result = explain(placing->shop, file, "can't read", file->source, -errno);
		free(source);
		return result;
	}
	result = resolve(placing, file->user, "etc/passwd", &placing->user);
	if (result == 0)
		result = resolve(placing, file->group, "etc/group", &placing->group);
	if (result == 0)
		result = S_ISDIR(status.st_mode)
				 ? put_tree(placing, source)
				 : put_file(placing, source, file->path, status.st_mode);
	free(source);
	return result;
}

int files_install(struct workshop *shop, int root)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < shop->recipe->file_count; i++) {
		struct placing placing = {
			.shop = shop, .root = root, .file = &shop->recipe->files[i]
		};

		result = install(&placing);
	}
	return result;
}
