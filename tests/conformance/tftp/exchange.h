/* SPDX-License-Identifier: ISC */
/*
 * One client's port and what is said through it. Nothing is done by itself: no acknowledgement, no
 * repetition. A socket that can't be had ends the test.
 */
#ifndef BRAMBLE_CONFORMANCE_TFTP_EXCHANGE_H
#define BRAMBLE_CONFORMANCE_TFTP_EXCHANGE_H

#include "tests/conformance/tftp/suite.h"

#define PACKET_SIZE 65536u
#define OPTIONS_MAX 16u

enum opcode { OP_RRQ = 1, OP_WRQ, OP_DATA, OP_ACK, OP_ERROR, OP_OACK };

enum heard {
	HEARD_NOTHING,
	HEARD_DATA,
	HEARD_OACK,
	HEARD_ERROR,
	HEARD_OTHER, /* another opcode, or malformed: x->what says how */
};

struct option_value {
	const char *name, *value; /* point into the packet */
};

struct exchange {
	struct exchange *next;
	struct test *test;
	int fd;
	struct sockaddr_in tid; /* the server's, from its first answer; port 0 before */
	bool over;		/* nothing needs to be ended */

	/* the last packet */
	enum heard heard;
	struct sockaddr_in from;
	uint64_t arrived_ns; /* by the kernel's wall clock, like exchange_now_ns() */
	size_t length;
	uint8_t bytes[PACKET_SIZE + 1]; /* a NUL behind the packet */
	uint16_t block;			/* of DATA */
	size_t data_length;
	uint16_t code; /* of ERROR */
	const char *error_text;
	const char *what; /* is wrong with HEARD_OTHER */
	size_t n_options;
	struct option_value options[OPTIONS_MAX];
};

/* Where a client may have as many addresses as it likes. */
bool exchange_is_loopback(struct in_addr address);

/* A new port, of an address of the test's own where the server is on this machine. */
struct exchange *exchange_open(struct test *test);
/* A port of another address than all others of this test. Ends the test as not applicable if this
 * machine can't have one. */
struct exchange *exchange_open_elsewhere(struct test *test, unsigned number);

/* Send a read request to the server's known port. `options`: "blksize=512,tsize=0"; NULL: none. */
void exchange_request(struct exchange *x, const char *name, const char *mode, const char *options);
/* Build such a request (opcode OP_RRQ or OP_WRQ) into out[PACKET_SIZE]; returns its length. */
size_t exchange_build_request(
	uint8_t *out, enum opcode opcode, const char *name, const char *mode, const char *options);
/* Send bytes to the server's known port, or to any. */
void exchange_send_request(struct exchange *x, const void *bytes, size_t length);
void exchange_send_to(
	struct exchange *x, const struct sockaddr_in *to, const void *bytes, size_t length);
/* Send to the server's transfer port. */
void exchange_send(struct exchange *x, const void *bytes, size_t length);
void exchange_ack(struct exchange *x, uint16_t block);
void exchange_error(struct exchange *x, uint16_t code, const char *text);
size_t exchange_build_ack(uint8_t out[static 4], uint16_t block);

/* Wait for one packet, at most so long. */
enum heard exchange_receive(struct exchange *x, unsigned milliseconds);
/* The value of an option of the OACK that was received last, or NULL. */
const char *exchange_option(const struct exchange *x, const char *name);
/* The last packet in words: "DATA 3 (512 bytes)", "ERROR 1 \"…\"", "nothing". */
void exchange_describe(const struct exchange *x, char out[static REASON_SIZE]);

uint64_t exchange_now_ns(void);

/* End what goes on, so that the server is free for others. */
void exchange_leave_all(struct test *test);

#endif
