/* SPDX-License-Identifier: ISC */
/* Giving up rights: what a process that faces the network does before its first packet. Each
 * function takes away one kind of thing; docs/security.md tells what each of them withstands. */
#ifndef BRAMBLE_SANDBOX_H
#define BRAMBLE_SANDBOX_H

#include <stdint.h>

/* Close every descriptor but standard error and `keep` (-1: none); /dev/null takes the place of
 * standard input and output. For the beginning of a process: what its parent forgot to close isn't
 * its own. Returns 0 or -errno. */
int sandbox_close_others(int keep);

/* Become `user` (uid, gid, no supplementary groups) if this is root, and drop every capability in
 * any case. Returns 0, -ENOENT (no such user), -EINVAL (root is no such user) or -errno. */
int sandbox_become(const char *user);

/* No program that is executed gains rights any more (no_new_privs); no core dumps, and no other
 * process of the same user may look into this one. Returns 0 or -errno. */
int sandbox_forbid_new_rights(void);

/* What Landlock can deny, as sets of bits for its system calls. */
struct sandbox_rights {
	uint64_t files, network, scopes;
};

/* All that Landlock's ABI `abi` (1 = Linux 5.13 …) lets a process give up; nothing for 0. */
struct sandbox_rights sandbox_rights(int abi);

/* The running kernel's Landlock ABI; 0 where it has none, or where it is turned off. */
int sandbox_landlock_abi(void);

/* Deny every access to the file system from now on (Landlock; kept by children), and what else the
 * running kernel's Landlock can: TCP, signals and abstract sockets of others. Beneath the directory
 * `root`, unless that is -1, files may be read. Descriptors that are open stay usable. Needs
 * sandbox_forbid_new_rights() first. Returns 0, -EOPNOTSUPP where the kernel has no Landlock, or
 * -errno. */
int sandbox_deny_files(int root);

/* For a program that is executed next: from now on files may be read and executed as the user's
 * rights allow, but written, made and removed only beneath these (ended by NULL; those that aren't
 * there are left out). Signals and abstract sockets of others are denied where the kernel's
 * Landlock can. Returns as sandbox_deny_files. */
int sandbox_deny_writing(const char *const writable[]);

#endif
