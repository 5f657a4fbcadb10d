/* SPDX-License-Identifier: ISC */
/* bramble-tftpd: under brambled (it resolves each name), or alone with one directory. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/activation.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/str.h"
#include "tftpd/confine.h"
#include "tftpd/server.h"
#include "tftpd/packet.h"

static const char usage[] =
	"usage: bramble-tftpd --root DIR --listen ADDR:PORT [options]   serve one directory, "
	"read-only\n"
	"       bramble-tftpd --ipc SOCKET --listen-fd N [options]      ask brambled for each "
	"file\n"
	"\n"
	"  --root DIR         the directory; nothing outside it is served, no symbolic link "
	"followed\n"
	"  --listen A:P       address and UDP port, e.g. 0.0.0.0:69\n"
	"  --ipc SOCKET       brambled's socket\n"
	"  --listen-fd N      an inherited, bound UDP socket; without this and --listen: the one "
	"of\n"
	"                     socket activation (systemd.socket(5))\n"
	"  --user NAME        become this user when started as root (bramble-tftp if there is one, "
	"else nobody)\n"
	"  --max-sessions N   transfers at once (1024; of one address: 16); further requests get "
	"no "
	"answer\n"
	"  --allow NETWORK    answer only these addresses, e.g. 10.77.0.0/24; up to 8 times "
	"(everybody)\n"
	"  --max-block N      largest block size granted, bytes, 512..65464 (1468)\n"
	"  --max-window N     largest window granted, blocks, 1..256 (64)\n"
	"  --file-time S      what TFTP_FILE_TIMEOUT of the boards' EEPROMs says, seconds, 5..600 "
	"(30)\n"
	"  --log-level L      error, warning, notice, info, debug (info)\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 ended by SIGTERM or SIGINT, 64 wrong usage, 71 the system refused "
	"something (the message says what).\n";

struct options {
	const char *root, *listen, *ipc, *user;
	int listen_fd;
	struct tftp_limits limits;
	enum log_level level;
};

static int usage_error(const char *what, const char *value)
{
	fprintf(stderr, "bramble-tftpd: %s%s%s; see --help\n", what, value ? ": " : "",
		value ? value : "");
	return EX_USAGE;
}

static int parse_number(
	const char *name, const char *text, uint64_t min, uint64_t max, unsigned *out)
{
	uint64_t value;

	if (str_parse_u64(text, min, max, &value) != 0) {
		fprintf(stderr, "bramble-tftpd: %s takes a number from %llu to %llu, not \"%s\"\n",
			name, (unsigned long long)min, (unsigned long long)max, text);
		return EX_USAGE;
	}
	*out = (unsigned)value;
	return 0;
}

enum {
	OPTION_ROOT = 1,
	OPTION_LISTEN,
	OPTION_IPC,
	OPTION_LISTEN_FD,
	OPTION_USER,
	OPTION_SESSIONS,
	OPTION_BLOCK,
	OPTION_ALLOW,
	OPTION_WINDOW,
	OPTION_FILE_TIME,
	OPTION_LEVEL,
	OPTION_HELP,
	OPTION_VERSION
};

static int allow(const char *text, struct tftp_limits *limits)
{
	struct tftp_network *network = &limits->allowed[limits->allowed_n];

	if (limits->allowed_n == TFTP_ALLOWED_MOST)
		return usage_error("too many networks for --allow", text);
	if (str_parse_network(text, &network->address, &network->prefix_length) != 0)
		return usage_error("--allow takes ADDRESS/LENGTH, e.g. 10.77.0.0/24, not", text);
	limits->allowed_n++;
	return 0;
}

static int take_option(int option, struct options *options)
{
	unsigned number = 0;
	int result;

	switch (option) {
	case OPTION_ROOT:
		options->root = optarg;
		return 0;
	case OPTION_LISTEN:
		options->listen = optarg;
		return 0;
	case OPTION_IPC:
		options->ipc = optarg;
		return 0;
	case OPTION_USER:
		options->user = optarg;
		return 0;
	case OPTION_LISTEN_FD:
		result = parse_number("--listen-fd", optarg, 3, 1023, &number);
		options->listen_fd = (int)number;
		return result;
	case OPTION_SESSIONS:
		return parse_number("--max-sessions", optarg, 1, 65536, &options->limits.sessions);
	case OPTION_ALLOW:
		return allow(optarg, &options->limits);
	case OPTION_BLOCK:
		return parse_number("--max-block", optarg, TFTP_BLOCK_DEFAULT, TFTP_BLOCK_MAX,
			&options->limits.blksize);
	case OPTION_WINDOW:
		return parse_number(
			"--max-window", optarg, 1, TFTP_WINDOW_MAX, &options->limits.windowsize);
	case OPTION_FILE_TIME:
		return parse_number("--file-time", optarg, 5, 600, &options->limits.file_time_s);
	case OPTION_LEVEL:
		if (log_parse_level(optarg, &options->level) == 0)
			return 0;
		return usage_error(
			"--log-level takes error, warning, notice, info or debug", optarg);
	default:
		return EX_USAGE;
	}
}

/* 0 = go on; -1 = done (help); else the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "root", required_argument, NULL, OPTION_ROOT },
		{ "listen", required_argument, NULL, OPTION_LISTEN },
		{ "ipc", required_argument, NULL, OPTION_IPC },
		{ "listen-fd", required_argument, NULL, OPTION_LISTEN_FD },
		{ "user", required_argument, NULL, OPTION_USER },
		{ "max-sessions", required_argument, NULL, OPTION_SESSIONS },
		{ "allow", required_argument, NULL, OPTION_ALLOW },
		{ "max-block", required_argument, NULL, OPTION_BLOCK },
		{ "max-window", required_argument, NULL, OPTION_WINDOW },
		{ "file-time", required_argument, NULL, OPTION_FILE_TIME },
		{ "log-level", required_argument, NULL, OPTION_LEVEL },
		{ "help", no_argument, NULL, OPTION_HELP },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	int option, result;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == OPTION_HELP || option == OPTION_VERSION) {
			fputs(option == OPTION_HELP ? usage : "bramble-tftpd " BRAMBLE_VERSION "\n",
				stdout);
			return -1;
		}
		result = take_option(option, options);
		if (result != 0)
			return result;
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
	return 0;
}

static int listen_on(const char *text, int *fd)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	const char *colon = strrchr(text, ':');
	char host[ADDRESS_TEXT_SIZE];
	uint64_t port;

	if (!colon || (size_t)(colon - text) >= sizeof(host) ||
		str_parse_u64(colon + 1, 1, 65535, &port) != 0)
		return usage_error("--listen takes ADDRESS:PORT, e.g. 0.0.0.0:69, not", text);
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	if (str_parse_address(host, &address.sin_addr) != 0)
		return usage_error("--listen: not an IPv4 address", host);
	address.sin_port = htons((uint16_t)port);
	*fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd >= 0 && bind(*fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	log_error("can't listen on UDP %s: %s%s", text, strerror(errno),
		errno == EADDRINUSE ? "; another TFTP server? `ss -lunp` shows which"
		: errno == EACCES   ? "; ports below 1024 need root"
				    : "");
	return EX_OSERR;
}

/* The inherited socket; what else it might be would fail later and without a word. */
static int adopt_socket(int fd)
{
	int type = 0, domain = 0;
	socklen_t size = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
		getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) {
		log_error("descriptor %d isn't a socket: %s", fd, strerror(errno));
		return EX_OSERR;
	}
	if (type != SOCK_DGRAM || domain != AF_INET) {
		log_error("descriptor %d isn't a UDP socket of IPv4%s", fd,
			domain == AF_INET6 ? "; for systemd write ListenDatagram=0.0.0.0:69" : "");
		return EX_OSERR;
	}
	return 0;
}

