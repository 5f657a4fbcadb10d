/* SPDX-License-Identifier: ISC */
/*
 * How nodes were: a sample a minute of the last hour, and what became of it hour by hour for two
 * weeks. A file of its own beside the registry (SQLite, WAL, synchronous=FULL): nothing is decided
 * by it, so it is in no backup, and a damaged one is begun anew. Of bounded size: each minute of
 * the hour and each hour of the two weeks has its place, which is written again when its time
 * comes. All functions return 0 or -errno. Writes gather in one transaction, as in registry.h.
 */
#ifndef BRAMBLE_REGISTRY_SERIES_H
#define BRAMBLE_REGISTRY_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#define SERIES_MINUTE_MS 60000
#define SERIES_HOUR_MS 3600000
#define SERIES_MINUTES 60
#define SERIES_HOURS 336 /* two weeks */
/* The file needs no more than this for each node; tests/unit/series_test.c measures it. */
#define SERIES_NODE_BYTES 40000

struct series;

struct series_sample {
	int64_t at_ms;		  /* 0 = there is none */
	int32_t temperature_mc;	  /* thousandths of a degree Celsius, 0 unknown */
	int32_t throttled;	  /* bits (common/throttled.h), -1 unknown */
	uint32_t memory_total_kb; /* 0 unknown */
	uint32_t memory_available_kb;
	uint32_t nfs_us;	  /* mean round trip of NFS calls since the sample before; 0 none */
	uint32_t link_mbps;	  /* 0 unknown */
	uint32_t load_hundredths; /* of the last minute */
};

/* What samples said, without those that didn't know; all 0 = none did. */
struct series_range {
	int64_t least, mean, most;
};

struct series_hour {
	int64_t at_ms;	  /* its beginning */
	unsigned minutes; /* of it in which the node was heard, 1 to 60 */
	struct series_range temperature_mc, load_hundredths, memory_available_kb, nfs_us;
	int32_t throttled;	  /* all bits that were seen, -1 unknown */
	uint32_t memory_total_kb; /* 0 unknown */
	uint32_t link_mbps;	  /* the least, 0 unknown */
};

/* Open, or create. *anew: there was one, but it was damaged and is gone. The caller closes. */
int series_open(const char *path, struct series **series, bool *anew);
/* Without a commit: what wasn't committed is lost. */
void series_close(struct series *series);
int series_commit(struct series *series);

/* `node` is registry_node.id. A row takes the place of the one an hour, or two weeks, before. */
int series_put_minute(struct series *series, uint32_t node, const struct series_sample *sample);
/* An hour that is there already stays, unless this one knows as many minutes of it. */
int series_put_hour(struct series *series, uint32_t node, const struct series_hour *hour);
/* Remove what is older than an hour in the place of this minute, and older than two weeks in that
 * of its hour: nodes that are gone write nothing any more. */
int series_trim(struct series *series, int64_t now_ms);

/* All minutes that the file holds, by node, and of each the oldest first. */
int series_each_minute(struct series *series,
	int (*each)(void *argument, uint32_t node, const struct series_sample *sample),
	void *argument);
/* Those hours of a node that begin in first_ms..last_ms, oldest first. */
int series_each_hour(struct series *series, uint32_t node, int64_t first_ms, int64_t last_ms,
	int (*each)(void *argument, const struct series_hour *hour), void *argument);

#endif
