/* SPDX-License-Identifier: ISC */
/* The calls of the node API that are about the cluster (docs/api.md). */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "rootfs/agent/agent.h"
#include "rootfs/cluster/member.h"
#include "rootfs/json.h"

#define CALL_MS 10000
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* Begins the body of every call. */
static void begin(
	struct json_writer *writer, char *body, size_t size, const struct agent_boot *boot)
{
	json_begin(writer, body, size);
	json_text(writer, "token", boot->token);
}

static int call(const struct agent_boot *boot, const char *path, struct json_writer *writer,
	struct http_answer *answer)
{
	int result = json_end(writer);

	if (result == 0)
		result = http_call(boot->router, boot->port, path, writer->out, CALL_MS, answer);
	if (result != 0)
		return result;
	if (answer->status == 200)
		return 0;
	return answer->status == 403 ? -EACCES : -EPROTO;
}

int member_ask_cluster(const struct agent_boot *boot, struct member_cluster *out)
{
	char body[512];
	struct http_answer answer;
	struct json_writer writer;
	int result;

	begin(&writer, body, sizeof(body), boot);
	result = call(boot, "/v1/cluster", &writer, &answer);
	return result == 0 ? member_parse_cluster(answer.body, out) : result;
}

int member_ask_token(const struct agent_boot *boot, char out[static MEMBER_TOKEN_SIZE])
{
	char body[512];
	struct http_answer answer;
	struct json_writer writer;
	int result;

	begin(&writer, body, sizeof(body), boot);
	result = call(boot, "/v1/cluster/token", &writer, &answer);
	return result == 0 ? member_parse_token(answer.body, out) : result;
}

int member_tell_kept(const struct agent_boot *boot, const char *detail)
{
	char body[512];
	struct http_answer answer;
	struct json_writer writer;

	begin(&writer, body, sizeof(body), boot);
	json_text(&writer, "detail", detail);
	return call(boot, "/v1/cluster/kept", &writer, &answer);
}

int member_ask_network(const struct agent_boot *boot, struct member_network *out)
{
	char body[512], id[40];
	struct http_answer answer;
	struct json_writer writer;
	int result;

	agent_read_line(BOOT_ID, id, sizeof(id));
	begin(&writer, body, sizeof(body), boot);
	json_text(&writer, "boot_id", id);
	result = call(boot, "/v1/cluster/network", &writer, &answer);
	return result == 0 ? member_parse_network(answer.body, out) : result;
}

int member_fetch_plane(const struct agent_boot *boot, char **text)
{
	char hash[AGENT_CONFIG_HASH_SIZE];

	return agent_fetch_text(boot, "/v1/cluster/plane", text, hash);
}

int member_ask_snapshot(const struct agent_boot *boot, uint64_t offset, char *out, size_t size,
	size_t *length, uint64_t *whole)
{
	char body[512];
	struct http_answer answer;
	struct json_writer writer;
	int result;

	begin(&writer, body, sizeof(body), boot);
	json_number(&writer, "offset", (int64_t)offset);
	result = call(boot, "/v1/cluster/plane/snapshot", &writer, &answer);
	if (result == 0)
		result = plane_parse_part(answer.body, offset, out, size, length, whole);
	explicit_bzero(answer.body, sizeof(answer.body));
	return result;
}

int member_tell_begun(const struct agent_boot *boot, const char *store)
{
	char body[512];
	struct http_answer answer;
	struct json_writer writer;

	begin(&writer, body, sizeof(body), boot);
	json_text(&writer, "store", store);
	return call(boot, "/v1/cluster/plane/begun", &writer, &answer);
}

void member_tell(const struct agent_boot *boot, bool failed, const char *detail)
{
	char body[1024];
	struct http_answer answer;
	struct json_writer writer;

	if (failed)
		log_error("%s", detail);
	else
		log_notice("%s", detail);
	begin(&writer, body, sizeof(body), boot);
	json_text(&writer, "detail", detail);
	json_boolean(&writer, "failed", failed);
	if (call(boot, "/v1/cluster/progress", &writer, &answer) != 0)
		log_warning("the router wasn't told");
}
