/* SPDX-License-Identifier: ISC */
#include "rootfs/verity_status.h"

#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

bool verity_found_corruption(int control)
{
	struct {
		struct dm_ioctl head;
		struct dm_target_spec target;
		char status[64];
	} request = { .head = { .version = { DM_VERSION_MAJOR, 0, 0 },
			      .data_size = sizeof(request),
			      .data_start = sizeof(request.head) } };

	snprintf(request.head.name, sizeof(request.head.name), VERITY_STATUS_NAME);
	/* "V" valid so far, "C" corruption was detected (verity.rst, Status). */
	return ioctl(control, DM_TABLE_STATUS, &request) == 0 && request.head.target_count == 1 &&
	       request.status[0] == 'C';
}
