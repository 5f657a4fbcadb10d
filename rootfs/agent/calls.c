/* SPDX-License-Identifier: ISC */
/* The calls of the node API (docs/api.md). */
#include <errno.h>
#include <string.h>

#include "rootfs/agent/agent.h"
#include "rootfs/agent/node_config.h"
#include "rootfs/json.h"

#define CALL_MS 10000
#define LONGEST_ORDER_S 86400

/* Every answer tells the router's time. */
static void follow_clock(const char *json, uint64_t sent_ns, uint64_t received_ns)
{
	char text[24];
	uint64_t router_ns;

	if (json_get(json, "time_ns", text, sizeof(text)) == 0 &&
		str_parse_u64(text, 1, INT64_MAX, &router_ns) == 0)
		agent_correct_clock(router_ns, sent_ns, received_ns);
}

/* Ends the body in `writer` and sends it. */
static int call(const struct agent_boot *boot, const char *path, struct json_writer *writer,
	struct http_answer *answer)
{
	int result = json_end(writer);
	uint64_t sent_ns = agent_wall_ns();

	if (result == 0)
		result = http_call(boot->router, boot->port, path, writer->out, CALL_MS, answer);
	if (result != 0)
		return result;
	if (answer->status != 200)
		return answer->status == 403 ? -EACCES : -EPROTO;
	follow_clock(answer->body, sent_ns, agent_wall_ns());
	return 0;
}

static int report(const struct agent_boot *boot, const char *detail, bool failed)
{
	char body[512];
	struct http_answer answer;
	struct json_writer writer;

	json_begin(&writer, body, sizeof(body));
	json_text(&writer, "token", boot->token);
	json_text(&writer, "stage", "systemd");
	json_text(&writer, "detail", detail);
	json_boolean(&writer, "failed", failed);
	return call(boot, "/v1/boot/stage", &writer, &answer);
}

int agent_report_systemd(const struct agent_boot *boot)
{
	return report(boot, "agent " BRAMBLE_VERSION, false);
}

int agent_report_failure(const struct agent_boot *boot, const char *why)
{
	return report(boot, why, true);
}

int agent_join(const struct agent_boot *boot, struct agent_place *place)
{
	char body[2048];
	struct agent_facts facts;
	struct http_answer answer;
	struct json_writer writer;
	int result;

	agent_read_facts(&facts);
	json_begin(&writer, body, sizeof(body));
	json_text(&writer, "token", boot->token);
	json_open(&writer, "board");
	json_text(&writer, "serial", facts.serial);
	json_text(&writer, "model", facts.model);
	json_number(&writer, "revision", facts.revision);
	json_close(&writer);
	json_text(&writer, "image", boot->hash);
	json_text(&writer, "kernel", facts.kernel);
	json_text(&writer, "machine_id", facts.machine_id);
	result = call(boot, "/v1/join", &writer, &answer);
	return result == 0 ? agent_parse_place(answer.body, place) : result;
}

#define TARGET "abcdefghijklmnopqrstuvwxyz0123456789"

int agent_parse_order(const char *json, struct agent_order *order)
{
	char text[24];
	uint64_t seconds = 0;
	int result = json_get(json, "order_id", text, sizeof(text));

	*order = (struct agent_order){ 0 };
	if (result != 0)
		return result;
	if (json_get(json, "order", order->verb, sizeof(order->verb)) != 0 ||
		str_parse_u64(text, 1, INT64_MAX, &order->id) != 0)
		return -EBADMSG;
	if (json_get(json, "order_s", text, sizeof(text)) == 0 &&
		str_parse_u64(text, 0, LONGEST_ORDER_S, &seconds) != 0)
		return -EBADMSG;
	/* It becomes a path. */
	if (json_get(json, "order_target", order->target, sizeof(order->target)) == 0 &&
		(!order->target[0] || order->target[strspn(order->target, TARGET)]))
		return -EBADMSG;
	order->seconds = (unsigned)seconds;
	return 0;
}

int agent_acknowledge(const struct agent_boot *boot, uint64_t id, bool done, const char *text)
{
	char body[1024];
	struct http_answer answer;
	struct json_writer writer;

	json_begin(&writer, body, sizeof(body));
	json_text(&writer, "token", boot->token);
	json_number(&writer, "order_id", (int64_t)id);
	json_boolean(&writer, "done", done);
	json_text(&writer, "text", text);
	return call(boot, "/v1/order", &writer, &answer);
}

int agent_ask_part(const struct agent_boot *boot, const char *path, uint64_t offset,
	struct agent_config_part *part)
{
	char body[256];
	struct http_answer answer;
	struct json_writer writer;
	int result;

	json_begin(&writer, body, sizeof(body));
	json_text(&writer, "token", boot->token);
	json_number(&writer, "offset", (int64_t)offset);
	result = call(boot, path, &writer, &answer);
	result = result == 0 ? agent_parse_config_part(answer.body, part) : result;
	explicit_bzero(answer.body, sizeof(answer.body));
	return result;
}

static void tell_health(struct json_writer *writer)
{
	static struct agent_nfs nfs; /* as of the heartbeat before */
	struct agent_facts facts;
	struct agent_health health;

	agent_read_facts(&facts);
	agent_read_health(&health, &nfs);
	json_number(writer, "uptime_s", facts.uptime_s);
	json_decimal(writer, "load1", facts.load1);
	json_number(writer, "memory_total_kb", facts.memory_total_kb);
	json_number(writer, "memory_available_kb", facts.memory_available_kb);
	json_number(writer, "temperature_mc", facts.temperature_mc);
	if (health.throttled >= 0)
		json_number(writer, "throttled", health.throttled);
	json_number(writer, "link_mbps", health.link_mbps);
	json_number(writer, "nfs_us", health.nfs_us);
	if (health.image_corrupt)
		json_boolean(writer, "image_corrupt", true);
}

static void tell_config(struct json_writer *writer, const struct agent_config *config)
{
	if (!config->hash[0])
		return;
	json_text(writer, "config", config->hash);
	json_number(writer, "config_failed", config->outcome.failed);
	json_number(writer, "config_drifted", config->outcome.drifted);
	json_number(writer, "config_reboot", config->outcome.reboot);
	json_text(writer, "config_text", config->outcome.text);
	json_text(writer, "scratch", config->world.scratch);
}

int agent_send_heartbeat(
	const struct agent_boot *boot, struct agent_order *order, struct agent_config *config)
{
	char body[3072];
	struct http_answer answer;
	struct json_writer writer;
	int result;

	order->id = 0;
	json_begin(&writer, body, sizeof(body));
	json_text(&writer, "token", boot->token);
	tell_health(&writer);
	tell_config(&writer, config);
	result = call(boot, "/v1/heartbeat", &writer, &answer);
	if (result != 0)
		return result;
	/* An order that isn't understood isn't one: it expires on the router. */
	if (agent_parse_order(answer.body, order) != 0)
		order->id = 0;
	(void)json_get(answer.body, "config", config->wanted, sizeof(config->wanted));
	return 0;
}
