/* SPDX-License-Identifier: ISC */
/* A fuzz target without a fuzzer: gives it every committed input once, as a test and for the
 * coverage. Usage: PROGRAM [DIRECTORY]; without one tests/fuzz/corpus/NAME, NAME from the
 * program's own name, …fuzz-NAME. The last input that was named is the one that failed. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"

#define INPUT_LIMIT (1024u * 1024u)
#define LONGEST_S 20u /* for one input; who turns in circles is ended by SIGALRM */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

/* In memory of exactly its size, so that the sanitizer sees every step out of it. */
static int give(const char *path)
{
	char *read;
	uint8_t *bytes;
	size_t length;

	if (file_read(path, INPUT_LIMIT, &read, &length) != 0)
		return -1;
	bytes = malloc(length ? length : 1);
	if (bytes) {
		memcpy(bytes, read, length);
		alarm(LONGEST_S);
		LLVMFuzzerTestOneInput(bytes, length);
		alarm(0);
	}
	free(read);
	free(bytes);
	return bytes ? 0 : -1;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Returns how many inputs there were, or -1. */
static int give_all(const char *directory)
{
	struct dirent **names;
	int n = scandir(directory, &names, is_visible, alphasort);
	int given = n;

	for (int i = 0; i < n; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%.250s/%.250s", directory, names[i]->d_name);
		printf("# %s\n", path);
		fflush(stdout);
		if (given >= 0 && give(path) != 0)
			given = -1;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return given;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '-');
	char directory[300];
	int n;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	snprintf(directory, sizeof(directory), "tests/fuzz/corpus/%.200s", name ? name + 1 : "");
	n = give_all(argc > 1 ? argv[1] : directory);
	printf("%s 1 - %s withstands the %d inputs of its corpus\n1..1\n", n > 0 ? "ok" : "not ok",
		name ? name + 1 : argv[0], n);
	return n > 0 ? 0 : 1;
}
