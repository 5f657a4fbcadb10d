/* SPDX-License-Identifier: ISC */
/* Swap space: none, compressed memory (zram), or a file on a local scratch disk. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"
#include "rootfs/agent/scratch.h"
#include "rootfs/agent/swap.h"

#define SWAPS_LIMIT 65536
#define ZRAM "/dev/zram0"
#define SWAP_FILE SCRATCH_PATH "/swap"
#define MIB (UINT64_C(1) << 20)
#define PRIORITY 100

bool swap_next(char **text, struct swap_space *space)
{
	char *line;

	while ((line = strsep(text, "\n"))) {
		char *rest = line, *name = strsep(&rest, " \t"), *type = NULL, *size = NULL;

		while (rest && (!type || !*type))
			type = strsep(&rest, " \t");
		while (rest && (!size || !*size))
			size = strsep(&rest, " \t");
		if (name[0] != '/' || !size ||
			str_parse_u64(size, 0, UINT64_MAX / 1024, &space->size_kb) != 0)
			continue;
		str_copy(space->name, sizeof(space->name), name);
		return true;
	}
	return false;
}

static const char swap_magic[10] = { 'S', 'W', 'A', 'P', 'S', 'P', 'A', 'C', 'E', '2' };

/* A page at the beginning (Linux include/linux/swap.h, union swap_header). */
static int write_header(const char *path, uint64_t size, char reason[static CONFIG_REASON_SIZE])
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint32_t head[3] = { 1, (uint32_t)(size / page - 1), 0 }; /* version, last page, bad ones */
	char *header = calloc(1, page);
	int fd = open(path, O_WRONLY | O_CLOEXEC), result = 0;

	if (!header || fd < 0) {
		result = -errno;
	} else {
		memcpy(header + 1024, head, sizeof(head));
		memcpy(header + page - sizeof(swap_magic), swap_magic, sizeof(swap_magic));
		if (pwrite(fd, header, page, 0) != (ssize_t)page || fsync(fd) != 0)
			result = -EIO;
	}
	if (fd >= 0)
		close(fd);
	free(header);
	return result == 0 ? 0 : config_fail(reason, path, result);
}

static int start(const char *path, uint64_t size, char reason[static CONFIG_REASON_SIZE])
{
	int result = write_header(path, size, reason);

	if (result == 0 && swapon(path, SWAP_FLAG_PREFER | PRIORITY) != 0)
		result = config_fail(reason, path, -errno);
	return result;
}

static int write_number(const char *path, uint64_t number)
{
	char text[24];
	int fd = open(path, O_WRONLY | O_CLOEXEC), length, result = 0;

	if (fd < 0)
		return -errno;
	length = snprintf(text, sizeof(text), "%" PRIu64, number);
	if (write(fd, text, (size_t)length) != length)
		result = -errno;
	close(fd);
	return result;
}

static int start_zram(
	struct config_world *world, uint64_t size, char reason[static CONFIG_REASON_SIZE])
{
	static const char *const load[] = { "/usr/sbin/modprobe", "zram", NULL };
	int result = config_run(world, load, reason);

	if (result != 0)
		return result;
	(void)write_number("/sys/block/zram0/reset", 1);
	result = write_number("/sys/block/zram0/disksize", size);
	return result == 0 ? start(ZRAM, size, reason) : config_fail(reason, ZRAM, result);
}

/* Without holes: the kernel writes to its blocks by itself. */
static int start_file(
	struct config_world *world, uint64_t size, char reason[static CONFIG_REASON_SIZE])
{
	int fd, result = 0;

	if (scratch_kind(world) != SCRATCH_DISK) {
		snprintf(reason, CONFIG_REASON_SIZE,
			"swap on scratch space needs a local disk there; zram needs none");
		return -ENODEV;
	}
	unlink(SWAP_FILE);
	fd = open(SWAP_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || posix_fallocate(fd, 0, (off_t)size) != 0)
		result = config_fail(reason, SWAP_FILE, fd < 0 ? -errno : -ENOSPC);
	if (fd >= 0)
		close(fd);
	return result == 0 ? start(SWAP_FILE, size, reason) : result;
}

/* What the item asks for; NULL: none. */
static const char *wanted_space(const struct item *item, uint64_t *size)
{
	struct sysinfo memory;
	uint64_t mb = 0;

	(void)str_parse_u64(item->values[1], 0, 1u << 20, &mb);
	if (mb == 0 && sysinfo(&memory) == 0)
		mb = (uint64_t)memory.totalram * memory.mem_unit / MIB / 2;
	*size = mb * MIB;
	if (strcmp(item->values[0], "zram") == 0)
		return ZRAM;
	return strcmp(item->values[0], "scratch") == 0 ? SWAP_FILE : NULL;
}

/* The header's page isn't counted. */
static bool is_wanted(const struct swap_space *space, const char *name, uint64_t size)
{
	return name && strcmp(space->name, name) == 0 && space->size_kb <= size / 1024 &&
	       space->size_kb + 128 >= size / 1024;
}

static char *read_swaps(const struct config_world *world)
{
	char path[CONFIG_PATH_SIZE], *text;
	size_t size;

	config_path(world, path, "/proc/swaps");
	return file_read(path, SWAPS_LIMIT, &text, &size) == 0 ? text : NULL;
}

static int differs(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char *text = read_swaps(world), *rest = text;
	struct swap_space space;
	bool others = false, there = false;
	uint64_t size;
	const char *name = wanted_space(item, &size);

	(void)reason;
	while (rest && swap_next(&rest, &space)) {
		if (is_wanted(&space, name, size))
			there = true;
		else
			others = true;
	}
	free(text);
	return others || (name && !there);
}

static int stop_all(struct config_world *world, char reason[static CONFIG_REASON_SIZE])
{
	char *text = read_swaps(world), *rest = text;
	struct swap_space space;
	int result = 0;

	while (result == 0 && rest && swap_next(&rest, &space)) {
		if (swapoff(space.name) != 0)
			result = config_fail(reason, space.name, -errno);
		else if (strcmp(space.name, ZRAM) == 0)
			(void)write_number("/sys/block/zram0/reset", 1);
		else if (strcmp(space.name, SWAP_FILE) == 0)
			unlink(SWAP_FILE);
	}
	free(text);
	return result;
}

static int apply(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	uint64_t size;
	const char *name = wanted_space(item, &size);
	int result = stop_all(world, reason);

	world->changes++;
	if (result != 0 || !name)
		return result;
	return strcmp(name, ZRAM) == 0 ? start_zram(world, size, reason)
				       : start_file(world, size, reason);
}

const struct config_kind config_swap = { differs, apply, NULL };
