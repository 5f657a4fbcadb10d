/* SPDX-License-Identifier: ISC */
/* What show.c (for people) and show_json.c (for programs) know of a version's contents. */
#ifndef BRAMBLE_IMAGE_SHOW_H
#define BRAMBLE_IMAGE_SHOW_H

#include <stdint.h>

#include "provisioner/image/image.h"
#include "rootfs/contents.h"

struct show_summary {
	uint64_t size_bytes, unpacked_bytes;
	size_t packages, files;
};
void show_sum_up(const struct image_version *version, const struct contents *contents,
	struct show_summary *summary);

/* "/etc/systemd/system/TARGET.wants/UNIT" is what enables a unit. NULL for all else. */
const char *show_enabled_unit(const struct contents_line *line);

/* Print a version, or what the second of two has otherwise than the first, as JSON on standard
 * output. */
void show_print_json(const struct image_version *version, const struct contents *contents);
void show_print_json_difference(const struct image_version versions[static 2],
	const struct contents *before, const struct contents *after);

#endif
