/* SPDX-License-Identifier: ISC */
/* Which words follow which path: decided here and nowhere else. */
#ifndef BRAMBLE_HTTPD_ROUTE_H
#define BRAMBLE_HTTPD_ROUTE_H

#include "httpd/exchange.h"

/* The header is complete: decode the target, and refuse what needs no content to be refused
 * (exchange->status is set then). Otherwise the content, if there is some, is wanted. */
void route_begin(struct exchange *exchange);

/* The request is complete: answer it, now or later. */
void route_answer(struct exchange *exchange);

#endif
