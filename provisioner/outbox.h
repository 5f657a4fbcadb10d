/* SPDX-License-Identifier: ISC */
/*
 * Answers to one peer that doesn't read as fast as it asks: kept in their order until its socket
 * takes them (unix(7): a packet socket is full at net.core.wmem_default bytes, some hundred
 * answers). A lost one would be a file request without an answer, and the end of a Pi 3's boot. Who
 * uses it bounds it, by asking the peer nothing more and reading nothing from it while something is
 * kept.
 */
#ifndef BRAMBLE_OUTBOX_H
#define BRAMBLE_OUTBOX_H

#include <stddef.h>

#include "common/ipc.h"

struct outbox {
	struct outbox_message *first, *last; /* NULL = everything was taken */
};

/* Send a message, behind those that are kept; `fd` (-1 none) becomes the callee's. Returns 0 when
 * it was taken or kept, or -errno: it is lost. */
int outbox_send(struct outbox *outbox, int socket, enum ipc_type type, uint32_t id,
	const void *body, int fd);

/* Send what is kept. Returns 0 when that is all, -EAGAIN when the socket is full again, or -errno:
 * the peer is gone. */
int outbox_flush(struct outbox *outbox, int socket);

void outbox_free(struct outbox *outbox);

#endif
