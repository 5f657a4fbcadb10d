/* SPDX-License-Identifier: ISC */
/* Attempts on files: reading, writing, changing names and owners, mounts. */
#include "tests/escape/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ROOTS (TFTPD_ROOT | HTTPD_ROOT)

static const char *in_open(const char *name)
{
	static char path[96];

	snprintf(path, sizeof(path), "%s/%s", scene.open, name);
	return path;
}

static long open_by_openat2(int directory, const char *path, int flags)
{
	const struct open_how how = { .flags = (unsigned)flags,
		.mode = flags & O_CREAT ? 0600 : 0 };

	return syscall(SYS_openat2, directory, path, &how, sizeof(how));
}

static int open_public(void)
{
	return outcome(openat(AT_FDCWD, scene.public, O_RDONLY));
}

static int open_secret(void)
{
	return outcome(openat(AT_FDCWD, scene.secret, O_RDONLY));
}

#ifdef SYS_open
static int open_by_old_call(void)
{
	return outcome(syscall(SYS_open, scene.public, O_RDONLY));
}
#endif

static int openat2_public(void)
{
	return outcome(open_by_openat2(AT_FDCWD, scene.public, O_RDONLY));
}

static int openat2_secret(void)
{
	return outcome(open_by_openat2(AT_FDCWD, scene.secret, O_RDONLY));
}

static int openat2_parent(void)
{
	return outcome(open_by_openat2(scene.fd, "../public", O_RDONLY));
}

static void open_served_directory(void)
{
	scene.fd = open(scene.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int openat2_to_write(void)
{
	return outcome(open_by_openat2(AT_FDCWD, scene.victim, O_WRONLY));
}

/* Whose mode lets anybody do so. */
static int openat2_served_to_write(void)
{
	return outcome(open_by_openat2(scene.fd, "f", O_WRONLY));
}

static int openat2_create(void)
{
	return outcome(open_by_openat2(AT_FDCWD, in_open("new"), O_WRONLY | O_CREAT));
}

static int create(void)
{
	return outcome(openat(AT_FDCWD, in_open("new"), O_WRONLY | O_CREAT, 0600));
}

static int truncate_file(void)
{
	return outcome(truncate(scene.victim, 0));
}

static int make_directory(void)
{
	return outcome(mkdirat(AT_FDCWD, in_open("made"), 0700));
}

static int remove_directory(void)
{
	return outcome(unlinkat(AT_FDCWD, scene.inner, AT_REMOVEDIR));
}

static int remove_file(void)
{
	return outcome(unlinkat(AT_FDCWD, scene.victim, 0));
}

static int rename_file(void)
{
	return outcome(renameat(AT_FDCWD, scene.victim, AT_FDCWD, in_open("renamed")));
}

static int link_file(void)
{
	return outcome(linkat(AT_FDCWD, scene.victim, AT_FDCWD, in_open("linked"), 0));
}

static int link_symbolically(void)
{
	return outcome(symlinkat("/", AT_FDCWD, in_open("symbolic")));
}

static int make_pipe(void)
{
	return outcome(mknodat(AT_FDCWD, in_open("device"), S_IFIFO | 0600, 0));
}

static int make_device(void)
{
	return outcome(mknodat(AT_FDCWD, in_open("device"), S_IFCHR | 0600, makedev(1, 1)));
}

static int open_device(void)
{
	return outcome(openat(AT_FDCWD, "/dev/full", O_WRONLY));
}

static int change_mode(void)
{
	return outcome(fchmodat(AT_FDCWD, scene.public, 0666, 0));
}

static int change_owner(void)
{
	return outcome(fchownat(AT_FDCWD, scene.public, 65534, 65534, 0));
}

static int set_attribute(void)
{
	return outcome(setxattr(scene.public, "trusted.escape", "1", 1, 0));
}

static int set_time(void)
{
	return outcome(utimensat(AT_FDCWD, scene.public, NULL, 0));
}

static int list_directory(void)
{
	char entries[1024];
	int fd = openat(AT_FDCWD, scene.directory, O_RDONLY | O_DIRECTORY);

	return fd < 0 ? -errno : outcome(syscall(SYS_getdents64, fd, entries, sizeof(entries)));
}

static int look_up(void)
{
	struct stat status;

	return outcome(syscall(SYS_newfstatat, AT_FDCWD, scene.public, &status, 0));
}

static int look_up_by_statx(void)
{
	struct statx status;

	return outcome(statx(AT_FDCWD, scene.public, 0, STATX_SIZE, &status));
}

static int probe(void)
{
	return outcome(faccessat(AT_FDCWD, scene.public, F_OK, 0));
}

static int read_link(void)
{
	char target[256];

	return outcome(readlinkat(AT_FDCWD, "/proc/self/exe", target, sizeof(target)));
}

static int change_directory(void)
{
	return outcome(chdir("/"));
}

static union {
	struct file_handle handle;
	char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
} handle;

static void name_handle(void)
{
	int mount;

	handle.handle.handle_bytes = MAX_HANDLE_SZ;
	(void)!name_to_handle_at(AT_FDCWD, scene.public, &handle.handle, &mount, 0);
	scene.fd = open(scene.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int open_by_handle(void)
{
	return outcome(open_by_handle_at(scene.fd, &handle.handle, O_RDONLY));
}

static int watch_by_inotify(void)
{
	int fd = inotify_init1(0);

	return fd < 0 ? -errno : outcome(inotify_add_watch(fd, scene.directory, IN_ALL_EVENTS));
}

static int watch_by_fanotify(void)
{
	return outcome(fanotify_init(FAN_CLASS_CONTENT, O_RDONLY));
}

static int read_environment(void)
{
	char path[64], text[16];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)scene.roots);
	fd = openat(AT_FDCWD, path, O_RDONLY);
	return fd < 0 ? -errno : outcome(read(fd, text, sizeof(text)));
}

static int open_memory(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)scene.roots);
	return outcome(openat(AT_FDCWD, path, O_RDWR));
}

