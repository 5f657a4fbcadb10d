/* SPDX-License-Identifier: ISC */
/* Local disks, and the one of them that is scratch space. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/str.h"
#include "rootfs/agent/scratch.h"

/* Linux Documentation/filesystems/ext4/super.rst: the superblock is at 1024. */
#define EXT4_MAGIC_AT (1024 + 0x38)
#define EXT4_LABEL_AT (1024 + 0x78)

bool scratch_parse_label(const uint8_t bytes[static 2048], char label[static 17])
{
	if (bytes[EXT4_MAGIC_AT] != 0x53 || bytes[EXT4_MAGIC_AT + 1] != 0xef)
		return false;
	memcpy(label, bytes + EXT4_LABEL_AT, 16);
	label[16] = '\0';
	return true;
}

static bool has_label(const struct config_world *world, const char *device)
{
	char path[CONFIG_PATH_SIZE], label[17];
	uint8_t bytes[2048];
	ssize_t length;
	int fd;

	config_path(world, path, "/dev/%s", device);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	length = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	return length == (ssize_t)sizeof(bytes) && scratch_parse_label(bytes, label) &&
	       strcmp(label, SCRATCH_LABEL) == 0;
}

bool scratch_is_no_disk(const char *name)
{
	static const char *const others[] = { "loop", "ram", "zram", "dm-", "md", "nbd", "sr" };

	if (name[0] == '.' || strlen(name) >= SCRATCH_DEVICE_SIZE)
		return true;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strncmp(name, others[i], strlen(others[i])) == 0)
			return true;
	}
	/* The hidden ends of a card. */
	return strstr(name, "boot") != NULL || strstr(name, "rpmb") != NULL;
}

/* By name, so that it is the same one at every boot should there be two. */
bool scratch_find_disk(const struct config_world *world, char device[static SCRATCH_DEVICE_SIZE])
{
	char path[CONFIG_PATH_SIZE];
	const struct dirent *entry;
	DIR *directory;

	device[0] = '\0';
	config_path(world, path, "/sys/class/block");
	directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		if (!scratch_is_no_disk(entry->d_name) &&
			(!*device || strcmp(entry->d_name, device) < 0) &&
			has_label(world, entry->d_name))
			str_copy(device, SCRATCH_DEVICE_SIZE, entry->d_name);
	}
	if (directory)
		closedir(directory);
	return *device;
}

int scratch_attach_loop(const char *file, char device[static 32])
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), number, fd = -1, result;
	int backing = open(file, O_RDWR | O_CLOEXEC);
	struct loop_config config = { .info = { .lo_flags = LO_FLAGS_AUTOCLEAR } };

	result = control < 0 || backing < 0 ? -errno : 0;
	number = result == 0 ? ioctl(control, LOOP_CTL_GET_FREE) : -1;
	if (result == 0 && number < 0)
		result = -errno;
	snprintf(device, 32, "/dev/loop%d", number);
	if (result == 0) {
		fd = open(device, O_RDWR | O_CLOEXEC);
		config.fd = (uint32_t)backing;
		if (fd < 0 || ioctl(fd, LOOP_CONFIGURE, &config) != 0)
			result = -errno;
	}
	if (control >= 0)
		close(control);
	if (backing >= 0)
		close(backing);
	if (result != 0 && fd >= 0)
		close(fd);
	return result == 0 ? fd : result;
}
