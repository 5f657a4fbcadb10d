/* SPDX-License-Identifier: ISC */
/*
 * What lets an unknown board in besides nodes.join: a window of time that an administrator opened,
 * and the list of boards that were announced. Both last over a restart of brambled.
 */
#ifndef BRAMBLE_ADMISSION_H
#define BRAMBLE_ADMISSION_H

#include "provisioner/brambled.h"

#define ADMISSION_REASON_SIZE 200
#define ADMISSION_LONGEST_MS (24 * 3600 * 1000LL)
#define ADMISSION_MOST 100000 /* boards by one window, entries of the list */

struct admission_window {
	int64_t until_ms; /* wall clock; 0 = closed */
	int64_t left;	  /* boards that may still join by it; 0 = no limit was set */
};

void admission_start(struct brambled *brambled);
/* The window; closed ones are zero. */
struct admission_window admission_window(const struct brambled *brambled);
/* Open it for `for_ms` (1 … ADMISSION_LONGEST_MS), for at most `count` boards (0 = any number), in
 * place of one that is open. Durable when it returns 0. */
int admission_open(struct brambled *brambled, int64_t for_ms, int64_t count,
	char reason[static ADMISSION_REASON_SIZE]);
int admission_close(struct brambled *brambled, char reason[static ADMISSION_REASON_SIZE]);
/* A board joined by the window. */
void admission_count(struct brambled *brambled);
/* Call every second or so: tells that it closed. */
void admission_tick(struct brambled *brambled);

/* Announce boards, all or none; what was announced for the same board before is replaced. -EINVAL
 * with a reason that names the entry. Durable when it returns 0. */
int admission_expect(struct brambled *brambled, const struct registry_expected *list, size_t n,
	char reason[static ADMISSION_REASON_SIZE]);
/* Take an announcement back. */
int admission_forget(
	struct brambled *brambled, const char *board, char reason[static ADMISSION_REASON_SIZE]);
/* A serial (8 or 16 hex digits) or MAC as the list has it; false when it is neither. */
bool admission_normalize(const char *text, char board[static MAC_TEXT_SIZE]);

#endif
