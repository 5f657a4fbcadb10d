/* SPDX-License-Identifier: ISC */
/* bramble-hooks: runs the administrator's executables when something happened. */
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/str.h"
#include "provisioner/hooks/runner.h"
#include "provisioner/hooks/trial.h"

#define LONGEST_S 3600

struct arguments {
	const char *ipc, *positions;
	struct hooks_setup setup;
	enum log_level level;
	bool try;
	struct hooks_event event;
	struct hooks_trial trial;
};

static const struct option options[] = {
	{ "ipc", required_argument, NULL, 'i' },
	{ "hooks", required_argument, NULL, 'd' },
	{ "work", required_argument, NULL, 'w' },
	{ "positions", required_argument, NULL, 'p' },
	{ "user", required_argument, NULL, 'u' },
	{ "timeout", required_argument, NULL, 't' },
	{ "log-level", required_argument, NULL, 'l' },
	{ "test", required_argument, NULL, 'k' },
	{ "subject", required_argument, NULL, 's' },
	{ "text", required_argument, NULL, 'x' },
	{ "only", required_argument, NULL, 'o' },
	{ "json", no_argument, NULL, 'j' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ NULL, 0, NULL, 0 },
};

static int explain(void)
{
	fputs("usage: bramble-hooks --hooks DIR --work DIR --user USER --timeout SECONDS\n"
	      "         --ipc SOCKET --positions FILE [--log-level LEVEL]\n"
	      "       | --test KIND [--subject TEXT] [--text TEXT] [--only HOOK] [--json] "
	      "[--dry-run]\n"
	      "brambled runs it; `bramble hooks test` is for people.\n",
		stderr);
	return -EINVAL;
}

/* Options of a trial. */
static bool take_trial(struct arguments *arguments, int option)
{
	struct hooks_event *event = &arguments->event;

	switch (option) {
	case 'k':
		arguments->try = true;
		return str_copy(event->kind, sizeof(event->kind), optarg);
	case 's':
		return str_copy(event->subject, sizeof(event->subject), optarg);
	case 'x':
		return str_copy(event->text, sizeof(event->text), optarg);
	case 'o':
		arguments->trial.only = optarg;
		return true;
	case 'j':
		arguments->trial.json = true;
		return true;
	case 'n':
		arguments->trial.dry_run = true;
		return true;
	default:
		return false;
	}
}

static bool take(struct arguments *arguments, int option)
{
	uint64_t seconds;

	switch (option) {
	case 'i':
		arguments->ipc = optarg;
		return true;
	case 'd':
		arguments->setup.directory = optarg;
		return true;
	case 'w':
		arguments->setup.work = optarg;
		return true;
	case 'p':
		arguments->positions = optarg;
		return true;
	case 'u':
		arguments->setup.user = optarg;
		return true;
	case 't':
		if (str_parse_u64(optarg, 1, LONGEST_S, &seconds) != 0)
			return false;
		arguments->setup.timeout_ms = (unsigned)seconds * 1000;
		return true;
	case 'l':
		return log_parse_level(optarg, &arguments->level) == 0;
	default:
		return take_trial(arguments, option);
	}
}

static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	const struct hooks_setup *setup = &arguments->setup;
	int option;

	*arguments = (struct arguments){ .level = LOG_LEVEL_INFO,
		.event = { .id = 1, .at_ms = clock_wall_ms() } };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!take(arguments, option))
			return explain();
	}
	if (optind != argc || !setup->directory || !setup->work || !setup->user ||
		setup->timeout_ms == 0 ||
		(!arguments->try && (!arguments->ipc || !arguments->positions)))
		return explain();
	return 0;
}

static void on_stop(evutil_socket_t signal, short what, void *base)
{
	(void)signal;
	(void)what;
	event_base_loopbreak(base);
}

static int run(struct event_base *base, const struct arguments *arguments)
{
	struct event *stop = evsignal_new(base, SIGTERM, on_stop, base);
	struct runner *runner =
		runner_new(base, &arguments->setup, arguments->ipc, arguments->positions);
	int result = EXIT_FAILURE;

	if (runner && stop && event_add(stop, NULL) == 0) {
		event_base_dispatch(base);
		result = EXIT_SUCCESS;
	} else {
		log_error("can't run hooks: %s", strerror(errno));
	}
	runner_free(runner);
	if (stop)
		event_free(stop);
	return result;
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	struct event_base *base;
	int result;

	if (argc > 1 && strcmp(argv[1], HOOKS_CAGE) == 0)
		return hooks_cage_main(argc - 2, argv + 2);
	if (parse_arguments(argc, argv, &arguments) != 0)
		return 2;
	log_init("bramble-hooks", arguments.level);
	signal(SIGPIPE, SIG_IGN);
	base = event_base_new();
	if (!base) {
		log_error("can't make an event loop");
		return EXIT_FAILURE;
	}
	result = arguments.try
			 ? hooks_try(base, &arguments.setup, &arguments.event, &arguments.trial)
			 : run(base, &arguments);
	event_base_free(base);
	return result;
}
