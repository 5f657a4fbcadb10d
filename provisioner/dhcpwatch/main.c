/* SPDX-License-Identifier: ISC */
/* bramble-dhcpwatch: tells brambled of every DHCP packet on the LAN. */
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "provisioner/dhcpwatch/confine.h"
#include "provisioner/dhcpwatch/report.h"
#include "provisioner/dhcpwatch/watch.h"

struct arguments {
	const char *ipc, *interface, *user;
	enum log_level level;
};

static int explain(void)
{
	fputs("usage: bramble-dhcpwatch --ipc SOCKET --interface NAME --user USER [--log-level "
	      "LEVEL]\n",
		stderr);
	return -EINVAL;
}

static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{ "ipc", required_argument, NULL, 'i' },
		{ "interface", required_argument, NULL, 'n' },
		{ "user", required_argument, NULL, 'u' },
		{ "log-level", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*arguments = (struct arguments){ .level = LOG_LEVEL_INFO };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'i')
			arguments->ipc = optarg;
		else if (option == 'n')
			arguments->interface = optarg;
		else if (option == 'u')
			arguments->user = optarg;
		else if (option != 'l' || log_parse_level(optarg, &arguments->level) != 0)
			return explain();
	}
	if (optind != argc || !arguments->ipc || !arguments->interface || !arguments->user)
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
	int socket = watch_open(), result;
	struct event *stop = evsignal_new(base, SIGTERM, on_stop, base);
	struct report *report;
	struct watch *watch = NULL;

	if (socket < 0) {
		log_error("can't open a packet socket: %s", strerror(-socket));
		result = socket;
	} else {
		result = confine(arguments->user);
	}
	report = result == 0 && stop ? report_new(base, arguments->ipc) : NULL;
	if (report)
		watch = watch_new(base, socket, arguments->interface, report);
	if (watch && event_add(stop, NULL) == 0) {
		log_info("watching DHCP on %s", arguments->interface);
		event_base_dispatch(base);
	} else if (result == 0) {
		log_error("can't watch %s: %s", arguments->interface, strerror(errno));
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
	base = event_base_new();
	if (!base) {
		log_error("can't make an event loop");
		return EXIT_FAILURE;
	}
	result = run(base, &arguments);
	event_base_free(base);
	return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
