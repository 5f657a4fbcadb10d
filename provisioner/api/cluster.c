/* SPDX-License-Identifier: ISC */
/* What a node asks about the cluster that it is to join. */
#include "provisioner/api/cluster.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"
#include "provisioner/api/plane.h"
#include "provisioner/cluster/cluster.h"
#include "provisioner/cluster/joins.h"
#include "provisioner/timeline/stages.h"
#include "provisioner/timeline/timeline.h"

#define AUTHORITY_LIMIT 4096u
#define AUTHORITY_TEXT_SIZE                                                                        \
	(sodium_base64_ENCODED_LEN(AUTHORITY_LIMIT, sodium_base64_VARIANT_ORIGINAL))
#define ROUTES_SIZE 7168 /* the agent's answers have 8 KiB at most */

bool api_cluster_is_path(const char *path)
{
	return strcmp(path, "/v1/cluster") == 0 || strcmp(path, "/v1/cluster/token") == 0 ||
	       strcmp(path, "/v1/cluster/kept") == 0 || strcmp(path, "/v1/cluster/network") == 0 ||
	       strcmp(path, "/v1/cluster/progress") == 0 || api_plane_is_path(path);
}

static void copy_visible(char *out, size_t size, const cJSON *body, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));

	str_copy_visible(out, size, text ? text : "", text ? strlen(text) : 0);
}

/* The authority's certificate as base64 of PEM, as a kubeconfig wants it: what the node trusts, and
 * nothing else. False while there is no cluster. */
static bool add_authority(const struct brambled *brambled, cJSON *json)
{
	struct cluster_paths paths;
	char path[CLUSTER_PATH_SIZE + 16], *pem, text[AUTHORITY_TEXT_SIZE];
	size_t size;

	cluster_find_paths(&brambled->settings, &paths);
	snprintf(path, sizeof(path), "%s/ca.crt", paths.pki);
	if (brambled->cluster_file == 0 || file_read(path, AUTHORITY_LIMIT, &pem, &size) != 0)
		return false;
	sodium_bin2base64(text, sizeof(text), (const unsigned char *)pem, size,
		sodium_base64_VARIANT_ORIGINAL);
	free(pem);
	cJSON_AddStringToObject(json, "ca", text);
	return true;
}

/* The tenth address of the services' network: kubeadm's choice for the cluster's DNS. */
static void add_dns(const struct settings *settings, cJSON *json)
{
	struct in_addr address;
	unsigned length;
	char text[ADDRESS_TEXT_SIZE];

	if (str_parse_network(settings->service_cidr, &address, &length) != 0)
		return;
	address.s_addr = htonl(ntohl(address.s_addr) + 10);
	str_format_address(address, text);
	cJSON_AddStringToObject(json, "dns", text);
}

/* Which cluster, and what this node is in it. */
static void describe_cluster(const struct brambled *brambled, const struct registry_node *node,
	const struct registry_boot *boot, struct api_reply *reply)
{
	static const char *const stores[] = { "auto", "scratch", "loop", "tmpfs" };
	const struct settings *settings = &brambled->settings;
	char address[ADDRESS_TEXT_SIZE], server[64];

	if (settings->kubernetes_engine == ENGINE_NONE) {
		cJSON_AddStringToObject(reply->json, "engine", "none");
		return;
	}
	cJSON_AddStringToObject(reply->json, "engine", "kubeadm");
	cJSON_AddBoolToObject(reply->json, "joined", stages_have_joined(boot->stage));
	cJSON_AddBoolToObject(reply->json, "exists", add_authority(brambled, reply->json));
	str_format_address(settings->router, address);
	snprintf(server, sizeof(server), "https://%s:6443", address);
	cJSON_AddStringToObject(reply->json, "server", server);
	cJSON_AddStringToObject(reply->json, "node", node->name);
	str_format_address(node->address, address);
	cJSON_AddStringToObject(reply->json, "address", address);
	cJSON_AddStringToObject(reply->json, "domain", "cluster.local");
	add_dns(settings, reply->json);
	cJSON_AddStringToObject(reply->json, "pods", settings->pod_cidr);
	api_plane_describe(brambled, node, reply->json);
	cJSON_AddStringToObject(reply->json, "store", stores[settings->store]);
	cJSON_AddNumberToObject(reply->json, "store_mb", (double)settings->store_mb);
}

/* Whoever runs on a node can read its boot's token, and pods run there: it opens the way into the
 * cluster only until the node's own agent has gone it. */
