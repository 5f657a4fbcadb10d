/* SPDX-License-Identifier: ISC */
/* bench-seal FILE: append the hash tree that bramble-image appends to an image's file, whatever is
 * in it. brambled gives out what begins as a squashfs does, and is as long as that says: before its
 * superblock an erofs has 1024 bytes that nobody reads, and gets these words there. */
#include <endian.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/seal.h"

#define SQUASHFS_MAGIC 0x73717368u
#define SQUASHFS_SIZE_AT 40

/* 0 or -1 with errno set. */
static int stamp(const char *path)
{
	const uint32_t magic = htole32(SQUASHFS_MAGIC);
	uint32_t found = 0;
	struct stat status;
	uint64_t size;
	int fd = open(path, O_RDWR | O_CLOEXEC), result = -1;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && pread(fd, &found, sizeof(found), 0) == sizeof(found))
		result = 0;
	if (result == 0 && found == 0) {
		size = htole64((uint64_t)status.st_size);
		if (pwrite(fd, &magic, sizeof(magic), 0) != sizeof(magic) ||
			pwrite(fd, &size, sizeof(size), SQUASHFS_SIZE_AT) != sizeof(size))
			result = -1;
	}
	close(fd);
	return result;
}

int main(int argc, char **argv)
{
	struct workshop *shop = calloc(1, sizeof(*shop));
	int result;

	if (argc != 2 || !shop) {
		fputs("usage: bench-seal FILE\n", stderr);
		free(shop);
		return 2;
	}
	if (stamp(argv[1]) != 0) {
		perror(argv[1]);
		free(shop);
		return 1;
	}
	progress_init(&shop->progress);
	result = root_seal(shop, argv[1]);
	if (result != 0)
		fprintf(stderr, "bench-seal: %s\n", shop->failure.text);
	free(shop);
	return result != 0;
}
