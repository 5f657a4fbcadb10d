/* SPDX-License-Identifier: ISC */
/* Where a build works, and how it talks about it. */
#ifndef BRAMBLE_ROOTFS_WORKSHOP_H
#define BRAMBLE_ROOTFS_WORKSHOP_H

#include "rootfs/failure.h"
#include "rootfs/progress.h"
#include "rootfs/recipe.h"

#define WORKSHOP_PATH_SIZE 3072 /* leaves room for names in PATH_MAX */

struct workshop {
	const struct recipe *recipe;
	char cache[WORKSHOP_PATH_SIZE]; /* directory; may be cold */
	char work[WORKSHOP_PATH_SIZE];	/* temporary directory beside the image, swept by the next
					   build */
	char log[WORKSHOP_PATH_SIZE];	/* what the tools said */
	long long epoch;		/* newest time in the image, seconds since 1970 */
	struct progress progress;
	struct failure failure;
};

#endif
