/* SPDX-License-Identifier: ISC */
/* For tftp_server_test.c: the real bramble-tftpd, a brambled played by the test, TFTP clients
 * packet by packet. Whatever doesn't happen within a few seconds fails the test. */
#ifndef BRAMBLE_TFTP_WORLD_H
#define BRAMBLE_TFTP_WORLD_H

#include "tests/unit/test.h"

#include <netinet/in.h>
#include <sys/types.h>

#include "common/ipc.h"

struct world {
	char directory[64], ipc[96], log[96];
	uint16_t port;
	pid_t server;
	int listening; /* brambled's socket; -1 = brambled is away */
	int brambled;  /* the connection of bramble-tftpd; -1 none */
	uint8_t packet[IPC_PACKET_SIZE];
	struct ipc_message message; /* the last one received */
};

/* One client port. What it received last is in bytes[0 … length). */
struct client {
	int fd;
	struct sockaddr_in server; /* where its next packet goes: port 69, then the session's */
	uint8_t bytes[2048];
	size_t length;
};

/* Start bramble-tftpd with more arguments (NULL-terminated), and be its brambled. */
void world_begin(struct world *world, const char *const arguments[]);
/* SIGTERM must end it with 0. */
void world_end(struct world *world);
/* Teardown: kill what a failed test left behind; its directory stays for a look. */
int world_abandon(void **state);
unsigned world_descriptors(const struct world *world);
/* The value of a line of /proc/PID/status. */
long world_status(const struct world *world, const char *name);

void brambled_appear(struct world *world); /* listen */
void brambled_vanish(struct world *world); /* as if killed */
void brambled_accept(struct world *world); /* the connection and its HELLO */
/* IPC_WAITS is passed over, unless it is that. */
void brambled_expect(struct world *world, enum ipc_type type);
/* Nothing is said for so long. */
void brambled_expect_silence(const struct world *world, int ms);
/* Answer the last RESOLVE with this file (stays the caller's) of `size` bytes. */
void brambled_give(struct world *world, int fd, uint64_t size);
void brambled_refuse(struct world *world, int error, const char *reason);
/* A file whose byte i is i * 7 + i / 251; it can be cut. */
int file_of(uint64_t size);

/* A port at this address of the loopback network, e.g. "127.0.0.5"; `asked` is the server's. */
void client_open(
	struct client *client, const struct world *world, const char *address, const char *asked);
void client_close(struct client *client);
/* A request to the server's port; `text` as a string literal without its last NUL, see RRQ(). */
void client_ask(struct client *client, const struct world *world, const char *bytes, size_t length);
#define RRQ(text) "\0\1" text, sizeof("\0\1" text)
void client_send_ack(struct client *client, uint16_t block);
void client_send_error(struct client *client, const char *text);
/* Wait for a packet; the session's port is noted. */
void client_receive(struct client *client);
void client_expect_data(struct client *client, uint16_t block, size_t size);
void client_expect_error(struct client *client, int code, const char *text);
/* No packet for so long. */
void client_expect_silence(const struct client *client, int ms);

#endif
