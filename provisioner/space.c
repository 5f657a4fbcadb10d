/* SPDX-License-Identifier: ISC */
#include "provisioner/space.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#define SCARCE_BYTES (UINT64_C(2) << 30)
#define NONE_BYTES (UINT64_C(256) << 20)
#define MB 1000000u

enum space space_of(uint64_t free_bytes, uint64_t bytes)
{
	if (free_bytes < NONE_BYTES && free_bytes < bytes / 100)
		return SPACE_NONE;
	return free_bytes < SCARCE_BYTES && free_bytes < bytes / 20 ? SPACE_SCARCE : SPACE_ENOUGH;
}

enum space space_judge(const char *path, char text[static SPACE_TEXT_SIZE])
{
	struct statvfs status;
	uint64_t free_bytes, bytes;

	if (statvfs(path, &status) != 0) {
		snprintf(text, SPACE_TEXT_SIZE, "%.120s: %s", path, strerror(errno));
		return SPACE_UNKNOWN;
	}
	free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	bytes = (uint64_t)status.f_blocks * status.f_frsize;
	/* Some file systems count no inodes. */
	if (status.f_files > 0 && status.f_favail < status.f_files / 100) {
		snprintf(text, SPACE_TEXT_SIZE, "%.120s has room for %llu more files only", path,
			(unsigned long long)status.f_favail);
		return status.f_favail < 100 ? SPACE_NONE : SPACE_SCARCE;
	}
	snprintf(text, SPACE_TEXT_SIZE, "%llu of %llu MB are free in %.120s",
		(unsigned long long)(free_bytes / MB), (unsigned long long)(bytes / MB), path);
	return space_of(free_bytes, bytes);
}
