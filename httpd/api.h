/* SPDX-License-Identifier: ISC */
/* The node API: /v1/… is brambled's; here it is only passed on. */
#ifndef BRAMBLE_HTTPD_API_H
#define BRAMBLE_HTTPD_API_H

#include "httpd/exchange.h"

/* Answer a call when brambled has. `path` is decoded, "v1/…"; `query` is as it came, NULL absent.
 * What a visitor of the LAN may call is brambled's decision (docs/api.md). */
void api_answer(struct exchange *exchange, const char *path, const char *query);

#endif
