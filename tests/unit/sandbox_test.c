/* SPDX-License-Identifier: ISC */
/* Each case runs in a child of its own: rights that were given up don't come back. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ipc.h"
#include "common/sandbox.h"

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__ % 256;                                                     \
	} while (0)

static void assert_child(int (*body)(const char *), const char *argument)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(body(argument));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	/* Otherwise: the line (modulo 256) of the check that failed in the child. */
	assert_int_equal(WEXITSTATUS(status), 0);
}

static unsigned long long effective_capabilities(void)
{
	char line[128];
	unsigned long long set = ~0ULL;
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status)) {
		if (strncmp(line, "CapEff:", 7) == 0)
			set = strtoull(line + 7, NULL, 16);
	}
	if (status)
		fclose(status);
	return set;
}

static int become_nobody(const char *argument)
{
	(void)argument;
	CHECK(sandbox_become("nobody") == 0);
	CHECK(geteuid() != 0 && getegid() != 0);
	CHECK(effective_capabilities() == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHECK(setuid(0) != 0);
	return 0;
}

static int become_stranger(const char *argument)
{
	(void)argument;
	CHECK(sandbox_become("no-such-user-here") == -ENOENT);
	return 0;
}

static int deny_files(const char *socket_path)
{
	int before = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	int result, connection;
	char byte;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	result = sandbox_deny_files();
	if (result == -EOPNOTSUPP)
		return 0;
	CHECK(result == 0);
	CHECK(open("/etc/passwd", O_RDONLY | O_CLOEXEC) == -1 && errno == EACCES);
	CHECK(open("/tmp/bramble-new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) == -1);
	CHECK(read(before, &byte, 1) == 1);
	/* A server must still be able to reconnect to brambled. */
	connection = ipc_connect(socket_path, IPC_ROLE_TFTPD);
	CHECK(connection >= 0);
	return 0;
}

static void becoming_a_user_drops_everything(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_child(become_nobody, NULL);
}

static void an_unknown_user_is_an_error(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_child(become_stranger, NULL);
}

static void denied_files_stay_closed_but_brambled_can_be_reached(void **state)
{
	char directory[] = "/tmp/bramble-sandbox-XXXXXX", path[64];
	int listening;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/s", directory);
	listening = ipc_listen(path);
	assert_true(listening >= 0);
	assert_child(deny_files, path);
	close(listening);
	unlink(path);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(becoming_a_user_drops_everything),
		cmocka_unit_test(an_unknown_user_is_an_error),
		cmocka_unit_test(denied_files_stay_closed_but_brambled_can_be_reached),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
