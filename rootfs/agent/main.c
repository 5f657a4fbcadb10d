/* SPDX-License-Identifier: ISC */
/* bramble-agent: joins the cluster and says that the node lives. Started by systemd on every node.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/notify.h"
#include "rootfs/agent/agent.h"
#include "rootfs/agent/node_config.h"
#include "rootfs/agent/scratch.h"
#include "rootfs/cluster/member.h"

#define FIRST_PAUSE_MS 500
#define LONGEST_PAUSE_MS 15000
#define EXIT_USAGE 64 /* sysexits.h */
#define EXIT_CONFIGURATION 78
#define LAST_ORDER "/run/bramble/order"
#define JOINED "/run/bramble/joined" /* bramble-init's vigil ends when it is there */
#define KEPT_KEYS "/data/.bramble/ssh"

/* The kernel's log goes to every console; a line without its newline would be held back. */
static void say_on_console(const char *text)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	close(fd);
}

static const char *explain(int error)
{
	switch (-error) {
	case EACCES:
		return "the router refused: this is not the present boot of this node";
	case EPROTO:
		return "the router can't now";
	case EBADMSG:
		return "the router's answer is not understood: are router and image of the same "
		       "version?";
	default:
		return strerror(-error);
	}
}

static void take_place(const struct agent_boot *boot, const struct agent_place *place)
{
	char line[128];
	int result = agent_apply_place(place, boot->dns, "/etc");

	if (result == 0 && sethostname(place->node, strlen(place->node)) != 0)
		result = -errno;
	if (result != 0)
		log_error("name and domain can't be set: %s", strerror(-result));
	log_notice("joined as %s", place->node);
	snprintf(line, sizeof(line), "<5>bramble: joined as %s\n", place->node);
	say_on_console(line);
}

static void end_vigil(void)
{
	int fd = open(JOINED, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd >= 0)
		close(fd);
	else
		log_error(
			"%s can't be made: %s; this node will start over", JOINED, strerror(errno));
}

static void join_at_last(const struct agent_boot *boot, unsigned *heartbeat_s)
{
	struct agent_place place;
	int pause_ms = FIRST_PAUSE_MS, last = 0, result;

	while ((result = agent_join(boot, &place)) != 0) {
		if (result != last)
			log_warning("not joined yet: %s; trying on", explain(result));
		last = result;
		poll(NULL, 0, pause_ms);
		pause_ms = pause_ms * 2 < LONGEST_PAUSE_MS ? pause_ms * 2 : LONGEST_PAUSE_MS;
	}
	end_vigil();
	take_place(boot, &place);
	*heartbeat_s = place.heartbeat_s;
}

static int acknowledge(void *argument, uint64_t id, bool done, const char *text)
{
	return agent_acknowledge(argument, id, done, text);
}

static int reboot_node(void *argument, char reason[static AGENT_REASON_SIZE])
{
	(void)argument;
	return agent_reboot(reason);
}

static int format_disk(
	void *argument, const char *disk, bool force, char text[static AGENT_REASON_SIZE])
{
	char reason[CONFIG_REASON_SIZE];
	struct config_world world = { .root = "", .run = config_tool };
	int result = scratch_format(&world, disk, force, reason);

	(void)argument;
	str_copy(text, AGENT_REASON_SIZE, reason);
	return result;
}

static void obey(
	const struct agent_boot *boot, struct agent_beacon *beacon, const struct agent_order *order)
{
	const struct agent_means means = { .record = LAST_ORDER,
		.leds = LED_CLASS,
		.beacon = beacon,
		.acknowledge = acknowledge,
		.reboot = reboot_node,
		.format = format_disk,
		.argument = (void *)(uintptr_t)boot };

	agent_obey(&means, order);
}

/* One heartbeat, and what its answer asks for. Returns whether another one should follow at once.
 */
static bool beat(const struct agent_boot *boot, struct agent_beacon *beacon,
	struct agent_config *config, int *last)
{
	struct agent_order order;
	int result = agent_send_heartbeat(boot, &order, config);

	if (result == -EACCES)
		/* brambled may have been set up anew: join again with the same token, or be told
		 * why not. */
		join_at_last(boot, &config->heartbeat_s);
	else if (result != *last && result != 0)
		log_warning("no heartbeat reaches the router: %s", explain(result));
	else if (result != *last)
		log_notice("heartbeats reach the router again");
	*last = result == -EACCES ? 0 : result;
	if (result != 0)
		return false;
	if (order.id != 0)
		obey(boot, beacon, &order);
	return agent_tend_config(config, boot);
}

_Noreturn static void run(const struct agent_boot *boot)
{
	static struct agent_config config;
	struct agent_beacon beacon = { 0 };
	bool news = false;
	int last = 0;

	(void)agent_report_systemd(boot); /* joining says it too */
	agent_begin_config(&config, boot);
	agent_configure_at_boot(&config, boot);
	notify_systemd("READY=1");
	join_at_last(boot, &config.heartbeat_s);
	for (;;) {
		if (!news)
			poll(NULL, 0, (int)(config.heartbeat_s * 1000));
		agent_gather_blink(&beacon);
		news = beat(boot, &beacon, &config, &last);
	}
}

static const char usage[] =
	"usage: bramble-agent [--keys|--cluster|--ended]\n"
	"Runs on a node, started by bramble-agent.service.\n"
	"  --keys     make the node's SSH host key if it has none, keep it, and end\n"
	"  --cluster  make it a node of the Kubernetes cluster (bramble-cluster.service)\n"
	"  --ended    tell the router that the service ended before the node had joined\n";

static int keep_keys(void)
{
	int result = agent_keep_host_keys(KEPT_KEYS, "/etc/ssh");

	if (result != 0)
		log_error("SSH host keys can't be kept in %s: %s", KEPT_KEYS, strerror(-result));
	return result == 0 ? 0 : 1;
}

/* systemd runs it after the agent, however that ended: an agent that can't even start can't speak
 * for itself. */
static int tell_ending(const struct agent_boot *boot)
{
	char why[AGENT_ENDING_SIZE];

	if (access(JOINED, F_OK) == 0 || !agent_describe_ending(getenv("SERVICE_RESULT"),
						 getenv("EXIT_CODE"), getenv("EXIT_STATUS"), why))
		return 0;
	return agent_report_failure(boot, why) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct agent_boot boot;
	const char *missing = "";
	bool cluster, ended;

	log_init("bramble-agent", LOG_LEVEL_INFO);
	if (argc == 2 && strcmp(argv[1], "--keys") == 0)
		return keep_keys();
	cluster = argc == 2 && strcmp(argv[1], "--cluster") == 0;
	ended = argc == 2 && strcmp(argv[1], "--ended") == 0;
	if (argc > 1 && !cluster && !ended) {
		bool help = strcmp(argv[1], "--help") == 0;

		fputs(usage, help ? stdout : stderr);
		return help ? 0 : EXIT_USAGE;
	}
	if (agent_read_boot(&boot, &missing) != 0) {
		log_error("%s is missing or wrong: was this system booted by bramble-init? See "
			  "/run/bramble/boot",
			missing);
		return EXIT_CONFIGURATION;
	}
	if (ended)
		return tell_ending(&boot);
	if (cluster)
		return member_run_service(&boot) == 0 ? 0 : 1;
	run(&boot);
}
