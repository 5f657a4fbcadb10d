/* SPDX-License-Identifier: ISC */
/* Giving a local disk Bramble's label, when the administrator says so. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"
#include "rootfs/agent/agent.h"
#include "rootfs/agent/scratch.h"

#define SECTORS_LEAST (UINT64_C(128) << 11) /* of 512 bytes: 128 MiB */
/* What file systems, RAIDs and partition tables begin with lies in here; btrfs is the last, at
 * 64 KiB. */
#define LOOKED_AT (1u << 20)

static int say(
	char reason[static CONFIG_REASON_SIZE], int result, const char *device, const char *what)
{
	snprintf(reason, CONFIG_REASON_SIZE, "%s %s", device, what);
	return result;
}

static uint64_t read_attribute(
	const struct config_world *world, const char *device, const char *attribute)
{
	char path[CONFIG_PATH_SIZE], *text;
	uint64_t value = 0;
	size_t size;

	config_path(world, path, "/sys/class/block/%s/%s", device, attribute);
	if (file_read(path, 64, &text, &size) != 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	if (str_parse_u64(text, 0, UINT64_MAX, &value) != 0)
		value = 0;
	free(text);
	return value;
}

static bool has_entries(const struct config_world *world, const char *device, const char *directory)
{
	char path[CONFIG_PATH_SIZE];
	const struct dirent *entry;
	bool found = false;
	DIR *opened;

	config_path(world, path, "/sys/class/block/%s/%s", device, directory);
	opened = opendir(path);
	while (opened && !found && (entry = readdir(opened)))
		found = entry->d_name[0] != '.';
	if (opened)
		closedir(opened);
	return found;
}

/* Mounted, swapped to, or under another device: the kernel keeps whoever asks alone from it
 * (open(2): O_EXCL on a block device). That holds for its partitions as well. */
static bool is_in_use(const char *path)
{
	int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return errno == EBUSY;
	close(fd);
	return false;
}

/* 1: nothing, 0: something, or -errno. */
static int is_empty(const char *path)
{
	unsigned char *bytes = malloc(LOOKED_AT);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), result = 1;
	ssize_t length = -1;

	if (bytes && fd >= 0)
		length = pread(fd, bytes, LOOKED_AT, 0);
	if (length < 0)
		result = bytes ? -errno : -ENOMEM;
	for (ssize_t i = 0; result == 1 && i < length; i++)
		result = bytes[i] == 0;
	if (fd >= 0)
		close(fd);
	free(bytes);
	return result;
}

static int check(const struct config_world *world, const char *device, const char *path, bool force,
	char reason[static CONFIG_REASON_SIZE])
{
	char had[SCRATCH_DEVICE_SIZE], name[CONFIG_PATH_SIZE];
	int result;

	config_path(world, name, "/sys/class/block/%s", device);
	if (access(name, F_OK) != 0)
		return say(reason, -ENODEV, device,
			"isn't there; `lsblk` on the node names its disks");
	if (scratch_is_no_disk(device))
		return say(reason, -ENOTBLK, device, "is no local disk");
	if (read_attribute(world, device, "ro") != 0)
		return say(reason, -EROFS, device, "can't be written: write protection is on");
	if (read_attribute(world, device, "size") < SECTORS_LEAST)
		return say(reason, -ENOSPC, device, "is smaller than 128 MiB");
	if (has_entries(world, device, "holders") || is_in_use(path))
		return say(reason, -EBUSY, device, "or a part of it is in use");
	if (scratch_find_disk(world, had) && strcmp(had, device) != 0)
		return say(reason, -EEXIST, had, "is this node's scratch space already");
	result = force || *had ? 1 : is_empty(path);
	if (result < 0)
		return say(reason, result, device, strerror(-result));
	return result == 1 ? 0
			   : say(reason, -ENOTEMPTY, device,
				     "isn't empty, and was left as it is; --force erases it");
}

int scratch_format(struct config_world *world, const char *device, bool force,
	char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE];
	const char *const format[] = { "/usr/sbin/mkfs.ext4", "-q", "-F", "-m", "0", "-L",
		SCRATCH_LABEL, "-E", "lazy_itable_init=1,lazy_journal_init=1", path, NULL };
	int result;

	config_path(world, path, "/dev/%s", device);
	result = check(world, device, path, force, reason);
	if (result == 0)
		result = config_run(world, format, reason);
	if (result != 0)
		return result;
	snprintf(reason, CONFIG_REASON_SIZE,
		"%s is scratch space, %llu MiB; it is used from the next boot on", device,
		(unsigned long long)(read_attribute(world, device, "size") >> 11));
	return 0;
}
