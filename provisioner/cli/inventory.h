/* SPDX-License-Identifier: ISC */
/*
 * Lists of boards as people have them: CSV with a line of column names (RFC 4180 without line
 * breaks in fields), or an Ansible inventory in INI form. Pure; fuzzed.
 */
#ifndef BRAMBLE_CLI_INVENTORY_H
#define BRAMBLE_CLI_INVENTORY_H

#include <stddef.h>

#include "common/str.h"

#define INVENTORY_LIMIT 100000 /* entries */
#define INVENTORY_ERROR_SIZE 200

struct inventory_entry {
	char board[32]; /* serial (8 or 16 hex digits) or MAC, as written */
	char node[NODE_NAME_SIZE], role[NODE_NAME_SIZE]; /* "" not said */
};

struct inventory {
	size_t n;
	struct inventory_entry *entries;
};

/* Returns 0, or -EINVAL with "LINE: what is wrong", or -ENOMEM. Of a board with MAC and serial the
 * MAC counts: it is known from the first packet. The same board or node twice is an error. */
int inventory_parse(const char *text, size_t size, struct inventory *inventory,
	char error[static INVENTORY_ERROR_SIZE]);
void inventory_free(struct inventory *inventory);

#endif
