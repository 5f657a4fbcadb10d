/* SPDX-License-Identifier: ISC */
/*
 * What boards say of their boot over the network (common/console.h), kept with the boot: firmware,
 * kernel, bramble-init. Nobody needs to be told to listen; what isn't a board's of ours is dropped.
 */
#ifndef BRAMBLE_PROVISIONER_CONSOLE_H
#define BRAMBLE_PROVISIONER_CONSOLE_H

#include "common/ipc.h"
#include "provisioner/brambled.h"

int console_start(struct brambled *brambled); /* 0 or -errno */
void console_stop(struct brambled *brambled);

/* A piece of a board's console came. What comes while no boot of it is known is held back for some
 * seconds: firmware speaks before its first DISCOVER. */
void console_hear(struct brambled *brambled, const struct ipc_console *piece);

/* A boot of this board has begun, or goes on: what was held back is its. */
void console_attach(struct brambled *brambled, const struct mac *mac);

/* Call every second or so: lines that don't end, and what was held back in vain. */
void console_tick(struct brambled *brambled);

#endif
