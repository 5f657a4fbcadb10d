/* SPDX-License-Identifier: ISC */
#include "rootfs/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/cache.h"
#include "rootfs/root.h"

#define FIRST_LINE "bramble-contents 1"
#define TEXT_LIMIT (64u << 20)
#define STATUS_LIMIT (32u << 20)
#define LINE_PATH_SIZE 8192

/* One that is written. */
struct listing {
	FILE *out;
	size_t count;
};

static void put_about(struct listing *listing, const char *root)
{
	char path[4096];
	char *text = NULL, *rest, *line;
	size_t size;

	snprintf(path, sizeof(path), "%s/" ROOT_ABOUT_PATH, root);
	if (file_read(path, WORKSHOP_PATH_SIZE, &text, &size) != 0)
		return;
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (strchr(line, ' ')) {
			fprintf(listing->out, "about %s\n", line);
			listing->count++;
		}
	free(text);
}

/* A paragraph of dpkg's status: "Package: …", "Status: … installed", "Architecture: …". */
static void put_package(struct listing *listing, const char *paragraph)
{
	char name[256] = "", architecture[64] = "", version[256] = "", state[64] = "";

	for (const char *line = paragraph; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		(void)sscanf(line, "Package: %255s", name);
		(void)sscanf(line, "Architecture: %63s", architecture);
		(void)sscanf(line, "Version: %255s", version);
		(void)sscanf(line, "Status: %*s %*s %63s", state);
	}
	if (strcmp(state, "installed") != 0 || !name[0] || !architecture[0] || !version[0])
		return;
	fprintf(listing->out, "package %s %s %s\n", name, architecture, version);
	listing->count++;
}

static void put_packages(struct listing *listing, const char *root)
{
	char path[4096];
	char *text = NULL, *paragraph;
	size_t size;

	snprintf(path, sizeof(path), "%s/var/lib/dpkg/status", root);
	if (file_read(path, STATUS_LIMIT, &text, &size) != 0)
		return;
	paragraph = text;
	while (paragraph && *paragraph) {
		char *end = strstr(paragraph, "\n\n");

		if (end)
			*end = '\0';
		put_package(listing, paragraph);
		paragraph = end ? end + 2 : NULL;
	}
	free(text);
}

static int hash_target(const char *path, size_t *size, char hash[static HASH_TEXT_SIZE])
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n < 0)
		return -errno;
	crypto_hash_sha256(digest, (const unsigned char *)target, (size_t)n);
	str_format_hex(digest, sizeof(digest), hash);
	*size = (size_t)n;
	return 0;
}

static int put_entry(struct listing *listing, const FTSENT *entry, size_t skip)
{
	const struct stat *status = entry->fts_statp;
	const char *kind = "other";
	char hash[HASH_TEXT_SIZE] = "-", shown[LINE_PATH_SIZE];
	unsigned mode = status->st_mode & 07777;
	size_t size = 0;
	int result = 0, fd;

	if (S_ISREG(status->st_mode)) {
		kind = "file";
		size = (size_t)status->st_size;
		fd = open(entry->fts_accpath, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		result = fd >= 0 ? file_hash(fd, hash) : -errno;
		if (fd >= 0)
			close(fd);
	} else if (S_ISLNK(status->st_mode)) {
		kind = "link";
		mode = 0; /* has no meaning */
		result = hash_target(entry->fts_accpath, &size, hash);
	}
	str_copy_visible(
		shown, sizeof(shown), entry->fts_path + skip, strlen(entry->fts_path + skip));
	fprintf(listing->out, "%s %04o %u %u %zu %s %s\n", kind, mode, status->st_uid,
		status->st_gid, size, hash, shown[0] ? shown : "/");
	listing->count++;
	return result;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int put_paths(struct listing *listing, const char *root)
{
	char *copy = strdup(root);
	char *const roots[] = { copy, NULL };
	FTS *walk = copy ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name) : NULL;
	const FTSENT *entry;
	int result = walk ? 0 : -errno;

	while (result == 0 && (errno = 0, entry = fts_read(walk)) != NULL) {
		if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR ||
			entry->fts_info == FTS_NS)
			result = -entry->fts_errno;
		else if (entry->fts_info != FTS_DP)
			result = put_entry(listing, entry, strlen(root));
	}
	if (result == 0 && errno != 0)
		result = -errno;
	if (walk)
		fts_close(walk);
	free(copy);
	return result;
}

