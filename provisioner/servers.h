/* SPDX-License-Identifier: ISC */
/* The two servers that face the network: their sockets are bound here, so that they never need
 * root. */
#ifndef BRAMBLE_SERVERS_H
#define BRAMBLE_SERVERS_H

#include "provisioner/brambled.h"

/* Start (or adopt) bramble-tftpd and bramble-httpd. Returns 0 or -errno. */
int servers_start(struct brambled *brambled);

#endif
