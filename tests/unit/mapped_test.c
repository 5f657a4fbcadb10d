/* SPDX-License-Identifier: ISC */
/* Where the distribution's packages are installed: what runs there is root among itself, and nobody
 * outside. Needs root, as a build does. */
#include "tests/unit/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "rootfs/mapped.h"

#define PATH_LENGTH 128
#define PATIENCE_NS (10 * NS_PER_S)

struct world {
	char work[64];		   /* root's, as a build's */
	char place[PATH_LENGTH];   /* below it, of the mapped root: WORK/packages */
	char output[PATH_LENGTH];  /* what the tool says */
	char private[PATH_LENGTH]; /* root's alone */
	char *text;		   /* of `output` */
};

static int make(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	if (!world)
		return -1;
	snprintf(world->work, sizeof(world->work), "/tmp/mapped_test.XXXXXX");
	assert_non_null(mkdtemp(world->work));
	assert_int_equal(chmod(world->work, 0755), 0);
	snprintf(world->place, PATH_LENGTH, "%s/packages", world->work);
	snprintf(world->output, PATH_LENGTH, "%s/output", world->work);
	snprintf(world->private, PATH_LENGTH, "%s/private", world->work);
	assert_int_equal(mkdir(world->place, 0755), 0);
	assert_int_equal(chown(world->place, MAPPED_FIRST, MAPPED_FIRST), 0);
	assert_int_equal(file_replace(world->private, "secret", 6, 0600), 0);
	*state = world;
	return 0;
}

static int discard(void **state)
{
	static const char *const names[] = { "packages/file", "packages/given", "packages",
		"private", "output" };
	struct world *world = *state;
	char path[PATH_LENGTH + 32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", world->work, names[i]);
		(void)remove(path);
	}
	assert_int_equal(rmdir(world->work), 0);
	free(world->text);
	free(world);
	return 0;
}

static pid_t start(const char *work, const char *output, const char *program, const char *script)
{
	char *arguments[] = { (char *)(uintptr_t)work, (char *)(uintptr_t)output,
		(char *)(uintptr_t)program, (char *)(uintptr_t) "-c", (char *)(uintptr_t)script,
		NULL };
	pid_t child;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(mapped_main(5, arguments));
	return child;
}

static int end_of(pid_t child)
{
	int status = 0;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Returns its exit status; what it said is world->text. */
static int run(struct world *world, const char *script)
{
	int status = end_of(start(world->work, world->output, "sh", script));
	size_t size;

	free(world->text);
	world->text = NULL;
	assert_int_equal(file_read(world->output, 65536, &world->text, &size), 0);
	assert_non_null(world->text);
	return status;
}

static void expect(struct world *world, const char *script, const char *said)
{
	assert_int_equal(run(world, script), 0);
	assert_string_equal(world->text, said);
}

static void it_is_root_there_and_nobody_outside(void **state)
{
	struct world *world = *state;
	char path[PATH_LENGTH + 32], expected[80];
	struct stat status;

	snprintf(expected, sizeof(expected), "0 0 0\n0 %u %u\n", MAPPED_FIRST, MAPPED_COUNT);
	expect(world, "echo $(id -u) $(id -g) $(id -G); set -- $(cat /proc/self/uid_map); echo $*",
		expected);
	assert_int_equal(
		run(world, "cd /mnt/packages && : >file && : >given && chown 33:65535 given "
			   "&& chmod 4755 given"),
		0);
	snprintf(path, sizeof(path), "%s/file", world->place);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_uid, MAPPED_FIRST);
	snprintf(path, sizeof(path), "%s/given", world->place);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_uid, MAPPED_FIRST + 33);
	assert_int_equal(status.st_gid, MAPPED_FIRST + 65535);
	assert_int_equal(status.st_mode & 07777, 04755);
}

