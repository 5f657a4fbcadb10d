/* SPDX-License-Identifier: ISC */
/* Files: /boot/NAME as brambled resolves NAME, or, stand-alone, what lies below one directory. */
#ifndef BRAMBLE_HTTPD_FILES_H
#define BRAMBLE_HTTPD_FILES_H

#include "httpd/exchange.h"

/* Answer a GET or HEAD of the decoded path `name` (under brambled: without "boot/"), at once or
 * when brambled has said what it is. */
void files_answer(struct exchange *exchange, const char *name);

#endif
