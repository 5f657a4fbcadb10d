/* SPDX-License-Identifier: ISC */
/*
 * Where foreign code runs as root while an image is built: what a recipe's script may do
 * (docs/security.md). bramble-image starts itself with the word below; that process becomes the
 * program.
 */
#ifndef BRAMBLE_ROOTFS_JAIL_H
#define BRAMBLE_ROOTFS_JAIL_H

#define JAIL_WORD "--in-root" /* bramble-image --in-root ROOT PROGRAM ARGUMENT… */
#define JAIL_FAILED 125	      /* exit status when it couldn't become the program */

/* `argv` is ROOT and PROGRAM with its arguments. The program sees ROOT alone and has namespaces of
 * its own for mounts, processes, network (with no way out), IPC and names; of root's capabilities
 * those with which files are given away, changed and read, and other users are become; no devices
 * but those on the file systems that are mounted in ROOT already; and no way to new rights. Returns
 * an exit status.
 */
int jail_main(int argc, char **argv);

#endif
