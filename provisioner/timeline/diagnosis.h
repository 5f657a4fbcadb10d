/* SPDX-License-Identifier: ISC */
/*
 * Why a boot doesn't go on: stable codes, each with plain words and the next step.
 * docs/boot-causes.md lists them. Pure: conclusions from what was seen on the LAN and what the
 * board said itself.
 */
#ifndef BRAMBLE_DIAGNOSIS_H
#define BRAMBLE_DIAGNOSIS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define DIAGNOSIS_NAME_SIZE 64

/* What brambled concludes elsewhere, where it happens. */
#define CAUSE_PARKED "parked"
#define CAUSE_DENIED "denied"
#define CAUSE_CONFLICT "identity-conflict"
#define CAUSE_SECOND "second-bramble"
#define CAUSE_NO_ADDRESS "no-address"
#define CAUSE_DISK_FULL "disk-full"
#define CAUSE_NO_IMAGE "no-image"
#define CAUSE_IMAGE_INCOMPLETE "image-incomplete"
#define CAUSE_TURN "waits-turn"
#define CAUSE_IMAGE_CORRUPT "image-corrupt"
#define CAUSE_STARTED_OVER "started-over"
#define CAUSE_GONE "node-changed"

/* How bramble-init begins what it says of a node whose agent doesn't join. */
#define DIAGNOSIS_NOT_JOINED "not joined"
/* And what it says of an image in which the node's kernel has found a changed byte. */
#define DIAGNOSIS_CORRUPT "the image has changed bytes"

struct diagnosis_cause {
	const char *code;
	const char *text; /* what is wrong, for a reason of a boot; fits REGISTRY_REASON_SIZE */
	const char *next; /* what to do */
};

/* All of them; ends with .code == NULL. */
extern const struct diagnosis_cause diagnosis_causes[];
/* NULL for a code that there isn't. */
const struct diagnosis_cause *diagnosis_find(const char *code);

/* May another version of the image help against this cause? */
bool diagnosis_may_be_image(const char *code);

/* What was seen of one boot by the router. */
struct diagnosis_clues {
	unsigned discovers; /* since power-on or the last file that arrived */
	bool late;	    /* its first DISCOVER said that it had tried for a while (field secs) */
	struct in_addr foreign; /* another DHCP server that answered it; 0 none */
	int error;		/* how the last transfer ended: 0 well, or a positive errno */
	bool open;		/* a later one has begun and not ended */
	uint64_t bytes;		/* of it, acknowledged */
	char missing[DIAGNOSIS_NAME_SIZE]; /* a file without which no board comes up, asked for in
					      vain; "" none */
};

/* A file was asked for that the image doesn't have: remembered if a board can't do without. */
void diagnosis_note_missing(struct diagnosis_clues *clues, const char *leaf);
/* A transfer ended: of `name`, with 0 or a positive errno. */
void diagnosis_note_transfer(
	struct diagnosis_clues *clues, const char *name, int error, uint64_t bytes);

/* The code for a boot that came to `stage` and no further. Never NULL. */
const char *diagnosis_infer(const char *stage, const struct diagnosis_clues *clues);
/* Do the clues alone say what is wrong, whatever the stage? */
bool diagnosis_is_clear(const struct diagnosis_clues *clues);
/* The code for what bramble-init or the agent says of a stage that failed. Never NULL. */
const char *diagnosis_of_report(const char *stage, const char *detail);

#endif
