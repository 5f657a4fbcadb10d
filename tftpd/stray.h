/* SPDX-License-Identifier: ISC */
/*
 * Packets that come to a transfer's port from somebody else: they are answered by ERROR 5, "while
 * not disturbing the transfer" (RFC 1350 section 4). The transfer's own socket is connected, so the
 * kernel keeps them from it; they come to a second socket of the same address, which costs nothing
 * as long as nobody strays.
 */
#ifndef BRAMBLE_TFTPD_STRAY_H
#define BRAMBLE_TFTPD_STRAY_H

#include <netinet/in.h>

struct event;
struct event_base;

struct tftp_stray {
	int socket; /* -1: closed */
	struct event *readable;
	unsigned left; /* answers: a flood isn't answered */
};

/* Begin for a transfer's connected socket. Without descriptors or memory nothing is begun: the
 * transfer does without. */
void tftp_stray_open(struct tftp_stray *stray, struct event_base *base, int transfer_socket);

/* Harmless when it is closed already. */
void tftp_stray_close(struct tftp_stray *stray);

#endif
