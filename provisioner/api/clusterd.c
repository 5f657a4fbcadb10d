/* SPDX-License-Identifier: ISC */
/* bramble-clusterd's part of the API: what there is to do, and what became of it. */
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "provisioner/api/api.h"
#include "provisioner/cluster/engine.h"
#include "provisioner/cluster/joins.h"
#include "provisioner/cluster/routes.h"
#include "provisioner/cluster/volumes.h"
#include "provisioner/nodes/rules.h"
#include "provisioner/timeline/timeline.h"

static void add_join(void *argument, const struct joins_node *node)
{
	cJSON *array = argument, *json;

	if (node->state != JOINS_WANTED && node->state != JOINS_DONE)
		return;
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "node", node->name);
	cJSON_AddStringToObject(json, "state", node->state == JOINS_WANTED ? "wanted" : "done");
	cJSON_AddItemToArray(array, json);
}

/* Lines, each with its newline. */
static void add_lines(cJSON *json, const char *name, const char *lines)
{
	cJSON *array = cJSON_AddArrayToObject(json, name);
	char line[256];

	for (size_t length; *lines; lines += length + 1) {
		length = strcspn(lines, "\n");
		if (length >= sizeof(line) || lines[length] == '\0')
			break;
		memcpy(line, lines, length);
		line[length] = '\0';
		cJSON_AddItemToArray(array, cJSON_CreateString(line));
	}
}

struct nodes {
	struct brambled *brambled;
	cJSON *array;
	bool busy; /* one isn't yet as it is to be */
};

/* Is it already so, or is there no Node? */
static bool is_settled(struct brambled *brambled, const char *name, bool cordon)
{
	const struct joins_node *node = joins_find(brambled, name);

	return !node || !node->uid[0] || (cordon ? node->cordoned : !node->ours);
}

static int add_node(void *argument, const struct registry_node *node)
{
	struct nodes *nodes = argument;
	const struct settings_role *role = rules_role(&nodes->brambled->settings, node->role);
	bool cordon = engine_wants_cordon(nodes->brambled, node);
	bool drain = engine_wants_drain(nodes->brambled, node);
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", node->name);
	add_lines(json, "labels", role ? role->labels : "");
	add_lines(json, "taints", role ? role->taints : "");
	cJSON_AddBoolToObject(json, "cordon", cordon);
	cJSON_AddBoolToObject(json, "drain", drain);
	nodes->busy = nodes->busy || drain || !is_settled(nodes->brambled, node->name, cordon);
	cJSON_AddItemToArray(nodes->array, json);
	return 0;
}

static void add_forgotten(void *argument, const char *name)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", name);
	cJSON_AddItemToArray(argument, json);
}

static void list_work(struct brambled *brambled, struct api_reply *reply)
{
	cJSON *json = cJSON_CreateObject();
	struct nodes nodes = { .brambled = brambled };

	joins_each(brambled, add_join, cJSON_AddArrayToObject(json, "joins"));
	nodes.array = cJSON_AddArrayToObject(json, "nodes");
	/* After a restart: who leaves is known when each order and roll-out was looked at. */
	if (brambled->cluster_ticked)
		(void)registry_each_node(brambled->registry, add_node, &nodes);
	engine_each_forgotten(brambled, add_forgotten, cJSON_AddArrayToObject(json, "forgotten"));
	cJSON_AddBoolToObject(json, "busy", nodes.busy || joins_is_busy(brambled));
	reply->json = json;
}

static const char *get_text(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text ? text : "";
}

static bool is_true(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static void hear_token(struct brambled *brambled, const cJSON *body, struct api_reply *reply)
{
	struct joins_node *node = joins_find(brambled, get_text(body, "node"));

	reply->json = cJSON_CreateObject();
	if (node && cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "spent")))
		joins_spent(node);
	else if (node)
		joins_minted(node, get_text(body, "token"));
}

static int take_boot(void *argument, const struct registry_boot *boot)
{
	*(struct registry_boot *)argument = *boot;
	return 1;
}

static void tell_change(struct brambled *brambled, struct joins_node *node, bool was_ready)
{
	struct registry_boot boot = { .id = 0 };

	if (joins_is_ready(node) == was_ready)
		return;
	if (was_ready) {
		brambled_event(brambled, "node.notready", node->name, "%s isn't Ready: %.160s",
			node->name, node->reason);
		return;
	}
	(void)registry_each_boot(brambled->registry, node->name, NULL, 1, take_boot, &boot);
	if (boot.id && timeline_advance(brambled, boot.id, "ready", node->pod_cidr) == 0)
		brambled_event(brambled, "node.ready", node->name, "%s is Ready, says the cluster",
			node->name);
}

