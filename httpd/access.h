/* SPDX-License-Identifier: ISC */
/* How an exchange goes on and ended: one line in the log, and for a file reports to brambled. */
#ifndef BRAMBLE_HTTPD_ACCESS_H
#define BRAMBLE_HTTPD_ACCESS_H

#include "httpd/exchange.h"

/* Bytes of the answer flow: brambled hears each few seconds that its transfer goes on, so that the
 * board isn't taken for stuck. */
void access_tell_progress(struct exchange *exchange);

/* To be called once, while the socket is still open. */
void access_conclude(const struct exchange *exchange, enum exchange_ending how);

#endif
