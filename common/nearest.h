/* SPDX-License-Identifier: ISC */
/* "Did you mean …?": which known name is a typing error away from what was written. Pure. */
#ifndef BRAMBLE_NEAREST_H
#define BRAMBLE_NEAREST_H

#define NEAREST_NAME_LIMIT 64

/* Steps between two names: letters inserted, removed, changed, or two neighbours swapped (optimal
 * string alignment), case ignored. Names of NEAREST_NAME_LIMIT bytes or more are infinitely far:
 * UINT_MAX. */
unsigned nearest_distance(const char *a, const char *b);

/* Keeps the nearest candidate so far: nearest_begin, nearest_offer for each known name, then read
 * `best`. */
struct nearest {
	const char *word;
	const char *best;  /* NULL: none is near */
	unsigned distance; /* of `best`; before, the first that is too far */
};

/* Near means: one step for two letters or fewer, two up to eight, above that one per three letters.
 */
void nearest_begin(struct nearest *nearest, const char *word);
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
