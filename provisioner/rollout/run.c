/* SPDX-License-Identifier: ISC */
/* Doing what step.c says: each step is one transaction. */
#include "provisioner/rollout/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "provisioner/images.h"
#include "provisioner/nodes/orders.h"
#include "provisioner/nodes/versions.h"

#define LIVE_ROLLOUTS 16 /* at once; each of another image */

static int assign(struct brambled *brambled, struct registry_node *node, const char *version)
{
	str_copy(node->assigned, sizeof(node->assigned), version);
	return registry_put_node(brambled->registry, node);
}

/* Somebody else may have told it already: that will do. */
static int order_reboot(
	struct brambled *brambled, const struct registry_node *node, struct rollout_view *view)
{
	char reason[ORDERS_REASON_SIZE];
	struct registry_order order;
	int result = orders_prepare(brambled, node, "reboot", &order, reason);

	view->row.order = result == 0 ? order.id : 0;
	return result == -EEXIST ? 0 : result;
}

static int fall_back(struct brambled *brambled, struct registry_node *node,
	struct rollout_view *view, const struct rollout_action *action, const char *version)
{
	if (!versions_fall_back(brambled, node, version, action->text))
		log_notice("%s has no other version with which it was well", node->name);
	/* With whatever it runs or hangs: one that hears nothing starts over by itself. */
	return view->present ? order_reboot(brambled, node, view) : 0;
}

/* Changes the node itself, if the deed is about that. */
static int change_node(struct brambled *brambled, const struct registry_rollout *rollout,
	struct rollout_view *view, const struct rollout_action *action)
{
	struct registry_node node;
	int result = registry_node_of_id(brambled->registry, view->row.node, &node);

	if (result != 0)
		return result == -ENOENT ? 0 : result;
	switch (action->deed) {
	case ROLLOUT_ASSIGN:
		return assign(brambled, &node, rollout->version);
	case ROLLOUT_REBOOT:
		result = assign(brambled, &node, rollout->version);
		return result == 0 ? order_reboot(brambled, &node, view) : result;
	case ROLLOUT_UNASSIGN:
		return assign(brambled, &node, "");
	case ROLLOUT_FALL_BACK:
		return fall_back(brambled, &node, view, action, rollout->version);
	case ROLLOUT_MOVE:
	case ROLLOUT_SEE:
	case ROLLOUT_STOP:
	case ROLLOUT_FINISH:
		break;
	}
	return 0;
}

static int move_node(struct brambled *brambled, const struct rollout_snapshot *snapshot,
	struct rollout_view *view, const struct rollout_action *action)
{
	struct registry_rollout_node *row = &view->row;
	int result = change_node(brambled, &snapshot->rollout, view, action);

	if (result != 0)
		return result;
	if (action->phase == ROLLOUT_REBOOTING)
		row->boot = rollout_newest_boot(brambled, row->name);
	row->phase = action->phase;
	row->since_ms = rollout_now_ms(brambled);
	str_copy(row->text, sizeof(row->text), action->text);
	brambled_event(brambled, "rollout.node", row->name, "roll-out %lld: %s: %s%s%s",
		(long long)snapshot->rollout.id, row->name, registry_rollout_phase_name(row->phase),
		row->text[0] ? ": " : "", row->text);
	return registry_put_rollout_node(brambled->registry, row);
}

static int stop(struct brambled *brambled, struct registry_rollout *rollout, const char *reason)
{
	rollout->state = ROLLOUT_STOPPED;
	rollout->changed_ms = rollout_now_ms(brambled);
	str_copy(rollout->reason, sizeof(rollout->reason), reason);
	brambled_event(brambled, "rollout.stopped", rollout->image,
		"roll-out %lld of %s has stopped: %s", (long long)rollout->id, rollout->image,
		reason);
	return registry_put_rollout(brambled->registry, rollout);
}

