/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/str.h"
#include "rootfs/agent/scratch.h"

#define MIB (UINT64_C(1) << 20)
#define LARGEST_FILE_MB 8192 /* unless the configuration asks for more */
#define SMALLEST_FILE_MB 128
#define MOUNT_FLAGS (MS_NOSUID | MS_NODEV | MS_NOATIME)
#define MEASURED_MB 8
#define MEASURE_NS (2 * NS_PER_S)

enum scratch_kind scratch_kind(const struct config_world *world)
{
	struct config_mounted mounted;

	if (!config_find_mount(world, SCRATCH_PATH, &mounted))
		return SCRATCH_NONE;
	if (strcmp(mounted.type, "tmpfs") == 0)
		return SCRATCH_MEMORY;
	return strncmp(mounted.source, "/dev/loop", 9) == 0 ? SCRATCH_FILE : SCRATCH_DISK;
}

/* Mount it, mended by e2fsck(8) if need be. */
static int mount_ext4(struct config_world *world, const char *device, const char *target,
	char reason[static CONFIG_REASON_SIZE])
{
	const char *const mend[] = { "/usr/sbin/e2fsck", "-y", device, NULL };
	int result = world->mount(device, target, "ext4", MOUNT_FLAGS, NULL);

	if (result == -EUCLEAN || result == -EINVAL || result == -EIO) {
		char ignored[CONFIG_REASON_SIZE];

		(void)config_run(world, mend, ignored); /* its status says what it mended */
		result = world->mount(device, target, "ext4", MOUNT_FLAGS, NULL);
	}
	return result == 0 ? 0 : config_fail(reason, device, result);
}

/* At boot udev may still be loading the driver of the disk. */
static bool find_disk(struct config_world *world, char device[static SCRATCH_DEVICE_SIZE])
{
	static const char *const settle[] = { "/usr/bin/udevadm", "settle", "--timeout=20", NULL };

	if (scratch_find_disk(world, device))
		return true;
	(void)world->run(settle, NULL, 0); /* whatever it says: what is there now counts */
	return scratch_find_disk(world, device);
}

static int mount_disk(
	struct config_world *world, const char *target, char reason[static CONFIG_REASON_SIZE])
{
	char device[SCRATCH_DEVICE_SIZE], path[CONFIG_PATH_SIZE];

	if (!find_disk(world, device)) {
		snprintf(reason, CONFIG_REASON_SIZE,
			"no local disk carries the label " SCRATCH_LABEL
			"; `bramble node scratch-format` gives it to one");
		return -ENODEV;
	}
	config_path(world, path, "/dev/%s", device);
	return mount_ext4(world, path, target, reason);
}

/* In MiB; 0 = there isn't room for any. */
static uint64_t choose_size(const char *directory, uint64_t wanted_mb)
{
	struct statvfs status;
	uint64_t quarter_mb;

	if (wanted_mb > 0)
		return wanted_mb;
	if (statvfs(directory, &status) != 0)
		return 0;
	quarter_mb = status.f_bavail * (status.f_frsize / 1024) / 1024 / 4;
	if (quarter_mb < SMALLEST_FILE_MB)
		return 0;
	return quarter_mb < LARGEST_FILE_MB ? quarter_mb : LARGEST_FILE_MB;
}

static int make_file(struct config_world *world, const char *path, uint64_t size_mb,
	char reason[static CONFIG_REASON_SIZE])
{
	char aside[CONFIG_PATH_SIZE];
	/* A small journal: it is written through the network. */
	const char *const format[] = { "/usr/sbin/mkfs.ext4", "-q", "-F", "-m", "0", "-J", "size=4",
		"-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1", aside, NULL };
	int fd, result = 0;

	snprintf(aside, sizeof(aside), "%.1000s.new", path);
	unlink(aside);
	fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)(size_mb * MIB)) != 0)
		result = config_fail(reason, aside, -errno);
	if (fd >= 0)
		close(fd);
	if (result == 0)
		result = config_run(world, format, reason);
	if (result == 0 && rename(aside, path) != 0)
		result = config_fail(reason, path, -errno);
	if (result != 0)
		unlink(aside);
	return result;
}

/* Sparse: it takes the room that is used in it. */
static int mount_file(struct config_world *world, uint64_t wanted_mb, const char *target,
	char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], directory[CONFIG_PATH_SIZE], device[32];
	struct stat status;
	uint64_t size_mb;
	int fd, result = 0;

	snprintf(directory, sizeof(directory), "%.900s/.bramble", world->data);
	snprintf(path, sizeof(path), "%.900s/.bramble/scratch.img", world->data);
	if (stat(path, &status) != 0 ||
		(wanted_mb > 0 && (uint64_t)status.st_size != wanted_mb * MIB)) {
		size_mb = choose_size(directory, wanted_mb);
		if (size_mb == 0) {
			snprintf(reason, CONFIG_REASON_SIZE,
				"the share has no room for a scratch file");
			return -ENOSPC;
		}
		result = make_file(world, path, size_mb, reason);
	}
	if (result != 0)
		return result;
	fd = scratch_attach_loop(path, device);
	if (fd < 0)
		return config_fail(reason, "no loop device", fd);
	result = mount_ext4(world, device, target, reason);
	close(fd);
	if (result != 0)
		unlink(path); /* the next try makes it anew: what is in it is worth nothing */
	return result;
}

