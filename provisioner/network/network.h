/* SPDX-License-Identifier: ISC */
/* DHCP and DNS of the LAN by dnsmasq: what brambled renders for it, and how it is told. */
#ifndef BRAMBLE_NETWORK_H
#define BRAMBLE_NETWORK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"
#include "provisioner/settings/settings.h"
#include "provisioner/supervise/supervise.h"

struct network_host {
	struct mac mac;
	struct in_addr address;
	char name[NODE_NAME_SIZE]; /* node name for DHCP and DNS, "" for a board without a node */
};

/* Render RUN/dnsmasq.conf from the settings. A board without a host record gets no answer
 * (dhcp-ignore=tag:!known), so that every answer carries the address that brambled chose.
 * Returns 0 or -errno. */
int network_render_config(const struct settings *settings);

/* Render RUN/dhcp-hosts and RUN/dns-hosts. *changed says whether dnsmasq must be told (SIGHUP). */
int network_render_hosts(
	const struct settings *settings, const struct network_host *hosts, size_t n, bool *changed);

/* Check the rendered configuration by `dnsmasq --test`. Returns 0, or -EINVAL with `reason`. */
int network_test_config(const struct settings *settings, char *reason, size_t size);

/* Fill in the process for the supervisor (argv points into static or settings memory). */
void network_describe_dnsmasq(const struct settings *settings, struct supervise_spec *spec);
void network_describe_dhcpwatch(const struct settings *settings, struct supervise_spec *spec);

/* A socket of rtnetlink that stays open, for what is asked at every file. Zero: not opened yet. */
struct network_link {
	bool is_open;
	int socket;
	uint32_t sequence;
};
void network_link_close(struct network_link *link);

/* Permanent neighbour entry (address -> MAC) on the LAN interface by rtnetlink: a Pi 3's boot ROM
 * answers no ARP once a transfer has begun. The interface is found by its name each time: it may
 * have been made anew. Returns 0 or -errno. */
int network_set_neighbour(struct network_link *link, const char *interface, struct in_addr address,
	const struct mac *mac);

/* The way to a network by another machine on the LAN, in place of the one that was. Returns 0 or
 * -errno. */
int network_set_route(const char *interface, struct in_addr network, unsigned prefix_length,
	struct in_addr gateway);

/* Is the LAN interface there, up, and does it carry the router's address? Adds the address and sets
 * the link up when they are missing. Returns 0 or -errno with `reason`. */
int network_prepare_interface(const struct settings *settings, char *reason, size_t size);

#endif
