/* SPDX-License-Identifier: ISC */
/* brambled's socket: who may say what, and the answers. */
#ifndef BRAMBLE_SERVER_H
#define BRAMBLE_SERVER_H

#include "provisioner/brambled.h"

/* Listen on RUN/ipc.sock. Returns 0 or -errno. */
int server_start(struct brambled *brambled);
void server_stop(struct brambled *brambled);

/* Events may have become durable, or time has passed: answer those who wait. */
void server_wake_followers(struct brambled *brambled);

#endif