static void give_token(struct brambled *brambled, const struct registry_node *node,
	const struct registry_boot *boot, struct api_reply *reply)
{
	struct joins_node *join;
	const char *token;

	if (strcmp(boot->stage, "joined") != 0) {
		api_fail(reply, 403,
			"this boot has its credentials for the cluster, or hasn't joined; "
			"another boot may ask again");
		return;
	}
	join = brambled->settings.kubernetes_engine == ENGINE_NONE ? NULL
								   : joins_of(brambled, node->name);
	if (!join) {
		api_fail(reply, 503, "there is no cluster to join");
		return;
	}
	token = joins_token(join, boot->id);
	if (token)
		cJSON_AddStringToObject(reply->json, "bootstrap", token);
}

/* It has what it needs, from this boot or an earlier one. */
static void hear_kept(struct brambled *brambled, const cJSON *body,
	const struct registry_node *node, const struct registry_boot *boot, struct api_reply *reply)
{
	struct joins_node *join = joins_find(brambled, node->name);
	char detail[REGISTRY_TEXT_SIZE];

	copy_visible(detail, sizeof(detail), body, "detail");
	if (timeline_advance(brambled, boot->id, "cluster", detail) != 0 ||
		brambled_commit(brambled) != 0) {
		api_fail(reply, 503, "the registry can't be written now; try again");
		return;
	}
	if (join && join->state != JOINS_NONE)
		joins_close(join);
}

struct routes {
	struct brambled *brambled;
	const char *own;
	char text[ROUTES_SIZE];
};

/* "10.244.2.0/24 10.77.0.51," */
static void add_route(void *argument, const struct joins_node *other)
{
	struct routes *routes = argument;
	struct registry_node node;
	size_t used = strlen(routes->text);
	char address[ADDRESS_TEXT_SIZE];

	if (!other->pod_cidr[0] || strcmp(other->name, routes->own) == 0 ||
		registry_get_node(routes->brambled->registry, other->name, &node) != 0)
		return;
	str_format_address(node.address, address);
	if (used + strlen(other->pod_cidr) + strlen(address) + 3 < sizeof(routes->text))
		snprintf(routes->text + used, sizeof(routes->text) - used, "%s %s,",
			other->pod_cidr, address);
}

static void describe_network(struct brambled *brambled, const cJSON *body,
	const struct registry_node *node, struct api_reply *reply)
{
	struct joins_node *join = joins_of(brambled, node->name);
	struct routes routes = { .brambled = brambled, .own = node->name };

	if (!join) {
		api_fail(reply, 503, "there are too many nodes");
		return;
	}
	copy_visible(join->boot_id, sizeof(join->boot_id), body, "boot_id");
	join->asked_ns = clock_monotonic_ns();
	/* Before bramble-clusterd has spoken, nothing is known: the node keeps what it has. */
	cJSON_AddBoolToObject(reply->json, "known", join->told_ns != 0);
	if (join->told_ns == 0)
		return;
	joins_each(brambled, add_route, &routes);
	cJSON_AddStringToObject(reply->json, "pod_cidr", join->pod_cidr);
	cJSON_AddStringToObject(reply->json, "routes", routes.text);
	cJSON_AddBoolToObject(reply->json, "ready", joins_is_ready(join));
}

/* How far it is, for the timeline; or why it doesn't go on. */
static void hear_progress(struct brambled *brambled, const cJSON *body,
	const struct registry_node *node, const struct registry_boot *boot, struct api_reply *reply)
{
	char detail[REGISTRY_TEXT_SIZE];

	bool failed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "failed"));

	copy_visible(detail, sizeof(detail), body, "detail");
	api_plane_hear(brambled, node, detail, failed);
	if (failed) {
		brambled_event(brambled, "cluster.trouble", node->name, "%s", detail);
		return;
	}
	if (timeline_advance(brambled, boot->id, "joined", detail) != 0)
		api_fail(reply, 503, "the registry can't be written now; try again");
}

void api_cluster_answer(struct brambled *brambled, const char *path, const cJSON *body,
	const struct registry_node *node, const struct registry_boot *boot, struct api_reply *reply)
{
	if (strcmp(path, "/v1/cluster/token") == 0)
		give_token(brambled, node, boot, reply);
	else if (strcmp(path, "/v1/cluster/kept") == 0)
		hear_kept(brambled, body, node, boot, reply);
	else if (strcmp(path, "/v1/cluster/network") == 0)
		describe_network(brambled, body, node, reply);
	else if (strcmp(path, "/v1/cluster/progress") == 0)
		hear_progress(brambled, body, node, boot, reply);
	else if (api_plane_is_path(path))
		api_plane_answer(brambled, path, body, node, boot, reply);
	else
		describe_cluster(brambled, node, boot, reply);
}