/* What is mounted or unmounted is so for this process alone. */
static void leave_mounts(void)
{
	(void)!unshare(CLONE_NEWNS);
}

static int mount_one(void)
{
	return outcome(mount("none", scene.open, "tmpfs", 0, NULL));
}

static int unmount(void)
{
	return outcome(umount2(scene.directory, MNT_DETACH));
}

static int change_root(void)
{
	return outcome(chroot(scene.directory));
}

static int pivot_root(void)
{
	return outcome(syscall(SYS_pivot_root, scene.directory, scene.open));
}

static int open_file_system(void)
{
	return outcome(syscall(SYS_fsopen, "tmpfs", 0));
}

static int clone_mounts(void)
{
	return outcome(syscall(SYS_open_tree, AT_FDCWD, scene.directory, 1 /* OPEN_TREE_CLONE */));
}

#define OPENED (LANDLOCK | CALLS)
#define OWNED (USER | CALLS)

static const struct attempt attempts[] = {
	TRY("open a file that all may read", OPENED, open_public),
	TRY("open a file of root's", USER | OPENED, open_secret),
#ifdef SYS_open
	TRY("open one by open(2)", OPENED, open_by_old_call),
#endif
	TRY("open one by openat2(2)", OPENED, openat2_public, .allowed_in = ROOTS),
	TRY("open a file of root's by openat2(2)", USER | OPENED, openat2_secret,
		.allowed_in = ROOTS),
	TRY("open one beside the served directory", OPENED, openat2_parent,
		.prepare = open_served_directory, .allowed_in = ROOTS),
	TRY("open a file to write it", OPENED, openat2_to_write, .allowed_in = ROOTS),
	TRY("open a served file to write it", OPENED, openat2_served_to_write,
		.prepare = open_served_directory, .allowed_in = ROOTS),
	TRY("create a file by openat2(2)", OPENED, openat2_create, .allowed_in = ROOTS),
	TRY("create a file", OPENED, create),
	TRY("truncate a file", OPENED, truncate_file, .abi = 3),
	TRY("make a directory", OPENED, make_directory),
	TRY("remove a directory", OPENED, remove_directory),
	TRY("remove a file", OPENED, remove_file),
	TRY("rename a file", OPENED, rename_file),
	TRY("link a file", OPENED, link_file),
	TRY("make a symbolic link", OPENED, link_symbolically),
	TRY("make a named pipe", OPENED, make_pipe),
	TRY("make a device", USER | OPENED, make_device),
	TRY("open a device", OPENED, open_device),
	TRY("change a file's mode", OWNED, change_mode),
	TRY("change a file's owner", OWNED, change_owner),
	TRY("set an extended attribute", OWNED, set_attribute),
	TRY("change a file's time", OWNED, set_time),
	TRY("list a directory", OPENED, list_directory),
	TRY("ask for a file's size by its path", CALLS, look_up),
	TRY("ask by statx(2)", CALLS, look_up_by_statx),
	TRY("ask whether a file exists", CALLS, probe),
	TRY("read a symbolic link", CALLS, read_link),
	TRY("change the working directory", CALLS, change_directory),
	TRY("open a file by its handle", USER | OPENED, open_by_handle, .prepare = name_handle),
	TRY("watch files by inotify", CALLS, watch_by_inotify),
	TRY("watch files by fanotify", OWNED, watch_by_fanotify),
	TRY("read another process's environment", USER | OPENED, read_environment),
	TRY("open another process's memory", USER | OPENED, open_memory),
	TRY("mount", USER | OPENED, mount_one, .prepare = leave_mounts),
	TRY("unmount", USER | OPENED, unmount, .prepare = leave_mounts),
	TRY("chroot", OWNED, change_root),
	TRY("pivot_root", USER | OPENED, pivot_root, .prepare = leave_mounts),
	TRY("make a file system by fsopen", OWNED, open_file_system),
	TRY("copy a mount by open_tree", OWNED, clone_mounts),
};

const struct attempt_table file_attempts = { attempts, sizeof(attempts) / sizeof(attempts[0]) };
