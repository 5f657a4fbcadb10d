/* SPDX-License-Identifier: ISC */
/* bramble-httpd: under brambled (it resolves each name), or alone with one directory. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "httpd/confine.h"
#include "httpd/options.h"
#include "httpd/server.h"

#define BACKLOG 512
#define SPARE_FILES 64u /* besides a socket and a file for each connection */

static int listen_on(const struct options *options)
{
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
		bind(fd, (const struct sockaddr *)&options->address, sizeof(options->address)) ==
			0 &&
		listen(fd, BACKLOG) == 0)
		return fd;
	log_error("can't listen on TCP %s: %s%s", options->listen, strerror(errno),
		errno == EADDRINUSE	 ? "; another HTTP server? `ss -ltnp` shows which"
		: errno == EACCES	 ? "; ports below 1024 need root"
		: errno == EADDRNOTAVAIL ? "; no interface has this address"
					 : "");
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The socket that brambled or systemd has made. */
static int inherit(int fd)
{
	int listening = 0, domain = AF_INET, flags = fcntl(fd, F_GETFL);
	socklen_t size = sizeof(listening);

	if (flags >= 0 && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
		getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && listening &&
		domain == AF_INET && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
		fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
		return fd;
	if (domain == AF_INET6)
		log_error("descriptor %d is a socket of IPv6; for systemd write "
			  "ListenStream=0.0.0.0:80",
			fd);
	else
		log_error("descriptor %d isn't a listening socket: %s", fd,
			strerror(flags >= 0 && !listening && errno == 0 ? EINVAL : errno));
	return -1;
}

/* Connections are limited by our own number, not by the shell's default of open files. */
static void allow_files(const struct options *options)
{
	rlim_t needed = 2 * (rlim_t)options->limits.connections + SPARE_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
		return;
	limit.rlim_cur = needed < limit.rlim_max ? needed : limit.rlim_max;
	if (limit.rlim_cur < needed || setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warning("only %ju files may be open: fewer connections than %u can be served",
			(uintmax_t)limit.rlim_cur, options->limits.connections);
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

/* Returns the exit status. */
static int serve(struct event_base *base, const struct options *options, int listening, int root)
{
	struct source source = { .root = root };
	struct server *server = NULL;

	if (options->ipc) {
		source.broker = broker_new(base, options->ipc, IPC_ROLE_HTTPD,
			options->limits.connections, options->answer_s * 1000);
		if (!source.broker)
			log_error(
				"can't talk to brambled by %s: %s", options->ipc, strerror(errno));
	}
	if (source.broker || !options->ipc)
		server = server_new(base, listening, &source, &options->limits);
	else
		close(listening);
	if (server) {
		log_notice("ready");
		event_base_dispatch(base);
	}
	server_free(server);
	if (source.broker)
		broker_free(source.broker);
	return server ? EXIT_SUCCESS : EX_OSERR;
}

/* Everything that needs a right or a file comes before confine. */
static int run(struct event_base *base, const struct options *options)
{
	struct event *term = evsignal_new(base, SIGTERM, on_end_signal, base);
	struct event *interrupt = evsignal_new(base, SIGINT, on_end_signal, base);
	int root = options->root ? open_root(options->root) : -1;
	int listening = -1, status = EX_OSERR;

	if (root >= 0 || options->ipc)
		listening = options->listen ? listen_on(options) : inherit(options->listen_fd);
	allow_files(options);
	if (listening >= 0 && term && interrupt && event_add(term, NULL) == 0 &&
		event_add(interrupt, NULL) == 0) {
		if (confine(options, root) == 0)
			status = serve(base, options, listening, root);
	}
	if (root >= 0)
		close(root);
	if (term)
		event_free(term);
	if (interrupt)
		event_free(interrupt);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct event_base *base;
	int status;

	status = options_parse(argc, argv, &options);
	if (status != OPTIONS_GO_ON)
		return status;
	log_init("bramble-httpd", options.level);
	signal(SIGPIPE, SIG_IGN);
	/* Whatever else was inherited is not ours. */
	status = sandbox_close_others(options.listen ? -1 : options.listen_fd);
	if (status != 0) {
		log_error("can't close inherited descriptors: %s", strerror(-status));
		return EX_OSERR;
	}
	base = event_base_new();
	if (!base) {
		log_error("can't make an event loop");
		return EX_OSERR;
	}
	status = run(base, &options);
	event_base_free(base);
	return status;
}
