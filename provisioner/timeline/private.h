/* SPDX-License-Identifier: ISC */
/* Boots that go on, as timeline.c and transfers.c know them. */
#ifndef BRAMBLE_TIMELINE_PRIVATE_H
#define BRAMBLE_TIMELINE_PRIVATE_H

#include "provisioner/timeline/diagnosis.h"
#include "provisioner/timeline/timeline.h"

#define BOOTS 1024     /* going on at once */
#define TRANSFERS 4096 /* whose names are remembered; the oldest is overwritten */

struct transfer {
	uint64_t id;
	struct mac mac;
	char name[96];
};

struct running {
	struct registry_boot boot;
	uint64_t moved_ns; /* last sign of life */
	unsigned steps;
	bool changed;	  /* differs from the registry */
	bool contradicts; /* see timeline_set_contradiction */
	bool interrupted; /* brambled was started anew meanwhile */
	bool at_ipxe;	  /* a PC: the last file that it got is iPXE, which starts with DHCP */
	struct diagnosis_clues clues;
};

struct timeline {
	size_t n;
	struct running boots[BOOTS];
	uint64_t next_transfer;
	struct transfer transfers[TRANSFERS];
};

/* NULL when none of this board goes on. */
struct running *timeline_find(struct brambled *brambled, const struct mac *mac);
/* The node, or the MAC in `mac`. */
const char *timeline_subject(const struct registry_boot *boot, char mac[static MAC_TEXT_SIZE]);
/* A sign of life. */
void timeline_move(struct running *running);
void timeline_set_reason(struct running *running, const char *cause, const char *reason);
void timeline_clear_reason(struct running *running);
void timeline_add_step(
	struct brambled *brambled, struct running *running, const struct registry_step *step);

#endif
