/* SPDX-License-Identifier: ISC */
/* What there is of a roll-out and its nodes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/nodes/heartbeats.h"
#include "provisioner/nodes/rules.h"
#include "provisioner/rollout/run.h"
#include "provisioner/timeline/stages.h"

#define BOOTS_LOOKED_AT 8 /* others are files that somebody asked for in its name */

int64_t rollout_now_ms(struct brambled *brambled)
{
	if (brambled->rollouts_ns == 0) {
		brambled->rollouts_ns = clock_monotonic_ns();
		brambled->rollouts_ms = clock_wall_ms();
	}
	return brambled->rollouts_ms +
	       (int64_t)((clock_monotonic_ns() - brambled->rollouts_ns) / NS_PER_MS);
}

void rollout_free(struct rollout_snapshot *snapshot)
{
	free(snapshot->nodes);
	*snapshot = (struct rollout_snapshot){ 0 };
}

struct rollout_view *rollout_add(struct rollout_snapshot *snapshot)
{
	size_t n = snapshot->n;

	/* Room for 16, 32, 64 … */
	if (n == 0 || (n >= 16 && (n & (n - 1)) == 0)) {
		struct rollout_view *grown =
			realloc(snapshot->nodes, (n == 0 ? 16 : 2 * n) * sizeof(*snapshot->nodes));

		if (!grown)
			return NULL;
		snapshot->nodes = grown;
	}
	snapshot->nodes[n] = (struct rollout_view){ 0 };
	return &snapshot->nodes[snapshot->n++];
}

static int take_row(void *argument, const struct registry_rollout_node *row)
{
	struct rollout_view *view = rollout_add(argument);

	if (!view)
		return -ENOMEM;
	view->row = *row;
	return 0;
}

static int take_newest(void *id, const struct registry_boot *boot)
{
	*(int64_t *)id = boot->id;
	return 1;
}

static int take_newest_joined(void *id, const struct registry_boot *boot)
{
	if (!stages_have_joined(boot->stage))
		return 0;
	*(int64_t *)id = boot->id;
	return 1;
}

int64_t rollout_newest_boot(struct brambled *brambled, const char *node)
{
	int64_t id = 0;

	(void)registry_each_boot(brambled->registry, node, NULL, 1, take_newest, &id);
	return id;
}

static bool is_under_way(const struct rollout_view *view)
{
	return view->row.phase == ROLLOUT_DRAINING || view->row.phase == ROLLOUT_REBOOTING ||
	       view->row.phase == ROLLOUT_RELEASING || view->row.phase == ROLLOUT_FAILED;
}

struct look {
	struct brambled *brambled;
	struct rollout_snapshot *snapshot;
	size_t *order; /* places in the snapshot, by number of node */
};

static void see(
	const struct look *look, const struct registry_node *node, struct rollout_view *view)
{
	struct brambled *brambled = look->brambled;
	const struct registry_rollout *rollout = &look->snapshot->rollout;

	view->exists = node->has_board &&
		       strcmp(rules_image(&brambled->settings, node), rollout->image) == 0;
	view->cordoned = node->cordoned;
	view->present = node->has_board && node->joined && !heartbeats_is_absent(brambled, node);
	view->runs = view->present && strcmp(node->image_hash, rollout->version) == 0;
	view->ready = view->present && engine_of(brambled)->is_ready(brambled, node->name);
	view->avoids = strcmp(node->avoids, rollout->version) == 0;
}

static int see_node(void *argument, const struct registry_node *node)
{
	const struct look *look = argument;
	size_t low = 0, high = look->snapshot->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct rollout_view *view = &look->snapshot->nodes[look->order[middle]];

		if (view->row.node == node->id) {
			see(look, node, view);
			return 0;
		}
		if (view->row.node < node->id)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static int compare_nodes(const void *a, const void *b, void *argument)
{
	const struct rollout_snapshot *snapshot = argument;
	uint32_t one = snapshot->nodes[*(const size_t *)a].row.node,
		 other = snapshot->nodes[*(const size_t *)b].row.node;

	return (one > other) - (one < other);
}

static int see_nodes(struct brambled *brambled, struct rollout_snapshot *snapshot)
{
	struct look look = { .brambled = brambled,
		.snapshot = snapshot,
		.order = calloc(snapshot->n + 1, sizeof(*look.order)) };
	int result;

	if (!look.order)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->n; i++)
		look.order[i] = i;
	qsort_r(look.order, snapshot->n, sizeof(*look.order), compare_nodes, snapshot);
	result = registry_each_node(brambled->registry, see_node, &look);
	free(look.order);
	return result;
}

/* What takes a question each is asked only of those for whom it matters. */
static void see_under_way(struct brambled *brambled, struct rollout_view *view)
{
	struct registry_order order;
	int64_t joined = 0;

	(void)registry_each_boot(brambled->registry, view->row.name, NULL, BOOTS_LOOKED_AT,
		take_newest_joined, &joined);
	view->back = view->present && joined > view->row.boot;
	view->refused = view->row.order != 0 &&
			registry_get_order(brambled->registry, view->row.order, &order) == 0 &&
			(order.state == ORDER_FAILED || order.state == ORDER_EXPIRED);
}

int rollout_look(struct brambled *brambled, int64_t id, struct rollout_snapshot *snapshot)
{
	int result;

	*snapshot = (struct rollout_snapshot){ 0 };
	result = registry_get_rollout(brambled->registry, id, &snapshot->rollout);
	if (result == 0)
		result = registry_each_rollout_node(brambled->registry, id, take_row, snapshot);
	if (result == 0)
		result = see_nodes(brambled, snapshot);
	if (result != 0) {
		rollout_free(snapshot);
		return result;
	}
	for (size_t i = 0; i < snapshot->n; i++) {
		if (is_under_way(&snapshot->nodes[i]))
			see_under_way(brambled, &snapshot->nodes[i]);
	}
	return 0;
}

void rollout_ask_engine(struct brambled *brambled, struct rollout_snapshot *snapshot)
{
	const struct engine *engine = engine_of(brambled);

	for (size_t i = 0; i < snapshot->n; i++) {
		struct rollout_view *view = &snapshot->nodes[i];

		if (view->row.phase == ROLLOUT_DRAINING && view->present)
			view->work = engine->drain(brambled, view->row.name, view->work_text);
		else if (view->row.phase == ROLLOUT_RELEASING)
			view->work = engine->uncordon(brambled, view->row.name, view->work_text);
	}
}
