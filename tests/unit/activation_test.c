/* SPDX-License-Identifier: ISC */
/* Socket activation: the variables, and both servers themselves, started by a user without rights.
 */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/activation.h"
#include "common/file.h"

#define PATIENCE_MS 15000
#define NOBODY 65534
#define CONTENT "passed on\n"

static struct {
	char directory[32], file[40];
	pid_t server;
	struct sockaddr_in address;
} world;

static void set_variables(const char *pid, const char *fds)
{
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", fds, 1);
	setenv("LISTEN_FDNAMES", "tftp", 1);
}

static void only_its_own_socket_is_taken(void **state)
{
	char pid[16], other[16];
	const struct {
		const char *pid, *fds;
		int result;
	} cases[] = {
		{ pid, "1", 3 },
		{ pid, "2", -E2BIG },
		{ pid, "0", 0 },
		{ pid, "-1", 0 },
		{ pid, "", 0 },
		{ pid, "1x", 0 },
		{ other, "1", 0 },
		{ "", "1", 0 },
	};

	(void)state;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	snprintf(other, sizeof(other), "%d", (int)getppid());
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_variables(cases[i].pid, cases[i].fds);
		assert_int_equal(activation_take_socket(), cases[i].result);
		assert_null(getenv("LISTEN_PID"));
		assert_null(getenv("LISTEN_FDS"));
		assert_null(getenv("LISTEN_FDNAMES"));
		assert_int_equal(activation_take_socket(), 0);
	}
}

/* As systemd does it with User=nobody. */
static _Noreturn void be_server(const char *program, int listening)
{
	const char *const arguments[] = { program, "--root", world.directory, "--log-level",
		"error", NULL };
	char path[256], pid[16], *slash;
	int file;
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 32);

	if (length < 0)
		_exit(125);
	path[length] = '\0';
	slash = strrchr(path, '/');
	snprintf(slash, 32, "/%.30s", program);
	if (listening == 3)
		fcntl(3, F_SETFD, 0);
	else
		dup2(listening, 3);
	file = open(path, O_RDONLY | O_CLOEXEC); /* nobody may be kept from the way to it */
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	set_variables(pid, "1");
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
				      setresuid(NOBODY, NOBODY, NOBODY) != 0))
		_exit(124);
	fexecve(file, (char *const *)(uintptr_t)arguments, environ);
	_exit(126);
}

static void start(const char *program, int family, int type)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address = { .any.sa_family = (sa_family_t)family };
	socklen_t size = family == AF_INET ? sizeof(address.in) : sizeof(address.in6);
	int listening = socket(family, type | SOCK_CLOEXEC, 0);

	assert_true(listening >= 0);
	if (family == AF_INET)
		address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listening, &address.any, size), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(listening, 8), 0);
	assert_int_equal(getsockname(listening, &address.any, &size), 0);
	world.address = address.in;
	world.server = fork();
	assert_true(world.server >= 0);
	if (world.server == 0)
		be_server(program, listening);
	close(listening);
}

static int connect_to_server(int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	if (type == SOCK_STREAM)
		assert_int_equal(
			connect(fd, (struct sockaddr *)&world.address, sizeof(world.address)), 0);
	return fd;
}

static size_t receive(int fd, char *bytes, size_t size)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };
	ssize_t length;

	if (poll(&wanted, 1, PATIENCE_MS) != 1)
		fail_msg("no answer within %d ms", PATIENCE_MS);
	length = recv(fd, bytes, size - 1, 0);
	assert_true(length >= 0);
	bytes[length] = '\0';
	return (size_t)length;
}

static void assert_no_capability(void)
{
	char path[64], *text = NULL;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)world.server);
	assert_int_equal(file_read(path, 16384, &text, &size), 0);
	assert_non_null(strstr(text, "CapEff:\t0000000000000000"));
	assert_non_null(strstr(text, "CapPrm:\t0000000000000000"));
	assert_non_null(strstr(text, "NoNewPrivs:\t1"));
	free(text);
}

static void stop(void)
{
	int status = 0;

	assert_int_equal(kill(world.server, SIGTERM), 0);
	assert_int_equal(waitpid(world.server, &status, 0), world.server);
	world.server = 0;
	assert_int_equal(status, 0);
}

static void tftpd_serves_from_a_passed_socket(void **state)
{
	static const char request[] = "\0\1file\0octet";
	char answer[600];
	int fd;

	(void)state;
	start("bramble-tftpd", AF_INET, SOCK_DGRAM);
	fd = connect_to_server(SOCK_DGRAM);
	assert_int_equal(sendto(fd, request, sizeof(request), 0, (struct sockaddr *)&world.address,
				 sizeof(world.address)),
		sizeof(request));
	assert_int_equal(receive(fd, answer, sizeof(answer)), 4 + strlen(CONTENT));
	assert_string_equal(answer + 4, CONTENT);
	assert_no_capability();
	close(fd);
	stop();
}

static void httpd_serves_from_a_passed_socket(void **state)
{
	static const char request[] = "GET /file HTTP/1.0\r\n\r\n";
	char answer[2048];
	size_t used = 0, n;
	int fd;

	(void)state;
	start("bramble-httpd", AF_INET, SOCK_STREAM);
	fd = connect_to_server(SOCK_STREAM);
	assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
	while ((n = receive(fd, answer + used, sizeof(answer) - used)) > 0)
		used += n;
	assert_memory_equal(answer + 9, "200", 3);
	assert_string_equal(answer + used - strlen(CONTENT), CONTENT);
	assert_no_capability();
	close(fd);
	stop();
}

/* systemd's default, ListenStream=80, is such a socket. */
static void a_socket_of_ipv6_is_refused(void **state)
{
	const struct {
		const char *program;
		int type;
	} cases[] = { { "bramble-tftpd", SOCK_DGRAM }, { "bramble-httpd", SOCK_STREAM } };
	int status, fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	if (fd < 0)
		skip(); /* no IPv6 here */
	close(fd);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(cases[i].program, AF_INET6, cases[i].type);
		assert_int_equal(waitpid(world.server, &status, 0), world.server);
		world.server = 0;
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), EX_OSERR);
	}
}

static int begin(void **state)
{
	int fd;

	(void)state;
	snprintf(world.directory, sizeof(world.directory), "/tmp/activation-XXXXXX");
	if (!mkdtemp(world.directory) || chmod(world.directory, 0755) != 0)
		return -1;
	snprintf(world.file, sizeof(world.file), "%s/file", world.directory);
	fd = open(world.file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, CONTENT, strlen(CONTENT)) != (ssize_t)strlen(CONTENT) ||
		fchmod(fd, 0644) != 0)
		return -1;
	close(fd);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(world.file);
	rmdir(world.directory);
	return 0;
}

/* After a test that failed. */
static int abandon(void **state)
{
	(void)state;
	if (world.server > 0) {
		kill(world.server, SIGKILL);
		waitpid(world.server, NULL, 0);
		world.server = 0;
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_its_own_socket_is_taken),
		cmocka_unit_test_teardown(tftpd_serves_from_a_passed_socket, abandon),
		cmocka_unit_test_teardown(httpd_serves_from_a_passed_socket, abandon),
		cmocka_unit_test_teardown(a_socket_of_ipv6_is_refused, abandon),
	};

	return cmocka_run_group_tests_name("activation", tests, begin, end);
}
