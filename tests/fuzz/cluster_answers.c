/* SPDX-License-Identifier: ISC */
/* What bramble-clusterd and bramble-agent read of a cluster: certificate requests (first byte 'r'),
 * credentials ('k'), nodes ('n'), claims of volumes ('v'), what a node gets that carries the
 * control plane ('p') and its snapshot ('s'), and the router's answers to a node. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/clusterd/drain.h"
#include "provisioner/clusterd/kubeconfig.h"
#include "provisioner/clusterd/nodes.h"
#include "provisioner/clusterd/request.h"
#include "provisioner/clusterd/volumes.h"
#include "rootfs/cluster/member.h"
#include "tests/fuzz/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_request(const char *text, size_t size)
{
	char reason[REQUEST_REASON_SIZE];
	cJSON *object = cJSON_Parse(text);
	struct request request;

	(void)request_check(text, size, "rasp1", reason);
	if (object && request_read(object, &request))
		(void)request_judge(object, "rasp1", false, reason);
	cJSON_Delete(object);
}

static void read_nodes(const char *text)
{
	cJSON *list = cJSON_Parse(text),
	      *wanted = cJSON_Parse("{\"labels\":[\"a=b\"],\"taints\":[]}");
	const cJSON *object = nodes_find(list, "rasp1");
	char path[DRAIN_PATH_SIZE];

	if (object)
		cJSON_Delete(nodes_patch(object, wanted));
	cJSON_Delete(nodes_describe(list, 0));
	if (drain_judge(list) == DRAIN_GOES && drain_format_path(list, path) == 0)
		cJSON_Delete(drain_eviction(list, drain_parse_minor(list)));
	cJSON_Delete(wanted);
	cJSON_Delete(list);
}

static void read_claim(const char *text)
{
	cJSON *object = cJSON_Parse(text);
	struct volume_claim claim;
	char why[96];

	if (object && volumes_read_claim(object, &claim, why)) {
		if (strchr(claim.space, '/') || strchr(claim.name, '/') || claim.name[0] == '.')
			abort();
		cJSON_Delete(volumes_make(object, "/shared/volumes/a/b"));
	}
	cJSON_Delete(object);
}

static void read_answers(const char *text)
{
	static struct member_cluster cluster;
	static struct member_network network;
	char token[MEMBER_TOKEN_SIZE], decoded[64];

	if (member_parse_cluster(text, &cluster) == 0 && cluster.engine && !cluster.node[0])
		abort();
	(void)member_parse_network(text, &network);
	if (member_parse_token(text, token) == 0 && strlen(token) != MEMBER_TOKEN_SIZE - 1)
		abort();
	(void)member_decode(text, decoded, sizeof(decoded));
}

/* Arguments become a line of a systemd unit's environment. */
static void read_plane(const char *text)
{
	static struct plane_document document;

	if (plane_parse(text, &document) != 0)
		return;
	for (size_t i = 0; i < PLANE_PROGRAMS; i++) {
		if (strncmp(document.arguments[i], "--", 2) != 0 ||
			strpbrk(document.arguments[i], "\n\"'\\$#"))
			abort();
	}
}

static void read_part(const char *text)
{
	char out[64];
	uint64_t whole;
	size_t length;

	if (plane_parse_part(text, 0, out, sizeof(out), &length, &whole) == 0 && length > whole)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kubeconfig config;
	char *text = fuzz_text(data, size);

	if (!text)
		return 0;
	if (data[0] == 'r')
		read_request(text, size - 1);
	else if (data[0] == 'k')
		(void)kubeconfig_parse(text, size - 1, &config);
	else if (data[0] == 'n')
		read_nodes(text);
	else if (data[0] == 'v')
		read_claim(text);
	else if (data[0] == 'p')
		read_plane(text);
	else if (data[0] == 's')
		read_part(text);
	else
		read_answers(text);
	free(text);
	return 0;
}
