/* SPDX-License-Identifier: ISC */
/* The administrator's half of the API: one function per path. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/api/routes.h"
#include "provisioner/nodes/nodes.h"
#include "provisioner/rehearsal.h"

struct list {
	struct brambled *brambled;
	cJSON *array;
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

static int add_boot(void *argument, const struct registry_boot *boot)
{
	struct list *list = argument;

	cJSON_AddItemToArray(list->array, api_boot_json(list->brambled, boot));
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

int api_find_board(struct api_request *request, const char *id, struct registry_board *board)
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

	if (by_board && api_find_board(request, id, &board) != 0)
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

int api_find_node(struct api_request *request, struct registry_node *node)
{
	int result = registry_get_node(request->brambled->registry, request->subject, node);

	if (result != 0)
		api_fail(request->reply, 404, "there is no node %s; `bramble node list` shows them",
			request->subject);
	return result;
}

static void show_node(struct api_request *request)
{
	struct registry_node node;
	struct list list = { .brambled = request->brambled };

	if (api_find_node(request, &node) != 0)
		return;
	request->reply->json = api_node_json(request->brambled, &node);
	api_add_orders(request, &node);
	list.array = cJSON_AddArrayToObject(request->reply->json, "history");
	api_conclude(request,
		registry_each_binding(request->brambled->registry, node.name, add_binding, &list));
}

static void show_board(struct api_request *request)
{
	struct registry_board board;

	if (api_find_board(request, request->subject, &board) == 0)
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

static bool find_boot(struct api_request *request, struct registry_boot *boot)
{
	uint64_t id = 0;

	if (str_parse_u64(request->subject, 1, INT64_MAX, &id) == 0 &&
		registry_get_boot(request->brambled->registry, (int64_t)id, boot) == 0)
		return true;
	api_fail(request->reply, 404, "there is no boot %s; `bramble boot list` shows them",
		request->subject);
	return false;
}

static int add_line(void *argument, const struct registry_line *line)
{
	struct list *list = argument;
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "at_ms", (double)line->at_ms);
	cJSON_AddStringToObject(json, "text", line->text);
	cJSON_AddItemToArray(list->array, json);
	return 0;
}

static void show_console(struct api_request *request)
{
	struct registry_boot boot;
	struct list list;

	if (!find_boot(request, &boot))
		return;
	list = begin_list(request, "lines");
	cJSON_AddNumberToObject(request->reply->json, "boot", (double)boot.id);
	cJSON_AddNumberToObject(request->reply->json, "started_ms", (double)boot.started_ms);
	api_conclude(
		request, registry_each_line(request->brambled->registry, boot.id, add_line, &list));
}

static void show_boot(struct api_request *request)
{
	struct registry_boot boot;
	struct list list = { .brambled = request->brambled };

	if (!find_boot(request, &boot))
		return;
	request->reply->json = api_boot_json(request->brambled, &boot);
	list.array = cJSON_AddArrayToObject(request->reply->json, "steps");
	api_conclude(
		request, registry_each_step(request->brambled->registry, boot.id, add_step, &list));
}

void api_answer_node(struct api_request *request, int result, const struct registry_node *node,
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
	if (id && api_find_board(request, id, &board) != 0)
		return;
	result = id ? nodes_replace(request->brambled, request->subject, &board, &node, reason)
		    : nodes_replace_by_next(request->brambled, request->subject, &node, reason);
	api_answer_node(request, result, &node, reason);
}

static void undo_node(struct api_request *request)
{
	struct registry_node node;
	char reason[NODES_REASON_SIZE] = "";

	api_answer_node(request, nodes_undo(request->brambled, request->subject, &node, reason),
		&node, reason);
}

static void admit_board(struct api_request *request)
{
	struct registry_board board;
	struct registry_node node;
	char reason[NODES_REASON_SIZE] = "";

	if (api_find_board(request, request->subject, &board) != 0)
		return;
	api_answer_node(request,
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

#define NAMED 1u /* one segment stands between prefix and suffix */
#define BODY 2u
/* With ?dry_run=true it looks at request->dry_run; other changes are rehearsed. */
#define PLANS 4u

