/* SPDX-License-Identifier: ISC */
#include "provisioner/clusterd/work.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "provisioner/clusterd/nodes.h"
#include "provisioner/clusterd/request.h"
#include "provisioner/clusterd/token.h"

#define ASK_MS 5000
/* How often the cluster is looked at when nobody joins. */
#define LOOK_NS (10 * NS_PER_S)
#define SECRETS "/api/v1/namespaces/kube-system/secrets"
#define REQUESTS "/apis/certificates.k8s.io/v1/certificatesigningrequests"
#define NODES "/api/v1/nodes"

/* Once for each kind of trouble, and once when it is over. */
static int say(struct work *work, int result, const char *error)
{
	if (result != 0 && work->told != result)
		log_warning("the API server: %s", error);
	else if (result == 0 && work->told != 0)
		log_notice("the API server answers again");
	work->told = result;
	return result;
}

int work_call(struct work *work, enum kube_method method, const char *path, const cJSON *body,
	cJSON **answer)
{
	char error[KUBE_ERROR_SIZE];
	int result = kube_call(work->kube, method, path, body, answer, error);

	return say(work, result, error);
}

cJSON *work_ask(struct work *work, enum ipc_method method, const char *path, const cJSON *body)
{
	char *text = body ? cJSON_PrintUnformatted(body) : NULL;
	struct client_answer answer;
	int result = client_call(work->brambled, method, path, text, ASK_MS, &answer);
	cJSON *json = NULL;

	free(text);
	if (result != 0)
		return NULL;
	if (answer.status == 200)
		json = cJSON_ParseWithLength(answer.text, answer.size);
	free(answer.text);
	return json;
}

/* `token` "" means: there is none any more. */
static void tell_token(struct work *work, const char *node, const char *token)
{
	cJSON *body = cJSON_CreateObject();

	cJSON_AddStringToObject(body, "node", node);
	cJSON_AddStringToObject(body, "token", token);
	cJSON_Delete(work_ask(work, IPC_POST, "/v1/cluster/tokens", body));
	cJSON_Delete(body);
}

static void tell_spent(struct work *work, const char *node)
{
	cJSON *body = cJSON_CreateObject();

	cJSON_AddStringToObject(body, "node", node);
	cJSON_AddBoolToObject(body, "spent", true);
	cJSON_Delete(work_ask(work, IPC_POST, "/v1/cluster/tokens", body));
	cJSON_Delete(body);
}

static int delete_tokens(struct work *work, const char *node)
{
	char path[256];

	snprintf(path, sizeof(path), SECRETS "?labelSelector=bramble%%2Fnode%%3D%.63s", node);
	return work_call(work, KUBE_DELETE, path, NULL, NULL);
}

static void mint(struct work *work, const char *node)
{
	char token[TOKEN_SIZE];
	cJSON *secret;
	int result = delete_tokens(work, node);

	if (result != 0)
		return;
	token_make(token);
	secret = token_secret(token, node, (int64_t)time(NULL));
	result = work_call(work, KUBE_POST, SECRETS, secret, NULL);
	cJSON_Delete(secret);
	if (result != 0)
		return;
	log_info("%s gets a token", node);
	tell_token(work, node, token);
}

static void serve_joins(struct work *work, const cJSON *orders)
{
	const cJSON *join;

	cJSON_ArrayForEach(join, cJSON_GetObjectItemCaseSensitive(orders, "joins"))
	{
		const char *node =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(join, "node"));
		const char *state =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(join, "state"));

		if (!node || !state || !str_is_node_name(node))
			continue;
		if (strcmp(state, "wanted") == 0)
			mint(work, node);
		else if (strcmp(state, "done") == 0 && delete_tokens(work, node) == 0)
			tell_token(work, node, "");
	}
}

/* Was another request of this token approved? */
static bool is_used(const cJSON *list, const char *token)
{
	const cJSON *object;
	struct request request;

	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(list, "items"))
	{
		if (request_read(object, &request) && request.approved &&
			strcmp(request.token, token) == 0)
			return true;
	}
	return false;
}

/* The node whose token this is, or -ENOENT. */
static int find_node(struct work *work, const char *token, char node[static NODE_NAME_SIZE])
{
	char path[128], error[KUBE_ERROR_SIZE];
	const char *name = NULL;
	cJSON *secret;
	int result;

	snprintf(path, sizeof(path), SECRETS "/bootstrap-token-%s", token);
	result = kube_call(work->kube, KUBE_GET, path, NULL, &secret, error);
	if (result == -ENOENT)
		return result;
	if (say(work, result, error) == 0)
		name = token_node(secret);
	if (result == 0 && (!name || !str_copy(node, NODE_NAME_SIZE, name)))
		result = -ENOENT;
	cJSON_Delete(secret);
	return result;
}

