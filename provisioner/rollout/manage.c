/* SPDX-License-Identifier: ISC */
/* Beginning and steering roll-outs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/images.h"
#include "provisioner/nodes/fallback.h"
#include "provisioner/nodes/heartbeats.h"
#include "provisioner/nodes/rules.h"
#include "provisioner/rollout/run.h"

static int explain(char reason[static ROLLOUT_REASON_SIZE], int error)
{
	if (reason[0] == '\0')
		snprintf(reason, ROLLOUT_REASON_SIZE, "it can't be done now: %.100s",
			strerror(-error));
	return error;
}

struct search {
	const char *image;
	struct registry_rollout found;
};

static int find_live(void *argument, const struct registry_rollout *rollout)
{
	struct search *search = argument;

	if (!rollout_is_live(rollout->state) || strcmp(rollout->image, search->image) != 0)
		return 0;
	search->found = *rollout;
	return 1;
}

/* Is everything there, and nothing in the way? */
static int check(struct brambled *brambled, struct registry_rollout *rollout,
	char reason[static ROLLOUT_REASON_SIZE])
{
	struct search search = { .image = rollout->image };
	char beginning[HASH_TEXT_SIZE], root[IMAGES_PATH_SIZE];
	struct registry_image image = { 0 };
	struct boot_set *set;
	int result;

	str_copy(beginning, sizeof(beginning), rollout->version);
	result = images_find(brambled, rollout->image, beginning, rollout->version, reason);
	if (result == 0)
		result =
			images_open(brambled, rollout->image, rollout->version, &set, root, reason);
	if (result != 0)
		return result;
	(void)registry_get_image(brambled->registry, rollout->image, &image);
	str_copy(rollout->before, sizeof(rollout->before), image.current);
	if (registry_each_rollout(brambled->registry, find_live, &search) >= 0 &&
		search.found.id != 0) {
		snprintf(reason, ROLLOUT_REASON_SIZE, "roll-out %lld of image %s is %s; %s",
			(long long)search.found.id, rollout->image,
			registry_rollout_state_name(search.found.state),
			search.found.state == ROLLOUT_ABORTING
				? "it ends when the nodes under way have come back"
				: "`bramble rollout abort` ends it");
		return -EEXIST;
	}
	return 0;
}

struct plan {
	struct brambled *brambled;
	struct rollout_snapshot *snapshot;
	bool present; /* those that are there, or those that aren't: first the ones, then the
			 others */
	size_t changing;
};

/* Only boards that booted it before are told to boot it again. */
static int plan_node(void *argument, const struct registry_node *node)
{
	struct plan *plan = argument;
	const struct registry_rollout *rollout = &plan->snapshot->rollout;
	bool present = node->joined && !heartbeats_is_absent(plan->brambled, node);
	struct rollout_view *view;

	if (!node->has_board || node->image_hash[0] == '\0' || present != plan->present ||
		strcmp(rules_image(&plan->brambled->settings, node), rollout->image) != 0)
		return 0;
	view = rollout_add(plan->snapshot);
	if (!view)
		return -ENOMEM;
	view->exists = true;
	view->present = present;
	view->cordoned = node->cordoned;
	view->row = (struct registry_rollout_node){ .node = node->id,
		.seen = present,
		.phase = strcmp(node->image_hash, rollout->version) == 0 ? ROLLOUT_SAME
									 : ROLLOUT_WAITING,
		.since_ms = rollout->created_ms };
	str_copy(view->row.name, sizeof(view->row.name), node->name);
	plan->changing += view->row.phase == ROLLOUT_WAITING;
	return 0;
}

/* Who is there comes first: a wave of one shall prove something. */
static int make_plan(struct brambled *brambled, const struct rollout_waves *waves,
	struct rollout_snapshot *snapshot)
{
	struct plan plan = { .brambled = brambled, .snapshot = snapshot, .present = true };
	size_t place = 0;
	int result = registry_each_node(brambled->registry, plan_node, &plan);

