/* SPDX-License-Identifier: ISC */
#ifndef BRAMBLE_IMAGE_APART_H
#define BRAMBLE_IMAGE_APART_H

#include "rootfs/failure.h"

/* Prepare for apart_run; to be called once, as root. Returns 0 or -errno with `failure`. */
int apart_enter(struct failure *failure);

/* Run `work` in a child and wait. What it starts and mounts ends with it, and it ends with this
 * process, however that ends; SIGINT, SIGTERM and SIGHUP end it too. Returns what `work` returned
 * (0 ... 127), 128 + the signal that ended it, or -errno. */
int apart_run(int (*work)(void *context), void *context);

#endif
