/* SPDX-License-Identifier: ISC */
/* What a node may say and ask: only from its own address, only with the token of its present boot.
 */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "provisioner/api.h"
#include "provisioner/timeline.h"

static void add_time(cJSON *json)
{
	struct timespec now;
	char text[24];

	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(text, sizeof(text), "%" PRId64, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
	cJSON_AddStringToObject(json, "time_ns", text);
}

struct claim {
	const char *token;
	bool proven;
};

static int compare_token(void *argument, const struct registry_boot *boot)
{
	struct claim *claim = argument;

	claim->proven = boot->token[0] && strlen(claim->token) == strlen(boot->token) &&
			sodium_memcmp(claim->token, boot->token, strlen(boot->token)) == 0;
	return 0;
}

/* The node that speaks, or false with a neutral answer: an attacker learns nothing from it. */
static bool identify(struct brambled *brambled, const struct api_call *call, const cJSON *body,
	struct registry_node *node, struct api_reply *reply)
{
	struct claim claim = { .token = cJSON_GetStringValue(
				       cJSON_GetObjectItemCaseSensitive(body, "token")) };

	if (claim.token && registry_node_of_address(brambled->registry, call->peer, node) == 0 &&
		node->has_board)
		(void)registry_each_boot(
			brambled->registry, node->name, &node->board, 1, compare_token, &claim);
	if (!claim.proven)
		api_fail(reply, 403, "not the token of this address's present boot");
	return claim.proven;
}

static void copy_visible(char *out, size_t size, const cJSON *body, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));

	str_copy_visible(out, size, text ? text : "", text ? strlen(text) : 0);
}

static void report_stage(
	struct brambled *brambled, const cJSON *body, const struct registry_node *node)
{
	static const char *const allowed[] = { "init", "network", "nfs", "root", "data",
		"systemd" };
	struct registry_step step = { .at_ms = clock_wall_ms() };
	char stage[REGISTRY_STAGE_SIZE];

	copy_visible(stage, sizeof(stage), body, "stage");
	copy_visible(step.detail, sizeof(step.detail), body, "detail");
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (strcmp(stage, allowed[i]) == 0)
			str_copy(step.stage, sizeof(step.stage), stage);
	}
	if (step.stage[0] == '\0')
		return;
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "failed"))) {
		char reason[REGISTRY_REASON_SIZE];

		snprintf(reason, sizeof(reason), "%s failed: %.120s", stage, step.detail);
		timeline_reason(brambled, &node->board, reason);
		return;
	}
	timeline_step(brambled, &node->board, &step);
}

static void join(struct brambled *brambled, struct registry_node *node, struct api_reply *reply)
{
	bool before = node->joined;
	char address[ADDRESS_TEXT_SIZE];

	node->joined = true;
	node->heartbeat_ms = clock_wall_ms();
	if (registry_put_node(brambled->registry, node) != 0 ||
		(timeline_joined(brambled, &node->board), brambled_commit(brambled) != 0)) {
		api_fail(reply, 503, "the registry can't be written now; try again");
		return;
	}
	str_format_address(node->address, address);
	if (!before)
		brambled_event(brambled, "node.joined", node->name, "%s has joined at %s",
			node->name, address);
	cJSON_AddStringToObject(reply->json, "node", node->name);
	cJSON_AddStringToObject(reply->json, "address", address);
	cJSON_AddStringToObject(reply->json, "role", node->role);
	str_format_address(brambled->settings.router, address);
	cJSON_AddStringToObject(reply->json, "router", address);
	cJSON_AddStringToObject(reply->json, "domain", brambled->settings.lan_domain);
	cJSON_AddNumberToObject(reply->json, "heartbeat_s", (double)brambled->settings.heartbeat_s);
}

static void heartbeat(struct brambled *brambled, struct registry_node *node)
{
	int64_t silent = clock_wall_ms() - node->heartbeat_ms;

	if (node->joined && silent > 3000 * brambled->settings.heartbeat_s)
		brambled_event(brambled, "node.back", node->name, "%s is heard again after %lld s",
			node->name, (long long)(silent / 1000));
	node->heartbeat_ms = clock_wall_ms();
	(void)registry_put_node(brambled->registry, node);
}

bool api_node_call(struct brambled *brambled, const struct api_call *call, struct api_reply *reply)
{
	static const char *const paths[] = { "/v1/boot/stage", "/v1/join", "/v1/heartbeat" };
	struct registry_node node;
	size_t which = 0;
	cJSON *body;

	if (strcmp(call->path, "/v1/time") == 0 && call->method == IPC_GET) {
		reply->json = cJSON_CreateObject();
		add_time(reply->json);
		return true;
	}
	while (which < 3 && strcmp(call->path, paths[which]) != 0)
		which++;
	if (which == 3)
		return false;
	if (call->method != IPC_POST) {
		api_fail(reply, 405, "%s takes POST", call->path);
		return true;
	}
	body = cJSON_Parse(call->body);
	if (!cJSON_IsObject(body)) {
		api_fail(reply, 400, "the body is not a JSON object");
	} else if (identify(brambled, call, body, &node, reply)) {
		reply->json = cJSON_CreateObject();
		if (which == 0)
			report_stage(brambled, body, &node);
		else if (which == 1)
			join(brambled, &node, reply);
		else
			heartbeat(brambled, &node);
		add_time(reply->json);
	}
	cJSON_Delete(body);
	return true;
}
