/* SPDX-License-Identifier: ISC */
/* What bramble-tftpd gives up before its first packet. */
#ifndef BRAMBLE_TFTPD_CONFINE_H
#define BRAMBLE_TFTPD_CONFINE_H

/* Become `user` (NULL: bramble-tftp if there is one, else nobody); open no file any more but,
 * unless `root` is -1, for reading beneath this directory (Landlock); make only the system calls
 * that serving needs (seccomp; which, and why, is in confine.c). Returns 0, or -errno after a
 * message. */
int confine(const char *user, int root);

#endif
