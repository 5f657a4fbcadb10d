/* SPDX-License-Identifier: ISC */
/*
 * "Address A wants NAME": boards of every kind ask brambled for names made of bytes or of words.
 * Who gets a file gets one of the version that the answer names, and a command line only with the
 * asker's own node and token; everybody else gets a reason and no descriptor.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/brambled_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define BOARDS 4u
#define CONTENT_SIZE 4096

static struct world *world;
static char tokens[BOARDS][REGISTRY_TOKEN_SIZE];

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void remove_world(void)
{
	void *state = world;

	(void)world_remove(&state);
}

/* Boards 0 to 2 are nodes and have begun a boot; 3 is parked; the fifth asker is nobody. */
static const char *peer_of(unsigned asker)
{
	static const char *const peers[] = { "10.77.0.50", "10.77.0.51", "10.77.0.52", "10.77.0.53",
		"192.0.2.1" };

	return peers[asker];
}

static void learn_token(unsigned board)
{
	char *token = world_fetch_token(world, peer_of(board), "");

	str_copy(tokens[board], sizeof(tokens[board]), token);
	free(token);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	void *state = NULL;

	(void)argc;
	(void)argv;
	must(world_make(&state) == 0, "no world");
	world = state;
	atexit(remove_world);
	world_make_image(world, FIRST_HASH);
	world_use_image(world, FIRST_HASH);
	for (unsigned board = 0; board < BOARDS; board++) {
		if (board == BOARDS - 1)
			world->brambled.settings.join = JOIN_APPROVE;
		world_discover(world, board + 1, board == 1 ? 0 : 0x1001 + board);
		if (board < BOARDS - 1)
			learn_token(board);
	}
	(void)world_commit(world);
	return 0;
}

/* Bytes that choose words, so that names lead somewhere. */
static void put_words(const uint8_t *bytes, size_t length, char name[static IPC_NAME_SIZE])
{
	static const char *const words[] = { "/", "/", "cmdline.txt", "config.txt", "start4.elf",
		"kernel8.img", "bootcode.bin", "initramfs8", "00001001", "00001002", "00001003",
		"1001", "dc-a6-32-00-00-01", "dc-a6-32-00-00-02", "overlays/", "..", ".", "\\",
		"bcm2711-rpi-4-b.dtb", "pieeprom.sig", "%2e", "\xc0\xae", "00001004", " " };
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		const char *word = words[bytes[i] % (sizeof(words) / sizeof(words[0]))];

		if (used + strlen(word) >= IPC_NAME_SIZE)
			break;
		memcpy(name + used, word, strlen(word));
		used += strlen(word);
	}
	name[used] = '\0';
}

/* A command line is the asker's own. */
static void judge_content(unsigned asker, const char *content)
{
	char expected[64];

	if (!strstr(content, "bramble.token="))
		return;
	snprintf(expected, sizeof(expected), "bramble.node=rasp%u ", asker + 1);
	must(strstr(content, expected) != NULL, "the command line of another node");
	for (unsigned other = 0; other < BOARDS - 1; other++)
		must(other == asker || !strstr(content, tokens[other]), "another's token");
}

static void judge(unsigned asker, const struct ipc_resolved *answer, int fd)
{
	char content[CONTENT_SIZE] = "";
	ssize_t n;

	must((fd >= 0) == (answer->error == 0), "an error with a file, or none without");
	if (fd < 0) {
		must(answer->error > 0 && answer->reason[0], "a refusal without a reason");
		must(asker < BOARDS || answer->error == EHOSTUNREACH, "a stranger is answered");
		return;
	}
	must(asker < BOARDS - 1, "a file for who isn't admitted");
	n = pread(fd, content, sizeof(content) - 1, 0);
	must(n >= 0 && (uint64_t)n <= answer->size, "its size is wrong");
	judge_content(asker, content);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct ipc_resolve request = { .max_block = 1468 };
	struct ipc_resolved answer;
	unsigned asker;
	int fd;

	if (length < 1 || length - 1 >= sizeof(request.name))
		return 0;
	asker = bytes[0] % (BOARDS + 1);
	request.protocol = bytes[0] & 0x40 ? IPC_HTTP : IPC_TFTP;
	request.peer = world_address(peer_of(asker));
	if (bytes[0] & 0x80)
		put_words(bytes + 1, length - 1, request.name);
	else
		memcpy(request.name, bytes + 1, length - 1);
	fd = resolve_answer(&world->brambled, &request, &answer);
	judge(asker, &answer, fd);
	if (answer.error == 0)
		world_finish_transfer(world, &answer, answer.size);
	return 0;
}
