/* SPDX-License-Identifier: ISC */
#include "tests/conformance/http/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/conformance/suite.h"

static const struct {
	const char *name;
	uint64_t size;
} files[] = {
	{ "small", 10 },
	{ "bytes", TREE_BYTES },
	{ "big", TREE_BIG },
	{ "empty", 0 },
	{ "canary", 77 },
	{ "dir/inner", 20 },
	{ "two words", 30 },
	{ "gr\xc3\xb6\xc3\x9f"
	  "e",
		40 },
	{ "back\\slash", 50 },
	{ "100%", 60 },
};

unsigned char tree_byte(uint64_t position)
{
	return (unsigned char)('0' + (position * 7 + position / 251) % 75);
}

int tree_write(const char *path, uint64_t size)
{
	unsigned char piece[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int result = fd < 0 ? -errno : 0;

	for (uint64_t at = 0; result == 0 && at < size;) {
		size_t n = size - at < sizeof(piece) ? (size_t)(size - at) : sizeof(piece);
		ssize_t written;

		for (size_t i = 0; i < n; i++)
			piece[i] = tree_byte(at + i);
		written = write(fd, piece, n);
		if (written < 0)
			result = -errno;
		else
			at += (uint64_t)written;
	}
	if (fd >= 0 && close(fd) != 0 && result == 0)
		result = -errno;
	return result;
}

static int make_secret(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t n = fd < 0 ? -1 : write(fd, TREE_SECRET "\n", sizeof(TREE_SECRET));
	int result = n < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return result;
}

static int make_special(const char **what)
{
	static const struct {
		const char *name, *to;
	} links[] = {
		{ "link", "../secret" },
		{ "up", ".." },
		{ "loop", "loop" },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		*what = links[i].name;
		if (symlink(links[i].to, links[i].name) != 0 && errno != EEXIST)
			return -errno;
	}
	*what = "fifo";
	if (mkfifo("fifo", 0644) != 0 && errno != EEXIST)
		return -errno;
	/* Not everybody may make a device; its cases then find nothing, which is right as well. */
	if (mknod("device", S_IFCHR | 0666, makedev(1, 5)) != 0 && errno != EEXIST &&
		errno != EPERM)
		return -errno;
	*what = "../secret";
	return make_secret("../secret");
}

int tree_make(const char *directory, const char **what)
{
	*what = directory;
	umask(022); /* servers read it as somebody else */
	if ((mkdir(directory, 0755) != 0 && errno != EEXIST) || chdir(directory) != 0)
		return -errno;
	*what = "dir";
	if (mkdir("dir", 0755) != 0 && errno != EEXIST)
		return -errno;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int result = tree_write(files[i].name, files[i].size);

		*what = files[i].name;
		if (result != 0)
			return result;
	}
	return make_special(what);
}
