/* SPDX-License-Identifier: ISC */
#include "tests/soak/server.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"

#define PATIENCE_MS 20000
#define STEP_MS 20
#define ARGUMENTS 32

/* A port that is free now. */
static int free_port(uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = 0;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		getsockname(fd, (struct sockaddr *)&address, &size) != 0)
		result = -errno;
	*port = ntohs(address.sin_port);
	close(fd);
	return result;
}

void server_find(char out[static PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", out, PATH_MAX - 32);
	char *slash;

	out[length > 0 ? length : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash)
		str_copy(slash, 32, "/bramble-tftpd");
}

static void run_program(
	const char *program, const char *log, const char *const base[], const char *const more[])
{
	const char *argv[ARGUMENTS] = { program };
	size_t n = 1;
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	while (*base)
		argv[n++] = *base++;
	while (*more && n < ARGUMENTS - 1)
		argv[n++] = *more++;
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(125);
	execv(program, (char *const *)(uintptr_t)argv);
	_exit(126);
}

static int await_ready(const struct server *server, const char *log)
{
	for (int waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
		char *text = NULL;
		size_t size;
		bool ready = file_read(log, 1024 * 1024, &text, &size) == 0 &&
			     strstr(text, "ready") != NULL;

		free(text);
		if (ready)
			return 0;
		if (server_descriptors(server) < 0)
			return -ECHILD;
		poll(NULL, 0, STEP_MS);
	}
	return -ETIMEDOUT;
}

int server_start(struct server *server, const char *program, const char *directory, const char *log,
	const char *const arguments[])
{
	char listen[32];
	const char *const base[] = { "--root", directory, "--listen", listen, "--log-level",
		"notice", NULL };
	int result = free_port(&server->port);

	if (result != 0)
		return result;
	snprintf(listen, sizeof(listen), "127.0.0.1:%u", (unsigned)server->port);
	server->pid = fork();
	if (server->pid < 0)
		return -errno;
	if (server->pid == 0)
		run_program(program, log, base, arguments);
	return await_ready(server, log);
}

int server_descriptors(const struct server *server)
{
	char path[64];
	int n = -2; /* . and .. */
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)server->pid);
	directory = opendir(path);
	if (!directory)
		return -1;
	while (readdir(directory))
		n++;
	closedir(directory);
	return n > 0 ? n : -1; /* a dead process that nobody waited for has none */
}

long server_resident_kib(const struct server *server)
{
	char path[64], *text = NULL, *line;
	long value = -1;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)server->pid);
	if (file_read(path, 65536, &text, &size) != 0)
		return -1;
	line = strstr(text, "VmRSS:");
	if (line)
		value = strtol(line + strlen("VmRSS:"), NULL, 10);
	free(text);
	return value;
}

int server_stop(struct server *server)
{
	int status = -1;

	kill(server->pid, SIGTERM);
	for (int waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
		if (waitpid(server->pid, &status, WNOHANG) == server->pid)
			return status;
		poll(NULL, 0, STEP_MS);
	}
	kill(server->pid, SIGKILL);
	waitpid(server->pid, &status, 0);
	return -1;
}
