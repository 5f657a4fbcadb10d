/* SPDX-License-Identifier: ISC */
/* Patterns of node names: "rasp[1-12]", "kiosk*". A range in brackets is one of whole numbers;
 * everything else is glob(7). Pure. */
#ifndef BRAMBLE_PATTERNS_H
#define BRAMBLE_PATTERNS_H

#include <stdbool.h>

/* Does a pattern without commas match the name? */
bool patterns_match(const char *pattern, const char *name);

#endif
