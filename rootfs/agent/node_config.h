/* SPDX-License-Identifier: ISC */
/* The node's configuration over a boot: fetched, applied, watched, and told with the heartbeats. */
#ifndef BRAMBLE_AGENT_NODE_CONFIG_H
#define BRAMBLE_AGENT_NODE_CONFIG_H

#include "rootfs/agent/agent.h"
#include "rootfs/agent/configure.h"

struct agent_config {
	char hash[AGENT_CONFIG_HASH_SIZE];   /* of what was applied, "" nothing yet */
	char wanted[AGENT_CONFIG_HASH_SIZE]; /* by the router, as of the last heartbeat */
	struct config_outcome outcome;
	struct config_world world;
	unsigned heartbeat_s;
	uint64_t checked_ns, tried_ns; /* when it was compared, or applied, last */
	bool measured;
};

void agent_begin_config(struct agent_config *config, const struct agent_boot *boot);

/* Fetch and apply before anything that depends on it; gives up after some seconds, as the router
 * may be away: then it is done with a heartbeat. */
void agent_configure_at_boot(struct agent_config *config, const struct agent_boot *boot);

/* Call it after each heartbeat: takes over what the router wants, tries again what failed, looks
 * for what others changed. Returns whether there is news that the router should hear at once. */
bool agent_tend_config(struct agent_config *config, const struct agent_boot *boot);

#endif
