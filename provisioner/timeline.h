/* SPDX-License-Identifier: ISC */
/*
 * Boots as they happen: one per board, from the first DISCOVER to joined (or to where it stopped,
 * and why). Kept in memory and written to the registry as they change.
 */
#ifndef BRAMBLE_TIMELINE_H
#define BRAMBLE_TIMELINE_H

#include "common/ipc.h"
#include "provisioner/brambled.h"

int timeline_start(struct brambled *brambled); /* loads the boots that are going on; 0 or -errno */
void timeline_stop(struct brambled *brambled);

/* A board's firmware sent DISCOVER: begins a boot, unless it only repeats itself. */
void timeline_discover(struct brambled *brambled, const struct mac *mac, const char *node);

/* The boot of a board that is going on, or NULL. Valid until the next call into this file. */
struct registry_boot *timeline_boot(struct brambled *brambled, const struct mac *mac);
/* The same; begins one when there is none (a board that skips DHCP). NULL when out of room. */
struct registry_boot *timeline_boot_or_begin(
	struct brambled *brambled, const struct mac *mac, const char *node);

/* A stage was reached or a step of it done; the boot's stage only moves forward. */
void timeline_step(
	struct brambled *brambled, const struct mac *mac, const struct registry_step *step);

/* Why the boot doesn't go on (or waits). Repeats are dropped. */
void timeline_reason(struct brambled *brambled, const struct mac *mac, const char *reason);

/* The boot is complete: the node has joined. */
void timeline_joined(struct brambled *brambled, const struct mac *mac);

/* The board was unbound or another node got it: its boot is over. */
void timeline_end(struct brambled *brambled, const struct mac *mac, const char *reason);

/* A file is being sent: remember under which id, for the report. */
uint64_t timeline_begin_transfer(
	struct brambled *brambled, const struct mac *mac, const char *name, enum boot_stage stage);
void timeline_end_transfer(struct brambled *brambled, const struct ipc_transfer *report);

/* Call every second or so: notices boots that stopped. */
void timeline_tick(struct brambled *brambled);

#endif
