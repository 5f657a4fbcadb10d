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

char *init_next_module(char **rest)
{
	char *line;

	while ((line = strsep(rest, "\n"))) {
		line += strspn(line, " \t");
		line[strcspn(line, " \t\r#")] = '\0';
		if (line[0] == '/')
			return line;
		if (line[0] != '\0')
			init_complain("/modules: '%s' is no absolute path", line);
	}
	return NULL;
}

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		init_complain("module %s: %s", path, strerror(errno));
		return;
	}
	/* EEXIST: already there. ENODEV: a driver that finds nothing of its kind. */
	if (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST && errno != ENODEV)
		init_complain("module %s: %s", path, strerror(errno));
	close(fd);
}

void init_load_modules(void)
{
	char *list, *rest, *path;
	size_t size;

	if (file_read("/modules", LIST_LIMIT, &list, &size) != 0)
		return; /* a kernel with everything built in */
	rest = list;
	while ((path = init_next_module(&rest)))
		load(path);
	free(list);
}
