/* SPDX-License-Identifier: ISC */
#include "provisioner/state/replace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/cluster/engine.h"
#include "provisioner/images.h"
#include "provisioner/nodes/addresses.h"
#include "provisioner/nodes/bindings.h"
#include "provisioner/rollout/run.h"
#include "provisioner/timeline/timeline.h"

int replace_load_backup(struct brambled *brambled, const char *name,
	struct state_document *document, char reason[static REPLACE_REASON_SIZE])
{
	struct registry *copy;
	int result = backup_open(brambled->registry, name, &copy);

	*document = (struct state_document){ 0 };
	if (result == 0) {
		result = state_load(copy, document);
		backup_close(copy);
	}
	if (result == -ENOENT)
		snprintf(reason, REPLACE_REASON_SIZE,
			"there is no backup %.47s; `bramble state backups` shows them", name);
	else if (result == -EUCLEAN)
		snprintf(reason, REPLACE_REASON_SIZE,
			"backup %.47s is damaged; `bramble state backups` shows which aren't",
			name);
	else if (result == -EPROTONOSUPPORT)
		snprintf(reason, REPLACE_REASON_SIZE,
			"backup %.47s was made by a newer Bramble: install that version again",
			name);
	else if (result != 0)
		snprintf(reason, REPLACE_REASON_SIZE, "backup %.47s can't be read: %s", name,
			strerror(-result));
	return result;
}

static void warn(struct replace_plan *plan, const char *image, const char *hash, const char *what)
{
	if (plan->n_warnings < REPLACE_WARNINGS)
		snprintf(plan->warnings[plan->n_warnings++], REPLACE_WARNING_SIZE,
			"image %.63s: version %.12s isn't on the share or not whole: %s", image,
			hash, what);
}

/* A version that isn't there any more would let no board boot: an image that has one which is there
 * keeps it. */
static void check_images(struct brambled *brambled, struct replace_plan *plan)
{
	for (size_t i = 0; i < plan->next.n_images; i++) {
		struct registry_image *image = &plan->next.images[i].image;
		const struct state_image *present = state_find_image(&plan->present, image->name);
		char root[IMAGES_PATH_SIZE], reason[IMAGES_REASON_SIZE];
		struct boot_set *set;

		if ((present && strcmp(present->image.current, image->current) == 0) ||
			images_open(brambled, image->name, image->current, &set, root, reason) == 0)
			continue;
		warn(plan, image->name, image->current,
			present ? "the present one stays" : "build it, then `bramble image use`");
		if (present)
			*image = present->image;
	}
}

int replace_make_plan(struct brambled *brambled, struct state_document *document,
	struct replace_plan *plan, char reason[static REPLACE_REASON_SIZE])
{
	int result;

	memset(plan, 0, sizeof(*plan));
	plan->next = *document;
	*document = (struct state_document){ 0 };
	result = state_load(brambled->registry, &plan->present);
	if (result == 0) {
		state_keep_observed(&plan->present, &plan->next);
		check_images(brambled, plan);
		plan->before = state_format(&plan->present);
		plan->after = state_format(&plan->next);
		result = plan->before && plan->after ? 0 : -ENOMEM;
	}
	if (result != 0)
		snprintf(reason, REPLACE_REASON_SIZE, "the registry can't be read: %s",
			strerror(-result));
	return result;
}

void replace_free_plan(struct replace_plan *plan)
{
	state_free(&plan->present);
	state_free(&plan->next);
	free(plan->before);
	free(plan->after);
	plan->before = plan->after = NULL;
}

/* Nodes that go are forgotten as by `bramble node forget`: their data is put aside, and nobody
 * else's orders reach whoever gets their number. */
static int store_departures(struct brambled *brambled, const struct replace_plan *plan)
{
	int64_t now_ms = clock_wall_ms();
	int result = 0;

	for (size_t i = 0; result == 0 && i < plan->present.n_nodes; i++) {
		const struct registry_node *node = &plan->present.nodes[i].node;
		const struct state_node *next = state_find_node(&plan->next, node->name);

		if (!next || next->node.id != node->id)
			result = registry_delete_orders(brambled->registry, node->id);
		if (result == 0 && !next)
			result = registry_put_forgotten(brambled->registry, node->name, now_ms);
		if (result == 0 && !next)
			result = engine_forget(brambled, node->name);
	}
	for (size_t i = 0; result == 0 && i < plan->next.n_nodes; i++)
		result = registry_delete_forgotten(
			brambled->registry, plan->next.nodes[i].node.name);
	return result;
}

/* A board that loses its node, or gets another one, begins anew. */
static void end_boots(struct brambled *brambled, const struct replace_plan *plan, const char *why)
{
	for (size_t i = 0; i < plan->present.n_nodes; i++) {
		const struct registry_node *node = &plan->present.nodes[i].node;
		const struct state_node *next = state_find_node(&plan->next, node->name);

		if (node->has_board &&
			(!next || !next->node.has_board ||
				memcmp(&next->node.board, &node->board, sizeof(node->board)) != 0))
			timeline_end(brambled, &node->board, why);
	}
}

/* What follows from it, and is done again by the next start if brambled is killed meanwhile. */
static void follow_up(struct brambled *brambled, const struct replace_plan *plan, const char *why)
{
	end_boots(brambled, plan, why);
	bindings_recall_directories(brambled);
	addresses_check(brambled);
	brambled->publish_due = true;
	/* Exports are withdrawn before the directories of nodes that went are renamed. */
	brambled_publish(brambled);
	(void)bindings_finish_forgetting(brambled, NULL);
	(void)brambled_commit(brambled);
}

int replace_carry_out(struct brambled *brambled, const struct replace_plan *plan, const char *how,
	const char *source, char saved[static BACKUP_NAME_SIZE],
	char reason[static REPLACE_REASON_SIZE])
{
	char why[64];
	int result = brambled_commit(brambled);

	snprintf(why, sizeof(why), "before-%.20s", how);
	if (result == 0)
		result = backup_keep(brambled->registry, why, saved);
	if (result != 0) {
		snprintf(reason, REPLACE_REASON_SIZE,
			"nothing was done, since the present registry can't be backed up to "
			"%.100s/state: %s",
			brambled->settings.share, strerror(-result));
		return result;
	}
	result = state_store(brambled->registry, &plan->next);
	if (result == 0)
		result = store_departures(brambled, plan);
	brambled_event(brambled, strcmp(how, "import") == 0 ? "state.imported" : "state.restored",
		"", "the registry was replaced (%s of %.100s); what it was is backup %s", how,
		source, saved);
	if (result == 0)
		rollout_registry_replaced(brambled);
	result = brambled_conclude(brambled, result);
	if (result != 0) {
		snprintf(reason, REPLACE_REASON_SIZE,
			"nothing was done, since the registry can't be written: %s",
			strerror(-result));
		return result;
	}
	snprintf(why, sizeof(why), "the registry was replaced (%.20s)", how);
	follow_up(brambled, plan, why);
	return 0;
}
