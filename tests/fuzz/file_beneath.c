/* SPDX-License-Identifier: ISC */
/*
 * Names against a real directory with everything in it that isn't to be opened. As both servers and
 * brambled make a path of a name: as it is, without its first '/', decoded from a request target,
 * and as a board's name. What was opened is one of the regular files of that directory, and nothing
 * waits for the other end of a FIFO.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "boot/boot.h"
#include "common/file.h"
#include "httpd/request.h"
#include "tests/fuzz/world.h"

#define NAME_SIZE 600u

/* No regular file here has these words in its name, all symbolic links do. */
static bool passes_a_link(const char *name)
{
	static const char *const links[] = { "link", "up", "absolute", "proc", "out" };

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (strstr(name, links[i]))
			return true;
	}
	return false;
}

static void open_name(const char *name)
{
	uint64_t size = UINT64_MAX;
	int fd = file_open_beneath(fuzz_tree(), name, &size);

	if (fd < 0)
		return;
	must(fuzz_tree_holds(fd, size));
	must(!passes_a_link(name));
	must((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	must((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	close(fd);
}

/* Bytes that choose words, so that names lead somewhere. */
static void put_words(const uint8_t *bytes, size_t length, char name[static NAME_SIZE])
{
	static const char *const words[] = { "/", "/", "/", "a", "empty", "large", "dir", "sub",
		"b", "c", "with space", "link", "dirlink", "up", "absolute", "proc", "out", "fifo",
		"socket", "null", "secret", "..", ".", "root", "self", "exe", "cwd", "fd", "%2e",
		"%2f", "%20", "0123abcd", "dc-a6-32-01-36-c2", "\\", "\xc0\xae", "\x01" };
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		const char *word = words[bytes[i] % (sizeof(words) / sizeof(words[0]))];

		if (used + strlen(word) >= NAME_SIZE)
			break;
		memcpy(name + used, word, strlen(word));
		used += strlen(word);
	}
	name[used] = '\0';
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	(void)fuzz_tree();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const uint64_t descriptors = fuzz_descriptors();
	char name[NAME_SIZE] = "", path[NAME_SIZE];
	struct boot_name asked;

	if (length == 0 || length >= NAME_SIZE)
		return 0;
	if (bytes[0] & 0x80)
		put_words(bytes + 1, length - 1, name);
	else
		memcpy(name, bytes + 1, length - 1);
	open_name(name);
	open_name(*name == '/' ? name + 1 : name);
	if (request_decode_path(name, strlen(name), path, sizeof(path)) == 0)
		open_name(path);
	if (boot_split_name(name, &asked) == 0)
		open_name(asked.leaf);
	must(fuzz_descriptors() == descriptors);
	return 0;
}