int contents_write(const char *root, const char *out)
{
	struct listing listing = { 0 };
	char *text = NULL;
	size_t size;
	int result;

	listing.out = open_memstream(&text, &size);
	if (!listing.out)
		return -errno;
	fputs(FIRST_LINE "\n", listing.out);
	put_about(&listing, root);
	put_packages(&listing, root);
	result = put_paths(&listing, root);
	fprintf(listing.out, "end %zu\n", listing.count);
	if (fclose(listing.out) != 0 && result == 0)
		result = -errno;
	if (result == 0)
		result = file_replace(out, text, size, 0444);
	free(text);
	return result;
}

/* The path is behind the sixth blank. */
static bool split_path(char *line, struct contents_line *out)
{
	char *path = line;

	for (int i = 0; path && i < 6; i++) {
		path = strchr(path, ' ');
		path += path != NULL;
	}
	if (!path || path[0] != '/')
		return false;
	path[-1] = '\0';
	*out = (struct contents_line){ CONTENTS_PATH, path, line };
	return true;
}

static bool split_words(char *line, enum contents_kind kind, struct contents_line *out)
{
	char *name = strchr(line, ' '), *value = name ? strchr(name + 1, ' ') : NULL;

	if (value && kind == CONTENTS_PACKAGE)
		value = strchr(value + 1, ' ');
	if (!value)
		return false;
	*value = '\0';
	*out = (struct contents_line){ kind, name + 1, value + 1 };
	return true;
}

static bool split(char *line, struct contents_line *out)
{
	if (strncmp(line, "about ", 6) == 0)
		return split_words(line, CONTENTS_ABOUT, out);
	if (strncmp(line, "package ", 8) == 0)
		return split_words(line, CONTENTS_PACKAGE, out);
	if (strncmp(line, "file ", 5) == 0 || strncmp(line, "link ", 5) == 0 ||
		strncmp(line, "other ", 6) == 0)
		return split_path(line, out);
	return false;
}

static int compare(const void *a, const void *b)
{
	const struct contents_line *left = a, *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* Returns 0, -EINVAL, or -ENOMEM. */
static int parse(struct contents *contents)
{
	size_t lines = 0;
	char *rest = contents->text, *line;
	uint64_t said;

	for (const char *c = contents->text; *c; c++)
		lines += *c == '\n';
	contents->lines = calloc(lines + 1, sizeof(*contents->lines));
	if (!contents->lines)
		return -ENOMEM;
	line = strsep(&rest, "\n");
	if (!line || strcmp(line, FIRST_LINE) != 0)
		return -EINVAL;
	while ((line = strsep(&rest, "\n")) != NULL && strncmp(line, "end ", 4) != 0)
		if (contents->count >= lines || !split(line, &contents->lines[contents->count++]))
			return -EINVAL;
	if (!line || str_parse_u64(line + 4, 0, UINT32_MAX, &said) != 0 ||
		said != contents->count || !rest || *rest)
		return -EINVAL;
	qsort(contents->lines, contents->count, sizeof(*contents->lines), compare);
	return 0;
}

int contents_read(const char *path, struct contents *contents, struct failure *failure)
{
	size_t size;
	int result;

	memset(contents, 0, sizeof(*contents));
	result = file_read(path, TEXT_LIMIT, &contents->text, &size);
	if (result != 0) {
		contents->text = NULL;
		return failure_set(failure, result, "%s can't be read: %s%s", path,
			strerror(-result),
			result == -ENOENT ? " (versions of older builders have none)" : "");
	}
	result = strlen(contents->text) == size ? parse(contents) : -EINVAL;
	return result == 0 ? 0 : failure_set(failure, result, "%s is damaged", path);
}

void contents_free(struct contents *contents)
{
	free(contents->lines);
	free(contents->text);
	memset(contents, 0, sizeof(*contents));
}

const struct contents_line *contents_find(
	const struct contents *contents, enum contents_kind kind, const char *name)
{
	const struct contents_line wanted = { kind, name, NULL };

	return contents->count == 0 ? NULL
				    : bsearch(&wanted, contents->lines, contents->count,
					      sizeof(wanted), compare);
}

void contents_compare(const struct contents *before, const struct contents *after,
	void (*each)(
		void *context, const struct contents_line *old, const struct contents_line *new),
	void *context)
{
	size_t i = 0, j = 0;

	while (i < before->count || j < after->count) {
		const struct contents_line *old = i < before->count ? &before->lines[i] : NULL,
					   *new = j < after->count ? &after->lines[j] : NULL;
		int order = !old ? 1 : !new ? -1 : compare(old, new);

		if (order < 0)
			each(context, old, NULL);
		else if (order > 0)
			each(context, NULL, new);
		else if (strcmp(old->value, new->value) != 0)
			each(context, old, new);
		i += order <= 0;
		j += order >= 0;
	}
}
