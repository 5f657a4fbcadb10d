/* SPDX-License-Identifier: ISC */
/* All that a server gives up before its first packet, in one order: user and capabilities, new
 * rights, files (Landlock), system calls (seccomp). */
#ifndef BRAMBLE_CONFINEMENT_H
#define BRAMBLE_CONFINEMENT_H

#include "common/calls.h"

struct confinement {
	const char *user;     /* who to become if this is root; NULL: own_user if there is one, else
				 nobody */
	const char *own_user; /* whom `make install` creates */
	int root;	      /* the directory beneath which files may be read, or -1 */
	const struct call_table *tables; /* the system calls that are left */
	size_t n_tables;
};

/* Returns 0, or -errno after a message. Under AddressSanitizer, which needs much more, only the
 * first two steps are done. */
int confinement_enter(const struct confinement *confinement);

#endif
