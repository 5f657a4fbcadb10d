/* SPDX-License-Identifier: ISC */
/* The administrator's half of the API: one function per path. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/api_routes.h"
#include "provisioner/images.h"
#include "provisioner/nodes.h"
#include "provisioner/timeline.h"

struct list {
	struct brambled *brambled;
	cJSON *array;
	unsigned total, some;
};

int api_status_of(int error)
{
	switch (error) {
	case -ENOENT:
		return 404;
	case -EEXIST:
		return 409;
	case -EINVAL:
		return 400;
	case -ENOSPC:
		return 507;
	default:
		return 503;
	}
}

static int add_node(void *argument, const struct registry_node *node)
{
	struct list *list = argument;

	cJSON_AddItemToArray(list->array, api_node_json(list->brambled, node));
	return 0;
}

static int add_board(void *argument, const struct registry_board *board)
{
	struct list *list = argument;

	cJSON_AddItemToArray(list->array, api_board_json(list->brambled, board));
	return 0;
}

static int add_boot(void *argument, const struct registry_boot *boot)
{
	struct list *list = argument;

	cJSON_AddItemToArray(list->array, api_boot_json(list->brambled, boot));
	return 0;
}

static int add_image(void *argument, const struct registry_image *image)
{
	struct list *list = argument;
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", image->name);
	cJSON_AddStringToObject(json, "current", image->current);
	if (image->previous[0])
		cJSON_AddStringToObject(json, "previous", image->previous);
	else
		cJSON_AddNullToObject(json, "previous");
	cJSON_AddItemToArray(list->array, json);
	return 0;
}

/* {"NAME": [ … ]} */
static struct list begin_list(struct api_request *request, const char *name)
{
	struct list list = { .brambled = request->brambled };

	request->reply->json = cJSON_CreateObject();
	list.array = cJSON_AddArrayToObject(request->reply->json, name);
	return list;
}

void api_conclude(struct api_request *request, int result)
{
	if (result != 0)
		api_fail(request->reply, api_status_of(result), "the registry can't be read: %s",
			strerror(-result));
}

static void list_nodes(struct api_request *request)
{
	struct list list = begin_list(request, "nodes");

	api_conclude(request, registry_each_node(request->brambled->registry, add_node, &list));
}

static void list_boards(struct api_request *request)
{
	struct list list = begin_list(request, "boards");

	api_conclude(request, registry_each_board(request->brambled->registry, add_board, &list));
}

static void list_images(struct api_request *request)
{
	struct list list = begin_list(request, "images");

	api_conclude(request, registry_each_image(request->brambled->registry, add_image, &list));
}

static int find_board(struct api_request *request, const char *id, struct registry_board *board)
{
	int result = registry_find_board(request->brambled->registry, id, board);

	if (result == -EEXIST)
		api_fail(request->reply, 409,
			"%s is the beginning of several boards; `bramble board list` shows them",
			id);
	else if (result != 0)
		api_fail(request->reply, 404,
			"no board %s was ever seen; `bramble board list` shows those that were",
			id);
	return result;
}

static void list_boots(struct api_request *request)
{
	struct list list;
	struct registry_board board;
	char node[NODE_NAME_SIZE], id[32];
	bool by_node = api_query(request->call, "node", node, sizeof(node));
	bool by_board = api_query(request->call, "board", id, sizeof(id));

	if (by_board && find_board(request, id, &board) != 0)
		return;
	list = begin_list(request, "boots");
	api_conclude(request, registry_each_boot(request->brambled->registry, by_node ? node : NULL,
				      by_board ? &board.mac : NULL,
				      (unsigned)api_query_number(request->call, "limit", 10000, 50),
				      add_boot, &list));
}

static void list_events(struct api_request *request)
{
	request->reply->json = api_events_json(request->brambled,
		api_query_number(request->call, "after", INT64_MAX, -1),
		(unsigned)api_query_number(request->call, "limit", 10000, 100));
}

static int add_binding(void *argument, int64_t at_ms, const struct mac *mac, const char *text)
{
	struct list *list = argument;
	cJSON *json = cJSON_CreateObject();
	char board[MAC_TEXT_SIZE];

	str_format_mac(mac, board);
	cJSON_AddNumberToObject(json, "at_ms", (double)at_ms);
	cJSON_AddStringToObject(json, "board", board);
	cJSON_AddStringToObject(json, "text", text);
	cJSON_AddItemToArray(list->array, json);
	return 0;
}

