/* SPDX-License-Identifier: ISC */
/* What a node may say and ask: only from its own address, only with the token of its present boot.
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "provisioner/api/api.h"
#include "provisioner/api/cluster.h"
#include "provisioner/cluster/joins.h"
#include "provisioner/nodeconf/force.h"
#include "provisioner/nodes/addresses.h"
#include "provisioner/nodes/health.h"
#include "provisioner/nodes/heartbeats.h"
#include "provisioner/nodes/nodes.h"
#include "provisioner/nodes/orders.h"
#include "provisioner/nodes/versions.h"
#include "provisioner/timeline/diagnosis.h"
#include "provisioner/timeline/stages.h"
#include "provisioner/timeline/timeline.h"

static void add_time(cJSON *json)
{
	struct timespec now;
	char text[24];

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(text, sizeof(text), "%" PRId64, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
	cJSON_AddStringToObject(json, "time_ns", text);
}

/* How many boots that came to nothing are seen through. */
#define OLDER_BOOTS 32

/* Who speaks: a node, in one of its boots. */
struct speaker {
	struct registry_node node;
	struct registry_boot boot;
};

static bool is_token(const char *claimed, const char *token)
{
	return token[0] && strlen(claimed) == strlen(token) &&
	       sodium_memcmp(claimed, token, strlen(token)) == 0;
}

struct search {
	const char *token;
	struct registry_boot *boot;
	bool found, over;
};

/* From the newest boot backwards, up to the one whose system has spoken. */
static int examine(void *argument, const struct registry_boot *boot)
{
	struct search *search = argument;

	search->found = is_token(search->token, boot->token);
	if (search->found)
		*search->boot = *boot;
	search->over = search->found || timeline_is_spoken(boot->stage);
	return search->over ? 1 : 0;
}

/* Normally the boot that is going on, or the one that has joined. When newer ones seem to have
 * begun, of which no system has spoken, then somebody only asked for files in this node's name (a
 * user of the node, an invented packet): the node runs. */
static bool find_boot(struct brambled *brambled, const char *token, struct speaker *speaker)
{
	const struct mac *mac = &speaker->node.board;
	const struct registry_boot *running = timeline_boot(brambled, mac);
	struct search search = { .token = token, .boot = &speaker->boot };

	if (running)
		(void)examine(&search, running);
	if (!search.over)
		(void)registry_each_boot(
			brambled->registry, speaker->node.name, mac, OLDER_BOOTS, examine, &search);
	if (search.found && running && running->id != speaker->boot.id)
		timeline_end(brambled, mac, "the node was running: no boot");
	return search.found;
}

/* False with a neutral answer: an attacker learns nothing from it. */
static bool identify(struct brambled *brambled, const struct api_call *call, const cJSON *body,
	struct speaker *speaker, struct api_reply *reply)
{
	const char *token = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "token"));

	if (token &&
		registry_node_of_address(brambled->registry, call->peer, &speaker->node) == 0 &&
		speaker->node.has_board && find_boot(brambled, token, speaker))
		return true;
	api_fail(reply, 403, "not the token of this address's present boot");
	return false;
}

static bool has_joined(const struct registry_boot *boot)
{
	return stages_have_joined(boot->stage);
}

static void copy_visible(char *out, size_t size, const cJSON *body, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));

	str_copy_visible(out, size, text ? text : "", text ? strlen(text) : 0);
}

static void report_failure(
	struct brambled *brambled, const struct mac *mac, const char *stage, const char *detail)
{
	const char *cause = diagnosis_of_report(stage, detail);
	const struct registry_boot *boot = timeline_boot(brambled, mac);
	char reason[REGISTRY_REASON_SIZE];

	snprintf(reason, sizeof(reason), "%s failed: %.120s", stage, detail);
	/* That it hasn't joined follows from that, and says less. */
	if (!boot || strcmp(boot->cause, "agent-failed") != 0 || strcmp(cause, "agent-silent") != 0)
		timeline_reason(brambled, mac, cause, reason);
	timeline_touch(brambled, mac);
}

static void report_stage(
	struct brambled *brambled, const cJSON *body, const struct speaker *speaker)
{
	static const char *const allowed[] = { "init", "network", "nfs", "root", "data",
		"systemd" };
	const struct mac *mac = &speaker->node.board;
	struct registry_step step = { .at_ms = clock_wall_ms() };
	char stage[REGISTRY_STAGE_SIZE];

	copy_visible(stage, sizeof(stage), body, "stage");
	copy_visible(step.detail, sizeof(step.detail), body, "detail");
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (strcmp(stage, allowed[i]) == 0)
			str_copy(step.stage, sizeof(step.stage), stage);
	}
	if (step.stage[0] == '\0' || has_joined(&speaker->boot))
		return;
	timeline_revive(brambled, &speaker->boot);
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "failed")))
		report_failure(brambled, mac, stage, step.detail);
	else
		timeline_step(brambled, mac, &step);
}

