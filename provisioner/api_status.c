/* SPDX-License-Identifier: ISC */
/* How Bramble is doing, in one answer. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/api_routes.h"
#include "provisioner/cluster/run.h"
#include "provisioner/health.h"
#include "provisioner/hooks.h"
#include "provisioner/images.h"
#include "provisioner/nodeconf/force.h"
#include "provisioner/space.h"
#include "provisioner/swap.h"
#include "provisioner/timeline.h"

#define WARNINGS_LIMIT 40

struct tally {
	struct brambled *brambled;
	unsigned total, some, drifted, failed;
	cJSON *warnings;
};

static int count_node(void *argument, const struct registry_node *node)
{
	struct tally *tally = argument;

	tally->total++;
	tally->some += strcmp(api_node_state(tally->brambled, node), "joined") == 0;
	tally->drifted += strcmp(nodeconf_state(tally->brambled, node), "drift") == 0;
	tally->failed += strcmp(nodeconf_state(tally->brambled, node), "failed") == 0;
	return 0;
}

static void add_processes(cJSON *json, const struct brambled *brambled)
{
	cJSON *array = cJSON_AddArrayToObject(json, "processes");
	struct supervise_status status;

	for (size_t i = 0; supervise_get(brambled->supervisor, i, &status); i++) {
		cJSON *process = cJSON_CreateObject();

		cJSON_AddStringToObject(process, "name", status.name);
		cJSON_AddNumberToObject(process, "pid", status.pid);
		cJSON_AddStringToObject(process, "state", status.pid ? "running" : "down");
		cJSON_AddNumberToObject(process, "restarts", status.restarts);
		cJSON_AddNumberToObject(process, "running_ms", (double)status.running_ms);
		cJSON_AddBoolToObject(process, "adopted", status.adopted);
		cJSON_AddStringToObject(process, "reason", status.reason);
		cJSON_AddItemToArray(array, process);
	}
}

static int add_warning(void *argument, const char *text)
{
	if (cJSON_GetArraySize(argument) >= WARNINGS_LIMIT)
		return 1;
	cJSON_AddItemToArray(argument, cJSON_CreateString(text));
	return 0;
}

/* A node that isn't as it is set to be. */
static int add_config_warning(void *argument, const struct registry_node *node)
{
	const struct tally *tally = argument;
	const char *state = nodeconf_state(tally->brambled, node);
	char text[WARNING_SIZE];

	if (cJSON_GetArraySize(tally->warnings) >= WARNINGS_LIMIT)
		return 1;
	if (strcmp(state, "drift") == 0)
		snprintf(text, sizeof(text),
			"%.63s was changed by hand: `bramble node show %.63s` says what, `bramble "
			"config apply` puts it right",
			node->name, node->name);
	else if (strcmp(state, "failed") == 0)
		snprintf(text, sizeof(text),
			"%.63s can't take over its configuration: `bramble node show %.63s` says "
			"why",
			node->name, node->name);
	else
		return 0;
	cJSON_AddItemToArray(tally->warnings, cJSON_CreateString(text));
	return 0;
}

static void warn_of_space(const struct brambled *brambled, char *text, size_t size)
{
	char what[SPACE_TEXT_SIZE];
	enum space space = space_judge(brambled->settings.share, what);

	text[0] = '\0';
	if (space == SPACE_SCARCE || space == SPACE_NONE)
		snprintf(text, size, "%s; " SPACE_NEXT, what);
}

static void warn_of_proposal(struct brambled *brambled, char *text, size_t size)
{
	char command[SWAP_COMMAND_SIZE];

	text[0] = '\0';
	if (swap_find_proposal(brambled, command))
		snprintf(text, size,
			"%.63s is silent, and an unknown board of its model waits: `%s` gives it "
			"the node",
			brambled->proposal.node, command);
}

/* Returns whether there was one. */
static bool add_warnings(cJSON *json, struct brambled *brambled, const char *no_image)
{
	char space[SPACE_TEXT_SIZE + sizeof(SPACE_NEXT) + 2], proposal[WARNING_SIZE + 32];
	const char *const texts[] = { brambled->network_warning, brambled->exports_warning,
		brambled->registry_warning, brambled->restore_warning, brambled->dhcp_warning,
		brambled->second_warning, brambled->address_warning, brambled->node_warning,
		brambled->cluster_warning, no_image, space, proposal };
	cJSON *array = cJSON_AddArrayToObject(json, "warnings");
	struct tally tally = { .brambled = brambled };
	struct supervise_status status;

	warn_of_space(brambled, space, sizeof(space));
	warn_of_proposal(brambled, proposal, sizeof(proposal));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i][0])
			cJSON_AddItemToArray(array, cJSON_CreateString(texts[i]));
	}
	for (size_t i = 0; supervise_get(brambled->supervisor, i, &status); i++) {
		char text[256];

		if (status.pid)
			continue;
		snprintf(text, sizeof(text), "%s is not running: %s", status.name, status.reason);
		cJSON_AddItemToArray(array, cJSON_CreateString(text));
	}
	(void)health_each_warning(brambled, add_warning, array);
	(void)cluster_each_warning(brambled, add_warning, array);
	(void)hooks_each_warning(brambled, add_warning, array);
	api_add_version_warnings(brambled, array);
	api_add_rollout_warnings(brambled, array);
	tally.warnings = array;
	(void)registry_each_node(brambled->registry, add_config_warning, &tally);
	return cJSON_GetArraySize(array) > 0;
}

