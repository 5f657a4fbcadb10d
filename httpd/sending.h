/* SPDX-License-Identifier: ISC */
/* An answer on its way into the socket. */
#ifndef BRAMBLE_HTTPD_SENDING_H
#define BRAMBLE_HTTPD_SENDING_H

#include "httpd/connection.h"

/* Write the header of the exchange's answer, with a short text behind it, into connection->out. */
void sending_begin(struct connection *connection);

/* Send as much as the socket takes, and of a file no more than others can wait for. Returns 1 when
 * all is sent, 0 to go on when the socket can take more, -ENODATA when the file has less than it
 * had, or another -errno when the peer is gone. */
int sending_go_on(struct connection *connection);

#endif