static void show_node(struct api_request *request)
{
	struct registry_node node;
	struct list list = { .brambled = request->brambled };

	if (registry_get_node(request->brambled->registry, request->subject, &node) != 0) {
		api_fail(request->reply, 404, "there is no node %s; `bramble node list` shows them",
			request->subject);
		return;
	}
	request->reply->json = api_node_json(request->brambled, &node);
	list.array = cJSON_AddArrayToObject(request->reply->json, "history");
	api_conclude(request,
		registry_each_binding(request->brambled->registry, node.name, add_binding, &list));
}

static void show_board(struct api_request *request)
{
	struct registry_board board;

	if (find_board(request, request->subject, &board) == 0)
		request->reply->json = api_board_json(request->brambled, &board);
}

static int add_step(void *argument, const struct registry_step *step)
{
	struct list *list = argument;
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "at_ms", (double)step->at_ms);
	cJSON_AddStringToObject(json, "stage", step->stage);
	cJSON_AddStringToObject(json, "detail", step->detail);
	cJSON_AddNumberToObject(json, "bytes", (double)step->bytes);
	cJSON_AddNumberToObject(json, "retransmissions", step->retransmissions);
	cJSON_AddNumberToObject(json, "duration_ms", step->duration_ms);
	cJSON_AddItemToArray(list->array, json);
	return 0;
}

static void show_boot(struct api_request *request)
{
	struct registry_boot boot;
	struct list list = { .brambled = request->brambled };
	uint64_t id = 0;

	if (str_parse_u64(request->subject, 1, INT64_MAX, &id) != 0 ||
		registry_get_boot(request->brambled->registry, (int64_t)id, &boot) != 0) {
		api_fail(request->reply, 404, "there is no boot %s; `bramble boot list` shows them",
			request->subject);
		return;
	}
	request->reply->json = api_boot_json(request->brambled, &boot);
	list.array = cJSON_AddArrayToObject(request->reply->json, "steps");
	api_conclude(
		request, registry_each_step(request->brambled->registry, boot.id, add_step, &list));
}

/* The answer to a change of a node: the node, or why not. */
static void answer_node(struct api_request *request, int result, const struct registry_node *node,
	const char *reason)
{
	if (result == 0)
		request->reply->json = api_node_json(request->brambled, node);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

static const char *body_text(const struct api_request *request, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request->body, name));
}

static void replace_node(struct api_request *request)
{
	struct registry_board board;
	struct registry_node node;
	char reason[NODES_REASON_SIZE] = "";
	const char *id = body_text(request, "board");
	int result;

	if (!id && !cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(request->body, "next"))) {
		api_fail(request->reply, 400,
			"say which board: {\"board\": \"SERIAL or MAC\"} or {\"next\": true}");
		return;
	}
	if (id && find_board(request, id, &board) != 0)
		return;
	result = id ? nodes_replace(request->brambled, request->subject, &board, &node, reason)
		    : nodes_replace_by_next(request->brambled, request->subject, &node, reason);
	answer_node(request, result, &node, reason);
}

static void undo_node(struct api_request *request)
{
	struct registry_node node;
	char reason[NODES_REASON_SIZE] = "";

	answer_node(request, nodes_undo(request->brambled, request->subject, &node, reason), &node,
		reason);
}

static void admit_board(struct api_request *request)
{
	struct registry_board board;
	struct registry_node node;
	char reason[NODES_REASON_SIZE] = "";

	if (find_board(request, request->subject, &board) != 0)
		return;
	answer_node(request,
		nodes_admit(request->brambled, &board, body_text(request, "node"), &node, reason),
		&node, reason);
}