/* Sessions are limited by our own number, not by the shell's default of open files. */
static void allow_files(struct tftp_limits *limits)
{
	rlim_t needed = tftp_limits_descriptors(limits);
	struct rlimit limit, more;
	unsigned wanted = limits->sessions;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
		return;
	more = limit;
	more.rlim_cur = needed;
	if (more.rlim_max < needed)
		more.rlim_max = needed; /* with CAP_SYS_RESOURCE */
	if (setrlimit(RLIMIT_NOFILE, &more) == 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	tftp_limits_fit(limits, limit.rlim_cur);
	log_warning("%u transfers at once instead of %u: more than %ju files may not be open",
		limits->sessions, wanted, (uintmax_t)limit.rlim_cur);
}

static int open_root(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		log_error("can't serve %s: %s", path, strerror(errno));
	return fd;
}

static void on_end_signal(evutil_socket_t number, short what, void *base)
{
	(void)number;
	(void)what;
	event_base_loopbreak(base);
}

/* Returns the exit status. `root` is a directory or -1. */
static int serve(struct event_base *base, const struct options *options, int listening, int root)
{
	struct event *term = evsignal_new(base, SIGTERM, on_end_signal, base);
	struct event *interrupt = evsignal_new(base, SIGINT, on_end_signal, base);
	struct source *source = options->ipc ? source_from_brambled(base, options->ipc)
					     : source_from_directory(root);
	struct tftp_server *server =
		source ? tftp_server_new(base, listening, source, &options->limits) : NULL;
	int status = EX_OSERR;

	if (!server || !term || !interrupt) {
		log_error("can't begin to serve: %s", strerror(errno));
	} else {
		event_add(term, NULL);
		event_add(interrupt, NULL);
		if (confine(options->user, root) == 0) {
			status = 0;
			log_notice("ready");
			event_base_dispatch(base);
		}
	}
	if (server)
		tftp_server_free(server);
	if (source)
		source_free(source);
	if (term)
		event_free(term);
	if (interrupt)
		event_free(interrupt);
	return status;
}

/* Whatever else was inherited is not ours. */
static int let_go(int listening)
{
	int result = sandbox_close_others(listening > 0 ? listening : -1);

	if (result != 0)
		log_error("can't close inherited descriptors: %s", strerror(-result));
	return result;
}

static int run(struct options *options)
{
	int listening = options->listen_fd, root = -1, status;
	struct event_base *base;

	if (let_go(listening) != 0)
		return EX_OSERR;
	status = options->listen ? listen_on(options->listen, &listening) : adopt_socket(listening);
	if (status != 0)
		return status;
	if (options->root && (root = open_root(options->root)) < 0)
		return EX_OSERR;
	evutil_make_socket_nonblocking(listening);
	evutil_make_socket_closeonexec(listening);
	allow_files(&options->limits);
	base = event_base_new();
	if (!base) {
		log_error("no event loop: %s", strerror(errno));
		return EX_OSERR;
	}
	status = serve(base, options, listening, root);
	event_base_free(base);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = { .limits = tftp_limits_default, .level = LOG_LEVEL_INFO };
	int status = parse_options(argc, argv, &options);

	if (status != 0)
		return status < 0 ? 0 : status;
	log_init("bramble-tftpd", options.level);
	/* Memory by brk() alone: once confined, no call is left that maps any (see confine.c). */
	mallopt(M_MMAP_MAX, 0);
	return run(&options);
}
