/* SPDX-License-Identifier: ISC */
/* brambled: the brain. Owns the share, the registry and the configuration; talks to no network
 * itself. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/notify.h"
#include "provisioner/brambled.h"
#include "provisioner/builds.h"
#include "provisioner/cluster/joins.h"
#include "provisioner/cluster/run.h"
#include "provisioner/console.h"
#include "provisioner/hooks.h"
#include "provisioner/images.h"
#include "provisioner/network/network.h"
#include "provisioner/nodeconf/force.h"
#include "provisioner/nodes/addresses.h"
#include "provisioner/nodes/admission.h"
#include "provisioner/nodes/health.h"
#include "provisioner/nodes/heartbeats.h"
#include "provisioner/nodes/nodes.h"
#include "provisioner/nodes/orders.h"
#include "provisioner/nodes/sightings.h"
#include "provisioner/nodes/versions.h"
#include "provisioner/packages.h"
#include "provisioner/registry/backups.h"
#include "provisioner/reload.h"
#include "provisioner/rollout/run.h"
#include "provisioner/second.h"
#include "provisioner/server.h"
#include "provisioner/servers.h"
#include "provisioner/timeline/timeline.h"

#define TICK_MS 100
#define TIDY_NS NS_PER_S
/* A backup: soon after boards, nodes or images changed, else once an hour for the history. */
#define BACKUP_SOON_NS (60 * NS_PER_S)
#define BACKUP_NS (3600 * NS_PER_S)
#define WRITE_AGAIN_NS NS_PER_S

static const char usage[] =
	"usage: brambled [--config FILE]\n"
	"The appliance: DHCP, boot files, NFS exports and the registry of boards and nodes.\n"
	"  --config FILE   default " SETTINGS_DEFAULT_PATH "\n"
	"  --help, --version\n"
	"SIGTERM: orderly stop of everything. SIGHUP: read the configuration again.\n"
	"Exit status: 0 stopped, 64 wrong usage, 71 the system refused something, 75 another one "
	"runs,\n"
	"78 the configuration is wrong.\n";

static void warn_network(struct brambled *brambled, const char *reason)
{
	if (strncmp(brambled->network_warning, reason, WARNING_SIZE - 1) != 0)
		log_error("the LAN isn't up: %s; trying again every second", reason);
	str_copy(brambled->network_warning, sizeof(brambled->network_warning), reason);
}

static int start_processes(struct brambled *brambled)
{
	struct supervise_spec spec;
	int result;

	network_describe_dnsmasq(&brambled->settings, &spec);
	result = supervise_add(brambled->supervisor, &spec);
	if (result == 0 || result == -EEXIST) {
		network_describe_dhcpwatch(&brambled->settings, &spec);
		result = supervise_add(brambled->supervisor, &spec);
	}
	return result == 0 || result == -EEXIST ? servers_start(brambled) : result;
}

/* The interface may appear late, and go: dnsmasq needs it. Once the processes run, they are left
 * alone: they come back with the interface. */
static void bring_up_network(struct brambled *brambled)
{
	char reason[WARNING_SIZE - 16] = "";
	int result = network_prepare_interface(&brambled->settings, reason, sizeof(reason));

	if (result == 0 && !brambled->network_up) {
		result = network_test_config(&brambled->settings, reason, sizeof(reason));
		if (result == 0)
			result = start_processes(brambled);
	}
	if (result != 0) {
		warn_network(brambled, reason[0] ? reason : strerror(-result));
		return;
	}
	if (!brambled->network_up || brambled->network_warning[0])
		log_notice("the LAN is up: %s on %s", brambled->settings.lan_address,
			brambled->settings.lan_interface);
	brambled->network_up = true;
	brambled->network_warning[0] = '\0';
}

static void bring_up_exports(struct brambled *brambled)
{
	char reason[WARNING_SIZE] = "";

	if (exports_start(&brambled->settings, brambled->supervisor, &brambled->exports, reason,
		    sizeof(reason)) == 0) {
		brambled->exports_warning[0] = '\0';
		brambled->publish_due = true;
		return;
	}
	brambled->exports = NULL;
	if (strcmp(brambled->exports_warning, reason) != 0)
		log_error("NFS: %s; trying again every second", reason);
	str_copy(brambled->exports_warning, sizeof(brambled->exports_warning), reason);
}

