/* SPDX-License-Identifier: ISC */
#include "provisioner/servers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"

#define HTTP_BACKLOG 512

static int bind_port(const struct brambled *brambled, int type, int64_t port, const char *what,
	char reason[static 160])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = brambled->settings.router };
	char text[ADDRESS_TEXT_SIZE];
	const int on = 1;
	int result, fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* For TCP: connections of the last process may still linger. Never for UDP: two could share
	 * a port. */
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
		(type != SOCK_STREAM || listen(fd, HTTP_BACKLOG) == 0))
		return fd;
	result = -errno;
	close(fd);
	str_format_address(address.sin_addr, text);
	snprintf(reason, 160, "can't listen on %s port %lld of %s: %s%s", what, (long long)port,
		text, strerror(-result),
		result == -EADDRINUSE ? "; another server has it: `ss -lntup` shows which" : "");
	return result;
}

static int prepare_tftpd(void *argument, int fds[static SUPERVISE_FDS], char reason[static 160])
{
	const struct brambled *brambled = argument;

	fds[0] = bind_port(brambled, SOCK_DGRAM, brambled->settings.tftp_port, "UDP", reason);
	return fds[0] < 0 ? fds[0] : 1;
}

static int prepare_httpd(void *argument, int fds[static SUPERVISE_FDS], char reason[static 160])
{
	const struct brambled *brambled = argument;

	fds[0] = bind_port(brambled, SOCK_STREAM, brambled->settings.http_port, "TCP", reason);
	return fds[0] < 0 ? fds[0] : 1;
}

int servers_start(struct brambled *brambled)
{
	const struct settings *settings = &brambled->settings;
	char socket[128], tftpd[300], httpd[300], sessions[24], time[24], key[64];
	struct supervise_spec tftp = {
		.name = "tftpd", .prepare = prepare_tftpd, .argument = brambled, .fingerprint = key
	};
	struct supervise_spec http = {
		.name = "httpd", .prepare = prepare_httpd, .argument = brambled, .fingerprint = key
	};
	int result;

	snprintf(socket, sizeof(socket), "%s/ipc.sock", settings->run);
	snprintf(tftpd, sizeof(tftpd), "%s/bramble-tftpd", settings->libexec);
	snprintf(httpd, sizeof(httpd), "%s/bramble-httpd", settings->libexec);
	snprintf(sessions, sizeof(sessions), "%lld", (long long)settings->tftp_sessions);
	snprintf(time, sizeof(time), "%lld", (long long)settings->tftp_file_time_s);
	/* One that listens elsewhere than configured now isn't adopted. */
	snprintf(key, sizeof(key), "%s:%lld:%lld", settings->lan_address,
		(long long)settings->tftp_port, (long long)settings->http_port);
	memcpy(tftp.argv,
		(const char *[]){ tftpd, "--ipc", socket, "--listen-fd", "3", "--user",
			"bramble-tftp", "--max-sessions", sessions, "--file-time", time,
			"--log-level", log_level_name(), NULL },
		14 * sizeof(char *));
	memcpy(http.argv,
		(const char *[]){ httpd, "--ipc", socket, "--listen-fd", "3", "--user",
			"bramble-http", "--log-level", log_level_name(), NULL },
		10 * sizeof(char *));
	result = supervise_add(brambled->supervisor, &tftp);
	return result == 0 ? supervise_add(brambled->supervisor, &http) : result;
}
