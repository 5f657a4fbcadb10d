/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/init/init.h"

#define LIST_LIMIT (64u * 1024u)

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		init_say("module %s: %s", path, strerror(errno));
		return;
	}
	/* EEXIST: already there. ENODEV: a driver that finds nothing of its kind. */
	if (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST && errno != ENODEV)
		init_say("module %s: %s", path, strerror(errno));
	close(fd);
}

void init_load_modules(void)
{
	char *list, *rest, *line;
	size_t size;

	if (file_read("/modules", LIST_LIMIT, &list, &size) != 0)
		return; /* a kernel with everything built in */
	rest = list;
	while ((line = strsep(&rest, "\n"))) {
		if (*line)
			load(line);
	}
	free(list);
}
