/* SPDX-License-Identifier: ISC */
/* Registry records as the JSON that docs/api.md describes. */
#include <stdio.h>
#include <string.h>

#include "provisioner/addresses.h"
#include "provisioner/api.h"
#include "provisioner/cluster/joins.h"
#include "provisioner/diagnosis.h"
#include "provisioner/heartbeats.h"
#include "provisioner/nodeconf/force.h"
#include "provisioner/nodes.h"
#include "provisioner/rules.h"
#include "provisioner/swap.h"
#include "provisioner/timeline.h"
#include "provisioner/versions.h"

static void add_text_or_null(cJSON *object, const char *name, const char *text)
{
	if (text[0])
		cJSON_AddStringToObject(object, name, text);
	else
		cJSON_AddNullToObject(object, name);
}

static void add_time(cJSON *object, const char *name, int64_t ms)
{
	if (ms)
		cJSON_AddNumberToObject(object, name, (double)ms);
	else
		cJSON_AddNullToObject(object, name);
}

static void add_address(cJSON *object, const char *name, struct in_addr address)
{
	char text[ADDRESS_TEXT_SIZE];

	str_format_address(address, text);
	cJSON_AddStringToObject(object, name, text);
}

static void add_mac(cJSON *object, const struct mac *mac)
{
	char text[MAC_TEXT_SIZE];

	str_format_mac(mac, text);
	cJSON_AddStringToObject(object, "mac", text);
}

const char *api_node_state(struct brambled *brambled, const struct registry_node *node)
{
	int64_t last = 0;

	if (!node->has_board)
		return "vacant";
	if (node->joined)
		return heartbeats_is_absent(brambled, node) ? "absent" : "joined";
	if (timeline_boot(brambled, &node->board))
		return "booting";
	/* Its last boot has ended, and not by joining. */
	(void)registry_last_boot(brambled->registry, node->name, &node->board, &last);
	return last ? "stuck" : "new";
}

static cJSON *board_of_node(struct brambled *brambled, const struct registry_node *node)
{
	struct registry_board board;
	cJSON *json;

	if (!node->has_board || registry_get_board(brambled->registry, &node->board, &board) != 0)
		return cJSON_CreateNull();
	json = cJSON_CreateObject();
	add_mac(json, &board.mac);
	add_text_or_null(json, "serial", board.serial);
	cJSON_AddStringToObject(json, "model", boot_model_name(board.model));
	return json;
}

/* Which version it runs, gets next, and why. */
static void add_versions(cJSON *json, struct brambled *brambled, const struct registry_node *node)
{
	char next[HASH_TEXT_SIZE], why[VERSIONS_TEXT_SIZE];
	cJSON *object;

	versions_describe(brambled, node, next, why);
	object = cJSON_AddObjectToObject(json, "next");
	add_text_or_null(object, "hash", next);
	cJSON_AddStringToObject(object, "why", why);
	add_text_or_null(json, "good_hash", node->good);
	add_text_or_null(json, "avoids", node->avoids);
	cJSON_AddNumberToObject(json, "failed_boots", node->failures);
}

/* How it stands with what it is set to. */
static cJSON *config_of_node(struct brambled *brambled, const struct registry_node *node)
{
	const struct nodeconf_report *report = nodeconf_report(brambled, node);
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "state", nodeconf_state(brambled, node));
	add_text_or_null(json, "text", report ? report->text : "");
	add_text_or_null(json, "scratch", report ? report->scratch : "");
	return json;
}

/* What the cluster says of it; null when it has no such Node. */
static cJSON *cluster_of_node(struct brambled *brambled, const struct registry_node *node)
{
	const struct joins_node *join = joins_find(brambled, node->name);
	cJSON *json;

	if (!join || !join->uid[0])
		return cJSON_CreateNull();
	json = cJSON_CreateObject();
	cJSON_AddBoolToObject(json, "ready", joins_is_ready(join));
	cJSON_AddStringToObject(json, "reason", joins_is_ready(join) ? "" : join->reason);
	cJSON_AddStringToObject(json, "kubelet", join->version);
	cJSON_AddBoolToObject(json, "cordoned", join->cordoned);
	cJSON_AddBoolToObject(json, "leaves", join->leaves);
	return json;
}

