/* SPDX-License-Identifier: ISC */
/* TFTP as the boards speak it (RFC 1350; options RFC 2347-2349): lockstep, octet, reading only. */
#ifndef VPI_TFTP_H
#define VPI_TFTP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TFTP_FILE_LIMIT (128u * 1024u * 1024u) /* what a board's memory map leaves for one file */
#define TFTP_ERROR_SIZE 96

struct tftp_client {
	struct in_addr server, address;
	uint16_t port;	     /* the next request's source port */
	bool options;	     /* sends tsize 0, and blksize if block_size is set */
	uint16_t block_size; /* 0 = option not sent */
	unsigned retry_ms;
	unsigned file_timeout_ms; /* 0 none */
	bool acknowledges_again;
	bool rolls_over;
	bool asks_once;	       /* an RRQ is never sent again */
	bool no_checksum;      /* UDP without one */
	unsigned loss_percent; /* of packets in each direction, thrown away by us */
	uint64_t random;       /* state of the generator for losses */
};

struct tftp_file {
	uint8_t *data; /* a NUL is appended, not counted */
	size_t size;
	size_t room;		 /* allocated */
	bool has_announced_size; /* the server answered tsize */
	uint64_t announced_size;
	uint64_t received_bytes; /* payload that came, duplicates too */
	uint64_t duration_ns;
	unsigned retransmissions;
	char error[TFTP_ERROR_SIZE]; /* what went wrong, visible text */
};

/* Fetch a file; `n` requests for it are sent 5-9 ms apart from ports of their own and all but the
 * last are aborted when they answer [f#1700]; n = 1 is the ordinary way. Returns 0, -ENOENT (ERROR
 * 1), -EACCES (ERROR 2), -EREMOTEIO (another ERROR), -ETIMEDOUT, -EFBIG, -EMSGSIZE (size differs
 * from tsize), -EINTR or -errno. The caller calls tftp_file_free in any case. */
int tftp_fetch(struct tftp_client *client, const char *name, unsigned n, struct tftp_file *file);

/* Is the file there? RRQ, the first packet, ERROR 0 "Early terminate" [net, e#74]. Returns as
 * tftp_fetch. */
int tftp_probe(struct tftp_client *client, const char *name, struct tftp_file *file);

void tftp_file_free(struct tftp_file *file);

#endif
