/* SPDX-License-Identifier: ISC */
/* SSH host keys belong to the node: kept in its data directory, the same on whatever board. */
#ifndef BRAMBLE_ROOTFS_HOST_KEYS_H
#define BRAMBLE_ROOTFS_HOST_KEYS_H

/* Does the directory hold a private host key that is whole? 1, 0, or -errno: it can't be told now,
 * so none may take the place of what is there. */
int host_keys_are_in(const char *directory);

/* Copy all host keys, private and public, from one directory to another; each file whole or not at
 * all, and not written where it is the same already. What isn't whole stays behind: sshd would do
 * without its other keys, too. Returns 0 or -errno of the first failure, -EBADMSG for a damaged
 * file (the others are copied nevertheless); 0 if `from` doesn't exist. */
int host_keys_copy(const char *from, const char *to);

/* Remove all host keys of a directory. Returns 0 or -errno. */
int host_keys_remove(const char *directory);

#endif