cJSON *api_node_json(struct brambled *brambled, const struct registry_node *node)
{
	cJSON *json = cJSON_CreateObject();
	char command[SWAP_COMMAND_SIZE];
	int64_t boot = 0;

	cJSON_AddNumberToObject(json, "id", node->id);
	cJSON_AddStringToObject(json, "name", node->name);
	add_address(json, "address", node->address);
	cJSON_AddStringToObject(json, "role", node->role);
	cJSON_AddItemToObject(json, "board", board_of_node(brambled, node));
	cJSON_AddBoolToObject(json, "wants_next", node->wants_next);
	if (swap_is_proposed(brambled, node, command))
		cJSON_AddStringToObject(json, "proposed", command);
	cJSON_AddStringToObject(json, "image", rules_image(&brambled->settings, node));
	add_text_or_null(json, "image_hash", node->image_hash);
	add_versions(json, brambled, node);
	cJSON_AddStringToObject(json, "state", api_node_state(brambled, node));
	add_time(json, "created_ms", node->created_ms);
	add_time(json, "heartbeat_ms", heartbeats_last_ms(brambled, node));
	(void)registry_last_boot(brambled->registry, node->name, NULL, &boot);
	add_time(json, "boot", boot);
	cJSON_AddBoolToObject(json, "cordoned", node->cordoned);
	add_text_or_null(json, "note", node->note);
	cJSON_AddItemToObject(json, "config", config_of_node(brambled, node));
	cJSON_AddItemToObject(json, "cluster", cluster_of_node(brambled, node));
	return json;
}

cJSON *api_board_json(struct brambled *brambled, const struct registry_board *board)
{
	cJSON *json = cJSON_CreateObject();
	struct registry_node node = { 0 };
	struct in_addr address;
	char mac[MAC_TEXT_SIZE], admit[64];
	bool bound = registry_node_of_board(brambled->registry, &board->mac, &node) == 0;

	str_format_mac(&board->mac, mac);
	cJSON_AddStringToObject(json, "mac", mac);
	add_text_or_null(json, "serial", board->serial);
	cJSON_AddStringToObject(json, "model", boot_model_name(board->model));
	cJSON_AddNumberToObject(json, "revision", board->revision);
	if (bound)
		address = node.address;
	if (bound || registry_get_address(brambled->registry, &board->mac, &address) == 0)
		add_address(json, "address", address);
	else
		cJSON_AddNullToObject(json, "address");
	add_text_or_null(json, "node", bound ? node.name : "");
	cJSON_AddStringToObject(json, "state",
		bound							 ? "bound"
		: !board->parked && brambled->settings.join == JOIN_DENY ? "denied"
									 : "parked");
	nodes_format_admit(board, admit, sizeof(admit));
	add_text_or_null(json, "admit", bound ? "" : admit);
	add_time(json, "first_seen_ms", board->first_seen_ms);
	add_time(json, "last_seen_ms", board->last_seen_ms);
	add_text_or_null(json, "note", board->note);
	return json;
}

cJSON *api_boot_json(struct brambled *brambled, const struct registry_boot *boot)
{
	cJSON *json = cJSON_CreateObject();
	const struct diagnosis_cause *cause = diagnosis_find(boot->cause);
	unsigned lines = 0;
	struct registry_board board;

	cJSON_AddNumberToObject(json, "id", (double)boot->id);
	add_mac(json, &boot->mac);
	add_text_or_null(json, "serial",
		registry_get_board(brambled->registry, &boot->mac, &board) == 0 ? board.serial
										: "");
	add_text_or_null(json, "node", boot->node);
	cJSON_AddStringToObject(json, "stage", boot->stage);
	add_text_or_null(json, "reason", boot->reason);
	add_text_or_null(json, "cause", boot->cause);
	add_text_or_null(json, "next", cause ? cause->next : "");
	cJSON_AddNumberToObject(json, "bytes", (double)boot->bytes);
	cJSON_AddNumberToObject(json, "files", (double)boot->files);
	cJSON_AddNumberToObject(json, "retransmissions", (double)boot->retransmissions);
	(void)registry_count_lines(brambled->registry, boot->id, &lines);
	cJSON_AddNumberToObject(json, "console_lines", lines);
	add_time(json, "started_ms", boot->started_ms);
	add_time(json, "changed_ms", boot->changed_ms);
	add_time(json, "ended_ms", boot->ended_ms);
	return json;
}

struct events {
	cJSON *list;
	int64_t last;
};

static int add_event(void *argument, const struct registry_event *event)
{
	struct events *events = argument;
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "id", (double)event->id);
	cJSON_AddNumberToObject(json, "at_ms", (double)event->at_ms);
	cJSON_AddStringToObject(json, "kind", event->kind);
	cJSON_AddStringToObject(json, "subject", event->subject);
	cJSON_AddStringToObject(json, "text", event->text);
	cJSON_AddItemToArray(events->list, json);
	events->last = event->id;
	return 0;
}

cJSON *api_events_json(struct brambled *brambled, int64_t after, unsigned limit)
{
	struct events events = { .list = cJSON_CreateArray(), .last = after > 0 ? after : 0 };
	cJSON *json = cJSON_CreateObject();

	(void)registry_each_event(brambled->registry, after, limit, add_event, &events);
	cJSON_AddItemToObject(json, "events", events.list);
	cJSON_AddNumberToObject(json, "last", (double)events.last);
	return json;
}
