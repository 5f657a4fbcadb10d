/* SPDX-License-Identifier: ISC */
/* Up to which event each hook has been run: SHARE/state/hooks, a line "ID NAME" each. */
#ifndef BRAMBLE_HOOKS_POSITIONS_H
#define BRAMBLE_HOOKS_POSITIONS_H

#include "provisioner/hooks/hooks.h"

struct hooks_positions {
	size_t n;
	struct {
		int64_t id;
		char name[HOOKS_NAME_SIZE];
	} entries[HOOKS_LIMIT];
};

/* A file that isn't there or is damaged holds none: its hooks begin with what comes. Pure but for
 * reading it. */
void hooks_positions_read(const char *path, struct hooks_positions *positions);
/* 0 or -errno. */
int hooks_positions_write(const char *path, const struct hooks_positions *positions);
/* -1: none. */
int64_t hooks_positions_find(const struct hooks_positions *positions, const char *name);
/* Pure; false: it isn't such a text. */
bool hooks_positions_parse(char *text, struct hooks_positions *positions);

#endif
