/* SPDX-License-Identifier: ISC */
/* How an exchange ended: one line in the log, and for a file a report to brambled. */
#ifndef BRAMBLE_HTTPD_ACCESS_H
#define BRAMBLE_HTTPD_ACCESS_H

#include "httpd/exchange.h"

/* To be called once, while the socket is still open. */
void access_conclude(const struct exchange *exchange, enum exchange_ending how);

#endif
