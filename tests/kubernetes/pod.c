/* SPDX-License-Identifier: ISC */
/* What the pods of the tests run, without anything else in their image:
 *   pod pause              wait for a signal
 *   pod serve PORT         answer every connection with the host's name
 *   pod ask ADDRESS PORT   print what such a server answers
 *   pod write FILE TEXT    write a line, durably
 *   pod read FILE */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASK_S 10

static void end(int number)
{
	(void)number;
	_exit(0);
}

static int complain(const char *what)
{
	perror(what);
	return 1;
}

_Noreturn static void pause_for_ever(void)
{
	for (;;)
		pause();
}

static int serve(const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
	int listening = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	char name[64], answer[72];

	setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listening, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(listening, 64) != 0)
		return complain("listen");
	gethostname(name, sizeof(name));
	snprintf(answer, sizeof(answer), "%.63s\n", name);
	for (;;) {
		int peer = accept(listening, NULL, NULL);

		if (peer < 0)
			return complain("accept");
		(void)!send(peer, answer, strlen(answer), MSG_NOSIGNAL);
		close(peer);
	}
}

static int copy_to_output(int fd)
{
	char text[256];
	ssize_t n;

	while ((n = read(fd, text, sizeof(text))) > 0)
		(void)!write(STDOUT_FILENO, text, (size_t)n);
	return n == 0 ? 0 : complain("read");
}

static int ask(const char *host, const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	alarm(ASK_S);
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
		connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return complain(host);
	return copy_to_output(fd);
}

static int write_line(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || dprintf(fd, "%s\n", text) < 0 || fsync(fd) != 0)
		return complain(path);
	return close(fd);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	signal(SIGTERM, end);
	signal(SIGINT, end);
	if (strcmp(verb, "pause") == 0)
		pause_for_ever();
	if (strcmp(verb, "serve") == 0 && argc == 3)
		return serve(argv[2]);
	if (strcmp(verb, "ask") == 0 && argc == 4)
		return ask(argv[2], argv[3]);
	if (strcmp(verb, "write") == 0 && argc == 4)
		return write_line(argv[2], argv[3]);
	if (strcmp(verb, "read") == 0 && argc == 3)
		return copy_to_output(open(argv[2], O_RDONLY));
	fputs("usage: pod pause | serve PORT | ask ADDRESS PORT | write FILE TEXT | read FILE\n",
		stderr);
	return 2;
}
