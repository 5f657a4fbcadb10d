/* SPDX-License-Identifier: ISC */
/* A boot set from its parts. */
#include "boot/build.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

#define KERNEL_LIMIT (128u << 20)
#define PI5_DEVICE_TREE "bcm2712-rpi-5-b.dtb"

static int path_in(const char *directory, const char *name, char *out, size_t size)
{
	int n = snprintf(out, size, "%s/%s", directory, name);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int add_existing(const char *directory, const char *name, struct boot_manifest *manifest)
{
	char path[4096], hash[HASH_TEXT_SIZE];
	struct stat status;
	int fd, result = path_in(directory, name, path, sizeof(path));

	if (result != 0)
		return result;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = fstat(fd, &status) == 0 ? file_hash(fd, hash) : -errno;
	close(fd);
	return result == 0 ? boot_manifest_add_file(manifest, name, (uint64_t)status.st_size, hash)
			   : result;
}

static int add_kernel(const struct boot_parts *parts, const char *directory,
	struct boot_manifest *manifest, char *reason)
{
	char path[4096];
	const char *name = parts->device_trees ? "kernel8.img" : "vmlinuz";
	char *data = NULL;
	size_t size = 0;
	int result = path_in(directory, name, path, sizeof(path));

	if (result == 0)
		result = file_read(parts->kernel, KERNEL_LIMIT, &data, &size);
	if (result == 0)
		result = file_replace(path, data, size, 0444);
	free(data);
	if (result == 0)
		result = add_existing(directory, name, manifest);
	if (result == 0 && parts->device_trees) /* What a Pi 5 asks for first. */
		result = boot_manifest_add_alias(manifest, "kernel_2712.img", "kernel8.img");
	if (result != 0)
		snprintf(reason, BOOT_REASON_SIZE, "the kernel can't be copied: %s",
			strerror(-result));
	return result;
}

static int add_initramfs(const struct boot_parts *parts, const char *directory,
	struct boot_manifest *manifest, char *reason)
{
	const char *name = parts->device_trees ? "initramfs8" : "initramfs";
	char path[4096];
	int result = path_in(directory, name, path, sizeof(path));

	if (result == 0)
		result = boot_make_initramfs(parts, path, reason);
	if (result == 0)
		result = add_existing(directory, name, manifest);
	if (result == 0 && parts->device_trees)
		result = boot_manifest_add_alias(manifest, "initramfs_2712", "initramfs8");
	return result;
}

static int write_manifest(const struct boot_manifest *manifest, const char *directory, char *reason)
{
	const char *note =
		boot_manifest_find(manifest, PI5_DEVICE_TREE) ||
				boot_manifest_find(manifest, "vmlinuz")
			? NULL
			: "this kernel has no device tree for a Pi 5: it can't boot from this set";
	char *text = boot_manifest_format(manifest, note);
	char path[4096];
	int result = text ? path_in(directory, BOOT_MANIFEST_NAME, path, sizeof(path)) : -ENOMEM;

	if (result == 0)
		result = file_replace(path, text, strlen(text), 0444);
	free(text);
	if (result != 0)
		snprintf(reason, BOOT_REASON_SIZE, "the manifest can't be written: %s",
			strerror(-result));
	return result;
}

int boot_build(
	const struct boot_parts *parts, const char *directory, char reason[static BOOT_REASON_SIZE])
{
	struct boot_manifest *manifest = calloc(1, sizeof(*manifest));
	int result = manifest && sodium_init() >= 0 ? 0 : -ENOMEM;

	snprintf(reason, BOOT_REASON_SIZE, "the boot set can't be made");
	if (result == 0 &&
		(!str_copy(manifest->kernel, sizeof(manifest->kernel), parts->kernel_release) ||
			!str_copy(manifest->firmware, sizeof(manifest->firmware),
				parts->firmware_version)))
		result = -ENAMETOOLONG;
	if (result == 0)
		result = boot_collect_firmware(parts, directory, manifest, reason);
	if (result == 0)
		result = add_kernel(parts, directory, manifest, reason);
	if (result == 0)
		result = add_initramfs(parts, directory, manifest, reason);
	if (result == 0)
		result = write_manifest(manifest, directory, reason);
	free(manifest);
	return result;
}
