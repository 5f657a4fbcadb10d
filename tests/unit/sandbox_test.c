/* SPDX-License-Identifier: ISC */
/* Each case runs in a child of its own: rights that were given up don't come back. */
#include "tests/unit/test.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

/* Effective, permitted, inheritable, ambient, and what could be gained (bounding): together. */
static unsigned long long all_capabilities(void)
{
	char line[128];
	unsigned long long set = 0;
	unsigned sets = 0;
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status)) {
		if (strncmp(line, "Cap", 3) == 0) {
			set |= strtoull(line + 7, NULL, 16);
			sets++;
		}
	}
	if (status)
		fclose(status);
	return sets == 5 ? set : ~0ULL;
}

/* As systemd starts a server with AmbientCapabilities=CAP_NET_BIND_SERVICE and CAP_SETPCAP. */
static int drop_ambient(const char *argument)
{
	(void)argument;
	CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	CHECK(setresuid(65534, 65534, 65534) == 0);
	capng_clear(CAPNG_SELECT_CAPS);
	CHECK(capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_INHERITABLE,
		      CAP_NET_BIND_SERVICE, CAP_SETPCAP, -1) == 0);
	CHECK(capng_apply(CAPNG_SELECT_CAPS) == 0);
	CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0) == 0);
	CHECK(all_capabilities() != 0);
	CHECK(sandbox_become("nobody") == 0);
	CHECK(all_capabilities() == 0);
	return 0;
}

/* 3 is to stay. */
static int close_others(const char *argument)
{
	const int extra[] = { 4, 5, 63 };
	struct stat input, null;

	(void)argument;
	CHECK(dup2(STDERR_FILENO, 3) == 3);
	for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++)
		CHECK(dup2(STDERR_FILENO, extra[i]) == extra[i]);
	CHECK(sandbox_close_others(3) == 0);
	CHECK(fcntl(STDERR_FILENO, F_GETFD) >= 0 && fcntl(3, F_GETFD) >= 0);
	for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++)
		CHECK(fcntl(extra[i], F_GETFD) < 0);
	CHECK(stat("/dev/null", &null) == 0);
	for (int fd = 0; fd < 2; fd++)
		CHECK(fstat(fd, &input) == 0 && input.st_rdev == null.st_rdev);
	CHECK(sandbox_close_others(-1) == 0);
	CHECK(fcntl(3, F_GETFD) < 0);
	return 0;
}

/* Reading beneath a directory is all that is left. */
static int deny_files_but(const char *directory)
{
	int root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC), result;

	CHECK(root >= 0);
	CHECK(sandbox_forbid_new_rights() == 0);
	result = sandbox_deny_files(root);
	if (result == -EOPNOTSUPP)
		return 0;
	CHECK(result == 0);
	CHECK(openat(root, "f", O_RDONLY | O_CLOEXEC) >= 0);
	CHECK(openat(root, "f", O_WRONLY | O_CLOEXEC) == -1 && errno == EACCES);
	CHECK(openat(root, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) == -1 && errno == EACCES);
	CHECK(openat(root, ".", O_RDONLY | O_CLOEXEC) == -1 && errno == EACCES);
	CHECK(open("/etc/passwd", O_RDONLY | O_CLOEXEC) == -1 && errno == EACCES);
	return 0;
}

static int become_nobody(const char *argument)
{
	(void)argument;
	CHECK(sandbox_become("nobody") == 0);
	CHECK(geteuid() != 0 && getegid() != 0);
	CHECK(all_capabilities() == 0);
	CHECK(sandbox_forbid_new_rights() == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHECK(setuid(0) != 0);
	return 0;
}

static int become_stranger(const char *argument)
{
	(void)argument;
	CHECK(sandbox_become("no-such-user-here") == -ENOENT);
	CHECK(sandbox_become("root") == -EINVAL);
	return 0;
}

static int deny_files(const char *socket_path)
{
	int before = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	int result, connection;
	char byte;

	sandbox_forbid_new_rights();
	result = sandbox_deny_files(-1);
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

static void capabilities_of_another_user_are_dropped(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_child(drop_ambient, NULL);
}

static void what_was_inherited_is_closed(void **state)
{
	(void)state;
	assert_child(close_others, NULL);
}

/* As the kernel's documentation says; and a new kernel's ABI that isn't known yet is no error. */
static void each_abi_of_landlock_denies_all_it_can(void **state)
{
	const struct {
		int abi;
		struct sandbox_rights rights;
	} cases[] = {
		{ 0, { 0, 0, 0 } },
		{ 1, { 0x1fff, 0, 0 } },
		{ 2, { 0x3fff, 0, 0 } },
		{ 3, { 0x7fff, 0, 0 } },
		{ 4, { 0x7fff, 3, 0 } },
		{ 5, { 0xffff, 3, 0 } },
		{ 6, { 0xffff, 3, 3 } },
		{ 7, { 0xffff, 3, 3 } },
		{ 99, { 0xffff, 3, 3 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sandbox_rights rights = sandbox_rights(cases[i].abi);

		assert_int_equal(rights.files, cases[i].rights.files);
		assert_int_equal(rights.network, cases[i].rights.network);
		assert_int_equal(rights.scopes, cases[i].rights.scopes);
	}
}

static void a_directory_may_stay_readable(void **state)
{
	char directory[] = "/tmp/bramble-sandbox-XXXXXX", path[64];
	int fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/f", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	close(fd);
	assert_child(deny_files_but, directory);
	unlink(path);
	rmdir(directory);
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
		cmocka_unit_test(capabilities_of_another_user_are_dropped),
		cmocka_unit_test(an_unknown_user_is_an_error),
		cmocka_unit_test(what_was_inherited_is_closed),
		cmocka_unit_test(each_abi_of_landlock_denies_all_it_can),
		cmocka_unit_test(a_directory_may_stay_readable),
		cmocka_unit_test(denied_files_stay_closed_but_brambled_can_be_reached),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
