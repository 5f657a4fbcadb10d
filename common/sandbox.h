/* SPDX-License-Identifier: ISC */
/* Giving up rights: what a process that faces the network does before its first packet. */
#ifndef BRAMBLE_SANDBOX_H
#define BRAMBLE_SANDBOX_H

/* Become `user` (uid, gid, no supplementary groups), drop every capability, set no_new_privs and
 * forbid core dumps. A process that isn't root only does the last two. Returns 0, -ENOENT (no such
 * user) or -errno. */
int sandbox_become(const char *user);

/* Deny every access to the file system from now on (Landlock; kept by children). Descriptors that
 * are open stay usable. Returns 0, -EOPNOTSUPP where the kernel has no Landlock, or -errno. */
int sandbox_deny_files(void);

#endif
