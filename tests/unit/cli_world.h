/* SPDX-License-Identifier: ISC */
/* The `bramble` command against a brambled that says what each test wants. */
#ifndef BRAMBLE_TEST_CLI_WORLD_H
#define BRAMBLE_TEST_CLI_WORLD_H

#include "tests/unit/test.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ipc.h"
#include "provisioner/cli/commands.h"

#define CALLS_LIMIT 16
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* What the false brambled does with the n-th call. */
struct reply {
	int status;	  /* HTTP status; 0: end the connection without an answer */
	const char *text; /* JSON */
	unsigned delay_ms;
	bool stray; /* first an answer to a call that nobody made */
};

struct server {
	char directory[32];
	char socket_path[64];
	char config_path[64];
	int listener;
	int stop[2]; /* a pipe: readable when the thread shall end */
	pthread_t thread;
	const struct reply *replies;
	size_t reply_count;
	/* what was asked; read after the thread ended */
	size_t calls;
	struct ipc_api asked[CALLS_LIMIT];
	char bodies[CALLS_LIMIT][256];
	size_t files;	     /* calls that a file came with */
	long long file_size; /* of the last one */
	uint32_t role;
};

struct outcome {
	int code;
	char *out, *error;
	struct server server;
};

void outcome_free(struct outcome *outcome);

/* Run `bramble LINE` (split at blanks) against these replies; `input` is what a person at a
 * terminal types, NULL: nobody is there. */
void run_with(struct outcome *outcome, const char *line, const struct reply *replies, size_t n,
	size_t width, const char *input);

#define RUN(outcome, line, ...)                                                                    \
	run_with(outcome, line, (const struct reply[]){ __VA_ARGS__ },                             \
		sizeof((const struct reply[]){ __VA_ARGS__ }) / sizeof(struct reply), 80, NULL)
#define OK(text)                                                                                   \
	{                                                                                          \
		200, text, 0, false                                                                \
	}

/* No line is wider, in columns. */
void assert_lines_fit(const char *text, size_t width);
void assert_holds(const char *text, const char *part);

#endif
