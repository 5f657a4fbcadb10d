/* SPDX-License-Identifier: ISC */
/* bramble-dhcpwatch: tells brambled of every DHCP packet on the LAN, and what boards say of their
 * boot. */
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "common/str.h"
#include "provisioner/dhcpwatch/confine.h"
#include "provisioner/dhcpwatch/report.h"
#include "provisioner/dhcpwatch/watch.h"

#define PROBE_LONGEST_S 86400

struct arguments {
	const char *ipc, *user;
	struct watch_place place;
	enum log_level level;
};

static int explain(void)
{
	fputs("usage: bramble-dhcpwatch --ipc SOCKET --interface NAME --address A --user USER\n"
	      "       [--probe SECONDS] [--log-level LEVEL]\n",
		stderr);
	return -EINVAL;
}

/* Returns 0 or -EINVAL. */
static int take_argument(struct arguments *arguments, int option)
{
	uint64_t seconds;
	int result = 0;

	if (option == 'i') {
		arguments->ipc = optarg;
	} else if (option == 'n') {
		arguments->place.interface = optarg;
	} else if (option == 'a') {
		result = str_parse_address(optarg, &arguments->place.router);
	} else if (option == 'p') {
		result = str_parse_u64(optarg, 0, PROBE_LONGEST_S, &seconds);
		if (result == 0)
			arguments->place.probe_s = (unsigned)seconds;
	} else if (option == 'u') {
		arguments->user = optarg;
	} else {
		result = option == 'l' ? log_parse_level(optarg, &arguments->level) : -EINVAL;
	}
	return result;
}

static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{ "ipc", required_argument, NULL, 'i' },
		{ "interface", required_argument, NULL, 'n' },
		{ "address", required_argument, NULL, 'a' },
		{ "probe", required_argument, NULL, 'p' },
		{ "user", required_argument, NULL, 'u' },
		{ "log-level", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*arguments = (struct arguments){ .level = LOG_LEVEL_INFO };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (take_argument(arguments, option) != 0)
			return explain();
	}
	if (optind != argc || !arguments->ipc || !arguments->place.interface ||
		arguments->place.router.s_addr == 0 || !arguments->user)
		return explain();
	return 0;
}

static void on_stop(evutil_socket_t signal, short what, void *base)
{
	(void)signal;
	(void)what;
	event_base_loopbreak(base);
}

/* Everything that needs a file or a right happens before `confine`. */
static int run(struct event_base *base, const struct arguments *arguments)
{
	int socket = watch_open(), result = socket < 0 ? socket : 0;
	struct event *stop = evsignal_new(base, SIGTERM, on_stop, base);
	struct report *report;
	struct watch *watch = NULL;

	if (result != 0) {
		log_error("can't open a packet socket: %s", strerror(-result));
	} else {
		result = confine(arguments->user);
	}
	report = result == 0 && stop ? report_new(base, arguments->ipc) : NULL;
	if (report)
		watch = watch_new(base, socket, &arguments->place, report);
	if (watch && event_add(stop, NULL) == 0) {
		log_info("watching DHCP on %s", arguments->place.interface);
		event_base_dispatch(base);
	} else if (result == 0) {
		log_error("can't watch %s: %s", arguments->place.interface, strerror(errno));
		result = -errno;
	}
	watch_free(watch);
	report_free(report);
	if (stop)
		event_free(stop);
	return result;
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	struct event_base *base;
	int result;

	if (parse_arguments(argc, argv, &arguments) != 0)
		return 2;
	log_init("bramble-dhcpwatch", arguments.level);
	signal(SIGPIPE, SIG_IGN);
	/* Memory by brk() alone: once confined, no call is left that maps any (see confine.c). */
	mallopt(M_MMAP_MAX, 0);
	base = sandbox_close_others(-1) == 0 ? event_base_new() : NULL;
	if (!base) {
		log_error("can't make an event loop: %s", strerror(errno));
		return EXIT_FAILURE;
	}
	result = run(base, &arguments);
	event_base_free(base);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
