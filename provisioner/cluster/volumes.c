/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "provisioner/settings/settings.h"

#define DIRECTORY (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define SHARE_MODE 0755
#define VOLUME_MODE 0777 /* pods run as whoever they like */

/* A directory in another one, which is closed. Its descriptor, or -errno. */
static int enter(int parent, const char *name, mode_t mode)
{
	bool made = mkdirat(parent, name, 0700) == 0;
	int fd = made || errno == EEXIST ? openat(parent, name, DIRECTORY) : -1;
	int result = fd < 0 ? -errno : 0;

	if (made && result == 0 && (fchmod(fd, mode) != 0 || fsync(fd) != 0 || fsync(parent) != 0))
		result = -errno;
	close(parent);
	if (result != 0 && fd >= 0)
		close(fd);
	return result != 0 ? result : fd;
}

int volumes_make_directory(const struct settings *settings, const char *space, const char *claim,
	char path[static VOLUMES_PATH_SIZE])
{
	const struct {
		const char *name;
		mode_t mode;
	} steps[] = { { "shared", SHARE_MODE }, { "volumes", SHARE_MODE }, { space, SHARE_MODE },
		{ claim, VOLUME_MODE } };
	int fd;

	if (!str_is_node_name(space) || !str_is_dns_name(claim))
		return -EINVAL;
	snprintf(path, VOLUMES_PATH_SIZE, "/shared/volumes/%.63s/%.253s", space, claim);
	fd = open(settings->share, DIRECTORY);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		fd = enter(fd, steps[i].name, steps[i].mode);
		if (fd < 0)
			return fd;
	}
	close(fd);
	return 0;
}