static void describe_node(
	const struct brambled *brambled, const struct registry_node *node, cJSON *json)
{
	char address[ADDRESS_TEXT_SIZE];

	cJSON_AddStringToObject(json, "node", node->name);
	str_format_address(node->address, address);
	cJSON_AddStringToObject(json, "address", address);
	cJSON_AddStringToObject(json, "role", node->role);
	str_format_address(brambled->settings.router, address);
	cJSON_AddStringToObject(json, "router", address);
	cJSON_AddStringToObject(json, "domain", brambled->settings.lan_domain);
	cJSON_AddNumberToObject(json, "heartbeat_s", (double)brambled->settings.heartbeat_s);
}

/* A revision code that DHCP didn't tell. */
static void learn_board(struct brambled *brambled, const cJSON *body, const struct mac *mac)
{
	const cJSON *told = cJSON_GetObjectItemCaseSensitive(body, "board");
	const cJSON *revision = cJSON_GetObjectItemCaseSensitive(told, "revision");
	struct registry_board board;

	if (!cJSON_IsNumber(revision) || revision->valuedouble < 1 ||
		revision->valuedouble > UINT32_MAX ||
		registry_get_board(brambled->registry, mac, &board) != 0 || board.revision != 0)
		return;
	board.revision = (uint32_t)revision->valuedouble;
	if (board.model == BOOT_MODEL_UNKNOWN)
		board.model = boot_model_of_revision(board.revision);
	(void)registry_put_board(brambled->registry, &board);
}

/* Acknowledged only when it is durable. */
static void join(struct brambled *brambled, const cJSON *body, struct speaker *speaker,
	struct api_reply *reply)
{
	struct registry_node *node = &speaker->node;
	bool before = node->joined;
	char address[ADDRESS_TEXT_SIZE];

	if (!has_joined(&speaker->boot))
		timeline_revive(brambled, &speaker->boot);
	node->joined = true;
	node->heartbeat_ms = clock_wall_ms();
	joins_booted(brambled, node->name);
	versions_joined(brambled, node, &speaker->boot);
	(void)registry_put_node(brambled->registry, node);
	learn_board(brambled, body, &node->board);
	str_format_address(node->address, address);
	if (!before)
		brambled_event(brambled, "node.joined", node->name, "%s has joined at %s",
			node->name, address);
	timeline_joined(brambled, &node->board);
	orders_joined(brambled, node, speaker->boot.id);
	if (brambled_commit(brambled) != 0) {
		api_fail(reply, 503, "the registry can't be written now; try again");
		return;
	}
	(void)heartbeats_hear(brambled, node);
	describe_node(brambled, node, reply->json);
}

/* Flat: the agent's JSON has no objects in objects. */
static void tell_order(
	struct brambled *brambled, const struct speaker *speaker, struct api_reply *reply)
{
	struct registry_order order;

	if (!speaker->node.joined ||
		orders_next(brambled, &speaker->node, speaker->boot.id, &order) != 0)
		return;
	cJSON_AddNumberToObject(reply->json, "order_id", (double)order.id);
	cJSON_AddStringToObject(reply->json, "order", order.verb);
	cJSON_AddNumberToObject(reply->json, "order_s", order.seconds);
	if (order.target[0])
		cJSON_AddStringToObject(reply->json, "order_target", order.target);
}

/* What became of an order. */
static void hear_order(struct brambled *brambled, const cJSON *body, const struct speaker *speaker,
	struct api_reply *reply)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(body, "order_id");
	char text[REGISTRY_TEXT_SIZE];
	int result = -ENOENT;

	copy_visible(text, sizeof(text), body, "text");
	if (cJSON_IsNumber(id) && id->valuedouble >= 1 && id->valuedouble < 1e15)
		result = orders_acknowledge(brambled, &speaker->node, speaker->boot.id,
			(int64_t)id->valuedouble,
			cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "done")), text);
	if (result == -ENOENT)
		api_fail(reply, 404, "this node was told no such order");
	else if (result != 0)
		api_fail(reply, 503, "the registry can't be written now; try again");
}

static void heartbeat(struct brambled *brambled, struct speaker *speaker)
{
	struct registry_node *node = &speaker->node;
	bool absent = heartbeats_is_absent(brambled, node);
	int64_t silence = heartbeats_hear(brambled, node);

	if (!node->joined && has_joined(&speaker->boot)) {
		node->joined = true;
		node->heartbeat_ms = heartbeats_last_ms(brambled, node);
		(void)registry_put_node(brambled->registry, node);
	} else if (!node->joined || !absent) {
		return;
	}
	brambled_event(brambled, "node.back", node->name, "%s is heard again after %lld s",
		node->name, (long long)(silence / 1000));
}

