/* SPDX-License-Identifier: ISC */
/* When each node was last heard. Kept in memory (monotonic, so that a clock which is set changes
 * nothing) and written once in a while, so that heartbeats don't wear the disk. */
#ifndef BRAMBLE_HEARTBEATS_H
#define BRAMBLE_HEARTBEATS_H

#include "provisioner/brambled.h"

int heartbeats_start(struct brambled *brambled); /* 0 or -errno */
void heartbeats_stop(struct brambled *brambled); /* writes them; a commit should follow */

/* It was heard just now. Returns for how many milliseconds it was silent before. */
int64_t heartbeats_hear(struct brambled *brambled, const struct registry_node *node);

/* For how long it has been silent; a node that wasn't heard since brambled's start counts from
 * there. */
int64_t heartbeats_silence_ms(struct brambled *brambled, const struct registry_node *node);
/* Silent for longer than nodes.absent_after_s. */
bool heartbeats_is_absent(struct brambled *brambled, const struct registry_node *node);
/* Wall-clock time of the last one, 0 = never. */
int64_t heartbeats_last_ms(struct brambled *brambled, const struct registry_node *node);

/* Call every second or so: notices nodes that fell silent, writes what is due. */
void heartbeats_tick(struct brambled *brambled);

#endif
