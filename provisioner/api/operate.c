/* SPDX-License-Identifier: ISC */
/* Looking after nodes that run: orders, cordons, notes. */
#include <errno.h>
#include <string.h>

#include "provisioner/api/routes.h"
#include "provisioner/nodes/health.h"
#include "provisioner/nodes/orders.h"

#define SHOWN_ORDERS 5
#define IDENTIFY_S 60

static void add_ms(cJSON *object, const char *name, int64_t ms)
{
	cJSON_AddNumberToObject(object, name, (double)ms);
}

static cJSON *order_json(
	struct brambled *brambled, const struct registry_order *order, const char *node)
{
	cJSON *json = cJSON_CreateObject();
	char waits[ORDERS_REASON_SIZE];

	cJSON_AddNumberToObject(json, "id", (double)order->id);
	cJSON_AddStringToObject(json, "node", node);
	cJSON_AddStringToObject(json, "order", order->verb);
	if (order->target[0])
		cJSON_AddStringToObject(json, "device", order->target);
	cJSON_AddNumberToObject(json, "for_s", order->seconds);
	cJSON_AddStringToObject(json, "state", registry_order_state_name(order->state));
	cJSON_AddStringToObject(json, "text", order->text);
	orders_explain(brambled, order, waits);
	cJSON_AddStringToObject(json, "waits_for", waits);
	add_ms(json, "created_ms", order->created_ms);
	add_ms(json, "expires_ms", order->expires_ms);
	add_ms(json, "changed_ms", order->changed_ms);
	return json;
}

/* Shared by everything here that changes something. */
static int conclude(struct api_request *request, int result)
{
	result = brambled_conclude(request->brambled, result);
	if (result != 0)
		api_fail(request->reply, api_status_of(result), "the registry can't be written: %s",
			strerror(-result));
	return result;
}

/* What a body asks for. */
struct told {
	const char *verb, *target;
	unsigned seconds;
};

/* "sda1" or "/dev/sda1": of a Linux block device's name no other characters are taken. */
static int take_disk(struct api_request *request, struct told *told)
{
	const char *disk =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request->body, "device"));
	const struct registry_order *order = NULL;

	if (disk && strncmp(disk, "/dev/", 5) == 0)
		disk += 5;
	if (!disk || !*disk || strlen(disk) >= sizeof(order->target) ||
		disk[strspn(disk, "abcdefghijklmnopqrstuvwxyz0123456789")]) {
		api_fail(request->reply, 400,
			"device is the name of a disk or partition of the node, such as sda or "
			"mmcblk0p2");
		return -EINVAL;
	}
	told->target = disk;
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(request->body, "force")))
		told->seconds = ORDERS_FORCE;
	return 0;
}

static int take_duration(struct api_request *request, struct told *told)
{
	const cJSON *duration = cJSON_GetObjectItemCaseSensitive(request->body, "for_s");

	told->seconds = IDENTIFY_S;
	if (!duration)
		return 0;
	if (!cJSON_IsNumber(duration) || !(duration->valuedouble >= 1) ||
		duration->valuedouble > ORDERS_LONGEST_S) {
		api_fail(request->reply, 400, "for_s is a number of seconds, 1 to %d",
			ORDERS_LONGEST_S);
		return -EINVAL;
	}
	told->seconds = (unsigned)duration->valuedouble;
	return 0;
}

/* 0: the body names something that a node can be told. */
static int take_order(struct api_request *request, struct told *told)
{
	const char *verb =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request->body, "order"));

	*told = (struct told){ .verb = verb ? verb : "", .target = "" };
	if (strcmp(told->verb, "reboot") == 0) {
		if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(request->body, "drain")))
			told->seconds = ORDERS_AT_ONCE;
		return 0;
	}
	if (strcmp(told->verb, "identify") == 0)
		return take_duration(request, told);
	if (strcmp(told->verb, "scratch-format") == 0)
		return take_disk(request, told);
	api_fail(request->reply, 400,
		"say what: {\"order\": \"reboot\"}, {\"order\": \"identify\"} or {\"order\": "
		"\"scratch-format\", \"device\": ...}");
	return -EINVAL;
}

void api_show_health(struct api_request *request)
{
	struct registry_node node;

	if (api_find_node(request, &node) == 0)
		request->reply->json = health_describe(request->brambled, &node,
			(unsigned)api_query_number(request->call, "hours", SERIES_HOURS, 0));
}

