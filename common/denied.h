/* SPDX-License-Identifier: ISC */
/* System calls that are denied to programs which somebody else wrote. */
#ifndef BRAMBLE_DENIED_H
#define BRAMBLE_DENIED_H

/* For a program that is executed next, whatever it is: mounts, namespaces, tracing, `bpf`, keys,
 * `io_uring` and the like fail from now on with EPERM (seccomp; kept by children), everything else
 * is allowed. Needs no_new_privs. Returns 0 or -errno. */
int denied_take_away(void);

#endif
