/* SPDX-License-Identifier: ISC */
/* bramble-image export: a version as one file. */
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/image/image.h"
#include "provisioner/image/json.h"
#include "provisioner/image/portable.h"
#include "rootfs/contents.h"

#define BLOCK (256u * 1024u)
#define SHORT_HASH 12
#define PART ".part"

struct export
{
	const char *output;	       /* "-" standard output */
	char part[WORKSHOP_PATH_SIZE]; /* what is written until it is whole */
	int fd;
	struct archive *archive;
	struct image_version version;
	struct boot_manifest *manifest;
	struct progress progress;
	struct failure failure;
	char block[BLOCK];
};

static int explain(struct export *export)
{
	int error = archive_errno(export->archive);

	return failure_set(&export->failure, error > 0 ? -error : -EIO, "%s can't be written: %s",
		export->output, archive_error_string(export->archive));
}

/* Nothing in it tells when and by whom: the same version gives the same file. */
static int begin_entry(struct export *export, const char *name, uint64_t size)
{
	struct archive_entry *entry = archive_entry_new();
	int status;

	if (!entry)
		return failure_set(&export->failure, -ENOMEM, "out of memory");
	archive_entry_set_pathname(entry, name);
	archive_entry_set_mode(entry, S_IFREG | 0444);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_mtime(entry, 0, 0);
	status = archive_write_header(export->archive, entry);
	archive_entry_free(entry);
	return status == ARCHIVE_OK ? 0 : explain(export);
}

static int add_header(struct export *export)
{
	struct portable portable = { 0 };
	char text[PORTABLE_HEADER_LIMIT];
	int result;

	str_copy(portable.name, sizeof(portable.name), export->version.name);
	str_copy(portable.hash, sizeof(portable.hash), export->version.hash);
	portable_format(&portable, text, sizeof(text));
	result = begin_entry(export, PORTABLE_HEADER, strlen(text));
	if (result == 0 && archive_write_data(export->archive, text, strlen(text)) < 0)
		result = explain(export);
	return result;
}

static int copy_data(struct export *export, int fd, uint64_t size)
{
	uint64_t done = 0;
	ssize_t n = 1;

	while (done < size) {
		n = read(fd, export->block, sizeof(export->block));
		if (n <= 0)
			break;
		if (archive_write_data(export->archive, export->block, (size_t)n) != n)
			return explain(export);
		done += (uint64_t)n;
		progress_note(&export->progress, "%llu of %llu MB",
			(unsigned long long)(done >> 20), (unsigned long long)(size >> 20));
	}
	return n > 0 || size == 0 ? 0 : n < 0 ? -errno : -ENODATA;
}

static int add_file(struct export *export, const char *path, const char *name)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), result = 0;
	struct stat status = { 0 };

	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		result = fd < 0 ? -errno : -EINVAL;
	else
		result = begin_entry(export, name, (uint64_t)status.st_size);
	if (result == 0)
		result = copy_data(export, fd, (uint64_t)status.st_size);
	if (fd >= 0)
		close(fd);
	return result == 0 ? 0
			   : failure_set(&export->failure, result, "%s can't be read: %s", path,
				     strerror(-result));
}

static int add_boot_file(struct export *export, const char *file)
{
	char path[WORKSHOP_PATH_SIZE + BOOT_ENTRY_NAME_SIZE + 8];
	char name[BOOT_ENTRY_NAME_SIZE + 8];

	snprintf(path, sizeof(path), "%s/%s", export->version.boot, file);
	snprintf(name, sizeof(name), PORTABLE_BOOT "%s", file);
	return add_file(export, path, name);
}

static int add_all(struct export *export)
{
	const struct boot_manifest *manifest = export->manifest;
	int result = add_header(export);

	if (result == 0)
		result = add_boot_file(export, BOOT_MANIFEST_NAME);
	if (result == 0)
		result = add_boot_file(export, CONTENTS_NAME);
	for (size_t i = 0; result == 0 && i < manifest->count; i++)
		if (strcmp(manifest->entries[i].name, manifest->entries[i].file) == 0)
			result = add_boot_file(export, manifest->entries[i].file);
	if (result == 0)
		result = add_file(export, export->version.root, PORTABLE_ROOT);
	if (result == 0 && archive_write_close(export->archive) != ARCHIVE_OK)
		result = explain(export);
	return result;
}

