/* SPDX-License-Identifier: ISC */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/manifest.h"
#include "common/file.h"

#define RENDERED_SIZE 8192 /* bytes; cmdline.txt is far below (see render.c) */

struct boot_set {
	int directory;
	struct boot_manifest manifest;
};

#define PC_KERNEL "vmlinuz"

/* Without these no board of any generation comes up, and no PC of either firmware. */
static const char *const required[] = { "bootcode.bin", "start.elf", "fixup.dat", "start4.elf",
	"fixup4.dat", "kernel8.img", "initramfs8", NULL };
static const char *const required_of_pcs[] = { "undionly.kpxe", "snponly.efi", PC_KERNEL,
	"initramfs", NULL };

/* What is made for each request. */
static const struct {
	const char *leaf;
	int (*render)(const struct boot_context *context, char *out, size_t size);
	bool has_command_line;
} rendered[] = {
	{ "config.txt", boot_render_config, false },
	{ "cmdline.txt", boot_render_cmdline, true },
	{ "boot.ipxe", boot_render_ipxe, true },
};
#define RENDERED (sizeof(rendered) / sizeof(rendered[0]))

/* Index in `rendered`, or RENDERED. */
static size_t find_rendered(const char *leaf)
{
	size_t i = 0;

	while (i < RENDERED && strcmp(rendered[i].leaf, leaf) != 0)
		i++;
	return i;
}

bool boot_has_command_line(const char *leaf)
{
	size_t i = find_rendered(leaf);

	return i < RENDERED && rendered[i].has_command_line;
}

static bool starts_with(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

static enum boot_stage stage_of(const char *leaf)
{
	const char *dot = strrchr(leaf, '.');

	if (starts_with(leaf, "bootcode") || starts_with(leaf, "start") ||
		starts_with(leaf, "fixup") || boot_is_ipxe(leaf))
		return BOOT_STAGE_FIRMWARE;
	if (find_rendered(leaf) < RENDERED)
		return BOOT_STAGE_CONFIG;
	if (starts_with(leaf, "kernel") || strcmp(leaf, PC_KERNEL) == 0)
		return BOOT_STAGE_KERNEL;
	if (starts_with(leaf, "initramfs"))
		return BOOT_STAGE_INITRAMFS;
	if (starts_with(leaf, "overlays/") || (dot && strcmp(dot, ".dtb") == 0))
		return BOOT_STAGE_TREE;
	return BOOT_STAGE_OTHER;
}

static int load_manifest(struct boot_set *set, const char *directory, char *reason)
{
	char path[4096];
	char *text;
	size_t size;
	int n = snprintf(path, sizeof(path), "%s/" BOOT_MANIFEST_NAME, directory);
	int result;

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	result = file_read(path, BOOT_MANIFEST_LIMIT, &text, &size);
	if (result != 0) {
		snprintf(reason, BOOT_REASON_SIZE, "its manifest can't be read: %s",
			strerror(-result));
		return result;
	}
	result = boot_manifest_parse(text, &set->manifest, reason);
	free(text);
	return result;
}

static int check_file(const struct boot_set *set, const struct boot_entry *entry, char *reason)
{
	uint64_t size = 0;
	int fd = file_open_beneath(set->directory, entry->file, &size);

	if (fd < 0) {
		snprintf(reason, BOOT_REASON_SIZE, "%s can't be opened: %s", entry->file,
			strerror(-fd));
		return fd;
	}
	close(fd);
	if (size == entry->size)
		return 0;
	snprintf(reason, BOOT_REASON_SIZE, "%s has %llu bytes, not the %llu of the manifest",
		entry->file, (unsigned long long)size, (unsigned long long)entry->size);
	return -EIO;
}

bool boot_set_is_for_pcs(const struct boot_set *set)
{
	return boot_manifest_find(&set->manifest, PC_KERNEL) != NULL;
}

static int check_complete(const struct boot_set *set, char *reason)
{
	const char *const *names = boot_set_is_for_pcs(set) ? required_of_pcs : required;

	for (; *names; names++) {
		if (!boot_manifest_find(&set->manifest, *names)) {
			snprintf(reason, BOOT_REASON_SIZE, "the manifest doesn't list %s", *names);
			return -EINVAL;
		}
	}
	for (size_t i = 0; i < set->manifest.count; i++) {
		int result = check_file(set, &set->manifest.entries[i], reason);

		if (result != 0)
			return result;
	}
	return 0;
}

int boot_set_open(
	const char *directory, struct boot_set **out, char reason[static BOOT_REASON_SIZE])
{
	struct boot_set *set = calloc(1, sizeof(*set));
	int result;

	*out = NULL;
	reason[0] = '\0';
	if (!set || sodium_init() < 0) {
		free(set);
		snprintf(reason, BOOT_REASON_SIZE, "out of memory");
		return -ENOMEM;
	}
	set->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (set->directory < 0) {
		result = -errno;
		snprintf(reason, BOOT_REASON_SIZE, "its directory can't be opened: %s",
			strerror(errno));
	} else {
		result = load_manifest(set, directory, reason);
	}
	if (result == 0)
		result = check_complete(set, reason);
	if (result == 0)
		*out = set;
	else
		boot_set_close(set);
	return result;
}

void boot_set_close(struct boot_set *set)
{
	if (!set)
		return;
	if (set->directory >= 0)
		close(set->directory);
	free(set);
}

static int resolve_rendered(const char *leaf,
	int (*render)(const struct boot_context *, char *, size_t),
	const struct boot_context *context, struct boot_file *file)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	char text[RENDERED_SIZE];
	int length = render(context, text, sizeof(text));

	if (length < 0)
		return length;
	file->fd = file_sealed(leaf, text, (size_t)length);
	if (file->fd < 0)
		return file->fd;
	file->size = (uint64_t)length;
	crypto_hash_sha256(digest, (const unsigned char *)text, file->size);
	str_format_hex(digest, sizeof(digest), file->key);
	return 0;
}

static int resolve_stored(const struct boot_set *set, const char *leaf, struct boot_file *file)
{
	const struct boot_entry *entry = boot_manifest_find(&set->manifest, leaf);

	if (!entry)
		return -ENOENT;
	file->fd = file_open_beneath(set->directory, entry->file, &file->size);
	/* A file that the manifest lists must be there: -ENOENT would say "asked for in vain". */
	if (file->fd < 0)
		return file->fd == -ENOENT ? -EIO : file->fd;
	if (file->size != entry->size) {
		close(file->fd);
		file->fd = -1;
		return -EIO;
	}
	str_copy(file->key, sizeof(file->key), entry->hash);
	return 0;
}

int boot_set_resolve(struct boot_set *set, const struct boot_context *context, const char *leaf,
	struct boot_file *file)
{
	size_t i = find_rendered(leaf);

	memset(file, 0, sizeof(*file));
	file->fd = -1;
	file->stage = stage_of(leaf);
	if (i == RENDERED)
		return resolve_stored(set, leaf, file);
	/* A script for PCs would name a kernel that a set for Pis hasn't. */
	if (!context || boot_set_is_for_pcs(set) != (rendered[i].render == boot_render_ipxe))
		return -ENOENT;
	return resolve_rendered(leaf, rendered[i].render, context, file);
}