	plan.present = false;
	if (result == 0)
		result = registry_each_node(brambled->registry, plan_node, &plan);
	for (size_t i = 0; result == 0 && i < snapshot->n; i++) {
		struct registry_rollout_node *row = &snapshot->nodes[i].row;

		if (row->phase == ROLLOUT_WAITING)
			row->wave = rollout_wave_of(waves, place++, plan.changing);
	}
	return result;
}

/* Being told so again, a node tries a version that it avoided. */
static int forgive(struct brambled *brambled, const struct registry_rollout *rollout,
	const struct registry_rollout_node *row)
{
	struct registry_node node;
	int result = registry_node_of_id(brambled->registry, row->node, &node);

	if (result != 0 || strcmp(node.avoids, rollout->version) != 0)
		return result == -ENOENT ? 0 : result;
	fallback_forgive(&node);
	return registry_put_node(brambled->registry, &node);
}

static int store(struct brambled *brambled, struct rollout_snapshot *snapshot)
{
	struct registry_rollout *rollout = &snapshot->rollout;
	int result = registry_put_rollout(brambled->registry, rollout);

	for (size_t i = 0; result == 0 && i < snapshot->n; i++) {
		struct registry_rollout_node *row = &snapshot->nodes[i].row;

		row->rollout = rollout->id;
		result = registry_put_rollout_node(brambled->registry, row);
		if (result == 0 && row->phase == ROLLOUT_WAITING)
			result = forgive(brambled, rollout, row);
	}
	if (result == 0)
		brambled_event(brambled, "rollout.started", rollout->image,
			"roll-out %lld: version %.12s of %s, waves %s", (long long)rollout->id,
			rollout->version, rollout->image, rollout->waves);
	return result;
}

int rollout_begin(struct brambled *brambled, const struct registry_rollout *wanted, bool dry_run,
	struct rollout_snapshot *snapshot, char reason[static ROLLOUT_REASON_SIZE])
{
	struct registry_rollout *rollout = &snapshot->rollout;
	struct rollout_waves waves;
	int result;

	*snapshot = (struct rollout_snapshot){ .rollout = *wanted };
	reason[0] = '\0';
	rollout->created_ms = rollout->changed_ms = rollout_now_ms(brambled);
	result = rollout_parse_waves(rollout->waves, &waves, reason);
	if (result == 0)
		result = check(brambled, rollout, reason);
	if (result == 0)
		result = make_plan(brambled, &waves, snapshot);
	if (result == 0 && !dry_run)
		result = brambled_conclude(brambled, store(brambled, snapshot));
	if (result == 0)
		return 0;
	rollout_free(snapshot);
	return explain(reason, result);
}

/* Nodes that failed are tried once more. */
static int try_again(void *argument, const struct registry_rollout_node *row)
{
	struct rollout_view *view;

	if (row->phase != ROLLOUT_FAILED && row->phase != ROLLOUT_PUT_BACK)
		return 0;
	view = rollout_add(argument);
	if (!view)
		return -ENOMEM;
	view->row = *row;
	return 0;
}

static int resume(struct brambled *brambled, struct registry_rollout *rollout)
{
	struct rollout_snapshot failed = { .rollout = *rollout };
	int result =
		registry_each_rollout_node(brambled->registry, rollout->id, try_again, &failed);

	for (size_t i = 0; result == 0 && i < failed.n; i++) {
		struct registry_rollout_node *row = &failed.nodes[i].row;

		row->phase = ROLLOUT_WAITING;
		row->order = 0;
		row->since_ms = rollout_now_ms(brambled);
		str_copy(row->text, sizeof(row->text), "is tried again");
		result = registry_put_rollout_node(brambled->registry, row);
		if (result == 0)
			result = forgive(brambled, rollout, row);
	}
	rollout_free(&failed);
	return result;
}