static void forget_node(struct api_request *request)
{
	char reason[NODES_REASON_SIZE] = "";
	int result = nodes_forget(request->brambled, request->subject, reason);

	if (result == 0)
		request->reply->json = cJSON_CreateObject();
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

static void use_image(struct api_request *request)
{
	char reason[IMAGES_REASON_SIZE] = "";
	const char *name = body_text(request, "name"), *hash = body_text(request, "hash");
	int result = name && hash ? images_use(request->brambled, name, hash, reason) : -EINVAL;

	if (!name || !hash)
		str_copy(reason, sizeof(reason), "say which: {\"name\": …, \"hash\": …}");
	if (result == 0)
		list_images(request);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

static int count_node(void *argument, const struct registry_node *node)
{
	struct list *list = argument;

	list->total++;
	list->some += strcmp(api_node_state(list->brambled, node), "joined") == 0;
	return 0;
}

static int count_board(void *argument, const struct registry_board *board)
{
	struct list *list = argument;
	struct registry_node node;

	list->total++;
	list->some +=
		registry_node_of_board(list->brambled->registry, &board->mac, &node) == -ENOENT;
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

/* Returns whether there was one. */
static bool add_warnings(cJSON *json, struct brambled *brambled, const char *no_image)
{
	const char *const texts[] = { brambled->network_warning, brambled->exports_warning,
		brambled->registry_warning, brambled->restore_warning, brambled->dhcp_warning,
		brambled->address_warning, brambled->node_warning, brambled->cluster_warning,
		no_image };
	cJSON *array = cJSON_AddArrayToObject(json, "warnings");
	struct supervise_status status;

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
	struct list nodes = { .brambled = brambled }, boards = { .brambled = brambled };
	cJSON *object = cJSON_AddObjectToObject(json, "nodes");

	(void)registry_each_node(brambled->registry, count_node, &nodes);
	(void)registry_each_board(brambled->registry, count_board, &boards);
	cJSON_AddNumberToObject(object, "total", nodes.total);
	cJSON_AddNumberToObject(object, "joined", nodes.some);
	object = cJSON_AddObjectToObject(json, "boards");
	cJSON_AddNumberToObject(object, "total", boards.total);
	cJSON_AddNumberToObject(object, "parked", boards.some);
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

static void show_status(struct api_request *request)
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
	add_processes(json, brambled);
	warned = add_warnings(json, brambled, reason);
	cJSON_AddStringToObject(json, "state", warned ? "degraded" : "running");
}

/* "*" stands for what is named: one segment. */
static const struct route {
	const char *prefix, *suffix;
	void (*answer)(struct api_request *request);
	enum ipc_method method;
	bool named, has_body;
} routes[] = {
	{ "/v1/status", "", show_status, IPC_GET, false, false },
	{ "/v1/nodes", "", list_nodes, IPC_GET, false, false },
	{ "/v1/nodes/", "", show_node, IPC_GET, true, false },
	{ "/v1/nodes/", "/replace", replace_node, IPC_POST, true, true },
	{ "/v1/nodes/", "/undo", undo_node, IPC_POST, true, true },
	{ "/v1/nodes/", "", forget_node, IPC_DELETE, true, false },
	{ "/v1/boards", "", list_boards, IPC_GET, false, false },
	{ "/v1/boards/", "", show_board, IPC_GET, true, false },
	{ "/v1/boards/", "/admit", admit_board, IPC_POST, true, true },
	{ "/v1/admission", "", api_show_admission, IPC_GET, false, false },
	{ "/v1/admission", "", api_open_admission, IPC_POST, false, true },
	{ "/v1/admission", "", api_close_admission, IPC_DELETE, false, false },
	{ "/v1/admission/list", "", api_expect_boards, IPC_POST, false, true },
	{ "/v1/admission/list/", "", api_unexpect_board, IPC_DELETE, true, false },
	{ "/v1/boots", "", list_boots, IPC_GET, false, false },
	{ "/v1/boots/", "", show_boot, IPC_GET, true, false },
	{ "/v1/events", "", list_events, IPC_GET, false, false },
	{ "/v1/images", "", list_images, IPC_GET, false, false },
	{ "/v1/images", "", use_image, IPC_POST, false, true },
};

static bool matches(const struct route *route, const struct api_call *call, char *subject)
{
	size_t prefix = strlen(route->prefix), suffix = strlen(route->suffix),
	       length = strlen(call->path);

	if (call->method != route->method || strncmp(call->path, route->prefix, prefix) != 0)
		return false;
	if (!route->named)
		return length == prefix;
	if (length <= prefix + suffix || strcmp(call->path + length - suffix, route->suffix) != 0)
		return false;
	memcpy(subject, call->path + prefix, length - prefix - suffix);
	subject[length - prefix - suffix] = '\0';
	return strchr(subject, '/') == NULL;
}

bool api_admin_call(struct brambled *brambled, const struct api_call *call, struct api_reply *reply)
{
	struct api_request request = { .brambled = brambled, .call = call, .reply = reply };

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!matches(&routes[i], call, request.subject))
			continue;
		if (routes[i].has_body && call->body[0]) {
			request.body = cJSON_Parse(call->body);
			if (!cJSON_IsObject(request.body)) {
				cJSON_Delete(request.body);
				api_fail(reply, 400, "the body is not a JSON object");
				return true;
			}
		}
		routes[i].answer(&request);
		cJSON_Delete(request.body);
		return true;
	}
	return false;
}
