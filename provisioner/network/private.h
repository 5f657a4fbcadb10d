/* SPDX-License-Identifier: ISC */
/* Names of what is rendered for dnsmasq below RUN. */
#ifndef BRAMBLE_NETWORK_PRIVATE_H
#define BRAMBLE_NETWORK_PRIVATE_H

#include <stddef.h>

#include "provisioner/network/network.h"

#define NETWORK_PATH_SIZE 128 /* settings.run and a name */
#define NETWORK_CONFIG "dnsmasq.conf"
#define NETWORK_LEASES "dnsmasq.leases"
#define NETWORK_DHCP_HOSTS "dhcp-hosts"
#define NETWORK_DNS_HOSTS "dns-hosts"

/* RUN/name. Returns 0 or -ENAMETOOLONG. */
int network_run_path(const struct settings *settings, const char *name, char *out, size_t size);

#endif