static void write_backup(struct brambled *brambled, const char *next)
{
	int result = registry_backup(brambled->registry);

	if (result == 0)
		result = backup_keep_daily(brambled->registry);
	if (result != 0)
		log_warning("the backup of the registry can't be written to %s/state: %s%s",
			brambled->settings.share, strerror(-result), next);
}

static void back_up(struct brambled *brambled, uint64_t now)
{
	uint64_t age = now - brambled->backup_ns;

	if (age < BACKUP_NS && (age < BACKUP_SOON_NS || !registry_lacks_backup(brambled->registry)))
		return;
	brambled->backup_ns = now;
	if (brambled_commit(brambled) != 0)
		return;
	write_backup(brambled, "; trying again later");
}

/* What is due about every second. */
static void tidy(struct brambled *brambled)
{
	uint64_t now = clock_monotonic_ns();

	if (now < brambled->tidy_due_ns)
		return;
	brambled->tidy_due_ns = now + TIDY_NS;
	bring_up_network(brambled);
	if (brambled->network_up && !brambled->exports)
		bring_up_exports(brambled);
	timeline_tick(brambled);
	heartbeats_tick(brambled);
	health_tick(brambled);
	sightings_tick(brambled);
	second_tick(brambled);
	console_tick(brambled);
	admission_tick(brambled);
	orders_tick(brambled);
	versions_tick(brambled);
	rollout_tick(brambled);
	cluster_tick(brambled);
	builds_tick(brambled);
	back_up(brambled, now);
}

static void write_changes(struct brambled *brambled)
{
	uint64_t now = clock_monotonic_ns();

	/* While the disk is full it isn't tried more often. */
	if (brambled->registry_warning[0] && now < brambled->write_again_ns)
		return;
	brambled->write_again_ns = now + WRITE_AGAIN_NS;
	(void)brambled_settle(brambled);
}

static void on_tick(evutil_socket_t fd, short what, void *argument)
{
	struct brambled *brambled = argument;

	(void)fd;
	(void)what;
	tidy(brambled);
	write_changes(brambled);
	brambled_publish(brambled);
	server_wake_followers(brambled);
}

static void on_end_signal(evutil_socket_t number, short what, void *argument)
{
	struct brambled *brambled = argument;

	(void)number;
	(void)what;
	event_base_loopbreak(brambled->base);
}

static void on_reload_signal(evutil_socket_t number, short what, void *argument)
{
	struct conf_report *report = calloc(1, sizeof(*report));

	(void)number;
	(void)what;
	if (report)
		(void)reload_configuration(argument, report);
	for (size_t i = 0; report && i < report->count; i++)
		log_error("%s; the old configuration stays in force", report->errors[i].text);
	free(report);
}

/* One brambled per run directory. The lock goes with the process, however it ends. */
static int take_lock(const struct settings *settings)
{
	char path[160];
	int fd, result = file_make_directories(settings->run, 0755);

	if (result != 0) {
		log_error("can't make %s: %s", settings->run, strerror(-result));
		return EX_OSERR;
	}
	snprintf(path, sizeof(path), "%s/lock", settings->run);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0; /* stays open */
	if (errno == EWOULDBLOCK) {
		log_error("another brambled runs (it holds %s); `bramble status` asks it", path);
		return EX_TEMPFAIL;
	}
	log_error("can't lock %s: %s", path, strerror(errno));
	return EX_OSERR;
}

static int open_registry(struct brambled *brambled)
{
	char directory[300], path[320], note[REGISTRY_NOTE_SIZE];
	int result;

	snprintf(directory, sizeof(directory), "%s/state", brambled->settings.share);
	snprintf(path, sizeof(path), "%s/registry.db", directory);
	/* The registry holds the nodes' tokens. */
	result = file_make_directories(brambled->settings.share, 0755);
	if (result == 0)
		result = file_make_directories(directory, 0700);
	if (result != 0) {
		log_error("can't make %s: %s", directory, strerror(-result));
		return result;
	}
	result = registry_open(path, &brambled->registry, note);
	if (result != 0) {
		log_error("%s", note);
		return result;
	}
	if (note[0]) {
		log_warning("%s", note);
		str_copy(brambled->restore_warning, sizeof(brambled->restore_warning), note);
	}
	return 0;
}

