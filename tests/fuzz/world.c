/* SPDX-License-Identifier: ISC */
#include "tests/fuzz/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"

#define LARGE 20000u

static uint64_t now_ns = 1000 * NS_PER_S;
static int64_t wall_ms;

void fuzz_must(bool condition, const char *text, const char *file, int line)
{
	if (condition)
		return;
	fprintf(stderr, "%s:%d: it doesn't hold that %s\n", file, line, text);
	abort();
}

/* Replaces the C library's in this program and in the libraries that it loads. The wall clock stays
 * what it is: libFuzzer's own time limit needs it. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE &&
		clock != CLOCK_MONOTONIC_RAW && clock != CLOCK_BOOTTIME)
		return (int)syscall(SYS_clock_gettime, clock, time);
	time->tv_sec = (time_t)(now_ns / NS_PER_S);
	time->tv_nsec = (long)(now_ns % NS_PER_S);
	return 0;
}

void fuzz_set_time(uint64_t ns)
{
	now_ns = ns;
}

void fuzz_pass_time(uint64_t ns)
{
	now_ns += ns;
}

uint64_t fuzz_descriptors(void)
{
	uint64_t open_ones = 0;

	for (int fd = 0; fd < 64; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			open_ones |= UINT64_C(1) << fd;
	}
	return open_ones;
}

void fuzz_set_wall(int64_t ms)
{
	wall_ms = ms;
}

/* In place of common/clock.c */
uint64_t clock_monotonic_ns(void)
{
	return now_ns;
}

int64_t clock_wall_ms(void)
{
	return wall_ms;
}

uint8_t fuzz_byte(uint64_t position)
{
	return (uint8_t)(position * 7 + position / 251);
}

static void fill(int fd, uint64_t size)
{
	uint8_t bytes[4096];

	for (uint64_t at = 0; at < size;) {
		size_t n = size - at < sizeof(bytes) ? (size_t)(size - at) : sizeof(bytes);

		for (size_t i = 0; i < n; i++)
			bytes[i] = fuzz_byte(at + i);
		must(write(fd, bytes, n) == (ssize_t)n);
		at += n;
	}
}

int fuzz_file(uint64_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0);
	fill(fd, size);
	return fd;
}

static const struct {
	const char *name;
	uint64_t size;
} files[] = { { "a", 100 }, { "empty", 0 }, { "large", LARGE }, { "dir/b", 200 },
	{ "dir/sub/c", 300 }, { "with space", 400 } };
#define FILES (sizeof(files) / sizeof(files[0]))

static struct {
	char top[64];
	int root;
	ino_t inodes[FILES];
	dev_t device;
} tree = { .root = -1 };

static const char *const odd[] = { "root/link", "root/dirlink", "root/up", "root/absolute",
	"root/proc", "root/dir/out", "root/fifo", "root/socket", "root/null", "secret" };

static void remove_tree(void)
{
	int top = open(tree.top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[100];

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		unlinkat(top, odd[i], 0);
	for (size_t i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "root/%s", files[i].name);
		unlinkat(top, path, 0);
	}
	unlinkat(top, "root/dir/sub", AT_REMOVEDIR);
	unlinkat(top, "root/dir", AT_REMOVEDIR);
	unlinkat(top, "root", AT_REMOVEDIR);
	close(top);
	rmdir(tree.top);
}

static void make_file(int directory, const char *name, uint64_t size, struct stat *status)
{
	/* Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110 */
	const struct timespec changed[2] = { { .tv_sec = 784111777 }, { .tv_sec = 784111777 } };
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	must(fd >= 0);
	fill(fd, size);
	must(futimens(fd, changed) == 0 && fstat(fd, status) == 0);
	close(fd);
}

static void make_odd(int top)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat status;

	make_file(top, "secret", 500, &status);
	must(symlinkat("a", top, "root/link") == 0);
	must(symlinkat("dir", top, "root/dirlink") == 0);
	must(symlinkat("..", top, "root/up") == 0);
	must(symlinkat("/etc/passwd", top, "root/absolute") == 0);
	must(symlinkat("/proc/self", top, "root/proc") == 0);
	must(symlinkat("../../secret", top, "root/dir/out") == 0);
	must(mkfifoat(top, "root/fifo", 0644) == 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.60s/root/socket", tree.top);
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	close(fd);
	must(mknodat(top, "root/null", S_IFCHR | 0644, makedev(1, 3)) == 0 || errno == EPERM);
}

int fuzz_tree(void)
{
	struct stat status;
	int top;

	if (tree.root >= 0)
		return tree.root;
	snprintf(tree.top, sizeof(tree.top), "/tmp/bramble-fuzz-XXXXXX");
	must(mkdtemp(tree.top) != NULL);
	top = open(tree.top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(mkdirat(top, "root", 0755) == 0 && mkdirat(top, "root/dir", 0755) == 0 &&
		mkdirat(top, "root/dir/sub", 0755) == 0);
	tree.root = openat(top, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(tree.root >= 0);
	for (size_t i = 0; i < FILES; i++) {
		make_file(tree.root, files[i].name, files[i].size, &status);
		tree.inodes[i] = status.st_ino;
		tree.device = status.st_dev;
	}
	make_odd(top);
	close(top);
	atexit(remove_tree);
	return tree.root;
}

bool fuzz_tree_holds(int fd, uint64_t size)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_dev != tree.device)
		return false;
	for (size_t i = 0; i < FILES; i++) {
		if (status.st_ino == tree.inodes[i])
			return size == files[i].size;
	}
	return false;
}
