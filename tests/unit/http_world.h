/* SPDX-License-Identifier: ISC */
/* For http_server_test.c: the real bramble-httpd, a brambled played by the test, raw HTTP clients.
 * Whatever doesn't happen within a few seconds fails the test. */
#ifndef BRAMBLE_HTTP_WORLD_H
#define BRAMBLE_HTTP_WORLD_H

#include "tests/unit/test.h"

#include <sys/types.h>

#include "common/ipc.h"

#define WORLD_ANSWER 65536

struct world {
	char directory[64], ipc[96], log[96];
	uint16_t port;
	pid_t server;
	int listening; /* brambled's socket; -1 = brambled is away */
	int brambled;  /* the connection of bramble-httpd; -1 none */
	uint8_t packet[IPC_PACKET_SIZE];
	struct ipc_message message; /* the last one received */
};

struct http_answer {
	int status;
	char header[4096]; /* with the status line */
	char body[WORLD_ANSWER];
	size_t size;
};

/* Start bramble-httpd with more arguments (NULL-terminated), and be its brambled. */
void world_begin(struct world *world, const char *const arguments[]);
/* SIGTERM must end it with 0. */
void world_end(struct world *world);
/* Teardown: kill what a failed test left behind; its directory stays for a look. */
int world_abandon(void **state);

void brambled_appear(struct world *world); /* listen */
void brambled_vanish(struct world *world); /* as if killed */
void brambled_accept(struct world *world); /* the connection and its HELLO */
void brambled_expect_any(struct world *world);
/* IPC_WAITS is passed over, unless it is that. */
void brambled_expect(struct world *world, enum ipc_type type);
/* Answer the last RESOLVE with a file of `size` bytes; content is byte i = i * 7 + i / 251. */
void brambled_resolve(struct world *world, uint64_t size, const char *key);
void brambled_refuse(struct world *world, int error, const char *reason);
void brambled_reply(struct world *world, int status, const char *json);
char world_byte(uint64_t position);

int http_connect(const struct world *world);
void http_send(int fd, const char *text);
/* Exactly `size` bytes. */
void http_read(int fd, char *out, size_t size);
/* Read one answer; `head`: it has no body. */
void http_receive(int fd, struct http_answer *answer, int head);
/* Connect, send, be answered, close. */
void http_ask(const struct world *world, const char *request, struct http_answer *answer);
/* The value of a header field, or "". */
const char *http_field(const struct http_answer *answer, const char *name, char out[static 256]);
/* Wait until the peer closes; what comes before is thrown away. Returns the milliseconds it took.
 */
unsigned http_wait_closed(int fd);

/* Does the log hold this text, within a few seconds? */
void world_expect_log(const struct world *world, const char *text);

#endif