static int apply(struct brambled *brambled, struct rollout_snapshot *snapshot,
	const struct rollout_action *action)
{
	struct rollout_view *view = &snapshot->nodes[action->node];

	if (action->deed == ROLLOUT_STOP)
		return stop(brambled, &snapshot->rollout, action->text);
	if (action->deed != ROLLOUT_SEE)
		return move_node(brambled, snapshot, view, action);
	view->row.seen = true;
	return registry_put_rollout_node(brambled->registry, &view->row);
}

/* The version becomes the current one, and the nodes follow that. Commits. */
static int finish(struct brambled *brambled, struct registry_rollout *rollout)
{
	char reason[IMAGES_REASON_SIZE] = "";
	bool done = rollout->state == ROLLOUT_RUNNING;
	int result;

	rollout->state = done ? ROLLOUT_DONE : ROLLOUT_ABORTED;
	rollout->changed_ms = rollout_now_ms(brambled);
	result = registry_put_rollout(brambled->registry, rollout);
	if (result == 0)
		result = registry_unassign(brambled->registry, rollout->version);
	if (result != 0 || !done)
		return brambled_conclude(brambled, result);
	brambled_event(brambled, "rollout.done", rollout->image,
		"roll-out %lld: every node has version %.12s of %s, or gets it when it comes back",
		(long long)rollout->id, rollout->version, rollout->image);
	result = images_use(brambled, rollout->image, rollout->version, reason);
	if (result != -ENOENT && result != -EUCLEAN)
		return result;
	brambled_rollback(brambled);
	return brambled_conclude(brambled, stop(brambled, rollout, reason));
}

static int carry_out(struct brambled *brambled, struct rollout_snapshot *snapshot,
	const struct rollout_action *actions, size_t n)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < n; i++) {
		if (actions[i].deed != ROLLOUT_FINISH)
			result = apply(brambled, snapshot, &actions[i]);
	}
	result = brambled_conclude(brambled, result);
	if (result == 0 && n > 0 && actions[n - 1].deed == ROLLOUT_FINISH)
		result = finish(brambled, &snapshot->rollout);
	return result;
}

/* The time while brambled was away is nobody's fault. */
static void count_from_start(struct brambled *brambled, struct rollout_snapshot *snapshot)
{
	int64_t now_ms = rollout_now_ms(brambled);

	for (size_t i = 0; i < snapshot->n; i++) {
		int64_t *since = &snapshot->nodes[i].row.since_ms;

		if (*since < brambled->rollouts_ms)
			*since = brambled->rollouts_ms;
		if (*since > now_ms)
			*since = now_ms;
	}
}

static void carry_on(struct brambled *brambled, int64_t id)
{
	struct rollout_snapshot snapshot;
	struct rollout_action *actions;

	if (rollout_look(brambled, id, &snapshot) != 0)
		return;
	actions = calloc(ROLLOUT_ACTIONS_PER_NODE * snapshot.n + 1, sizeof(*actions));
	if (actions) {
		size_t n;

		rollout_ask_engine(brambled, &snapshot);
		count_from_start(brambled, &snapshot);
		n = rollout_step(&snapshot, rollout_now_ms(brambled), actions);
		if (n > 0)
			(void)carry_out(brambled, &snapshot, actions, n);
	}
	free(actions);
	rollout_free(&snapshot);
}

struct live {
	size_t n;
	int64_t ids[LIVE_ROLLOUTS];
};

static int find_live(void *argument, const struct registry_rollout *rollout)
{
	struct live *live = argument;

	if (rollout_is_live(rollout->state))
		live->ids[live->n++] = rollout->id;
	return live->n == LIVE_ROLLOUTS;
}

void rollout_tick(struct brambled *brambled)
{
	struct live live = { 0 };

	(void)rollout_now_ms(brambled);
	(void)registry_each_rollout(brambled->registry, find_live, &live);
	for (size_t i = 0; i < live.n; i++)
		carry_on(brambled, live.ids[i]);
}
