/* SPDX-License-Identifier: ISC */
/* Hand over to systemd: the root of the initramfs is emptied and covered by the new one. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/init/init.h"

/* Free the memory of the initramfs; never leave its file system. */
static void remove_tree(int parent, const char *name, dev_t device)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct dirent *entry;
	struct stat status;
	DIR *directory;

	if (fd < 0)
		return;
	if (fstat(fd, &status) != 0 || status.st_dev != device || !(directory = fdopendir(fd))) {
		close(fd);
		return;
	}
	while ((entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, entry->d_name, 0) == 0)
			continue;
		remove_tree(fd, entry->d_name, device);
		(void)unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir(directory);
}

static bool is_mounted(const char *path)
{
	struct stat root, status;

	return stat("/", &root) == 0 && stat(path, &status) == 0 && status.st_dev != root.st_dev;
}

/* The kernel's own file systems, and what the root stands on: visible in it, out of the way. */
static int move_mounts(void)
{
	static const char *const moved[][2] = {
		{ INIT_MEMORY, NEW_ROOT "/run/bramble/memory" },
		{ INIT_SHARE, NEW_ROOT "/run/bramble/share" },
		{ INIT_IMAGE, NEW_ROOT "/run/bramble/image" },
		{ INIT_SCRATCH, NEW_ROOT "/run/bramble/scratch" },
		{ "/sys", NEW_ROOT "/sys" },
		{ "/proc", NEW_ROOT "/proc" },
		{ "/dev", NEW_ROOT "/dev" },
	};

	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++) {
		int result;

		if (!is_mounted(moved[i][0]))
			continue;
		result = file_make_directories(moved[i][1], 0755);

		if (result != 0)
			return result;
		if (mount(moved[i][0], moved[i][1], NULL, MS_MOVE, NULL) != 0)
			return -errno;
	}
	return 0;
}

int init_switch_root(void)
{
	char *const argv[] = { "/sbin/init", NULL };
	struct stat status;
	int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (old < 0 || fstat(old, &status) != 0)
		return -errno;
	result = move_mounts();
	if (result != 0)
		return result;
	if (chdir(NEW_ROOT) != 0 || mount(NEW_ROOT, "/", NULL, MS_MOVE, NULL) != 0 ||
		chroot(".") != 0 || chdir("/") != 0)
		return -errno;
	remove_tree(old, ".", status.st_dev);
	close(old);
	execv(argv[0], argv);
	return -errno;
}