static void take_node(struct brambled *brambled, const cJSON *object)
{
	struct registry_node known;
	struct joins_node *node = NULL;
	bool was_ready;

	/* Nodes that are none of ours are none of our business. */
	if (registry_get_node(brambled->registry, get_text(object, "name"), &known) == 0)
		node = joins_of(brambled, known.name);
	if (!node)
		return;
	was_ready = joins_is_ready(node);
	node->told_ns = clock_monotonic_ns();
	node->ready = is_true(object, "ready");
	node->cordoned = is_true(object, "cordoned");
	node->ours = is_true(object, "ours");
	str_copy_visible(node->version, sizeof(node->version), get_text(object, "version"),
		strlen(get_text(object, "version")));
	str_copy(node->uid, sizeof(node->uid), get_text(object, "uid"));
	str_copy(node->kernel, sizeof(node->kernel), get_text(object, "boot_id"));
	str_copy(node->pod_cidr, sizeof(node->pod_cidr), get_text(object, "pod_cidr"));
	str_copy_visible(node->reason, sizeof(node->reason), get_text(object, "reason"),
		strlen(get_text(object, "reason")));
	routes_follow(brambled, node, known.address);
	tell_change(brambled, node, was_ready);
}

static void hear_nodes(struct brambled *brambled, const cJSON *body, struct api_reply *reply)
{
	const uint64_t now_ns = clock_monotonic_ns();
	const cJSON *object;

	if (brambled->cluster_listing_ns == 0)
		brambled->cluster_listing_ns = now_ns;
	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(body, "nodes"))
	{
		take_node(brambled, object);
	}
	if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(body, "more"))) {
		joins_listed(brambled, brambled->cluster_listing_ns);
		brambled->cluster_listing_ns = 0;
	}
	reply->json = cJSON_CreateObject();
}

/* How far it is with taking a node's work away. */
static void hear_drain(struct brambled *brambled, const cJSON *body, struct api_reply *reply)
{
	struct joins_node *node = joins_find(brambled, get_text(body, "node"));
	const cJSON *left = cJSON_GetObjectItemCaseSensitive(body, "left");

	reply->json = cJSON_CreateObject();
	if (!node || !node->leaves || !cJSON_IsNumber(left) || !(left->valuedouble >= 0) ||
		left->valuedouble > 1e6)
		return;
	node->left = (int)left->valuedouble;
	str_copy_visible(node->left_text, sizeof(node->left_text), get_text(body, "text"),
		strlen(get_text(body, "text")));
}

/* A claim waits for a volume. */
static void hear_claim(struct brambled *brambled, const cJSON *body, struct api_reply *reply)
{
	const char *space = get_text(body, "namespace"), *claim = get_text(body, "name");
	char path[VOLUMES_PATH_SIZE];
	int result = volumes_make_directory(&brambled->settings, space, claim, path);

	if (result == 0) {
		reply->json = cJSON_CreateObject();
		cJSON_AddStringToObject(reply->json, "path", path);
		return;
	}
	log_warning("no directory for the volume of claim %.63s/%.253s: %s", space, claim,
		strerror(-result));
	api_fail(reply, 503, "the directory can't be made");
}

bool api_cluster_call(
	struct brambled *brambled, const struct api_call *call, struct api_reply *reply)
{
	static const struct {
		const char *path;
		void (*hear)(struct brambled *brambled, const cJSON *body, struct api_reply *reply);
	} posts[] = { { "/v1/cluster/tokens", hear_token }, { "/v1/cluster/nodes", hear_nodes },
		{ "/v1/cluster/drains", hear_drain }, { "/v1/cluster/volumes", hear_claim } };

	if (call->method == IPC_GET && strcmp(call->path, "/v1/cluster/work") == 0) {
		list_work(brambled, reply);
		return true;
	}
	for (size_t i = 0; i < sizeof(posts) / sizeof(posts[0]); i++) {
		cJSON *body;

		if (call->method != IPC_POST || strcmp(call->path, posts[i].path) != 0)
			continue;
		body = cJSON_Parse(call->body);
		posts[i].hear(brambled, body, reply);
		cJSON_Delete(body);
		return true;
	}
	return false;
}
