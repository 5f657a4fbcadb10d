/* SPDX-License-Identifier: ISC */
#include "httpd/options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/activation.h"
#include "common/str.h"

static const char usage[] =
	"usage: bramble-httpd --root DIR --listen ADDR:PORT [options]   serve one directory, "
	"read-only\n"
	"       bramble-httpd --ipc SOCKET --listen-fd N [options]      ask brambled for each "
	"file\n"
	"\n"
	"  --root DIR               the directory; nothing outside it is served, no symbolic link\n"
	"                           followed, no directory listed\n"
	"  --listen A:P             IPv4 address and TCP port, e.g. 0.0.0.0:80\n"
	"  --ipc SOCKET             brambled's socket: files under /boot/, the API under /v1/\n"
	"  --listen-fd N            an inherited, listening TCP socket; without this and\n"
	"                           --listen: the one of socket activation (systemd.socket(5))\n"
	"  --user NAME              become this user when started as root (bramble-http if there\n"
	"                           is one, else nobody)\n"
	"  --max-connections N      at once; a further one takes the place of one that sends no\n"
	"                           request, else it waits (256)\n"
	"  --max-per-address N      of these, from one address; further ones are closed (32)\n"
	"  --header-timeout S       seconds for the header of a request (10)\n"
	"  --body-timeout S         seconds for its body (30)\n"
	"  --transfer-timeout S     seconds for each started 32 MiB of an answer (600)\n"
	"  --answer-timeout S       seconds that brambled has for an answer (10)\n"
	"  --log-level L            error, warning, notice, info, debug (info: one line per "
	"request)\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 ended by SIGTERM or SIGINT, 64 wrong usage, 71 the system refused "
	"something\n"
	"(the message says what).\n";

enum {
	OPTION_ROOT = 1,
	OPTION_LISTEN,
	OPTION_IPC,
	OPTION_LISTEN_FD,
	OPTION_USER,
	OPTION_CONNECTIONS,
	OPTION_PER_ADDRESS,
	OPTION_HEADER,
	OPTION_BODY,
	OPTION_TRANSFER,
	OPTION_ANSWER,
	OPTION_LEVEL,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option known[] = {
	{ "root", required_argument, NULL, OPTION_ROOT },
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "ipc", required_argument, NULL, OPTION_IPC },
	{ "listen-fd", required_argument, NULL, OPTION_LISTEN_FD },
	{ "user", required_argument, NULL, OPTION_USER },
	{ "max-connections", required_argument, NULL, OPTION_CONNECTIONS },
	{ "max-per-address", required_argument, NULL, OPTION_PER_ADDRESS },
	{ "header-timeout", required_argument, NULL, OPTION_HEADER },
	{ "body-timeout", required_argument, NULL, OPTION_BODY },
	{ "transfer-timeout", required_argument, NULL, OPTION_TRANSFER },
	{ "answer-timeout", required_argument, NULL, OPTION_ANSWER },
	{ "log-level", required_argument, NULL, OPTION_LEVEL },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static int usage_error(const char *what, const char *value)
{
	fprintf(stderr, "bramble-httpd: %s%s%s; see --help\n", what, value ? ": " : "",
		value ? value : "");
	return EX_USAGE;
}

static int take_number(
	const char *name, const char *text, uint64_t min, uint64_t max, unsigned *out)
{
	uint64_t value;

	if (str_parse_u64(text, min, max, &value) != 0) {
		fprintf(stderr,
			"bramble-httpd: --%s takes a number from %llu to %llu, not \"%s\"\n", name,
			(unsigned long long)min, (unsigned long long)max, text);
		return EX_USAGE;
	}
	*out = (unsigned)value;
	return OPTIONS_GO_ON;
}

static int take_listen(const char *text, struct options *options)
{
	const char *colon = strrchr(text, ':');
	char host[ADDRESS_TEXT_SIZE];
	uint64_t port;

	if (!colon || (size_t)(colon - text) >= sizeof(host) ||
		str_parse_u64(colon + 1, 1, 65535, &port) != 0)
		return usage_error("--listen takes ADDRESS:PORT, e.g. 0.0.0.0:80, not", text);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	options->address.sin_family = AF_INET;
	options->address.sin_port = htons((uint16_t)port);
	if (str_parse_address(host, &options->address.sin_addr) != 0)
		return usage_error("--listen: not an IPv4 address", host);
	options->listen = text;
	return OPTIONS_GO_ON;
}

static int take_limit(int option, const char *name, const char *text, struct options *options)
{
	const struct {
		int option;
		uint64_t max;
		unsigned *value;
	} limits[] = {
		{ OPTION_CONNECTIONS, 4096, &options->limits.connections },
		{ OPTION_PER_ADDRESS, 4096, &options->limits.per_address },
		{ OPTION_HEADER, 3600, &options->limits.header_s },
		{ OPTION_BODY, 3600, &options->limits.body_s },
		{ OPTION_TRANSFER, 86400, &options->limits.transfer_s },
		{ OPTION_ANSWER, 60, &options->answer_s },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (limits[i].option == option)
			return take_number(name, text, 1, limits[i].max, limits[i].value);
	}
	return EX_USAGE; /* getopt has said what is wrong */
}

static int take_option(int option, int index, struct options *options)
{
	unsigned number = 0;
	int status;

	switch (option) {
	case OPTION_ROOT:
		options->root = optarg;
		return OPTIONS_GO_ON;
	case OPTION_LISTEN:
		return take_listen(optarg, options);
	case OPTION_IPC:
		options->ipc = optarg;
		return OPTIONS_GO_ON;
	case OPTION_LISTEN_FD:
		status = take_number("listen-fd", optarg, 3, 1023, &number);
		options->listen_fd = (int)number;
		return status;
	case OPTION_USER:
		options->user = optarg;
		return OPTIONS_GO_ON;
	case OPTION_LEVEL:
		if (log_parse_level(optarg, &options->level) == 0)
			return OPTIONS_GO_ON;
		return usage_error(
			"--log-level takes error, warning, notice, info or debug", optarg);
	case OPTION_HELP:
		fputs(usage, stdout);
		return EXIT_SUCCESS;
	case OPTION_VERSION:
		puts("bramble-httpd " BRAMBLE_VERSION);
		return EXIT_SUCCESS;
	default:
		return take_limit(option, known[index].name, optarg, options);
	}
}

int options_parse(int argc, char **argv, struct options *options)
{
	int option, index = 0;

	*options = (struct options){
		.limits = { .connections = 256,
			.per_address = 32,
			.header_s = 10,
			.body_s = 30,
			.transfer_s = 600 },
		.answer_s = 10,
		.level = LOG_LEVEL_INFO,
	};
	while ((option = getopt_long(argc, argv, "", known, &index)) != -1) {
		int status = take_option(option, index, options);

		if (status != OPTIONS_GO_ON)
			return status;
	}
	if (optind < argc)
		return usage_error("unexpected argument", argv[optind]);
	if (!options->root == !options->ipc)
		return usage_error("give either --root or --ipc", NULL);
	if (!options->listen && options->listen_fd == 0)
		options->listen_fd = activation_take_socket();
	if (options->listen_fd < 0)
		return usage_error("socket activation passed several sockets; one is served", NULL);
	if (!options->listen == !options->listen_fd)
		return usage_error("give either --listen or --listen-fd", NULL);
	return OPTIONS_GO_ON;
}