/* Its token has been taken back since, because the node or brambled began anew. Denied it would be
 * in the node's way: a kubelet keeps its key, names its requests by it, and takes the one that it
 * finds (client-go, util/certificate/csr) for an hour. */
static void drop(struct work *work, const struct request *request)
{
	char path[512];

	snprintf(path, sizeof(path), REQUESTS "/%.253s", request->name);
	if (work_call(work, KUBE_DELETE, path, NULL, NULL) == 0)
		log_notice("certificate request %.80s: deleted: its token was taken back",
			request->name);
}

/* Returns whether it was approved. */
static bool decide(struct work *work, const cJSON *object, const struct request *request, bool used)
{
	char path[512], node[NODE_NAME_SIZE], reason[REQUEST_REASON_SIZE];
	int result = find_node(work, request->token, node);
	bool approve = false;
	cJSON *patch;

	if (result == -ENOENT)
		drop(work, request);
	if (result != 0)
		return false;
	approve = request_judge(object, node, used, reason);
	patch = request_verdict(approve, reason);
	snprintf(path, sizeof(path), REQUESTS "/%.253s/approval", request->name);
	result = work_call(work, KUBE_PATCH, path, patch, NULL);
	cJSON_Delete(patch);
	if (result == 0 && approve) {
		log_notice("certificate request %.80s: approved: %s", request->name, reason);
		tell_spent(work, node);
	}
	if (result == 0 && !approve)
		log_warning("certificate request %.80s: denied: %s", request->name, reason);
	return result == 0 && approve;
}

static void judge_requests(struct work *work)
{
	cJSON *list;
	const cJSON *object;
	struct request request;
	char approved[REQUEST_TOKEN_ID_SIZE] = ""; /* in this round: the list doesn't say so yet */

	if (work_call(work, KUBE_GET, REQUESTS, NULL, &list) != 0)
		return;
	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(list, "items"))
	{
		if (!request_read(object, &request) || request.decided)
			continue;
		/* Of two with one token the second waits for the next round. */
		if (strcmp(approved, request.token) == 0)
			continue;
		if (decide(work, object, &request, is_used(list, request.token)))
			str_copy(approved, sizeof(approved), request.token);
	}
	cJSON_Delete(list);
}

static void label_nodes(struct work *work, const cJSON *orders, const cJSON *list)
{
	const cJSON *wanted, *object;

	cJSON_ArrayForEach(wanted, cJSON_GetObjectItemCaseSensitive(orders, "nodes"))
	{
		const char *name =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(wanted, "name"));
		char path[128];
		cJSON *patch;

		object = name && str_is_node_name(name) ? nodes_find(list, name) : NULL;
		patch = object ? nodes_patch(object, wanted) : NULL;
		if (!patch)
			continue;
		snprintf(path, sizeof(path), NODES "/%.63s", name);
		/* What changed meanwhile is seen at the next round. */
		(void)work_call(work, KUBE_PATCH, path, patch, NULL);
		cJSON_Delete(patch);
	}
}

/* brambled hears of a node after it has its labels and taints: only then it can become Ready. */
static void look_at_nodes(struct work *work, const cJSON *orders)
{
	cJSON *list, *report;
	bool more = true;

	if (work_call(work, KUBE_GET, NODES, NULL, &list) != 0)
		return;
	label_nodes(work, orders, list);
	work_drain_nodes(work, orders, list);
	work_delete_nodes(work, orders, list);
	for (int first = 0; more; first += NODES_CHUNK) {
		report = nodes_describe(list, first);
		more = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(report, "more"));
		cJSON_Delete(work_ask(work, IPC_POST, "/v1/cluster/nodes", report));
		cJSON_Delete(report);
	}
	cJSON_Delete(list);
}

void work_round(struct work *work)
{
	cJSON *orders = work_ask(work, IPC_GET, "/v1/cluster/work", NULL);
	uint64_t now = clock_monotonic_ns();

	serve_joins(work, orders);
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(orders, "busy")) ||
		now - work->listed_ns >= LOOK_NS) {
		work->listed_ns = now;
		judge_requests(work);
		look_at_nodes(work, orders);
		work_make_volumes(work);
	}
	cJSON_Delete(orders);
}
