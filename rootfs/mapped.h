/* SPDX-License-Identifier: ISC */
/*
 * Where the distribution's packages are installed: their scripts are foreign code that must be root
 * (docs/security.md). bramble-image starts itself with the word below; that process becomes the
 * tool.
 */
#ifndef BRAMBLE_ROOTFS_MAPPED_H
#define BRAMBLE_ROOTFS_MAPPED_H

#include <sys/types.h>

#define MAPPED_WORD "--mapped" /* bramble-image --mapped WORK OUTPUT TOOL ARGUMENT… */
#define MAPPED_FAILED 125      /* exit status when it couldn't become the tool */
#define MAPPED_WORK "/mnt"     /* where the tool sees WORK, whose parents it may not enter */
/* The users 0 to 65535 that it sees are these outside, which nobody else is: the last of those that
 * systemd leaves to containers (systemd.io/UIDS-GIDS). */
#define MAPPED_FIRST ((uid_t)1878982656)
#define MAPPED_COUNT 65536u

/* `argv` is WORK, OUTPUT, and the tool with its arguments. The tool is root in a user namespace:
 * over files and processes of its own it has all rights, over this machine those of a user without
 * any. It has namespaces of its own for mounts, processes, IPC and names, but our network, for it
 * fetches packages. Its standard output is the file OUTPUT, which is made. Returns an exit status.
 */
int mapped_main(int argc, char **argv);

#endif
