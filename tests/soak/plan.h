/* SPDX-License-Identifier: ISC */
/* What each transfer is to be like: drawn from the seed before it begins. Pure. */
#ifndef BRAMBLE_SOAK_PLAN_H
#define BRAMBLE_SOAK_PLAN_H

#include <stdbool.h>
#include <stdint.h>

/* What happens to packets on the way, each direction alike. */
struct soak_profile {
	const char *name;
	uint16_t drop, duplicate, reorder; /* of a thousand */
	uint32_t delay_us, jitter_us;
};

enum soak_fate {
	SOAK_FINISH,
	SOAK_PAUSE,  /* says nothing for 5 s, goes on */
	SOAK_ABORT,  /* sends an ERROR */
	SOAK_CLOSE,  /* closes its port without a word */
	SOAK_SILENT, /* is switched off */
};

struct soak_plan {
	unsigned file;
	uint32_t blksize, windowsize; /* 0 = the option isn't sent */
	bool tsize, timeout;	      /* these options too */
	const struct soak_profile *profile;
	enum soak_fate fate;
	uint32_t fate_at; /* after so many blocks */
	bool dallies;	  /* answers repeated blocks for a while at the end (RFC 1350 section 6) */
	bool repeats;	  /* asks twice within milliseconds, like a Pi's firmware */
	unsigned host;	  /* which client address */
};

#define SOAK_HOSTS 1000u

/* `sizes[file]`: sizes at present. A plan is often the twin of the one before: same host, same
 * file, at the same time. `may_be_silent`: this transfer may be one of those that hold a session
 * of the server for long. */
void plan_draw(struct soak_plan *plan, const struct soak_plan *before,
	uint32_t (*size_of)(const void *files, unsigned file), const void *files, uint64_t *random,
	bool may_be_silent);

/* Copies of a packet that get through (0 … 2) and after how long each. */
unsigned plan_pass(
	const struct soak_profile *profile, uint64_t *random, uint32_t delays_us[static 2]);

#endif
