/* SPDX-License-Identifier: ISC */
/* What happens to a board that shows up. Pure: decisions from what was seen and what is configured.
 */
#ifndef BRAMBLE_POLICY_H
#define BRAMBLE_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/dhcp.h"
#include "common/ipc.h"
#include "provisioner/registry/registry.h"
#include "provisioner/settings/settings.h"

/* What a DHCP packet says of its sender. */
struct policy_sender {
	bool is_board;	  /* a Raspberry Pi, or a PC that asks for its boot files */
	bool is_firmware; /* its firmware (a boot begins), not an operating system */
	enum boot_model model;
	uint32_t revision, serial; /* 0 not told */
};
/* `pcs`: PCs count as boards (see rules_take_pcs). */
void policy_identify(const struct ipc_dhcp *packet, bool pcs, struct policy_sender *sender);

/* Raspberry Pi's own MAC prefixes, 3 bytes each; NULL behind the last. */
const uint8_t *policy_prefix(size_t i);

enum policy_verdict {
	POLICY_BOUND,  /* it occupies a node: boots as that */
	POLICY_TAKE,   /* becomes the node that waits for the next board */
	POLICY_LISTED, /* becomes what the list of announced boards says */
	POLICY_SWAP,   /* takes the place of the only absent node's board */
	POLICY_WINDOW, /* becomes a new node, while the administrator lets boards in */
	POLICY_CREATE, /* becomes a new node */
	POLICY_PARK,   /* gets an address and nothing to run; an administrator admits it */
	POLICY_REFUSE, /* gets nothing at all */
};
/* All that a decision is made from. */
struct policy_situation {
	enum settings_join join;
	bool is_bound;	   /* the board occupies a node */
	bool is_parked;	   /* an administrator set it aside */
	bool is_contested; /* there is another Bramble: see second.h */
	bool a_node_waits; /* for the next unknown board */
	bool is_listed;	   /* it was announced */
	bool is_successor; /* of the only node that is absent: see swap.h */
	bool window_open;
};
enum policy_verdict policy_decide(const struct policy_situation *situation);

/* The name of node `number` by the pattern (checked by the settings: exactly one %d). Returns 0 or
 * -ERANGE. */
int policy_name(const char *pattern, unsigned number, char name[static NODE_NAME_SIZE]);

#endif
