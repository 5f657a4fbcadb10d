/* SPDX-License-Identifier: ISC */
#include "rootfs/import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/cache.h"
#include "rootfs/oci.h"
#include "rootfs/run.h"
#include "rootfs/tree.h"

#define SECTOR 512
#define TABLE_AT 446
#define ENTRY_SIZE 16
#define ENTRIES 4
#define TYPE_LINUX 0x83

static unsigned long long read_le32(const unsigned char *bytes)
{
	return bytes[0] | (unsigned long long)bytes[1] << 8 | (unsigned long long)bytes[2] << 16 |
	       (unsigned long long)bytes[3] << 24;
}

int import_find_partition(const unsigned char sector[static SECTOR], unsigned long long *offset,
	unsigned long long *size)
{
	if (sector[510] != 0x55 || sector[511] != 0xaa)
		return -EINVAL;
	for (int i = 0; i < ENTRIES; i++) {
		const unsigned char *entry = sector + TABLE_AT + i * ENTRY_SIZE;

		*offset = read_le32(entry + 8) * SECTOR;
		*size = read_le32(entry + 12) * SECTOR;
		if (entry[4] == TYPE_LINUX && *offset > 0 && *size > 0)
			return 0;
	}
	return -EINVAL;
}

static bool ends(const char *text, const char *with)
{
	size_t length = strlen(text), size = strlen(with);

	return length >= size && strcmp(text + length - size, with) == 0;
}

#define OCI_TIMES 7
/* Raspberry Pi OS Lite of 2023: 0.4 GB as .img.xz, 2.6 GB as .img, 1.9 GB of files, 0.6 GB as
 * squashfs. A tar compresses to a quarter or so. */
unsigned long long import_estimate_bytes(const char *from)
{
	static const struct {
		const char *extension;
		unsigned times;
	} kinds[] = { { ".img.xz", 12 }, { ".img", 2 }, { ".tar", 2 }, { "", 5 } };
	struct stat status;
	size_t i = 0;

	if (stat(from, &status) != 0)
		return 0;
	if (oci_is_archive(from)) /* the archive, its compressed layers, what is in them */
		return OCI_TIMES * (unsigned long long)status.st_size;
	while (!ends(from, kinds[i].extension))
		i++;
	return kinds[i].times * (unsigned long long)status.st_size;
}

static int run(struct workshop *shop, const char *const *arguments)
{
	const struct run tool = {
		.arguments = arguments, .log = shop->log, .progress = &shop->progress
	};

	return run_tool(&tool, &shop->failure);
}

static int unpack_tar(struct workshop *shop, const char *root)
{
	/* Devices are the kernel's; the two spellings of a path are both common. */
	const char *const arguments[] = { "tar", "--directory", root, "--extract",
		"--preserve-permissions", "--numeric-owner", "--xattrs", "--xattrs-include=*",
		"--anchored", "--exclude=dev/*", "--exclude=./dev/*", "--file", shop->recipe->from,
		NULL };

	return run(shop, arguments);
}

static int decompress(struct workshop *shop, char out[static WORKSHOP_PATH_SIZE])
{
	char compressed[WORKSHOP_PATH_SIZE];
	/* --force: it would not read through a symbolic link. */
	const char *const arguments[] = { "xz", "--decompress", "--keep", "--force", "--threads=0",
		compressed, NULL };
	char *source = realpath(shop->recipe->from, NULL);
	int result = source ? 0 : -errno;

	if (result == 0)
		result = failure_path(
			&shop->failure, out, WORKSHOP_PATH_SIZE, "%s/disk.img", shop->work);
	if (result == 0)
		result = failure_path(&shop->failure, compressed, sizeof(compressed),
			"%s/disk.img.xz", shop->work);
	if (source && result == 0 && symlink(source, compressed) != 0)
		result = -errno;
	free(source);
	if (result != 0)
		return failure_set(&shop->failure, result, "%s can't be decompressed: %s",
			shop->recipe->from, strerror(-result));
	progress_note(&shop->progress, "decompressing");
	return run(shop, arguments);
}

static int find_partition(struct workshop *shop, const char *disk, char options[static 128])
{
	unsigned char sector[SECTOR] = { 0 };
	unsigned long long offset, size;
	int fd = open(disk, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return failure_set(
			&shop->failure, -errno, "%s can't be read: %s", disk, strerror(errno));
	result = pread(fd, sector, sizeof(sector), 0) == (ssize_t)sizeof(sector)
			 ? import_find_partition(sector, &offset, &size)
			 : -EINVAL;
	close(fd);
	if (result != 0)
		return failure_set(&shop->failure, result,
			"%s has no partition table (MBR) with a partition of type Linux",
			shop->recipe->from);
	/* noload: a journal isn't replayed on a disk that is only read. */
	snprintf(options, 128, "ro,noload,loop,nodev,nosuid,offset=%llu,sizelimit=%llu", offset,
		size);
	return 0;
}

static int unpack_disk(struct workshop *shop, const char *root)
{
	char disk[WORKSHOP_PATH_SIZE], mounted[WORKSHOP_PATH_SIZE], all[WORKSHOP_PATH_SIZE];
	char options[128];
	const char *const mount_it[] = { "mount", "-t", "ext4", "-o", options, disk, mounted,
		NULL };
	const char *const copy[] = { "cp", "-a", all, root, NULL };
	int result = 0;

	if (ends(shop->recipe->from, ".xz"))
		result = decompress(shop, disk);
	else
		str_copy(disk, sizeof(disk), shop->recipe->from);
	if (result == 0)
		result = find_partition(shop, disk, options);
	if (result == 0)
		result = failure_path(
			&shop->failure, mounted, sizeof(mounted), "%s/disk", shop->work);
	if (result == 0)
		result = failure_path(&shop->failure, all, sizeof(all), "%s/disk/.", shop->work);
	if (result == 0 && mkdir(mounted, 0700) != 0)
		result = failure_set(
			&shop->failure, -errno, "%s can't be made: %s", mounted, strerror(errno));
	if (result == 0)
		result = run(shop, mount_it);
	if (result != 0)
		return result;
	progress_note(&shop->progress, "copying");
	result = run(shop, copy);
	(void)umount2(mounted, MNT_DETACH);
	return result;
}

static int check_init(struct workshop *shop, const char *root)
{
	static const char *const inits[] = { "sbin/init", "usr/sbin/init",
		"usr/lib/systemd/systemd" };
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = -ENOENT;

	for (size_t i = 0; fd >= 0 && result != 0 && i < sizeof(inits) / sizeof(inits[0]); i++)
		result = tree_check_program(fd, inits[i]);
	if (fd >= 0)
		close(fd);
	return result == 0
		       ? 0
		       : failure_set(&shop->failure, result,
				 "%s holds no /sbin/init that can be executed: it isn't the root "
				 "of a system (an image for containers needs systemd-sysv "
				 "installed in it)",
				 shop->recipe->from);
}

int import_unpack(struct workshop *shop, const char *root)
{
	const char *from = shop->recipe->from;
	int result;

	progress_note(&shop->progress, "unpacking");
	if (ends(from, ".img") || ends(from, ".img.xz"))
		result = unpack_disk(shop, root);
	else if (oci_is_archive(from))
		result = oci_unpack(shop, root);
	else
		result = unpack_tar(shop, root);
	return result == 0 ? check_init(shop, root) : result;
}
