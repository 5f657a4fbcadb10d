/* SPDX-License-Identifier: ISC */
#include "tests/conformance/tftp/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/conformance/suite.h"

#define PIECE 65536u

#define X63 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct tree_file files[] = {
	{ .name = "size-0", .size = 0 },
	{ .name = "size-1", .size = 1 },
	{ .name = "size-7", .size = 7 },
	{ .name = "size-8", .size = 8 },
	{ .name = "size-100", .size = 100 },
	{ .name = "size-511", .size = 511 },
	{ .name = "size-512", .size = 512 },
	{ .name = "size-513", .size = 513 },
	{ .name = "size-1023", .size = 1023 },
	{ .name = "size-1024", .size = 1024 },
	{ .name = "size-1025", .size = 1025 },
	{ .name = "size-1467", .size = 1467 },
	{ .name = "size-1468", .size = 1468 },
	{ .name = "size-1469", .size = 1469 },
	{ .name = "size-10000", .size = 10000 },
	{ .name = "size-65536", .size = 65536 },
	{ .name = "size-200000", .size = 200000 },
	/* With blocks of 8 bytes their last block is 65535, 65536, 65536 and 65537. */
	{ .name = "size-524279", .size = 524279 },
	{ .name = "size-524280", .size = 524280 },
	{ .name = "size-524287", .size = 524287 },
	{ .name = "size-524289", .size = 524289 },
	{ .name = "size-600000", .size = 600000 },
	{ .name = "size-33554433", .size = TREE_BIG },
	{ .name = "dir/size-513", .size = 513 },
	{ .name = "dir/sub/deeper/size-100", .size = 100 },
	{ .name = "name with blanks", .size = 700 },
	{ .name = "gr\xc3\xb6\xc3\x9f"
		  "e.bin",
		.size = 700 },
	{ .name = "Upper.BIN", .size = 600 },
	{ .name = "upper.bin", .size = 300 },
	{ .name = ".hidden", .size = 700 },
	{ .name = "semi;colon$(name)", .size = 700 },
	{ .name = "percent%s%n", .size = 700 },
	{ .name = X63 X63 X63 "xxxxxxxxxxx", .size = 700 },
	{ .name = "text-plain", .size = 1300, .pattern = "no line ends here. " },
	{ .name = "text-lf", .size = 1500, .pattern = "a line\n" },
	{ .name = "text-cr", .size = 700, .pattern = "ab\rcd" },
	{ .name = "text-crlf", .size = 900, .pattern = "one\r\ntwo\r\n" },
	{ .name = "text-lf-only", .size = 600, .pattern = "\n" },
	/* The two bytes that a line's end becomes lie in two blocks. */
	{ .name = "text-edge-lf",
		.size = 600,
		.pattern = X63 X63 X63 X63 X63 X63 X63 X63 "xxxxxxx\n" },
	{ .name = "text-edge-cr",
		.size = 600,
		.pattern = X63 X63 X63 X63 X63 X63 X63 X63 "xxxxxxx\r" },
	/* 511 bytes that become 512. */
	{ .name = "text-full", .size = 511, .pattern = "x", .tail = "\n" },
};

const struct tree_file *tree_find(const char *name)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (strcmp(files[i].name, name) == 0)
			return &files[i];
	}
	return NULL;
}

/* FNV-1a of the name. */
static uint64_t seed_of(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	return hash;
}

/* splitmix64: eight bytes of noise for each number. */
static uint64_t noise(uint64_t seed, uint64_t number)
{
	uint64_t z = seed + (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void fill_noise(uint64_t seed, uint64_t offset, uint8_t *out, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++, offset++) {
		if (i == 0 || offset % 8 == 0)
			word = noise(seed, offset / 8);
		out[i] = (uint8_t)(word >> offset % 8 * 8);
	}
}

void tree_fill(const struct tree_file *file, uint64_t offset, uint8_t *out, size_t n)
{
	const char *tail = file->tail ? file->tail : "";
	uint64_t tail_at = file->size - strlen(tail);
	size_t period = file->pattern ? strlen(file->pattern) : 0;

	if (!file->pattern) {
		fill_noise(seed_of(file->name), offset, out, n);
		return;
	}
	for (size_t i = 0; i < n; i++, offset++)
		out[i] = (uint8_t)(offset >= tail_at ? tail[offset - tail_at]
						     : file->pattern[offset % period]);
}

static int write_all(int fd, const struct tree_file *file)
{
	uint8_t bytes[PIECE];

	for (uint64_t at = 0; at < file->size;) {
		size_t n = file->size - at < PIECE ? (size_t)(file->size - at) : PIECE;
		ssize_t written;

		tree_fill(file, at, bytes, n);
		written = write(fd, bytes, n);
		if (written < 0)
			return -errno;
		at += (uint64_t)written;
	}
	return 0;
}

int tree_write(const char *path, const struct tree_file *like)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int result = fd < 0 ? -errno : write_all(fd, like);

	if (fd >= 0 && close(fd) != 0 && result == 0)
		result = -errno;
	return result;
}

/* The directories of `name` below the current directory. */
static int make_directories(const char *name)
{
	char path[256];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(path, sizeof(path), "%.*s", (int)(slash - name), name);
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int make_file(const struct tree_file *file)
{
	struct stat status;
	int result = make_directories(file->name);

	/* Files are never changed; making the tree again costs nothing. */
	if (result == 0 && stat(file->name, &status) == 0 && (uint64_t)status.st_size == file->size)
		return 0;
	return result == 0 ? tree_write(file->name, file) : result;
}

static int make_huge(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	int result = fd < 0 || ftruncate(fd, (off_t)TREE_HUGE) != 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return result;
}

static int make_special(const char **what)
{
	static const struct {
		const char *name, *to;
	} links[] = {
		{ "link-outside", "/etc/hostname" },
		{ "link-up", "../../../../../../../../etc/hostname" },
		{ "link-directory", "/etc" },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		*what = links[i].name;
		if (symlink(links[i].to, links[i].name) != 0 && errno != EEXIST)
			return -errno;
	}
	*what = "fifo";
	if (mkfifo("fifo", 0644) != 0 && errno != EEXIST)
		return -errno;
	*what = "huge";
	return make_huge("huge");
}

int tree_make(const char *directory, const char **what)
{
	int result;

	*what = directory;
	umask(022); /* servers read it as somebody else */
	if ((mkdir(directory, 0755) != 0 && errno != EEXIST) || chdir(directory) != 0)
		return -errno;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		*what = files[i].name;
		result = make_file(&files[i]);
		if (result != 0)
			return result;
	}
	return make_special(what);
}
