/* SPDX-License-Identifier: ISC */
#include "rootfs/oci.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/cache.h"
#include "rootfs/layer.h"
#include "rootfs/oci_text.h"

#define LAYOUT "oci-layout"
#define INDEX "index.json"
#define BLOBS "blobs/sha256/"
#define NAME_SIZE 80
#define ENTRIES_LIMIT 4096
#define BLOCK 65536
#define TAR_END 1536 /* bytes: the rest of a block, and two empty ones */
#define MEGABYTE (UINT64_C(1) << 20)

struct oci {
	struct workshop *shop;
	char place[WORKSHOP_PATH_SIZE]; /* what of the archive is needed, by names of our own */
	char layer[WORKSHOP_PATH_SIZE]; /* the present one, decompressed */
	int root;
};

static struct archive *open_tar(const char *path)
{
	struct archive *in = archive_read_new();

	if (!in)
		return NULL;
	archive_read_support_format_tar(in);
	archive_read_support_format_empty(in); /* a layer that changes nothing */
	if (archive_read_open_filename(in, path, BLOCK) == ARCHIVE_OK)
		return in;
	archive_read_free(in);
	return NULL;
}

/* By which name a file of the archive is kept: "" it isn't. */
static void name_entry(struct archive_entry *entry, char out[static NAME_SIZE])
{
	const char *path = archive_entry_pathname(entry), *hash;

	out[0] = '\0';
	if (!path || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) ||
		archive_entry_sparse_count(entry) > 0)
		return;
	if (strncmp(path, "./", 2) == 0)
		path += 2;
	hash = path + strlen(BLOBS);
	if (strcmp(path, LAYOUT) == 0 || strcmp(path, INDEX) == 0)
		str_copy(out, NAME_SIZE, path);
	else if (strncmp(path, BLOBS, strlen(BLOBS)) == 0 && str_is_hash(hash, strlen(hash)))
		str_copy(out, NAME_SIZE, hash);
}

bool oci_is_archive(const char *path)
{
	struct archive *in = open_tar(path);
	struct archive_entry *entry;
	bool found = false;
	char name[NAME_SIZE];

	for (unsigned i = 0; in && !found && i < ENTRIES_LIMIT &&
			     archive_read_next_header(in, &entry) == ARCHIVE_OK;
		i++) {
		name_entry(entry, name);
		found = strcmp(name, LAYOUT) == 0;
	}
	archive_read_free(in);
	return found;
}

static int explain(struct oci *oci, const char *what, int result)
{
	return failure_set(
		&oci->shop->failure, result, "%s can't be unpacked: %s", what, strerror(-result));
}

static int keep_entry(struct oci *oci, struct archive *in, const char *name)
{
	char path[WORKSHOP_PATH_SIZE + NAME_SIZE];
	int fd, status, error;

	snprintf(path, sizeof(path), "%s/%s", oci->place, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return explain(oci, path, -errno);
	status = archive_read_data_into_fd(in, fd);
	error = archive_errno(in);
	close(fd);
	if (status == ARCHIVE_OK)
		return 0;
	return failure_set(&oci->shop->failure, error == ENOSPC ? -ENOSPC : -EBADMSG,
		"%s can't be read: %s", oci->shop->recipe->from, archive_error_string(in));
}

static int keep_entries(struct oci *oci)
{
	struct workshop *shop = oci->shop;
	struct archive *in = open_tar(shop->recipe->from);
	struct archive_entry *entry;
	int status = ARCHIVE_FATAL, result = 0;
	char name[NAME_SIZE];

	for (unsigned i = 0; in && result == 0 && i < ENTRIES_LIMIT; i++) {
		status = archive_read_next_header(in, &entry);
		if (status != ARCHIVE_OK)
			break;
		name_entry(entry, name);
		progress_note(&shop->progress, "unpacking the archive");
		if (name[0])
			result = keep_entry(oci, in, name);
	}
	if (result == 0 && status != ARCHIVE_EOF)
		result = failure_set(&shop->failure, -EBADMSG, "%s can't be read: %s",
			shop->recipe->from,
			!in		       ? "it can't be opened"
			: status == ARCHIVE_OK ? "it has too many files"
					       : archive_error_string(in));
	archive_read_free(in);
	return result;
}

/* The caller frees *text. */
static int read_text(struct oci *oci, const char *name, char **text, size_t *size)
{
	char path[WORKSHOP_PATH_SIZE + NAME_SIZE];
	int result;

	snprintf(path, sizeof(path), "%s/%s", oci->place, name);
	result = file_read(path, OCI_TEXT_LIMIT, text, size);
	return result == 0 ? 0
			   : failure_set(&oci->shop->failure, result,
				     "%s: %s of the OCI image can't be read: %s",
				     oci->shop->recipe->from, name, strerror(-result));
}

/* Its name says what it holds; nothing of it is used before that is so. */
static int verify_blob(struct oci *oci, const struct oci_blob *blob)
{
	char path[WORKSHOP_PATH_SIZE + NAME_SIZE], hash[HASH_TEXT_SIZE];
	struct stat status = { 0 };
	int fd, result = 0;

	snprintf(path, sizeof(path), "%s/%s", oci->place, blob->hash);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) != 0)
		result = -errno;
	if (result == 0)
		result = file_hash(fd, hash);
	if (fd >= 0)
		close(fd);
	if (result != 0)
		return failure_set(&oci->shop->failure, result,
			"%s: blob sha256:%.12s… of the OCI image can't be read: %s",
			oci->shop->recipe->from, blob->hash, strerror(-result));
	if (strcmp(hash, blob->hash) == 0 && (uint64_t)status.st_size == blob->size)
		return 0;
	return failure_set(&oci->shop->failure, -EBADMSG,
		"%s: blob sha256:%.12s… of the OCI image is damaged", oci->shop->recipe->from,
		blob->hash);
}

