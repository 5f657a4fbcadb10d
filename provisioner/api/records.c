/* SPDX-License-Identifier: ISC */
/* Nodes and boards as the JSON that docs/api.md describes. There may be 10,000 of each, so that it
 * is written as text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/api/routes.h"
#include "provisioner/cluster/joins.h"
#include "provisioner/json_text.h"
#include "provisioner/nodeconf/force.h"
#include "provisioner/nodes/heartbeats.h"
#include "provisioner/nodes/nodes.h"
#include "provisioner/nodes/rules.h"
#include "provisioner/nodes/swap.h"
#include "provisioner/nodes/versions.h"
#include "provisioner/timeline/timeline.h"

/* What is told of a node besides its own record. */
struct surroundings {
	const struct registry_board *board; /* NULL: none, or unknown */
	const char *current;		    /* version of its image, "" none */
	int64_t boot;			    /* the last of its name, 0 none */
};

static void write_text_or_null(struct json_text *json, const char *name, const char *text)
{
	if (text[0])
		json_text_string(json, name, text);
	else
		json_text_null(json, name);
}

/* A time, or the number of something: 0 is none. */
static void write_number_or_null(struct json_text *json, const char *name, int64_t number)
{
	if (number)
		json_text_integer(json, name, number);
	else
		json_text_null(json, name);
}

static void write_address(struct json_text *json, const char *name, struct in_addr address)
{
	char text[ADDRESS_TEXT_SIZE];

	str_format_address(address, text);
	json_text_string(json, name, text);
}

