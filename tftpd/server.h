/* SPDX-License-Identifier: ISC */
/* Requests that arrive, and which of them begin a transfer. */
#ifndef BRAMBLE_TFTPD_SERVER_H
#define BRAMBLE_TFTPD_SERVER_H

#include "tftpd/limits.h"
#include "tftpd/source.h"

struct event_base;
struct tftp_server;

/* Serve requests that arrive on `listening`, a bound UDP socket (stays the caller's). NULL with
 * errno set. */
struct tftp_server *tftp_server_new(struct event_base *base, int listening, struct source *source,
	const struct tftp_limits *limits);
void tftp_server_free(struct tftp_server *server);

#endif
