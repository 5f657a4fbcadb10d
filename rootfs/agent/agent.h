/* SPDX-License-Identifier: ISC */
/* bramble-agent: what a node does when it is up. */
#ifndef BRAMBLE_AGENT_H
#define BRAMBLE_AGENT_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/* From the environment that bramble-init left (/run/bramble/boot). */
struct agent_boot {
	struct in_addr router;
	char node[NODE_NAME_SIZE];
	char token[64];
	char hash[HASH_TEXT_SIZE];
};

/* 0 or -EINVAL with the variable's name in *missing. */
int agent_read_boot(struct agent_boot *boot, const char **missing);

/* What the board and the kernel say of themselves; absent texts are "", absent numbers 0. */
struct agent_facts {
	char serial[24], model[64], kernel[72], machine_id[40];
	uint32_t revision;
	int64_t uptime_s, memory_total_kb, memory_available_kb, temperature_mc;
	double load1;
};
void agent_read_facts(struct agent_facts *facts);
/* The value of "NAME:   123 kB" in the text of /proc/meminfo; 0 when absent. Pure. */
int64_t agent_parse_meminfo(const char *text, const char *name);

/* Make the node's SSH host keys if it has none yet, and keep them in `kept` (its data directory).
 * 0 or -errno. */
int agent_keep_host_keys(const char *kept, const char *etc_ssh);

#endif