static int mount_memory(struct config_world *world, uint64_t wanted_mb, const char *target,
	char reason[static CONFIG_REASON_SIZE])
{
	char options[64];
	int result;

	if (wanted_mb > 0)
		snprintf(options, sizeof(options), "mode=0755,size=%" PRIu64 "m", wanted_mb);
	else
		snprintf(options, sizeof(options), "mode=0755,size=25%%");
	result = world->mount("scratch", target, "tmpfs", MOUNT_FLAGS, options);
	return result == 0 ? 0 : config_fail(reason, "tmpfs", result);
}

static int mount_best(struct config_world *world, uint64_t wanted_mb, const char *target,
	char reason[static CONFIG_REASON_SIZE])
{
	char device[SCRATCH_DEVICE_SIZE];
	int result = -ENODEV;

	if (find_disk(world, device)) {
		result = mount_disk(world, target, reason);
		if (result != 0)
			log_warning(
				"scratch: the labelled disk %s can't be used: %s", device, reason);
	}
	if (result != 0) {
		result = mount_file(world, wanted_mb, target, reason);
		if (result != 0)
			log_warning("scratch: no file on the router: %s", reason);
	}
	return result == 0 ? 0 : mount_memory(world, wanted_mb, target, reason);
}

static int differs(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	enum scratch_kind kind = scratch_kind(world);
	const char *mode = item->values[0];

	(void)reason;
	if (strcmp(mode, "off") == 0)
		return kind != SCRATCH_NONE;
	if (strcmp(mode, "disk") == 0)
		return kind != SCRATCH_DISK;
	if (strcmp(mode, "file") == 0)
		return kind != SCRATCH_FILE;
	if (strcmp(mode, "memory") == 0)
		return kind != SCRATCH_MEMORY;
	return kind == SCRATCH_NONE;
}

static int apply(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	const char *mode = item->values[0];
	char target[CONFIG_PATH_SIZE];
	uint64_t size_mb = 0;
	int result = 0;

	config_path(world, target, SCRATCH_PATH);
	if (str_parse_u64(item->values[1], 0, UINT64_C(1) << 30, &size_mb) != 0)
		return config_fail(reason, "size", -EINVAL);
	world->changes++;
	if (scratch_kind(world) != SCRATCH_NONE && world->unmount(target, 0) != 0)
		return config_fail(reason, "it is in use and can't be changed", -errno);
	if (strcmp(mode, "off") == 0)
		return 0;
	if (mkdir(target, 0755) != 0 && errno != EEXIST)
		return config_fail(reason, target, -errno);
	if (strcmp(mode, "disk") == 0)
		result = mount_disk(world, target, reason);
	else if (strcmp(mode, "file") == 0)
		result = mount_file(world, size_mb, target, reason);
	else if (strcmp(mode, "memory") == 0)
		result = mount_memory(world, size_mb, target, reason);
	else
		result = mount_best(world, size_mb, target, reason);
	return result;
}

const struct config_kind config_scratch = { differs, apply, NULL };

/* Bytes per second, 0 unknown. */
static double measure_writes(const char *directory)
{
	static char block[1u << 20];
	char path[CONFIG_PATH_SIZE];
	uint64_t began_ns = clock_monotonic_ns(), took_ns;
	unsigned written = 0;
	int fd, result = 0;

	snprintf(path, sizeof(path), "%.1000s/.bramble-measure", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return 0;
	unlink(path);
	memset(block, 0xa5, sizeof(block));
	while (result == 0 && written < MEASURED_MB &&
		clock_monotonic_ns() - began_ns < MEASURE_NS) {
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fdatasync(fd) != 0)
			result = -EIO;
		else
			written++;
	}
	close(fd);
	took_ns = clock_monotonic_ns() - began_ns;
	return result == 0 && took_ns > 0 ? (double)written * (double)MIB * 1e9 / (double)took_ns
					  : 0;
}

void scratch_measure(struct config_world *world)
{
	static const char *const names[] = { [SCRATCH_NONE] = "none",
		[SCRATCH_DISK] = "disk",
		[SCRATCH_FILE] = "file",
		[SCRATCH_MEMORY] = "memory" };
	enum scratch_kind kind = scratch_kind(world);
	char target[CONFIG_PATH_SIZE];
	struct config_mounted mounted;
	struct statvfs status;
	double speed;

	world->scratch[0] = '\0';
	config_path(world, target, SCRATCH_PATH);
	if (kind == SCRATCH_NONE || !config_find_mount(world, SCRATCH_PATH, &mounted) ||
		statvfs(target, &status) != 0)
		return;
	snprintf(world->scratch, sizeof(world->scratch), "%s%s%.32s, %" PRIu64 " MiB", names[kind],
		kind == SCRATCH_DISK ? " " : "", kind == SCRATCH_DISK ? mounted.source + 5 : "",
		(uint64_t)status.f_blocks * (status.f_frsize / 512) / 2048);
	speed = kind == SCRATCH_MEMORY ? 0 : measure_writes(target);
	if (speed > 0)
		snprintf(world->scratch + strlen(world->scratch),
			sizeof(world->scratch) - strlen(world->scratch), ", writes %.1f MB/s",
			speed / 1e6);
	log_notice("scratch space: %s", world->scratch);
}
