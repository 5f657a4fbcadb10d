/* SPDX-License-Identifier: ISC */
/* From the registry to what dnsmasq and the NFS server read. Everything rendered here can be
 * deleted at any time. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "provisioner/brambled.h"
#include "provisioner/network/network.h"
#include "provisioner/nodeconf/force.h"

#define AGAIN_NS NS_PER_S

struct collection {
	struct brambled *brambled;
	struct network_host *hosts;
	size_t n, room;
	struct exports_node *exports;
	size_t n_exports, exports_room;
	struct mac *bound; /* of all nodes, in order */
};

static int add_host(
	struct collection *c, const struct mac *mac, struct in_addr address, const char *name)
{
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		struct network_host *grown = realloc(c->hosts, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->hosts = grown;
		c->room = room;
	}
	c->hosts[c->n] = (struct network_host){ .mac = *mac, .address = address };
	str_copy(c->hosts[c->n].name, sizeof(c->hosts[c->n].name), name);
	c->n++;
	return 0;
}

static int collect_node(void *argument, const struct registry_node *node)
{
	struct collection *c = argument;
	struct exports_node *entry;

	if (!node->has_board)
		return 0;
	if (c->n_exports == c->exports_room) {
		size_t room = c->exports_room ? 2 * c->exports_room : 64;
		struct exports_node *grown = realloc(c->exports, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->exports = grown;
		c->exports_room = room;
	}
	entry = &c->exports[c->n_exports++];
	*entry = (struct exports_node){ .id = node->id, .address = node->address };
	str_copy(entry->name, sizeof(entry->name), node->name);
	return add_host(c, &node->board, node->address, node->name);
}

static int by_mac(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct mac));
}

/* So far the hosts are the nodes. */
static int sort_bound(struct collection *c)
{
	c->bound = calloc(c->n + 1, sizeof(*c->bound));
	if (!c->bound)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_exports; i++)
		c->bound[i] = c->hosts[i].mac;
	qsort(c->bound, c->n_exports, sizeof(*c->bound), by_mac);
	return 0;
}

static int collect_unbound(void *argument, const struct mac *mac, struct in_addr address)
{
	struct collection *c = argument;
	struct registry_board board;

	if (bsearch(mac, c->bound, c->n_exports, sizeof(*c->bound), by_mac))
		return 0;
	/* Under join = "deny" a board that occupies no node isn't even answered. */
	if (c->brambled->settings.join == JOIN_DENY &&
		registry_get_board(c->brambled->registry, mac, &board) == 0)
		return 0;
	return add_host(c, mac, address, "");
}

static int publish_hosts(struct brambled *brambled, const struct collection *c)
{
	bool changed = false;
	int result = network_render_hosts(&brambled->settings, c->hosts, c->n, &changed);

	if (result == 0 && changed && brambled->network_up) {
		result = supervise_signal(brambled->supervisor, "dnsmasq", SIGHUP);
		/* Not running just now: it reads the files when it starts. */
		if (result == -ESRCH)
			result = 0;
	}
	return result;
}

static int publish_exports(struct brambled *brambled, const struct collection *c)
{
	char reason[WARNING_SIZE] = "";
	int result;

	if (!brambled->exports)
		return 0; /* they are published when they have been started */
	result = exports_set_nodes(
		brambled->exports, c->exports, c->n_exports, reason, sizeof(reason));
	if (result != 0 && strcmp(brambled->exports_warning, reason) != 0)
		log_error("exports: %s; trying again every second", reason);
	str_copy(brambled->exports_warning, sizeof(brambled->exports_warning),
		result == 0 ? "" : reason);
	return result;
}

void brambled_publish(struct brambled *brambled)
{
	struct collection c = { .brambled = brambled };
	uint64_t now = clock_monotonic_ns();
	int result, exported;

	if (brambled->rehearsing || !brambled->publish_due || now < brambled->publish_again_ns ||
		brambled_commit(brambled) != 0)
		return;
	nodeconf_nodes_changed(brambled);
	result = registry_each_node(brambled->registry, collect_node, &c);
	if (result == 0)
		result = sort_bound(&c);
	if (result == 0)
		result = registry_each_address(brambled->registry, collect_unbound, &c);
	if (result == 0)
		result = publish_hosts(brambled, &c);
	if (result != 0)
		log_error("can't tell dnsmasq the addresses: %s; trying again", strerror(-result));
	exported = result == 0 ? publish_exports(brambled, &c) : result;
	brambled->publish_due = exported != 0;
	brambled->publish_again_ns = exported != 0 ? now + AGAIN_NS : 0;
	free(c.hosts);
	free(c.exports);
	free(c.bound);
}
