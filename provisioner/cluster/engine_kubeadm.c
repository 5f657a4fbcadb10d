/* SPDX-License-Identifier: ISC */
/* The engine of a Kubernetes cluster: what bramble-clusterd was told of, and what it is to do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "provisioner/cluster/cluster.h"
#include "provisioner/cluster/engine.h"
#include "provisioner/cluster/joins.h"
#include "provisioner/cluster/place.h"
#include "provisioner/nodes/orders.h"
#include "provisioner/timeline/stages.h"

#define REBOOT_MS (INT64_C(600) * 1000)
#define BOOTS_LOOKED_AT 8      /* others are files that somebody asked for in its name */
#define FORGOTTEN "forgotten " /* a fact of that name and the node's: when */

/* Also while its control plane is down: then nothing is known, but something runs. */
static bool has_cluster(const struct brambled *brambled)
{
	struct cluster_paths paths;

	if (brambled->cluster_file != 0)
		return true;
	cluster_find_paths(&brambled->settings, &paths);
	return access(paths.base, F_OK) == 0;
}

static int take_joined(void *argument, const struct registry_boot *boot)
{
	if (!stages_have_joined(boot->stage))
		return 0;
	*(int64_t *)argument = boot->id;
	return 1;
}

/* The newest boot that got into the LAN; 0 = none. */
static int64_t find_joined(struct brambled *brambled, const char *name)
{
	int64_t joined = 0;

	(void)registry_each_boot(
		brambled->registry, name, NULL, BOOTS_LOOKED_AT, take_joined, &joined);
	return joined;
}

static void begin_to_leave(struct brambled *brambled, struct joins_node *node)
{
	node->returns = false;
	if (node->leaves)
		return;
	node->leaves = true;
	node->overdue = false;
	node->leaves_ns = clock_monotonic_ns();
	node->left = -1;
	node->left_text[0] = '\0';
	node->left_boot = find_joined(brambled, node->name);
}

/* The API server is on this node: if that doesn't answer, its reboot is the way to have it again.
 */
static bool is_in_its_own_way(const struct brambled *brambled, const struct joins_node *node)
{
	struct cluster_paths paths;
	struct place place;

	cluster_find_paths(&brambled->settings, &paths);
	return node->left < 0 && place_read(&paths, &place) == 0 &&
	       strcmp(place.node, node->name) == 0;
}

/* After the time limit: as the administrator has decided. */
static int judge_overdue(
	struct brambled *brambled, struct joins_node *node, char reason[static ENGINE_REASON_SIZE])
{
	bool in_way = is_in_its_own_way(brambled, node);
	bool goes_on = in_way || brambled->settings.drain_overdue == DRAIN_GO_ON;
	char text[ENGINE_REASON_SIZE];

	str_copy(text, sizeof(text), reason);
	snprintf(reason, ENGINE_REASON_SIZE, "not drained after %lld s: %.110s",
		(long long)brambled->settings.drain_s, text);
	if (!node->overdue)
		brambled_event(brambled, "node.overdue", node->name, "%s: %s; %s", node->name,
			reason,
			in_way	  ? "it is rebooted all the same: it carries the API server"
			: goes_on ? "it is rebooted all the same (kubernetes.drain_overdue)"
				  : "it isn't rebooted (kubernetes.drain_overdue)");
	node->overdue = true;
	return goes_on ? 0 : -ETIME;
}

static int drain(
	struct brambled *brambled, const char *name, char reason[static ENGINE_REASON_SIZE])
{
	struct joins_node *node;
	uint64_t limit_ns = (uint64_t)brambled->settings.drain_s * NS_PER_S;

	if (!has_cluster(brambled))
		return 0;
	node = joins_of(brambled, name);
	if (!node)
		return -ENOMEM;
	if (joins_are_listed(brambled) && !node->uid[0])
		return 0;
	begin_to_leave(brambled, node);
	if (node->cordoned && node->left == 0)
		return 0;
	if (!joins_are_listed(brambled) || node->left < 0)
		snprintf(reason, ENGINE_REASON_SIZE,
			"the API server hasn't said yet what runs there");
	else
		snprintf(reason, ENGINE_REASON_SIZE, "%d pod%s left: %.120s", node->left,
			node->left == 1 ? " is" : "s are", node->left_text);
	if (clock_monotonic_ns() - node->leaves_ns >= limit_ns)
		return judge_overdue(brambled, node, reason);
	return -EAGAIN;
}