static const struct route {
	const char *prefix, *suffix;
	void (*answer)(struct api_request *request);
	enum ipc_method method;
	unsigned traits;
} routes[] = {
	{ "/v1/status", "", api_show_status, IPC_GET, 0 },
	{ "/v1/nodes", "", api_list_nodes, IPC_GET, 0 },
	{ "/v1/nodes/", "", show_node, IPC_GET, NAMED },
	{ "/v1/nodes/", "/replace", replace_node, IPC_POST, NAMED | BODY },
	{ "/v1/nodes/", "/undo", undo_node, IPC_POST, NAMED | BODY },
	{ "/v1/nodes/", "", forget_node, IPC_DELETE, NAMED },
	{ "/v1/nodes/", "/health", api_show_health, IPC_GET, NAMED },
	{ "/v1/nodes/", "/config", api_show_config, IPC_GET, NAMED },
	{ "/v1/config/diff", "", api_compare_config, IPC_GET, 0 },
	{ "/v1/config/apply", "", api_apply_config, IPC_POST, BODY | PLANS },
	{ "/v1/nodes/", "/orders", api_give_order, IPC_POST, NAMED | BODY },
	{ "/v1/nodes/", "/cordon", api_cordon_node, IPC_POST, NAMED | BODY },
	{ "/v1/nodes/", "/note", api_note_node, IPC_POST, NAMED | BODY },
	{ "/v1/nodes/", "/retry", api_retry_node, IPC_POST, NAMED | BODY },
	{ "/v1/orders/", "", api_show_order, IPC_GET, NAMED },
	{ "/v1/boards", "", api_list_boards, IPC_GET, 0 },
	{ "/v1/boards/", "", show_board, IPC_GET, NAMED },
	{ "/v1/boards/", "/admit", admit_board, IPC_POST, NAMED | BODY },
	{ "/v1/boards/", "/note", api_note_board, IPC_POST, NAMED | BODY },
	{ "/v1/boards/", "/rule", api_test_rules, IPC_GET, NAMED },
	{ "/v1/rules", "", api_list_rules, IPC_GET, 0 },
	{ "/v1/admission", "", api_show_admission, IPC_GET, 0 },
	{ "/v1/admission", "", api_open_admission, IPC_POST, BODY },
	{ "/v1/admission", "", api_close_admission, IPC_DELETE, 0 },
	{ "/v1/admission/list", "", api_expect_boards, IPC_POST, BODY },
	{ "/v1/admission/list/", "", api_unexpect_board, IPC_DELETE, NAMED },
	{ "/v1/boots", "", list_boots, IPC_GET, 0 },
	{ "/v1/boots/", "/console", show_console, IPC_GET, NAMED },
	{ "/v1/boots/", "", show_boot, IPC_GET, NAMED },
	{ "/v1/events", "", list_events, IPC_GET, 0 },
	{ "/v1/hooks", "", api_show_hooks, IPC_GET, 0 },
	{ "/v1/hooks", "", api_report_hooks, IPC_POST, BODY | PLANS },
	{ "/v1/images", "", api_list_images, IPC_GET, 0 },
	{ "/v1/images", "", api_use_image, IPC_POST, BODY },
	{ "/v1/images/", "/rollback", api_roll_back_image, IPC_POST, NAMED | BODY },
	{ "/v1/images/", "/gc", api_sweep_image, IPC_POST, NAMED | BODY | PLANS },
	{ "/v1/images/", "/build", api_begin_build, IPC_POST, NAMED | BODY | PLANS },
	{ "/v1/images/", "/build", api_show_build, IPC_GET, NAMED },
	{ "/v1/images/", "/build", api_cancel_build, IPC_DELETE, NAMED | PLANS },
	{ "/v1/images/", "/pin", api_pin_image, IPC_POST, NAMED | BODY },
	{ "/v1/images/", "/unpin", api_unpin_image, IPC_POST, NAMED | BODY },
	{ "/v1/images/", "/arrival", api_tell_arrival, IPC_POST, NAMED | BODY },
	{ "/v1/rollouts", "", api_list_rollouts, IPC_GET, 0 },
	{ "/v1/rollouts", "", api_begin_rollout, IPC_POST, BODY | PLANS },
	{ "/v1/rollouts/", "", api_show_rollout, IPC_GET, NAMED },
	{ "/v1/rollouts/", "/pause", api_pause_rollout, IPC_POST, NAMED | BODY },
	{ "/v1/rollouts/", "/resume", api_resume_rollout, IPC_POST, NAMED | BODY },
	{ "/v1/rollouts/", "/abort", api_abort_rollout, IPC_POST, NAMED | BODY },
	{ "/v1/state/backups", "", api_list_backups, IPC_GET, 0 },
	{ "/v1/state/backups", "", api_make_backup, IPC_POST, BODY | PLANS },
	{ "/v1/state/backups/", "", api_show_backup, IPC_GET, NAMED },
	{ "/v1/state/backups/", "/restore", api_restore_backup, IPC_POST, NAMED | BODY | PLANS },
	{ "/v1/state/export", "", api_export_state, IPC_GET, 0 },
	{ "/v1/state/import", "", api_import_state, IPC_POST, BODY | PLANS },
};

static bool matches(const struct route *route, const struct api_call *call, char *subject)
{
	size_t prefix = strlen(route->prefix), suffix = strlen(route->suffix),
	       length = strlen(call->path);

	if (call->method != route->method || strncmp(call->path, route->prefix, prefix) != 0)
		return false;
	if (!(route->traits & NAMED))
		return length == prefix;
	if (length <= prefix + suffix || strcmp(call->path + length - suffix, route->suffix) != 0)
		return false;
	memcpy(subject, call->path + prefix, length - prefix - suffix);
	subject[length - prefix - suffix] = '\0';
	return strchr(subject, '/') == NULL;
}

/* The query says it for all; a body may, where there is one. */
static bool wants_dry_run(const struct api_request *request)
{
	char text[8];

	if (request->call->method == IPC_GET)
		return false;
	return (api_query(request->call, "dry_run", text, sizeof(text)) &&
		       strcmp(text, "true") == 0) ||
	       cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(request->body, "dry_run"));
}

static void answer(struct api_request *request, const struct route *route)
{
	request->dry_run = wants_dry_run(request);
	if (request->dry_run && !(route->traits & PLANS))
		rehearsal_run(request, route->answer);
	else
		route->answer(request);
	cJSON_Delete(request->body);
}

bool api_admin_call(struct brambled *brambled, const struct api_call *call, struct api_reply *reply)
{
	struct api_request request = { .brambled = brambled, .call = call, .reply = reply };

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!matches(&routes[i], call, request.subject))
			continue;
		if (routes[i].traits & BODY && call->body[0]) {
			request.body = cJSON_Parse(call->body);
			if (!cJSON_IsObject(request.body)) {
				cJSON_Delete(request.body);
				api_fail(reply, 400, "the body is not a JSON object");
				return true;
			}
		}
		answer(&request, &routes[i]);
		return true;
	}
	return false;
}
