/* SPDX-License-Identifier: ISC */
/* An hour of a node's health while it goes on. Pure. */
#ifndef BRAMBLE_HEALTH_SUM_H
#define BRAMBLE_HEALTH_SUM_H

#include "provisioner/registry/series.h"

struct health_range_sum {
	int64_t least, most, sum, n;
};

struct health_sum {
	int64_t at_ms; /* beginning of the hour */
	int64_t minute_ms;
	unsigned minutes; /* in which the node was heard; 0 = nothing was added */
	struct health_range_sum temperature_mc, load_hundredths, memory_available_kb, nfs_us;
	int32_t throttled;
	uint32_t memory_total_kb, link_mbps;
};

/* The beginning of the hour of a time since 1970. */
int64_t health_hour_of(int64_t at_ms);

/* Add a sample of the same hour as those before; the first one says which hour. */
void health_sum_add(struct health_sum *sum, const struct series_sample *sample);
struct series_hour health_sum_hour(const struct health_sum *sum);

#endif
