/* SPDX-License-Identifier: ISC */
/* How Bramble is doing, in one answer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/api/routes.h"
#include "provisioner/cluster/run.h"
#include "provisioner/hooks.h"
#include "provisioner/images.h"
#include "provisioner/nodeconf/force.h"
#include "provisioner/nodes/health.h"
#include "provisioner/nodes/swap.h"
#include "provisioner/space.h"
#include "provisioner/timeline/timeline.h"

#define WARNINGS_LIMIT 40

/* All nodes, read once: much is said of them. */
struct all_nodes {
	struct registry_node *list;
	size_t n;
};

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

/* Of those that aren't as they are set to be. */
static void add_config_warnings(
	struct brambled *brambled, const struct all_nodes *nodes, cJSON *array)
{
	char text[WARNING_SIZE];

	for (size_t i = 0; i < nodes->n; i++) {
		const char *state = nodeconf_state(brambled, &nodes->list[i]);
		const char *name = nodes->list[i].name;

		if (strcmp(state, "drift") == 0)
			snprintf(text, sizeof(text),
				"%.63s was changed by hand: `bramble node show %.63s` says what, "
				"`bramble config apply` puts it right",
				name, name);
		else if (strcmp(state, "failed") == 0)
			snprintf(text, sizeof(text),
				"%.63s can't take over its configuration: `bramble node show "
				"%.63s` says why",
				name, name);
		else
			continue;
		if (add_warning(array, text) != 0)
			break;
	}
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
static bool add_warnings(
	cJSON *json, struct brambled *brambled, const struct all_nodes *nodes, const char *no_image)
{
	char space[SPACE_TEXT_SIZE + sizeof(SPACE_NEXT) + 2], proposal[WARNING_SIZE + 32];
	const char *const texts[] = { brambled->network_warning, brambled->exports_warning,
		brambled->registry_warning, brambled->restore_warning, brambled->dhcp_warning,
		brambled->second_warning, brambled->address_warning, brambled->node_warning,
		brambled->cluster_warning, no_image, space, proposal };
	cJSON *array = cJSON_AddArrayToObject(json, "warnings");
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
	api_add_version_warnings(brambled, nodes->list, nodes->n, array);
	api_add_rollout_warnings(brambled, array);
	add_config_warnings(brambled, nodes, array);
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

static void count_nodes(cJSON *json, struct brambled *brambled, const struct all_nodes *nodes)
{
	unsigned joined = 0, drifted = 0, failed = 0;
	cJSON *object = cJSON_AddObjectToObject(json, "nodes");

	for (size_t i = 0; i < nodes->n; i++) {
		const char *config = nodeconf_state(brambled, &nodes->list[i]);

		joined += strcmp(api_node_state(brambled, &nodes->list[i]), "joined") == 0;
		drifted += strcmp(config, "drift") == 0;
		failed += strcmp(config, "failed") == 0;
	}
	cJSON_AddNumberToObject(object, "total", (double)nodes->n);
	cJSON_AddNumberToObject(object, "joined", joined);
	cJSON_AddNumberToObject(object, "drifted", drifted);
	cJSON_AddNumberToObject(object, "config_failed", failed);
}

static void add_counts(cJSON *json, struct brambled *brambled)
{
	unsigned boards = 0, bound = 0, going_on, waiting;
	cJSON *object;

	(void)registry_count_boards(brambled->registry, &boards, &bound);
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

/* There, but perhaps damaged: then `reason` is a warning. */
static void add_image(
	cJSON *json, struct brambled *brambled, char reason[static IMAGES_REASON_SIZE])
{
	const char *name = brambled->settings.node_image;
	char hash[HASH_TEXT_SIZE], root[IMAGES_PATH_SIZE];
	struct boot_set *set;
	cJSON *image;

	if (images_current(brambled, name, hash, reason) != 0) {
		cJSON_AddNullToObject(json, "image");
		return;
	}
	(void)images_open(brambled, name, hash, &set, root, reason);
	image = cJSON_AddObjectToObject(json, "image");
	cJSON_AddStringToObject(image, "name", name);
	cJSON_AddStringToObject(image, "hash", hash);
}

void api_show_status(struct api_request *request)
{
	struct brambled *brambled = request->brambled;
	const struct settings *settings = &brambled->settings;
	uint64_t uptime_s = (clock_monotonic_ns() - brambled->started_ns) / NS_PER_S;
	cJSON *json = request->reply->json = cJSON_CreateObject();
	char reason[IMAGES_REASON_SIZE] = "";
	struct all_nodes nodes;
	bool warned;

	(void)registry_list_nodes(brambled->registry, &nodes.list, &nodes.n);
	cJSON_AddStringToObject(json, "version", BRAMBLE_VERSION);
	cJSON_AddNumberToObject(json, "uptime_s", (double)uptime_s);
	cJSON_AddStringToObject(json, "join", api_join_name(brambled));
	add_lan(json, settings);
	cJSON_AddStringToObject(json, "share", settings->share);
	cJSON_AddStringToObject(json, "nfs",
		brambled->exports ? exports_describe(brambled->exports) : "not running");
	add_image(json, brambled, reason);
	count_nodes(json, brambled, &nodes);
	add_counts(json, brambled);
	api_add_versions(brambled, nodes.list, nodes.n, json);
	add_processes(json, brambled);
	warned = add_warnings(json, brambled, &nodes, reason);
	cJSON_AddStringToObject(json, "state", warned ? "degraded" : "running");
	free(nodes.list);
}