static void what_is_roots_outside_is_not_its_own(void **state)
{
	struct world *world = *state;

	expect(world,
		"for try in 'cat /mnt/private' 'touch /mnt/new' 'rm -f /mnt/private' "
		"'chown 0 /mnt/private' 'chmod 666 /mnt/private' "
		"'mknod /mnt/packages/disk b 7 0'; do\n"
		"  $try >/dev/null 2>&1 && echo \"$try\"\n"
		"done; true",
		"");
	assert_int_equal(access(world->private, F_OK), 0);
}

static void its_namespaces_are_its_own(void **state)
{
	static const char *const kinds[] = { "user", "mnt", "pid", "ipc", "uts" };
	struct world *world = *state;
	char script[80], path[PATH_LENGTH + 32], inside[64], here[64];

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *said;
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		length = readlink(path, here, sizeof(here) - 1);
		assert_true(length > 0);
		here[length] = '\0';
		/* The /proc there is of the namespace around it: `self`, not $$. */
		snprintf(script, sizeof(script), "readlink /proc/self/ns/%s", kinds[i]);
		assert_int_equal(run(world, script), 0);
		said = world->text ? world->text : "";
		snprintf(inside, sizeof(inside), "%.*s", (int)strcspn(said, "\n"), said);
		assert_string_not_equal(inside, here);
	}
	/* The first process there, who may mount and change roots, as mmdebstrap does. */
	expect(world,
		"echo $$; mount -t tmpfs none /mnt/packages && mkdir /mnt/packages/proc && "
		"mount -t proc proc /mnt/packages/proc && ls /mnt/packages/proc | grep -c '^[0-9]' "
		">/dev/null && chroot / true && echo mounted",
		"1\nmounted\n");
	snprintf(path, sizeof(path), "%s/proc", world->place);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void no_program_gives_it_new_rights(void **state)
{
	expect(*state, "sed -n 's/^NoNewPrivs:[^0-9]*//p' /proc/self/status", "1\n");
}

static void its_end_is_told(void **state)
{
	struct world *world = *state;

	assert_int_equal(run(world, "echo said; exit 7"), 7);
	assert_string_equal(world->text, "said\n");
	/* The first process of a namespace can't end itself by a signal. */
	assert_int_equal(run(world, "sh -c 'kill -9 $$'; exit $?"), 128 + SIGKILL);
	assert_int_equal(end_of(start(world->work, world->output, "/nosuch", "")), MAPPED_FAILED);
	assert_int_equal(end_of(start("/nosuch", world->output, "sh", "")), MAPPED_FAILED);
	assert_int_equal(end_of(start(world->work, "/nosuch/output", "sh", "")), MAPPED_FAILED);
}

/* Also what it left in the background. */
static void when_the_builder_is_killed_all_of_it_ends(void **state)
{
	struct world *world = *state;
	uint64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
	char path[PATH_LENGTH + 32];
	int ends[2], status;
	pid_t child;
	char byte;

	/* Held open by each of its processes, until the last has ended. */
	assert_int_equal(pipe(ends), 0);
	child = start(world->work, world->output, "sh",
		"sleep 600 & : >/mnt/packages/file; exec sleep 600");
	close(ends[1]);
	snprintf(path, sizeof(path), "%s/file", world->place);
	while (access(path, F_OK) != 0 && clock_monotonic_ns() < deadline_ns)
		usleep(10000);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	alarm(20); /* one that lives on keeps it open */
	assert_int_equal(read(ends[0], &byte, 1), 0);
	alarm(0);
	close(ends[0]);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make, discard)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(it_is_root_there_and_nobody_outside),
		IN_WORLD(what_is_roots_outside_is_not_its_own),
		IN_WORLD(its_namespaces_are_its_own),
		IN_WORLD(no_program_gives_it_new_rights),
		IN_WORLD(its_end_is_told),
		IN_WORLD(when_the_builder_is_killed_all_of_it_ends),
	};

	if (geteuid() != 0) {
		puts("1..0 # SKIP needs root");
		return 0;
	}
	return cmocka_run_group_tests_name("mapped", tests, NULL, NULL);
}
