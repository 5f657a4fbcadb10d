/* SPDX-License-Identifier: ISC */
/* The board's network port: an interface of this network namespace. All return 0 or -errno. */
#ifndef VPI_INTERFACE_H
#define VPI_INTERFACE_H

#include <netinet/in.h>
#include <stdbool.h>

#include "common/str.h"

int interface_get_mac(const char *name, struct mac *mac);

/* The link must be down. */
int interface_set_mac(const char *name, const struct mac *mac);

int interface_set_up(const char *name, bool up);

/* Replaces the address that is there; 0.0.0.0 removes it. */
int interface_set_address(const char *name, struct in_addr address, struct in_addr mask);

/* Answer ARP requests for our address, or none (sysctl arp_ignore). */
int interface_answer_arp(const char *name, bool answer);

#endif