static int uncordon(
	struct brambled *brambled, const char *name, char reason[static ENGINE_REASON_SIZE])
{
	struct joins_node *node = joins_find(brambled, name);
	struct registry_node known = { 0 };

	if (!node)
		return 0;
	node->leaves = node->returns = false;
	(void)registry_get_node(brambled->registry, name, &known);
	if (!node->uid[0] || !node->ours || known.cordoned || !has_cluster(brambled))
		return 0;
	snprintf(reason, ENGINE_REASON_SIZE, "the API server hasn't uncordoned it yet");
	return -EAGAIN;
}

static bool is_ready(struct brambled *brambled, const char *name)
{
	const struct joins_node *node;

	if (!has_cluster(brambled))
		return true;
	node = joins_find(brambled, name);
	/* Of an image without Kubernetes. */
	if (!node || (!node->uid[0] && node->asked_ns == 0))
		return joins_are_listed(brambled);
	return joins_is_ready(node);
}

static void expect(struct brambled *brambled, const char *name)
{
	struct joins_node *node = joins_find(brambled, name);

	if (node)
		node->returns = node->leaves;
}

const struct engine engine_kubeadm = { .name = "kubeadm",
	.drain = drain,
	.uncordon = uncordon,
	.is_ready = is_ready,
	.expect = expect };

static int take_reboot(void *argument, const struct registry_order *order)
{
	if (strcmp(order->verb, "reboot") != 0)
		return 0;
	*(struct registry_order *)argument = *order;
	return 1;
}

/* What brambled forgot by a restart, the registry still knows: it was told to reboot, in that boot.
 * (What waits for it to be drained begins anew.) */
static void recall(struct brambled *brambled, struct joins_node *node, uint32_t number)
{
	struct registry_order order = { 0 };

	if (node->recalled)
		return;
	node->recalled = true;
	(void)registry_each_order(brambled->registry, number, false, take_reboot, &order);
	if (node->leaves || clock_wall_ms() - order.changed_ms > REBOOT_MS ||
		(order.state != ORDER_SENT && order.state != ORDER_DONE))
		return;
	node->leaves = node->returns = order.boot != 0 && order.seconds != ORDERS_AT_ONCE;
	node->left_boot = order.boot;
}

bool engine_wants_cordon(struct brambled *brambled, const struct registry_node *known)
{
	struct joins_node *node = joins_of(brambled, known->name);

	if (!node)
		return known->cordoned;
	recall(brambled, node, known->id);
	if (node->returns && joins_is_ready(node) &&
		find_joined(brambled, node->name) > node->left_boot)
		node->leaves = node->returns = false;
	return known->cordoned || node->leaves;
}

bool engine_wants_drain(struct brambled *brambled, const struct registry_node *known)
{
	const struct joins_node *node = joins_find(brambled, known->name);

	return node && node->leaves && !node->returns && node->left != 0;
}

int engine_forget(struct brambled *brambled, const char *name)
{
	char fact[sizeof(FORGOTTEN) + NODE_NAME_SIZE];
	struct joins_node *node = joins_find(brambled, name);

	snprintf(fact, sizeof(fact), FORGOTTEN "%s", name);
	if (node && node->state != JOINS_NONE && !brambled->rehearsing)
		joins_close(node);
	return registry_put_fact(brambled->registry, fact, clock_wall_ms());
}

struct forgotten {
	struct brambled *brambled;
	void (*each)(void *argument, const char *node);
	void *argument;
};

static int take_forgotten(void *argument, const char *fact)
{
	const struct forgotten *forgotten = argument;
	const char *name = fact + strlen(FORGOTTEN);
	struct registry_node node;

	if (registry_get_node(forgotten->brambled->registry, name, &node) == -ENOENT)
		forgotten->each(forgotten->argument, name);
	return 0;
}

void engine_each_forgotten(
	struct brambled *brambled, void (*each)(void *argument, const char *node), void *argument)
{
	struct forgotten forgotten = { .brambled = brambled, .each = each, .argument = argument };

	(void)registry_each_fact(brambled->registry, FORGOTTEN, take_forgotten, &forgotten);
}
