/* SPDX-License-Identifier: ISC */
/* bramble-agent: joins the cluster and says that the node lives. Started by systemd on every node.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "rootfs/agent/agent.h"
#include "rootfs/http.h"
#include "rootfs/json.h"

#define CALL_MS 10000
#define FIRST_PAUSE_MS 500
#define LONGEST_PAUSE_MS 15000
#define KEPT_KEYS "/data/.bramble/ssh"

/* One call of the node API. 0 when the router accepted it; -EACCES when it refused. */
static int call(const struct agent_boot *boot, const char *path, const char *body,
	struct http_answer *answer)
{
	int result = http_call(boot->router, path, body, CALL_MS, answer);

	if (result != 0)
		return result;
	if (answer->status == 200)
		return 0;
	return answer->status == 403 ? -EACCES : -EPROTO;
}

static void report_systemd(const struct agent_boot *boot)
{
	char body[512];
	struct http_answer answer;
	struct json_writer writer;

	json_begin(&writer, body, sizeof(body));
	json_text(&writer, "token", boot->token);
	json_text(&writer, "stage", "systemd");
	json_text(&writer, "detail", "agent " BRAMBLE_VERSION);
	json_boolean(&writer, "failed", false);
	if (json_end(&writer) == 0)
		(void)call(boot, "/v1/boot/stage", body, &answer);
}

static int join(const struct agent_boot *boot, int64_t *heartbeat_s)
{
	char body[2048], text[32];
	struct agent_facts facts;
	struct http_answer answer;
	struct json_writer writer;
	uint64_t seconds;
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
	result = json_end(&writer);
	if (result == 0)
		result = call(boot, "/v1/join", body, &answer);
	if (result != 0)
		return result;
	if (json_get(answer.body, "heartbeat_s", text, sizeof(text)) != 0 ||
		str_parse_u64(text, 1, 86400, &seconds) != 0)
		return -EBADMSG;
	*heartbeat_s = (int64_t)seconds;
	return 0;
}

static int heartbeat(const struct agent_boot *boot)
{
	char body[1024];
	struct agent_facts facts;
	struct http_answer answer;
	struct json_writer writer;
	int result;

	agent_read_facts(&facts);
	json_begin(&writer, body, sizeof(body));
	json_text(&writer, "token", boot->token);
	json_number(&writer, "uptime_s", facts.uptime_s);
	json_number(&writer, "load1", (int64_t)facts.load1);
	json_number(&writer, "memory_total_kb", facts.memory_total_kb);
	json_number(&writer, "memory_available_kb", facts.memory_available_kb);
	json_number(&writer, "temperature_mc", facts.temperature_mc);
	result = json_end(&writer);
	return result == 0 ? call(boot, "/v1/heartbeat", body, &answer) : result;
}

/* The kernel's log goes to every console. */
static void say_on_console(const char *text)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	close(fd);
}

static void join_at_last(const struct agent_boot *boot, int64_t *heartbeat_s)
{
	int pause_ms = FIRST_PAUSE_MS, result, last = 0;
	char line[128];

	while ((result = join(boot, heartbeat_s)) != 0) {
		if (result != last)
			log_warning("not joined yet: %s; trying on",
				result == -EACCES ? "the router refused: this is not the present "
						    "boot of this node"
						  : strerror(-result));
		last = result;
		poll(NULL, 0, pause_ms);
		pause_ms = pause_ms * 2 < LONGEST_PAUSE_MS ? pause_ms * 2 : LONGEST_PAUSE_MS;
	}
	log_notice("joined as %s", boot->node);
	snprintf(line, sizeof(line), "<5>bramble: joined as %s", boot->node);
	say_on_console(line);
}

static const char usage[] =
	"usage: bramble-agent [--keys]\n"
	"Runs on a node, started by bramble-agent.service.\n"
	"  --keys   make the node's SSH host key if it has none, keep it, and end\n";

static int keep_keys(void)
{
	int result = agent_keep_host_keys(KEPT_KEYS, "/etc/ssh");

	if (result != 0)
		log_error("SSH host keys can't be kept in %s: %s", KEPT_KEYS, strerror(-result));
	return result == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct agent_boot boot;
	const char *missing = "";
	int64_t heartbeat_s = 10;
	int result;

	log_init("bramble-agent", LOG_LEVEL_INFO);
	if (argc == 2 && strcmp(argv[1], "--keys") == 0)
		return keep_keys();
	if (argc > 1) {
		bool help = strcmp(argv[1], "--help") == 0;

		fputs(usage, help ? stdout : stderr);
		return help ? 0 : 64;
	}
	if (agent_read_boot(&boot, &missing) != 0) {
		log_error("%s is not set: was this system booted by bramble-init? See "
			  "/run/bramble/boot",
			missing);
		return 78;
	}
	report_systemd(&boot);
	join_at_last(&boot, &heartbeat_s);
	for (;;) {
		poll(NULL, 0, (int)(heartbeat_s * 1000));
		result = heartbeat(&boot);
		if (result == -EACCES)
			/* brambled may have been set up anew: join again with the same token, or be
			 * told why not. */
			join_at_last(&boot, &heartbeat_s);
		else if (result != 0)
			log_debug("heartbeat: %s", strerror(-result));
	}
}
