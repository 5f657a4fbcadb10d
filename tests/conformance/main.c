/* SPDX-License-Identifier: ISC */
/* tftp-conformance and http-conformance: which rules a server keeps. */
#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/str.h"
#include "tests/conformance/report.h"

static int explain(void)
{
	fprintf(stderr,
		"usage: %s --make-tree DIR              make the directory that the server "
		"must serve\n"
		"       %s [options] ADDRESS:PORT       run all cases against the server "
		"there\n"
		"\n"
		"  --tree DIR     the served directory is DIR on this machine: run the cases that "
		"change a file\n"
		"  --only WORD    the cases whose id or name holds the word\n"
		"  --tap, --json  instead of a table\n"
		"%s"
		"  --list         only list the cases\n"
		"\n"
		"A server on 127.0.0.1 is tested most thoroughly: there the suite has many "
		"addresses.\n"
		"Exit status: 0 no case failed, 1 some failed, 64 wrong usage, 71 the system "
		"refused something.\n",
		suite_program, suite_program,
		suite_confirms ? "  --confirm      run a failed case once more; the second verdict "
				 "counts\n"
			       : "");
	return EX_USAGE;
}

enum {
	OPTION_MAKE_TREE = 1,
	OPTION_TREE,
	OPTION_ONLY,
	OPTION_TAP,
	OPTION_JSON,
	OPTION_LIST,
	OPTION_CONFIRM
};

struct settings {
	const char *make_tree, *only;
	struct target target;
	void (*report)(const struct result *results, size_t n);
	bool list;
};

static int take_option(int option, struct settings *settings)
{
	switch (option) {
	case OPTION_MAKE_TREE:
		settings->make_tree = optarg;
		return 0;
	case OPTION_TREE:
		settings->target.tree = optarg;
		return 0;
	case OPTION_ONLY:
		settings->only = optarg;
		return 0;
	case OPTION_TAP:
		settings->report = report_tap;
		return 0;
	case OPTION_JSON:
		settings->report = report_json;
		return 0;
	case OPTION_LIST:
		settings->list = true;
		return 0;
	case OPTION_CONFIRM:
		settings->target.confirm = true;
		return suite_confirms ? 0 : EX_USAGE;
	default:
		return EX_USAGE;
	}
}

static int parse_server(const char *text, struct sockaddr_in *server)
{
	const char *colon = strrchr(text, ':');
	char host[ADDRESS_TEXT_SIZE];
	uint64_t port;

	if (!colon || (size_t)(colon - text) >= sizeof(host) ||
		str_parse_u64(colon + 1, 1, 65535, &port) != 0)
		return EX_USAGE;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	server->sin_family = AF_INET;
	server->sin_port = htons((uint16_t)port);
	return str_parse_address(host, &server->sin_addr) == 0 ? 0 : EX_USAGE;
}

static int parse_arguments(int argc, char **argv, struct settings *settings)
{
	static const struct option known[] = {
		{ "make-tree", required_argument, NULL, OPTION_MAKE_TREE },
		{ "tree", required_argument, NULL, OPTION_TREE },
		{ "only", required_argument, NULL, OPTION_ONLY },
		{ "tap", no_argument, NULL, OPTION_TAP },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "list", no_argument, NULL, OPTION_LIST },
		{ "confirm", no_argument, NULL, OPTION_CONFIRM },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (take_option(option, settings) != 0)
			return EX_USAGE;
	}
	if (settings->make_tree || settings->list)
		return optind == argc ? 0 : EX_USAGE;
	return optind + 1 == argc ? parse_server(argv[optind], &settings->target.server) : EX_USAGE;
}

static int make_tree(const char *directory)
{
	const char *what;
	int result = tree_make(directory, &what);

	if (result == 0)
		return 0;
	fprintf(stderr, "%s: can't make %s: %s\n", suite_program, what, strerror(-result));
	return EX_OSERR;
}

static int run(const struct settings *settings)
{
	struct result *results;
	size_t n = suite_list(&results), failed;

	if (n == 0)
		return EX_OSERR;
	for (size_t i = 0; settings->list && i < n; i++)
		printf("%-12s %s\n", results[i].id, results[i].name);
	if (settings->list) {
		free(results);
		return 0;
	}
	suite_run(&settings->target, results, n, settings->only);
	settings->report(results, n);
	failed = report_count(results, n, STATUS_FAIL);
	free(results);
	return failed > 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct settings settings = { .report = report_table };

	if (parse_arguments(argc, argv, &settings) != 0)
		return explain();
	signal(SIGPIPE, SIG_IGN);
	return settings.make_tree ? make_tree(settings.make_tree) : run(&settings);
}