static void write_mac(struct json_text *json, const struct mac *mac)
{
	char text[MAC_TEXT_SIZE];

	str_format_mac(mac, text);
	json_text_string(json, "mac", text);
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

static void write_board_of_node(struct json_text *json, const struct registry_board *board)
{
	if (!board) {
		json_text_null(json, "board");
		return;
	}
	json_text_begin(json, "board", '{');
	write_mac(json, &board->mac);
	write_text_or_null(json, "serial", board->serial);
	json_text_string(json, "model", boot_model_name(board->model));
	json_text_end(json, '}');
}

/* Which version it runs, gets next, and why. */
static void write_versions(struct json_text *json, const struct registry_node *node,
	const char *image, const char *current)
{
	char next[HASH_TEXT_SIZE], why[VERSIONS_TEXT_SIZE];

	versions_explain(node, image, current, next, why);
	json_text_string(json, "image", image);
	write_text_or_null(json, "image_hash", node->image_hash);
	json_text_begin(json, "next", '{');
	write_text_or_null(json, "hash", next);
	json_text_string(json, "why", why);
	json_text_end(json, '}');
	write_text_or_null(json, "good_hash", node->good);
	write_text_or_null(json, "avoids", node->avoids);
	json_text_integer(json, "failed_boots", node->failures);
}

/* How it stands with what it is set to. */
static void write_config(
	struct json_text *json, struct brambled *brambled, const struct registry_node *node)
{
	const struct nodeconf_report *report = nodeconf_report(brambled, node);

	json_text_begin(json, "config", '{');
	json_text_string(json, "state", nodeconf_state(brambled, node));
	write_text_or_null(json, "text", report ? report->text : "");
	write_text_or_null(json, "scratch", report ? report->scratch : "");
	json_text_end(json, '}');
}

/* What the cluster says of it; null when it has no such Node. */
static void write_cluster(
	struct json_text *json, struct brambled *brambled, const struct registry_node *node)
{
	const struct joins_node *join = joins_find(brambled, node->name);

	if (!join || !join->uid[0]) {
		json_text_null(json, "cluster");
		return;
	}
	json_text_begin(json, "cluster", '{');
	json_text_bool(json, "ready", joins_is_ready(join));
	json_text_string(json, "reason", joins_is_ready(join) ? "" : join->reason);
	json_text_string(json, "kubelet", join->version);
	json_text_bool(json, "cordoned", join->cordoned);
	json_text_bool(json, "leaves", join->leaves);
	json_text_end(json, '}');
}

static void write_node(struct json_text *json, struct brambled *brambled,
	const struct registry_node *node, const struct surroundings *around)
{
	char command[SWAP_COMMAND_SIZE];

	json_text_begin(json, NULL, '{');
	json_text_integer(json, "id", node->id);
	json_text_string(json, "name", node->name);
	write_address(json, "address", node->address);
	json_text_string(json, "role", node->role);
	write_board_of_node(json, around->board);
	json_text_bool(json, "wants_next", node->wants_next);
	if (swap_is_proposed(brambled, node, command))
		json_text_string(json, "proposed", command);
	write_versions(json, node, rules_image(&brambled->settings, node), around->current);
	json_text_string(json, "state", api_node_state(brambled, node));
	write_number_or_null(json, "created_ms", node->created_ms);
	write_number_or_null(json, "heartbeat_ms", heartbeats_last_ms(brambled, node));
	write_number_or_null(json, "boot", around->boot);
	json_text_bool(json, "cordoned", node->cordoned);
	write_text_or_null(json, "note", node->note);
	write_config(json, brambled, node);
	write_cluster(json, brambled, node);
	json_text_end(json, '}');
}

/* What a table for people shows: who asks for 10,000 nodes reads it in half the time. */
static void write_brief(struct json_text *json, struct brambled *brambled,
	const struct registry_node *node, const struct surroundings *around)
{
	const char *next;
	char command[SWAP_COMMAND_SIZE];

	(void)fallback_choose(node, around->current, &next);
	json_text_begin(json, NULL, '{');
	json_text_string(json, "name", node->name);
	write_address(json, "address", node->address);
	json_text_string(json, "state", api_node_state(brambled, node));
	write_board_of_node(json, around->board);
	json_text_bool(json, "wants_next", node->wants_next);
	if (swap_is_proposed(brambled, node, command))
		json_text_string(json, "proposed", command);
	write_number_or_null(json, "heartbeat_ms", heartbeats_last_ms(brambled, node));
	json_text_string(json, "image", rules_image(&brambled->settings, node));
	write_text_or_null(json, "image_hash", node->image_hash);
	if (strcmp(next, node->image_hash) != 0) {
		json_text_begin(json, "next", '{');
		write_text_or_null(json, "hash", next);
		json_text_end(json, '}');
	}
	json_text_bool(json, "cordoned", node->cordoned);
	json_text_end(json, '}');
}

/* `node` "": it occupies none. `address` 0.0.0.0: none. */
static void write_board(struct json_text *json, const struct brambled *brambled,
	const struct registry_board *board, const char *node, struct in_addr address)
{
	const bool bound = node[0] != '\0';
	char admit[64] = "";

	if (!bound)
		nodes_format_admit(board, admit, sizeof(admit));
	json_text_begin(json, NULL, '{');
	write_mac(json, &board->mac);
	write_text_or_null(json, "serial", board->serial);
	json_text_string(json, "model", boot_model_name(board->model));
	json_text_integer(json, "revision", board->revision);
	if (address.s_addr != 0)
		write_address(json, "address", address);
	else
		json_text_null(json, "address");
	write_text_or_null(json, "node", node);
	json_text_string(json, "state",
		bound							 ? "bound"
		: !board->parked && brambled->settings.join == JOIN_DENY ? "denied"
									 : "parked");
	write_text_or_null(json, "admit", admit);
	write_number_or_null(json, "first_seen_ms", board->first_seen_ms);
	write_number_or_null(json, "last_seen_ms", board->last_seen_ms);
	write_text_or_null(json, "note", board->note);
	json_text_end(json, '}');
}

/* --- one --- */

static cJSON *parse(struct json_text *json)
{
	char *text = json_text_take(json);
	cJSON *parsed = text ? cJSON_Parse(text) : NULL;

	free(text);
	return parsed;
}

cJSON *api_node_json(struct brambled *brambled, const struct registry_node *node)
{
	struct registry *registry = brambled->registry;
	struct registry_board board;
	struct registry_image image = { 0 };
	struct surroundings around = { .current = image.current };
	struct json_text json = { .data = NULL };

	if (node->has_board && registry_get_board(registry, &node->board, &board) == 0)
		around.board = &board;
	(void)registry_get_image(registry, rules_image(&brambled->settings, node), &image);
	(void)registry_last_boot(registry, node->name, NULL, &around.boot);
	write_node(&json, brambled, node, &around);
	return parse(&json);
}

cJSON *api_board_json(struct brambled *brambled, const struct registry_board *board)
{
	struct json_text json = { .data = NULL };
	struct registry_node node = { .name = "" };
	struct in_addr address = { 0 };

	if (registry_node_of_board(brambled->registry, &board->mac, &node) == 0)
		address = node.address;
	else
		(void)registry_get_address(brambled->registry, &board->mac, &address);
	write_board(&json, brambled, board, node.name, address);
	return parse(&json);
}

/* --- all --- */

struct list {
	struct brambled *brambled;
	struct json_text json;
	bool brief;
	struct registry_image image; /* that of the node before: nearly all have the same */
};

/* {"NAME":[ … */
static void begin_list(struct list *list, const char *name)
{
	json_text_begin(&list->json, NULL, '{');
	json_text_begin(&list->json, name, '[');
}

static void end_list(struct api_request *request, struct list *list, int result)
{
	json_text_end(&list->json, ']');
	json_text_end(&list->json, '}');
	request->reply->text = json_text_take(&list->json);
	if (result != 0 || !request->reply->text)
		api_conclude(request, result != 0 ? result : -ENOMEM);
}

static const char *find_current(struct list *list, const struct registry_node *node)
{
	const char *name = rules_image(&list->brambled->settings, node);

	if (strcmp(list->image.name, name) != 0) {
		list->image = (struct registry_image){ .name = "" };
		(void)registry_get_image(list->brambled->registry, name, &list->image);
		str_copy(list->image.name, sizeof(list->image.name), name);
	}
	return list->image.current;
}

static int add_node(void *argument, const struct registry_node *node,
	const struct registry_board *board, int64_t boot)
{
	struct list *list = argument;
	const struct surroundings around = {
		.board = board, .current = find_current(list, node), .boot = boot
	};

	if (list->brief)
		write_brief(&list->json, list->brambled, node, &around);
	else
		write_node(&list->json, list->brambled, node, &around);
	return 0;
}

void api_list_nodes(struct api_request *request)
{
	struct list list = { .brambled = request->brambled };
	char brief[8];

	list.brief = api_query(request->call, "brief", brief, sizeof(brief)) &&
		     strcmp(brief, "true") == 0;
	begin_list(&list, "nodes");
	end_list(request, &list,
		registry_each_node_and_board(request->brambled->registry, add_node, &list));
}

static int add_board(void *argument, const struct registry_board *board, const char *node,
	struct in_addr address)
{
	struct list *list = argument;

	write_board(&list->json, list->brambled, board, node, address);
	return 0;
}

void api_list_boards(struct api_request *request)
{
	struct list list = { .brambled = request->brambled };

	begin_list(&list, "boards");
	end_list(request, &list,
		registry_each_board_and_node(request->brambled->registry, add_board, &list));
}