static int read_blob(struct oci *oci, const struct oci_blob *blob, char **text, size_t *size)
{
	int result = verify_blob(oci, blob);

	return result == 0 ? read_text(oci, blob->hash, text, size) : result;
}

/* From the index, perhaps by way of another, to the manifest. */
static int find_manifest(struct oci *oci, struct oci_blob *blob)
{
	const char *architecture = oci->shop->recipe->architecture;
	bool is_index = false;
	char *text = NULL;
	size_t size;
	int result = read_text(oci, LAYOUT, &text, &size);

	if (result == 0)
		result = oci_check_layout(text, size, &oci->shop->failure);
	free(text);
	text = NULL;
	if (result == 0)
		result = read_text(oci, INDEX, &text, &size);
	if (result == 0)
		result = oci_choose_manifest(
			text, size, architecture, blob, &is_index, &oci->shop->failure);
	free(text);
	if (result != 0 || !is_index)
		return result;
	text = NULL;
	result = read_blob(oci, blob, &text, &size);
	if (result == 0)
		result = oci_choose_manifest(
			text, size, architecture, blob, &is_index, &oci->shop->failure);
	free(text);
	return result;
}

static int read_manifest(struct oci *oci, struct oci_manifest *manifest)
{
	struct oci_blob blob = { .size = 0 };
	struct failure *failure = &oci->shop->failure;
	char *text = NULL;
	size_t size;
	int result = find_manifest(oci, &blob);

	if (result == 0)
		result = read_blob(oci, &blob, &text, &size);
	if (result == 0)
		result = oci_parse_manifest(text, size, manifest, failure);
	free(text);
	text = NULL;
	if (result == 0)
		result = read_blob(oci, &manifest->config, &text, &size);
	if (result == 0)
		result = oci_check_config(
			text, size, oci->shop->recipe->architecture, manifest, failure);
	free(text);
	return result;
}

/* What a layer is compressed with, as its media type says; the archive is the caller's to free. */
static struct archive *open_layer(const struct oci *oci, const struct oci_layer *layer)
{
	char path[WORKSHOP_PATH_SIZE + NAME_SIZE];
	struct archive *in = archive_read_new();

	if (!in)
		return NULL;
	if (layer->compression == OCI_GZIP)
		archive_read_support_filter_gzip(in);
	if (layer->compression == OCI_ZSTD)
		archive_read_support_filter_zstd(in);
	archive_read_support_format_raw(in);
	archive_read_support_format_empty(in);
	snprintf(path, sizeof(path), "%s/%s", oci->place, layer->blob.hash);
	if (archive_read_open_filename(in, path, BLOCK) == ARCHIVE_OK)
		return in;
	archive_read_free(in);
	return NULL;
}

/* What came out must be what the image's configuration, which its maker signs, says. */
static int check_content(
	struct oci *oci, const struct oci_layer *layer, crypto_hash_sha256_state *state)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	char hash[HASH_TEXT_SIZE];

	crypto_hash_sha256_final(state, digest);
	str_format_hex(digest, sizeof(digest), hash);
	return strcmp(hash, layer->diff_id) == 0
		       ? 0
		       : failure_set(&oci->shop->failure, -EBADMSG,
				 "%s: layer sha256:%.12s… isn't what the image's configuration "
				 "says (diff_id sha256:%.12s…)",
				 oci->shop->recipe->from, layer->blob.hash, layer->diff_id);
}

