/* SPDX-License-Identifier: ISC */
/*
 * How nodes are, by their heartbeats: the newest sample, and one a minute for the last hour. In
 * memory alone: nothing is decided by it, and the disk isn't worn.
 */
#ifndef BRAMBLE_HEALTH_H
#define BRAMBLE_HEALTH_H

#include <cjson/cJSON.h>

#include "provisioner/brambled.h"

#define HEALTH_WARNING_SIZE 200

struct health_sample {
	int64_t at_ms;		/* 0 = there is none */
	int32_t temperature_mc; /* thousandths of a degree Celsius, 0 unknown */
	int32_t throttled;	/* bits (common/throttled.h), -1 unknown */
	uint32_t memory_total_kb, memory_available_kb;
	uint32_t nfs_us;    /* mean round trip of NFS calls since the sample before; 0 none made */
	uint32_t link_mbps; /* 0 unknown */
	double load1;
};

int health_start(struct brambled *brambled); /* 0 or -ENOMEM */
void health_stop(struct brambled *brambled);

/* Take what a heartbeat tells; what is absent or impossible is unknown. */
void health_hear(struct brambled *brambled, const struct registry_node *node, const cJSON *body);

/* {"node","now": sample or null,"minutes":[sample]}, oldest first; the caller deletes it. */
cJSON *health_describe(struct brambled *brambled, const struct registry_node *node);

/* What a person should do about nodes just now. A non-zero answer of `each` ends it and is
 * returned. */
int health_each_warning(
	struct brambled *brambled, int (*each)(void *argument, const char *text), void *argument);

#endif