/* Everything but the network, which may come later. */
static int start(struct brambled *brambled)
{
	int result = open_registry(brambled);

	if (result != 0)
		return result;
	brambled->supervisor = supervise_new(brambled->base, brambled->settings.run);
	result = brambled->supervisor ? images_start(brambled) : -errno;
	admission_start(brambled);
	if (result == 0)
		result = timeline_start(brambled);
	if (result == 0)
		result = console_start(brambled);
	if (result == 0)
		result = heartbeats_start(brambled);
	if (result == 0)
		result = health_start(brambled);
	if (result == 0)
		result = nodeconf_start(brambled);
	if (result == 0)
		result = network_render_config(&brambled->settings);
	if (result == 0)
		result = server_start(brambled);
	if (result == 0)
		result = hooks_start(brambled);
	/* Nothing depends on it: apt can do without. */
	if (result == 0)
		(void)packages_start(brambled->supervisor, &brambled->settings);
	if (result == 0)
		result = builds_start(brambled);
	if (result != 0) {
		log_error("can't start: %s", strerror(-result));
		return result;
	}
	nodes_finish_forgetting(brambled);
	addresses_check(brambled);
	brambled->publish_due = true;
	brambled_publish(brambled);
	return 0;
}

static void stop(struct brambled *brambled)
{
	notify_systemd("STOPPING=1");
	log_notice("stopping");
	if (brambled->exports)
		exports_stop(brambled->exports);
	supervise_stop_all(brambled->supervisor);
	supervise_free(brambled->supervisor);
	server_stop(brambled);
	heartbeats_stop(brambled);
	health_write(brambled);
	health_stop(brambled);
	hooks_stop(brambled);
	builds_stop(brambled);
	nodeconf_stop(brambled);
	(void)brambled_settle(brambled);
	console_stop(brambled);
	timeline_stop(brambled);
	joins_stop(brambled);
	images_stop(brambled);
	network_link_close(&brambled->link);
	write_backup(brambled, "");
	registry_close(brambled->registry);
}

static int run(struct brambled *brambled)
{
	const struct timeval period = { .tv_usec = TICK_MS * 1000 };
	struct event *term = evsignal_new(brambled->base, SIGTERM, on_end_signal, brambled);
	struct event *interrupt = evsignal_new(brambled->base, SIGINT, on_end_signal, brambled);
	struct event *reload = evsignal_new(brambled->base, SIGHUP, on_reload_signal, brambled);

	brambled->tick = event_new(brambled->base, -1, EV_PERSIST, on_tick, brambled);
	if (!term || !interrupt || !reload || !brambled->tick)
		return EX_OSERR;
	event_add(term, NULL);
	event_add(interrupt, NULL);
	event_add(reload, NULL);
	event_add(brambled->tick, &period);
	on_tick(-1, 0, brambled);
	notify_systemd("READY=1");
	event_base_dispatch(brambled->base);
	event_free(term);
	event_free(interrupt);
	event_free(reload);
	event_free(brambled->tick);
	stop(brambled);
	return 0;
}

static int parse_options(int argc, char **argv, const char **config)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'h' || option == 'v') {
			fputs(option == 'h' ? usage : "brambled " BRAMBLE_VERSION "\n", stdout);
			return -1;
		}
		if (option != 'c')
			return EX_USAGE;
		*config = optarg;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "brambled: unexpected argument: %s; see --help\n", argv[optind]);
	return EX_USAGE;
}

int main(int argc, char **argv)
{
	static const enum log_level levels[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING,
		LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
	struct brambled brambled = { .config_path = SETTINGS_DEFAULT_PATH };
	struct conf_error error;
	int status = parse_options(argc, argv, &brambled.config_path);

	if (status != 0)
		return status < 0 ? 0 : status;
	log_init("brambled", LOG_LEVEL_INFO);
	if (settings_load(brambled.config_path, &brambled.settings, &error) != 0) {
		log_error("%s", error.text);
		return EX_CONFIG;
	}
	log_init("brambled", levels[brambled.settings.log_level]);
	signal(SIGPIPE, SIG_IGN);
	brambled.started_ns = clock_monotonic_ns();
	brambled.backup_ns = brambled.started_ns;
	if (sodium_init() < 0)
		return EX_OSERR;
	status = take_lock(&brambled.settings);
	if (status != 0)
		return status;
	brambled.base = event_base_new();
	if (!brambled.base || start(&brambled) != 0)
		return EX_OSERR;
	status = run(&brambled);
	event_base_free(brambled.base);
	return status;
}
