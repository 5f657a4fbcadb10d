/* SPDX-License-Identifier: ISC */
#ifndef BRAMBLE_DHCPWATCH_CONFINE_H
#define BRAMBLE_DHCPWATCH_CONFINE_H

/* Become `user`, lose every capability and every file, and from now on end by SIGSYS at any system
 * call but the few that watching needs. Returns 0 or -errno, with the reason logged. */
int confine(const char *user);

#endif