static void add_lan(cJSON *json, const struct settings *settings)
{
	cJSON *lan = cJSON_AddObjectToObject(json, "lan");
	char text[ADDRESS_TEXT_SIZE];

	cJSON_AddStringToObject(lan, "interface", settings->lan_interface);
	cJSON_AddStringToObject(lan, "address", settings->lan_address);
	str_format_address(settings->range_first, text);
	cJSON_AddStringToObject(lan, "range_first", text);
	str_format_address(settings->range_last, text);
	cJSON_AddStringToObject(lan, "range_last", text);
}

static void add_counts(cJSON *json, struct brambled *brambled)
{
	struct tally nodes = { .brambled = brambled };
	unsigned boards = 0, bound = 0, going_on, waiting;
	cJSON *object = cJSON_AddObjectToObject(json, "nodes");

	(void)registry_each_node(brambled->registry, count_node, &nodes);
	(void)registry_count_boards(brambled->registry, &boards, &bound);
	cJSON_AddNumberToObject(object, "total", nodes.total);
	cJSON_AddNumberToObject(object, "joined", nodes.some);
	cJSON_AddNumberToObject(object, "drifted", nodes.drifted);
	cJSON_AddNumberToObject(object, "config_failed", nodes.failed);
	object = cJSON_AddObjectToObject(json, "boards");
	cJSON_AddNumberToObject(object, "total", boards);
	cJSON_AddNumberToObject(object, "parked", boards - bound);
	timeline_count(brambled, &going_on, &waiting);
	object = cJSON_AddObjectToObject(json, "boots");
	cJSON_AddNumberToObject(object, "going_on", going_on);
	cJSON_AddNumberToObject(object, "waiting", waiting);
	cJSON_AddNumberToObject(
		json, "commits", (double)registry_count_commits(brambled->registry));
}

const char *api_join_name(const struct brambled *brambled)
{
	static const char *const names[] = { [JOIN_AUTO] = "auto",
		[JOIN_APPROVE] = "approve",
		[JOIN_WINDOW] = "window",
		[JOIN_LIST] = "list",
		[JOIN_DENY] = "deny" };

	return names[brambled->settings.join];
}

void api_show_status(struct api_request *request)
{
	struct brambled *brambled = request->brambled;
	const struct settings *settings = &brambled->settings;
	char hash[HASH_TEXT_SIZE], root[IMAGES_PATH_SIZE], reason[IMAGES_REASON_SIZE] = "";
	struct boot_set *set;
	cJSON *json = request->reply->json = cJSON_CreateObject(), *image;
	uint64_t uptime_s = (clock_monotonic_ns() - brambled->started_ns) / NS_PER_S;
	bool warned;

	cJSON_AddStringToObject(json, "version", BRAMBLE_VERSION);
	cJSON_AddNumberToObject(json, "uptime_s", (double)uptime_s);
	cJSON_AddStringToObject(json, "join", api_join_name(brambled));
	add_lan(json, settings);
	cJSON_AddStringToObject(json, "share", settings->share);
	cJSON_AddStringToObject(json, "nfs",
		brambled->exports ? exports_describe(brambled->exports) : "not running");
	if (images_current(brambled, settings->node_image, hash, reason) == 0) {
		/* There, but perhaps damaged: then `reason` is a warning. */
		(void)images_open(brambled, settings->node_image, hash, &set, root, reason);
		image = cJSON_AddObjectToObject(json, "image");
		cJSON_AddStringToObject(image, "name", settings->node_image);
		cJSON_AddStringToObject(image, "hash", hash);
	} else {
		cJSON_AddNullToObject(json, "image");
	}
	add_counts(json, brambled);
	api_add_versions(brambled, json);
	add_processes(json, brambled);
	warned = add_warnings(json, brambled, reason);
	cJSON_AddStringToObject(json, "state", warned ? "degraded" : "running");
}
