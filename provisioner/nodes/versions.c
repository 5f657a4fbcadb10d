/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/versions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "provisioner/cluster/engine.h"
#include "provisioner/nodes/heartbeats.h"
#include "provisioner/nodes/rules.h"
#include "provisioner/timeline/diagnosis.h"

#define BECOME_GOOD_AT_ONCE 16
#define REBOOT_MS 300000 /* until the router hears of its new boot */

/* Without one of these no node comes up, whatever it runs. */
static bool is_needed_to_boot(const char *process)
{
	static const char *const names[] = { "dnsmasq", "tftpd", "httpd", "ganesha" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], process) == 0)
			return true;
	}
	return false;
}

static bool servers_ran_since(const struct brambled *brambled, int64_t since_ms)
{
	int64_t age_ms = clock_wall_ms() - since_ms;
	struct supervise_status status;

	if (brambled->exports_warning[0] || brambled->network_warning[0])
		return false;
	for (size_t i = 0; supervise_get(brambled->supervisor, i, &status); i++) {
		if (is_needed_to_boot(status.name) &&
			(status.pid == 0 || (int64_t)status.running_ms < age_ms))
			return false;
	}
	return true;
}

struct census {
	struct brambled *brambled;
	const char *except;
	struct fallback_scene *scene;
};

static int take_newest(void *argument, const struct registry_order *order)
{
	*(struct registry_order *)argument = *order;
	return 1;
}

/* It is away because it was told to reboot. */
static bool reboots_by_order(struct brambled *brambled, uint32_t node)
{
	struct registry_order order = { 0 };

	(void)registry_each_order(brambled->registry, node, false, take_newest, &order);
	return strcmp(order.verb, "reboot") == 0 && clock_wall_ms() - order.changed_ms < REBOOT_MS;
}

static int count_other(void *argument, const struct registry_node *node)
{
	struct census *census = argument;

	if (!node->has_board || !node->joined || strcmp(node->name, census->except) == 0)
		return 0;
	if (!heartbeats_is_absent(census->brambled, node))
		census->scene->heard++;
	else if (reboots_by_order(census->brambled, node->id))
		return 0;
	census->scene->others++;
	return 0;
}

static const char *excuse_of(
	struct brambled *brambled, const struct registry_boot *boot, bool interrupted)
{
	struct fallback_scene scene = { .interrupted = interrupted,
		.servers_well = servers_ran_since(brambled, boot->started_ms) };
	struct census census = { .brambled = brambled, .except = boot->node, .scene = &scene };

	(void)registry_each_node(brambled->registry, count_other, &census);
	return fallback_excuse(boot, &scene);
}

void versions_boot_failed(
	struct brambled *brambled, const struct registry_boot *boot, bool interrupted)
{
	const char *excuse = excuse_of(brambled, boot, interrupted);
	struct registry_node node;
	char why[REGISTRY_REASON_SIZE];
	unsigned limit = (unsigned)brambled->settings.fallback_after;

	if (excuse) {
		if (boot->node[0] && boot->image_hash[0])
			log_info("boot %lld of %s says nothing against version %.12s: %s",
				(long long)boot->id, boot->node, boot->image_hash, excuse);
		return;
	}
	if (registry_get_node(brambled->registry, boot->node, &node) != 0)
		return;
	if (!fallback_count(&node, boot, limit)) {
		(void)registry_put_node(brambled->registry, &node);
		return;
	}
	snprintf(why, sizeof(why), "%u boot%s in a row failed: %.110s", node.failures,
		node.failures == 1 ? "" : "s", boot->reason);
	(void)versions_fall_back(brambled, &node, boot->image_hash, why);
}

bool versions_fall_back(
	struct brambled *brambled, struct registry_node *node, const char *hash, const char *why)
{
	if (!fallback_avoid(node, hash, why))
		return false;
	(void)registry_put_node(brambled->registry, node);
	brambled_event(brambled, "node.fell-back", node->name,
		"%s goes back from version %.12s to %.12s: %.100s; `bramble node retry %s` tries "
		"it again",
		node->name, hash, node->good, why, node->name);
	return true;
}

int versions_retry(struct brambled *brambled, struct registry_node *node)
{
	char avoided[HASH_TEXT_SIZE];
	int result;

	if (node->avoids[0] == '\0')
		return -ENOENT;
	str_copy(avoided, sizeof(avoided), node->avoids);
	fallback_forgive(node);
	result = registry_put_node(brambled->registry, node);
	if (result == 0)
		brambled_event(brambled, "node.retries", node->name,
			"%s no longer avoids version %.12s", node->name, avoided);
	return brambled_conclude(brambled, result);
}

void versions_joined(
	struct brambled *brambled, struct registry_node *node, const struct registry_boot *boot)
{
	if (boot->image_hash[0] == '\0')
		return;
	str_copy(node->image_hash, sizeof(node->image_hash), boot->image_hash);
	if (engine_of(brambled)->is_ready(brambled, node->name))
		(void)fallback_is_well(node, node->image_hash);
}

void versions_explain(const struct registry_node *node, const char *image, const char *current,
	char hash[static HASH_TEXT_SIZE], char why[static VERSIONS_TEXT_SIZE])
{
	const char *chosen;

	switch (fallback_choose(node, current, &chosen)) {
	case FALLBACK_CURRENT:
		snprintf(why, VERSIONS_TEXT_SIZE, "the current version of image %s", image);
		break;
	case FALLBACK_ASSIGNED:
		snprintf(why, VERSIONS_TEXT_SIZE, "a roll-out of image %s gives it", image);
		break;
	case FALLBACK_GOOD:
		snprintf(why, VERSIONS_TEXT_SIZE,
			"its last good version; it fell back from %.12s: %s", node->avoids,
			node->avoids_why);
		break;
	}
	str_copy(hash, HASH_TEXT_SIZE, chosen);
}

void versions_describe(struct brambled *brambled, const struct registry_node *node,
	char hash[static HASH_TEXT_SIZE], char why[static VERSIONS_TEXT_SIZE])
{
	const char *name = rules_image(&brambled->settings, node);
	struct registry_image image = { 0 };

	(void)registry_get_image(brambled->registry, name, &image);
	versions_explain(node, name, image.current, hash, why);
}

struct converts {
	struct brambled *brambled;
	size_t n;
	struct registry_node nodes[BECOME_GOOD_AT_ONCE]; /* further ones with the next tick */
};

static int find_convert(void *argument, const struct registry_node *node)
{
	struct converts *converts = argument;

	if (node->has_board && node->joined && node->image_hash[0] &&
		strcmp(node->good, node->image_hash) != 0 &&
		!heartbeats_is_absent(converts->brambled, node) &&
		engine_of(converts->brambled)->is_ready(converts->brambled, node->name))
		converts->nodes[converts->n++] = *node;
	return converts->n == BECOME_GOOD_AT_ONCE;
}

void versions_tick(struct brambled *brambled)
{
	struct converts converts = { .brambled = brambled };

	(void)registry_each_node(brambled->registry, find_convert, &converts);
	for (size_t i = 0; i < converts.n; i++) {
		if (fallback_is_well(&converts.nodes[i], converts.nodes[i].image_hash))
			(void)registry_put_node(brambled->registry, &converts.nodes[i]);
	}
}