static int copy_out(struct oci *oci, const struct oci_layer *layer, struct archive *in, int fd)
{
	crypto_hash_sha256_state state;
	char *block = malloc(BLOCK);
	struct archive_entry *entry;
	int result = block ? 0 : -ENOMEM, status = archive_read_next_header(in, &entry);
	la_ssize_t n = 0;
	off_t size = 0;

	crypto_hash_sha256_init(&state);
	while (result == 0 && status == ARCHIVE_OK &&
		(n = archive_read_data(in, block, BLOCK)) > 0) {
		size += n;
		crypto_hash_sha256_update(&state, (const unsigned char *)block, (size_t)n);
		result = file_write_all(fd, block, (size_t)n);
		progress_tick(&oci->shop->progress);
	}
	free(block);
	if (result == 0 && (n < 0 || (status != ARCHIVE_OK && status != ARCHIVE_EOF)))
		return failure_set(&oci->shop->failure, -EBADMSG, "a layer can't be read: %s",
			archive_error_string(in));
	if (result == 0)
		result = check_content(oci, layer, &state);
	/* umoci 0.4.7 leaves the end out, and even the rest of the last block. */
	if (result == 0 && ftruncate(fd, size + TAR_END) != 0)
		result = -errno;
	return result == 0 || oci->shop->failure.text[0] ? result
							 : explain(oci, oci->layer, result);
}

/* Once, though it is read twice. */
static int decompress(struct oci *oci, const struct oci_layer *layer)
{
	struct archive *in = open_layer(oci, layer);
	int fd = open(oci->layer, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), result;

	if (!in)
		result = failure_set(&oci->shop->failure, -EBADMSG,
			"%s: layer sha256:%.12s… can't be read", oci->shop->recipe->from,
			layer->blob.hash);
	else
		result = fd >= 0 ? copy_out(oci, layer, in, fd) : explain(oci, oci->layer, -errno);
	if (fd >= 0 && close(fd) != 0 && result == 0)
		result = explain(oci, oci->layer, -errno);
	archive_read_free(in);
	return result;
}

static int apply(struct oci *oci, int (*pass)(struct archive *in, int root,
					  struct progress *progress, struct failure *failure))
{
	struct workshop *shop = oci->shop;
	struct archive *in = open_tar(oci->layer);
	int result =
		in ? pass(in, oci->root, &shop->progress, &shop->failure)
		   : failure_set(&shop->failure, -EBADMSG,
			     "%s: a layer is not what its media type says", shop->recipe->from);

	archive_read_free(in);
	return result;
}

static int apply_all(struct oci *oci, const struct oci_manifest *manifest)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < manifest->count; i++) {
		const struct oci_layer *layer = &manifest->layers[i];

		progress_note(&oci->shop->progress, "layer %zu of %zu, %llu MB", i + 1,
			manifest->count, (unsigned long long)(layer->blob.size / MEGABYTE));
		result = verify_blob(oci, &layer->blob);
		if (result == 0)
			result = decompress(oci, layer);
		if (result == 0 && i > 0)
			result = apply(oci, layer_remove);
		if (result == 0)
			result = apply(oci, layer_unpack);
	}
	return result;
}

static int work(struct oci *oci, const char *root)
{
	struct oci_manifest *manifest = calloc(1, sizeof(*manifest));
	int result = manifest ? keep_entries(oci) : -ENOMEM;

	if (result == 0)
		result = read_manifest(oci, manifest);
	if (result == 0) {
		oci->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		result = oci->root >= 0 ? apply_all(oci, manifest) : explain(oci, root, -errno);
		if (oci->root >= 0)
			close(oci->root);
	}
	free(manifest);
	return result;
}

int oci_unpack(struct workshop *shop, const char *root)
{
	struct oci *oci = calloc(1, sizeof(*oci));
	int result = oci ? failure_path(&shop->failure, oci->place, sizeof(oci->place), "%s/oci",
				   shop->work)
			 : -ENOMEM;

	/* Names of files are UTF-8, or any bytes: libarchive must not lose them in another charset.
	 */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	if (result == 0)
		result = failure_path(
			&shop->failure, oci->layer, sizeof(oci->layer), "%s/oci/layer", shop->work);
	if (result == 0) {
		oci->shop = shop;
		result = mkdir(oci->place, 0700) == 0 ? work(oci, root)
						      : explain(oci, oci->place, -errno);
		(void)cache_remove_tree(oci->place);
	}
	free(oci);
	return result;
}
