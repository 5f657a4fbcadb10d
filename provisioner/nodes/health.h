/* SPDX-License-Identifier: ISC */
/*
 * How nodes are, by their heartbeats: the newest sample, one a minute for the last hour, and for
 * two weeks what became of each hour. Minutes are in memory and, written once a minute for all
 * nodes, in SHARE/state/health.db (registry/series.h), from which they come back when brambled
 * starts; a power cut takes the last minute. Nothing is decided by it: what can't be written is
 * told and forgotten.
 */
#ifndef BRAMBLE_HEALTH_H
#define BRAMBLE_HEALTH_H

#include <cjson/cJSON.h>

#include "provisioner/brambled.h"
#include "provisioner/registry/series.h"

#define HEALTH_WARNING_SIZE 360

int health_start(struct brambled *brambled); /* 0 or -ENOMEM */
/* Without health_write() what is unwritten is lost. */
void health_stop(struct brambled *brambled);

/* Take what a heartbeat tells; what is absent or impossible is unknown. */
void health_hear(struct brambled *brambled, const struct registry_node *node, const cJSON *body);

/* Once a second; writes once a minute. */
void health_tick(struct brambled *brambled);
/* Write what isn't written, in one transaction. */
void health_write(struct brambled *brambled);

/* {"node","now": sample or null,"minutes":[sample]}, oldest first; with `hours`, 1 to SERIES_HOURS,
 * also "hours":[hour] of that many hours up to now. The caller deletes it. */
cJSON *health_describe(struct brambled *brambled, const struct registry_node *node, unsigned hours);

/* What a person should do about nodes just now. A non-zero answer of `each` ends it and is
 * returned. */
int health_each_warning(
	struct brambled *brambled, int (*each)(void *argument, const char *text), void *argument);

#endif