/* A part of the node's document, from an offset that it tells: "" at the end. */
static void tell_config(struct brambled *brambled, const cJSON *body, const struct speaker *speaker,
	struct api_reply *reply)
{
	char hash[NODECONF_HASH_SIZE];
	char *text = nodeconf_document(brambled, &speaker->node, hash);

	if (!text) {
		api_fail(reply, 503, "the configuration can't be told now: see the router's log");
		return;
	}
	api_add_part(reply->json, body, text, hash);
	free(text);
}

/* The calls that need a token. */
static void answer_speaker(struct brambled *brambled, const struct api_call *call,
	const cJSON *body, struct api_reply *reply)
{
	struct speaker speaker = { 0 };

	if (!identify(brambled, call, body, &speaker, reply))
		return;
	reply->json = cJSON_CreateObject();
	if (strcmp(call->path, "/v1/boot/stage") == 0)
		report_stage(brambled, body, &speaker);
	else if (strcmp(call->path, "/v1/join") == 0)
		join(brambled, body, &speaker, reply);
	else if (api_cluster_is_path(call->path))
		api_cluster_answer(brambled, call->path, body, &speaker.node, &speaker.boot, reply);
	else if (strcmp(call->path, "/v1/order") == 0)
		hear_order(brambled, body, &speaker, reply);
	else if (strcmp(call->path, "/v1/config") == 0)
		tell_config(brambled, body, &speaker, reply);
	else {
		heartbeat(brambled, &speaker);
		health_hear(brambled, &speaker.node, body);
		nodeconf_hear(brambled, &speaker.node, body);
		cJSON_AddStringToObject(
			reply->json, "config", nodeconf_hash(brambled, &speaker.node));
		tell_order(brambled, &speaker, reply);
	}
	add_time(reply->json);
}

/* A parked board asks whether it may join. By its address alone: it has no token, and learns no
 * more than its firmware would by asking for a file. */
static void answer_waiting(
	struct brambled *brambled, const struct api_call *call, struct api_reply *reply)
{
	struct registry_board board;
	struct registry_node node = { 0 };
	char reason[NODES_REASON_SIZE] = "", admit[64];
	bool placed;
	int result;

	if (addresses_board_at(brambled, call->peer, &board) != 0 ||
		timeline_has_contradiction(brambled, &board.mac)) {
		api_fail(reply, 403, "no board waits at this address");
		return;
	}
	timeline_touch(brambled, &board.mac);
	result = nodes_place(brambled, &board, &node, reason);
	placed = result == 0;
	if (placed && brambled_commit(brambled) != 0) {
		api_fail(reply, 503, "the registry can't be written now; try again");
		return;
	}
	brambled_publish(brambled);
	if (!placed)
		timeline_reason(brambled, &board.mac, nodes_cause(brambled, result), reason);
	nodes_format_admit(&board, admit, sizeof(admit));
	reply->json = cJSON_CreateObject();
	cJSON_AddBoolToObject(reply->json, "admitted", placed);
	cJSON_AddStringToObject(reply->json, "node", node.name);
	cJSON_AddStringToObject(reply->json, "command", admit);
	cJSON_AddStringToObject(reply->json, "reason", reason);
	add_time(reply->json);
}

bool api_node_call(struct brambled *brambled, const struct api_call *call, struct api_reply *reply)
{
	static const char *const paths[] = { "/v1/boot/stage", "/v1/join", "/v1/heartbeat",
		"/v1/order", "/v1/config" };
	bool is_time = strcmp(call->path, "/v1/time") == 0;
	bool is_waiting = strcmp(call->path, "/v1/waiting") == 0;
	bool known = is_time || is_waiting || api_cluster_is_path(call->path);
	cJSON *body;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		known |= strcmp(call->path, paths[i]) == 0;
	if (!known)
		return false;
	if (call->method != (is_time ? IPC_GET : IPC_POST)) {
		api_fail(reply, 405, "%s takes %s", call->path, is_time ? "GET" : "POST");
		return true;
	}
	if (is_time) {
		reply->json = cJSON_CreateObject();
		add_time(reply->json);
		return true;
	}
	if (is_waiting) {
		answer_waiting(brambled, call, reply);
		return true;
	}
	body = cJSON_Parse(call->body);
	if (cJSON_IsObject(body))
		answer_speaker(brambled, call, body, reply);
	else
		api_fail(reply, 400, "the body is not a JSON object");
	cJSON_Delete(body);
	return true;
}