void api_give_order(struct api_request *request)
{
	struct registry_node node;
	struct registry_order order;
	char reason[ORDERS_REASON_SIZE] = "";
	struct told told;
	int result;

	if (take_order(request, &told) != 0 || api_find_node(request, &node) != 0)
		return;
	result = orders_give(
		request->brambled, &node, told.verb, told.target, told.seconds, &order, reason);
	if (result == 0)
		request->reply->json = order_json(request->brambled, &order, node.name);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

void api_show_order(struct api_request *request)
{
	struct registry_order order;
	struct registry_node node = { 0 };
	uint64_t id;

	if (str_parse_u64(request->subject, 1, INT64_MAX, &id) != 0 ||
		registry_get_order(request->brambled->registry, (int64_t)id, &order) != 0) {
		api_fail(request->reply, 404,
			"there is no order %s (any more); `bramble node show` lists those of a "
			"node",
			request->subject);
		return;
	}
	(void)registry_node_of_id(request->brambled->registry, order.node, &node);
	request->reply->json = order_json(request->brambled, &order, node.name);
}

struct listing {
	struct brambled *brambled;
	cJSON *array;
	const char *node;
};

static int add_order(void *argument, const struct registry_order *order)
{
	struct listing *listing = argument;

	cJSON_AddItemToArray(listing->array, order_json(listing->brambled, order, listing->node));
	return cJSON_GetArraySize(listing->array) == SHOWN_ORDERS;
}

void api_add_orders(struct api_request *request, const struct registry_node *node)
{
	struct listing listing = { .array = cJSON_AddArrayToObject(request->reply->json, "orders"),
		.brambled = request->brambled,
		.node = node->name };

	(void)registry_each_order(
		request->brambled->registry, node->id, false, add_order, &listing);
}

void api_cordon_node(struct api_request *request)
{
	const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(request->body, "cordoned");
	struct registry_node node;
	int result = 0;

	if (!cJSON_IsBool(wanted)) {
		api_fail(request->reply, 400, "say {\"cordoned\": true} or {\"cordoned\": false}");
		return;
	}
	if (api_find_node(request, &node) != 0)
		return;
	if (node.cordoned != cJSON_IsTrue(wanted)) {
		node.cordoned = !node.cordoned;
		result = registry_put_node(request->brambled->registry, &node);
		if (result == 0)
			brambled_event(request->brambled,
				node.cordoned ? "node.cordoned" : "node.uncordoned", node.name,
				"%s %s", node.name,
				node.cordoned ? "is left out from now on" : "takes part again");
		result = conclude(request, result);
	}
	if (result == 0)
		api_answer_node(request, 0, &node, "");
}

/* The text of a note, made visible but for well-formed UTF-8; "" removes it. */
static int take_note(struct api_request *request, char note[static REGISTRY_TEXT_SIZE])
{
	const char *text =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request->body, "text"));

	if (!text || strlen(text) >= REGISTRY_TEXT_SIZE) {
		api_fail(request->reply, 400, "say {\"text\": …}, at most %d bytes",
			REGISTRY_TEXT_SIZE - 1);
		return -EINVAL;
	}
	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			api_fail(request->reply, 400, "a note is one line without control bytes");
			return -EINVAL;
		}
	}
	str_copy(note, REGISTRY_TEXT_SIZE, text);
	return 0;
}

void api_note_node(struct api_request *request)
{
	struct registry_node node;
	char note[REGISTRY_TEXT_SIZE];

	if (take_note(request, note) != 0 || api_find_node(request, &node) != 0)
		return;
	if (strcmp(node.note, note) != 0)
		brambled_event(request->brambled, "node.noted", node.name, "%s %s", node.name,
			note[0] ? "has another note" : "has no note any more");
	str_copy(node.note, sizeof(node.note), note);
	if (conclude(request, registry_put_node(request->brambled->registry, &node)) == 0)
		api_answer_node(request, 0, &node, "");
}

void api_note_board(struct api_request *request)
{
	struct registry_board board;
	char note[REGISTRY_TEXT_SIZE], mac[MAC_TEXT_SIZE];

	if (take_note(request, note) != 0 || api_find_board(request, request->subject, &board) != 0)
		return;
	str_format_mac(&board.mac, mac);
	if (strcmp(board.note, note) != 0)
		brambled_event(request->brambled, "board.noted", mac, "board %s %s", mac,
			note[0] ? "has another note" : "has no note any more");
	str_copy(board.note, sizeof(board.note), note);
	if (conclude(request, registry_put_board(request->brambled->registry, &board)) == 0)
		request->reply->json = api_board_json(request->brambled, &board);
}
