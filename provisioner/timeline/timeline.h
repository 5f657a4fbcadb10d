/* SPDX-License-Identifier: ISC */
/*
 * Boots as they happen: one per board, from the first DISCOVER to joined (or to where it stopped,
 * and why). Kept in memory; what changed is written with the next commit.
 */
#ifndef BRAMBLE_TIMELINE_H
#define BRAMBLE_TIMELINE_H

#include "common/ipc.h"
#include "provisioner/brambled.h"

int timeline_start(struct brambled *brambled); /* loads the boots that are going on; 0 or -errno */
void timeline_stop(struct brambled *brambled);

/* A board's firmware sent DISCOVER, which says that it has tried for `secs` seconds: begins a boot,
 * unless it only repeats itself. */
void timeline_discover(
	struct brambled *brambled, const struct mac *mac, const char *node, unsigned secs);

/* The boot of a board that is going on, or NULL. Valid until the next call into this file. */
const struct registry_boot *timeline_boot(struct brambled *brambled, const struct mac *mac);
/* The same; begins one when there is none (a board that skips DHCP). NULL when out of memory. */
const struct registry_boot *timeline_boot_or_begin(
	struct brambled *brambled, const struct mac *mac, const char *node);

/* A boot that was given up for lost goes on after all. */
void timeline_revive(struct brambled *brambled, const struct registry_boot *boot);

/* One version of the image for the whole boot, so that kernel, initramfs and root fit together.
 * Fails when none is going on. */
int timeline_set_image(struct brambled *brambled, const struct mac *mac, const char *hash);
/* This boot's token for the kernel's command line; minted at the first call. NULL when no boot is
 * going on. */
const char *timeline_token(struct brambled *brambled, const struct mac *mac);

/* How many boards that are no node's are being served files, or have their kernel. */
unsigned timeline_count_waiting(const struct brambled *brambled);

/* How many boots go on, and in how many of them a file waits for its turn. */
void timeline_count(const struct brambled *brambled, unsigned *going_on, unsigned *waiting);

/* Has a node's own system (bramble-init, the agent) reported when this stage is reached? */
bool timeline_is_spoken(const char *stage);

/* A stage was reached or a step of it done; the boot's stage only moves forward. */
void timeline_step(
	struct brambled *brambled, const struct mac *mac, const struct registry_step *step);

/* A sign of life that is no progress: it tries again. */
void timeline_touch(struct brambled *brambled, const struct mac *mac);

/* Why the boot doesn't go on (or waits), by a code of diagnosis.h and in words. Repeats are
 * dropped. */
void timeline_reason(
	struct brambled *brambled, const struct mac *mac, const char *cause, const char *reason);

/* What was seen on the LAN: an answer of another DHCP server to the board; a file that it asked for
 * and that isn't there. */
void timeline_note_foreign(struct brambled *brambled, const struct mac *mac, struct in_addr server);
void timeline_note_missing(struct brambled *brambled, const struct mac *mac, const char *leaf);

/* Has the board begun to fetch files, so that another DISCOVER isn't a repetition? */
bool timeline_has_begun(struct brambled *brambled, const struct mac *mac);

/* Somebody with this MAC isn't the board that is known: see sightings_tie_serial(). */
void timeline_set_contradiction(struct brambled *brambled, const struct mac *mac);
bool timeline_has_contradiction(struct brambled *brambled, const struct mac *mac);

/* The boot is complete: the node has joined. */
void timeline_joined(struct brambled *brambled, const struct mac *mac);

/* A boot that has joined goes on to `stage`: "joined", "cluster" (its node has the cluster's
 * credentials) or "ready". Does nothing when it is there or beyond, but for "joined", which is what
 * happens between. 0 or -errno; a commit should follow. */
int timeline_advance(
	struct brambled *brambled, int64_t boot, const char *stage, const char *detail);

/* The board was unbound or another node got it: its boot is over. */
void timeline_end(struct brambled *brambled, const struct mac *mac, const char *reason);

/* A file is being sent: an id for the report of its end, which holds over a restart of brambled. */
uint64_t timeline_begin_transfer(
	struct brambled *brambled, const struct mac *mac, const char *name, enum boot_stage stage);
/* It goes on, or waits for its turn: no reason to call the boot stuck. */
void timeline_note_waits(struct brambled *brambled, const struct ipc_waits *waits);
void timeline_end_transfer(struct brambled *brambled, const struct ipc_transfer *report);

/* Call every second or so: notices boots that stopped. */
void timeline_tick(struct brambled *brambled);
/* Write what changed; a commit should follow. */
void timeline_write(struct brambled *brambled);
/* The registry has lost what was written since the last commit: write it again. */
void timeline_after_rollback(struct brambled *brambled);
/* The registry can't be written: boots that aren't in it wait for that, whatever they look like. */
void timeline_note_unwritten(struct brambled *brambled);

#endif
