/* SPDX-License-Identifier: ISC */
/* The image in the node's own memory: it then runs on while the router is away. Fetched by HTTP,
 * and verified like one that lies on the share, by dm-verity. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/download.h"
#include "rootfs/init/init.h"

#define PATH "/boot/root"
#define MEGABYTE (UINT64_C(1) << 20)
/* What a system needs beside it: kernel, systemd, the agent and some work. An estimate with room to
 * spare, not a measurement. */
#define RESERVE (256 * MEGABYTE)

static uint64_t image_size(const struct init_arguments *arguments)
{
	const uint64_t blocks = arguments->verity.blocks;

	return (blocks + verity_tree_blocks(blocks) + 1) * VERITY_BLOCK;
}

uint64_t init_parse_available(const char *meminfo)
{
	static const char name[] = "\nMemAvailable:";
	const char *at = strstr(meminfo, name);

	return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

bool init_may_hold_root(
	const struct init_arguments *arguments, char reason[static INIT_REASON_SIZE])
{
	const uint64_t needed = image_size(arguments) + RESERVE;
	uint64_t available = 0;
	char *text;
	size_t size;

	if (arguments->verity.blocks == 0) {
		snprintf(reason, INIT_REASON_SIZE,
			"not in memory but by NFS: the image has no hash tree (build it again)");
		return false;
	}
	if (file_read("/proc/meminfo", 16384, &text, &size) == 0) {
		available = init_parse_available(text);
		free(text);
	}
	if (available >= needed)
		return true;
	snprintf(reason, INIT_REASON_SIZE,
		"not in memory but by NFS: the image and the system need %" PRIu64 " MB, %" PRIu64
		" MB are free",
		needed / MEGABYTE, available / MEGABYTE);
	return false;
}

static int open_file(uint64_t size, char reason[static INIT_REASON_SIZE])
{
	char options[64];
	int fd = open(INIT_MEMORY "/root", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	mkdir(INIT_MEMORY, 0755);
	snprintf(options, sizeof(options), "mode=0755,size=%" PRIu64, size + MEGABYTE);
	if (mount("memory", INIT_MEMORY, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) == 0)
		fd = open(INIT_MEMORY "/root", O_RDWR | O_CREAT | O_CLOEXEC, 0444);
	if (fd < 0) {
		snprintf(reason, INIT_REASON_SIZE, "no memory for the image: %s", strerror(errno));
		return -errno;
	}
	return fd;
}

int init_fetch_root(const struct init_arguments *arguments, char reason[static INIT_REASON_SIZE])
{
	const uint64_t size = image_size(arguments);
	int fd = open_file(size, reason), result;
	struct stat status = { 0 };
	uint64_t offset;

	if (fd < 0)
		return fd;
	(void)fstat(fd, &status);
	offset = (uint64_t)status.st_size;
	result = offset == size
			 ? 0
			 : download(arguments->router, arguments->port, PATH, fd, size, &offset);
	close(fd);
	if (result == -ESTALE)
		init_forget_root();
	if (result != 0)
		snprintf(reason, INIT_REASON_SIZE,
			"the image doesn't come into memory: %s after %" PRIu64 " of %" PRIu64
			" MB; see `bramble status` on the router",
			result == -EAGAIN ? "the router's HTTP server fell silent"
					  : strerror(-result),
			offset / MEGABYTE, size / MEGABYTE);
	return result;
}

void init_forget_root(void)
{
	(void)!truncate(INIT_MEMORY "/root", 0);
}