static bool allows(enum registry_rollout_state state, enum rollout_verb verb)
{
	switch (verb) {
	case ROLLOUT_PAUSE:
		return state == ROLLOUT_RUNNING;
	case ROLLOUT_RESUME:
		return state == ROLLOUT_PAUSED || state == ROLLOUT_STOPPED;
	case ROLLOUT_ABORT:
		return state == ROLLOUT_RUNNING || state == ROLLOUT_PAUSED ||
		       state == ROLLOUT_STOPPED;
	}
	return false;
}

static const struct {
	enum registry_rollout_state state;
	const char *event, *verb, *text;
} verbs[] = {
	[ROLLOUT_PAUSE] = { ROLLOUT_PAUSED, "rollout.paused", "pause",
		"is paused: no further node is begun" },
	[ROLLOUT_RESUME] = { ROLLOUT_RUNNING, "rollout.resumed", "resume", "goes on" },
	[ROLLOUT_ABORT] = { ROLLOUT_ABORTING, "rollout.aborted", "abort",
		"is aborted: nodes get the current version at their next boot" },
};

int rollout_steer(struct brambled *brambled, int64_t id, enum rollout_verb verb,
	char reason[static ROLLOUT_REASON_SIZE])
{
	struct registry_rollout rollout;
	int result = registry_get_rollout(brambled->registry, id, &rollout);

	reason[0] = '\0';
	if (result == -ENOENT) {
		snprintf(reason, ROLLOUT_REASON_SIZE,
			"there is no roll-out %lld; `bramble rollout list` shows them",
			(long long)id);
		return result;
	}
	if (result == 0 && !allows(rollout.state, verb)) {
		snprintf(reason, ROLLOUT_REASON_SIZE, "roll-out %lld is %s: it can't %s",
			(long long)id, registry_rollout_state_name(rollout.state),
			verbs[verb].verb);
		return -EEXIST;
	}
	if (result == 0 && verb == ROLLOUT_RESUME)
		result = resume(brambled, &rollout);
	if (result == 0 && verb == ROLLOUT_ABORT)
		result = registry_unassign(brambled->registry, rollout.version);
	rollout.state = verbs[verb].state;
	rollout.changed_ms = rollout_now_ms(brambled);
	rollout.reason[0] = '\0';
	if (result == 0)
		result = registry_put_rollout(brambled->registry, &rollout);
	brambled_event(brambled, verbs[verb].event, rollout.image, "roll-out %lld of %s %s",
		(long long)id, rollout.image, verbs[verb].text);
	result = brambled_conclude(brambled, result);
	if (result != 0)
		return explain(reason, result);
	/* With no node under way it ends at once: the nodes are left out, then the roll-out. */
	for (int i = 0; verb == ROLLOUT_ABORT && i < 2 && !brambled->rehearsing; i++)
		rollout_tick(brambled);
	return 0;
}

struct halt {
	size_t n;
	struct registry_rollout rollouts[16];
};

static int find_running(void *argument, const struct registry_rollout *rollout)
{
	struct halt *halt = argument;

	if (rollout->state == ROLLOUT_RUNNING)
		halt->rollouts[halt->n++] = *rollout;
	return halt->n == sizeof(halt->rollouts) / sizeof(halt->rollouts[0]);
}

void rollout_registry_replaced(struct brambled *brambled)
{
	struct halt halt = { 0 };

	(void)registry_each_rollout(brambled->registry, find_running, &halt);
	for (size_t i = 0; i < halt.n; i++) {
		struct registry_rollout *rollout = &halt.rollouts[i];

		rollout->state = ROLLOUT_PAUSED;
		str_copy(rollout->reason, sizeof(rollout->reason),
			"the registry was replaced; `bramble rollout resume` goes on");
		(void)registry_put_rollout(brambled->registry, rollout);
		brambled_event(brambled, "rollout.paused", rollout->image,
			"roll-out %lld of %s is paused: %s", (long long)rollout->id, rollout->image,
			rollout->reason);
	}
}
