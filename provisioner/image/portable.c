/* SPDX-License-Identifier: ISC */
#include "provisioner/image/portable.h"

#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/manifest.h"
#include "common/file.h"

#define BLOCK (256u * 1024u)
#define FILES_LIMIT (BOOT_ENTRY_LIMIT + 3)

void portable_format(const struct portable *portable, char *out, size_t size)
{
	snprintf(out, size, "bramble-image 1\nimage %s\nversion %s\n", portable->name,
		portable->hash);
}

int portable_parse(const char *text, struct portable *portable)
{
	char again[PORTABLE_HEADER_LIMIT];

	*portable = (struct portable){ 0 };
	if (sscanf(text, "bramble-image 1\nimage %63s\nversion %64s", portable->name,
		    portable->hash) != 2 ||
		!str_is_node_name(portable->name) ||
		!str_is_hash(portable->hash, strlen(portable->hash)))
		return -EINVAL;
	portable_format(portable, again, sizeof(again));
	return strcmp(text, again) == 0 ? 0 : -EINVAL;
}

bool portable_is_name(const char *path)
{
	const char *leaf = path + strlen(PORTABLE_BOOT);

	if (strcmp(path, PORTABLE_ROOT) == 0)
		return true;
	return strncmp(path, PORTABLE_BOOT, strlen(PORTABLE_BOOT)) == 0 && leaf[0] != '\0' &&
	       leaf[0] != '.' && strlen(leaf) < BOOT_ENTRY_NAME_SIZE && !strchr(leaf, '/');
}

static int refuse(struct failure *failure, const char *what, const char *path)
{
	return failure_set(failure, -EINVAL, "it is no exported image: %s%.100s", what, path);
}

static int explain(struct archive *in, struct failure *failure)
{
	const char *text = archive_error_string(in);
	int error = archive_errno(in);
	bool of_system = error > 0 && error != EILSEQ && error != EINVAL;

	return failure_set(failure, -EIO, "it can't be read: %.200s%s%s", text ? text : "it is cut",
		of_system ? ": " : "", of_system ? strerror(error) : "");
}

/* A plain file, with all its bytes. Returns 1, 0 at the end, or -errno. */
static int next_file(struct archive *in, const char **path, uint64_t *size, struct failure *failure)
{
	struct archive_entry *entry;
	int status = archive_read_next_header(in, &entry);

	if (status == ARCHIVE_EOF)
		return 0;
	if (status != ARCHIVE_OK)
		return explain(in, failure);
	*path = archive_entry_pathname(entry);
	if (!*path)
		return refuse(failure, "it has a file without a name", "");
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
		archive_entry_sparse_count(entry) > 0 || !archive_entry_size_is_set(entry) ||
		archive_entry_size(entry) < 0)
		return refuse(failure, "this is no plain file: ", *path);
	*size = (uint64_t)archive_entry_size(entry);
	return 1;
}

int portable_read_header(struct archive *in, struct portable *portable, struct failure *failure)
{
	char text[PORTABLE_HEADER_LIMIT] = "";
	const char *path = "";
	uint64_t size = 0;
	int result = next_file(in, &path, &size, failure);

	if (result < 0)
		return result;
	if (result == 0 || strcmp(path, PORTABLE_HEADER) != 0 || size >= sizeof(text))
		return refuse(failure, "it doesn't begin with ", PORTABLE_HEADER);
	if (archive_read_data(in, text, sizeof(text)) != (la_ssize_t)size)
		return explain(in, failure);
	return portable_parse(text, portable) == 0
		       ? 0
		       : refuse(failure, "it is of another kind, or of a newer Bramble", "");
}

struct archive *portable_open(const char *path, struct portable *portable, struct failure *failure)
{
	struct archive *in = archive_read_new();
	int result = in ? 0 : failure_set(failure, -ENOMEM, "out of memory");

	if (in) {
		archive_read_support_filter_none(in);
		archive_read_support_format_tar(in);
		if (archive_read_open_filename(in, strcmp(path, "-") == 0 ? NULL : path, BLOCK) !=
			ARCHIVE_OK)
			result = explain(in, failure);
		else
			result = portable_read_header(in, portable, failure);
	}
	if (result == 0)
		return in;
	archive_read_free(in);
	return NULL;
}

/* The archive's header told how many bytes there are to be. */
static int copy_data(struct archive *in, int fd, uint64_t size, struct progress *progress,
	struct failure *failure)
{
	char *block = malloc(BLOCK);
	uint64_t done = 0;
	int result = block ? 0 : -ENOMEM;

	while (result == 0) {
		la_ssize_t n = archive_read_data(in, block, BLOCK);

		if (n == 0)
			break;
		if (n < 0) {
			free(block);
			return explain(in, failure);
		}
		done += (uint64_t)n;
		result = fd >= 0 ? file_write_all(fd, block, (size_t)n) : 0;
		progress_note(progress, "%llu of %llu MB", (unsigned long long)(done >> 20),
			(unsigned long long)(size >> 20));
	}
	free(block);
	if (result != 0)
		return failure_set(failure, result, "can't be unpacked: %s", strerror(-result));
	return done == size ? 0 : refuse(failure, "a file is cut", "");
}

static int take(struct archive *in, int directory, const char *path, uint64_t size,
	struct progress *progress, struct failure *failure)
{
	int fd = -1, result;

	if (directory >= 0) {
		fd = openat(directory, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0444);
		if (fd < 0)
			return errno == EEXIST
				       ? refuse(failure, "it has the same file twice: ", path)
				       : failure_set(failure, -errno, "%s can't be made: %s", path,
						 strerror(errno));
	}
	result = copy_data(in, fd, size, progress, failure);
	if (fd >= 0 && close(fd) != 0 && result == 0)
		result = failure_set(
			failure, -errno, "%s can't be written: %s", path, strerror(errno));
	return result;
}

int portable_read(
	struct archive *in, int directory, struct progress *progress, struct failure *failure)
{
	const char *path = "";
	bool has_root = false;
	uint64_t size = 0;
	int result = 1;

	if (directory >= 0 && mkdirat(directory, "boot", 0755) != 0)
		return failure_set(failure, -errno, "boot can't be made: %s", strerror(errno));
	for (unsigned count = 0; result > 0; count++) {
		result = next_file(in, &path, &size, failure);
		if (result <= 0)
			break;
		if (!portable_is_name(path) || has_root || count == FILES_LIMIT)
			return refuse(failure, "this file doesn't belong into it: ", path);
		has_root = strcmp(path, PORTABLE_ROOT) == 0;
		if (size > (has_root ? PORTABLE_ROOT_LIMIT : PORTABLE_FILE_LIMIT))
			return refuse(failure, "this file is too big: ", path);
		result = take(in, directory, path, size, progress, failure);
		result = result == 0 ? 1 : result;
	}
	if (result < 0)
		return result;
	return has_root ? 0 : refuse(failure, "it ends before the root", "");
}