static int open_output(struct export *export)
{
	struct archive *archive = archive_write_new();

	export->archive = archive;
	export->fd = STDOUT_FILENO;
	if (strcmp(export->output, "-") != 0) {
		int result = failure_path(&export->failure, export->part, sizeof(export->part),
			"%s" PART, export->output);

		if (result != 0)
			return result;
		export->fd = open(
			export->part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	}
	if (export->fd < 0)
		return failure_set(&export->failure, -errno, "%s can't be made: %s", export->part,
			strerror(errno));
	/* Of one form wherever it goes: neither kind nor padding follows the output. */
	if (!archive || archive_write_set_format_pax_restricted(archive) != ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK ||
		archive_write_open_fd(archive, export->fd) != ARCHIVE_OK)
		return failure_set(&export->failure, -ENOMEM, "out of memory");
	return 0;
}

/* Synced before it gets its name: a file of that name is whole. */
static int finish(struct export *export, int result)
{
	archive_write_free(export->archive);
	if (!export->part[0])
		return result;
	if (result == 0 && fsync(export->fd) != 0)
		result = -errno;
	if (export->fd >= 0 && close(export->fd) != 0 && result == 0)
		result = -errno;
	if (result == 0 && rename(export->part, export->output) != 0)
		result = -errno;
	if (result != 0) {
		if (export->fd >= 0)
			(void)unlink(export->part);
		failure_set(&export->failure, result, "%s can't be written: %s", export->output,
			strerror(-result));
	}
	return result;
}

static void tell(const struct export *export, bool json)
{
	struct stat status = { 0 };
	cJSON *object;

	if (!export->part[0] || stat(export->output, &status) != 0)
		return;
	if (!json) {
		printf("%s: %s %.*s\n", export->output, export->version.name, SHORT_HASH,
			export->version.hash);
		return;
	}
	object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "image", export->version.name);
	cJSON_AddStringToObject(object, "hash", export->version.hash);
	cJSON_AddStringToObject(object, "file", export->output);
	cJSON_AddNumberToObject(object, "bytes", (double)status.st_size);
	image_print_json(object);
}

static int find(struct export *export, const struct image_options *options)
{
	char reason[BOOT_REASON_SIZE];
	int result =
		image_find(options->share, options->target, &export->version, &export->failure);

	if (result == 0 && export->version.mode != IMAGE_SQUASHFS)
		result = failure_set(&export->failure, -EINVAL,
			"%s is a directory tree, for development: build it as squashfs",
			export->version.root);
	if (result != 0)
		return result;
	progress_begin(&export->progress, "verify");
	result = image_check(&export->version, &export->failure);
	if (result != 0)
		return result;
	progress_end(&export->progress, "intact");
	export->manifest = image_read_manifest(&export->version, reason);
	return export->manifest ? 0 : failure_set(&export->failure, -EIO, "%s", reason);
}

int image_export(const struct image_options *options)
{
	struct export *export = calloc(1, sizeof(*export));
	int result;

	if (!options->output || !export) {
		fputs("bramble-image: say where to: --output FILE, or - for standard output\n",
			stderr);
		free(export);
		return 2;
	}
	export->output = options->output;
	progress_init(&export->progress);
	result = find(export, options);
	if (result == 0) {
		progress_begin(&export->progress, "export");
		result = open_output(export);
		if (result == 0)
			result = add_all(export);
		result = finish(export, result);
	}
	if (result == 0)
		progress_end(&export->progress, "%s", export->output);
	progress_break(&export->progress);
	if (result == 0)
		tell(export, options->json);
	else
		fprintf(stderr, "bramble-image: %s\n", export->failure.text);
	free(export->manifest);
	free(export);
	return result == 0 ? 0 : 1;
}
