/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "rootfs/agent/agent.h"
#include "rootfs/host_keys.h"

#define PATH_PATTERN "/tmp/agent_test.XXXXXX"
#define PATH_SIZE 128

struct world {
	char directory[sizeof(PATH_PATTERN)], kept[PATH_SIZE], aside[PATH_SIZE], etc[PATH_SIZE];
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	memcpy(world->directory, PATH_PATTERN, sizeof(PATH_PATTERN));
	assert_non_null(mkdtemp(world->directory));
	snprintf(world->kept, sizeof(world->kept), "%s/data/ssh", world->directory);
	snprintf(world->aside, sizeof(world->aside), "%s/data/ssh.new", world->directory);
	snprintf(world->etc, sizeof(world->etc), "%s/etc", world->directory);
	assert_int_equal(file_make_directories(world->etc, 0755), 0);
	*state = world;
	return 0;
}

static int remove_world(void **state)
{
	static const char *const names[] = { "etc/hostname", "etc/resolv.conf", "etc",
		"data/ssh.new", "data/ssh", "data", "" };
	struct world *world = *state;
	char path[PATH_SIZE];

	host_keys_remove(world->etc);
	host_keys_remove(world->kept);
	host_keys_remove(world->aside);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", world->directory, names[i]);
		(void)remove(path);
	}
	assert_int_equal(access(world->directory, F_OK), -1);
	free(world);
	return 0;
}

static const char *path_in(const char *directory, const char *name)
{
	static char path[2 * PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void put(const char *directory, const char *name, const char *text)
{
	assert_int_equal(file_make_directories(directory, 0755), 0);
	assert_int_equal(file_replace(path_in(directory, name), text, strlen(text), 0600), 0);
}

/* The caller frees it. */
static char *get(const char *directory, const char *name)
{
	char *text;
	size_t size;

	assert_int_equal(file_read(path_in(directory, name), 65536, &text, &size), 0);
	return text;
}

static void assert_same_key(const char *directory, const char *other, const char *name)
{
	char *text = get(directory, name), *other_text = get(other, name);

	assert_true(strlen(text) > 0);
	assert_string_equal(text, other_text);
	free(text);
	free(other_text);
}

static mode_t mode_of(const char *directory, const char *name)
{
	struct stat status;

	assert_int_equal(stat(path_in(directory, name), &status), 0);
	return status.st_mode & 07777;
}

static void a_host_key_is_made_once_and_given_back(void **state)
{
	const struct world *world = *state;
	char *first, *second;

	assert_int_equal(agent_keep_host_keys(world->kept, world->etc), 0);
	assert_same_key(world->kept, world->etc, "ssh_host_ed25519_key");
	assert_same_key(world->kept, world->etc, "ssh_host_ed25519_key.pub");
	assert_int_equal(mode_of(world->kept, "ssh_host_ed25519_key"), 0600);
	assert_int_equal(mode_of(world->kept, "ssh_host_ed25519_key.pub"), 0644);
	assert_int_equal(mode_of(world->kept, "."), 0700);

	/* The next boot: /etc is the image's again. */
	first = get(world->kept, "ssh_host_ed25519_key");
	assert_int_equal(host_keys_remove(world->etc), 0);
	assert_int_equal(agent_keep_host_keys(world->kept, world->etc), 0);
	assert_same_key(world->kept, world->etc, "ssh_host_ed25519_key");
	assert_int_equal(mode_of(world->etc, "ssh_host_ed25519_key"), 0600);
	second = get(world->kept, "ssh_host_ed25519_key");
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void a_key_that_comes_with_the_image_is_not_kept(void **state)
{
	const struct world *world = *state;
	char *key;

	put(world->etc, "ssh_host_ed25519_key", "everybody's");
	put(world->etc, "ssh_host_rsa_key", "everybody's");
	assert_int_equal(agent_keep_host_keys(world->kept, world->etc), 0);
	assert_int_equal(access(path_in(world->kept, "ssh_host_rsa_key"), F_OK), -1);
	assert_int_equal(access(path_in(world->etc, "ssh_host_rsa_key"), F_OK), -1);
	key = get(world->kept, "ssh_host_ed25519_key");
	assert_string_not_equal(key, "everybody's");
	free(key);
}

static void what_a_power_cut_left_is_cleared_away(void **state)
{
	const struct world *world = *state;

	put(world->aside, "ssh_host_rsa_key", "interrupted");
	put(world->kept, "ssh_host_ed25519_key.pub", "half");
	assert_int_equal(host_keys_are_in(world->kept), 0);
	assert_int_equal(agent_keep_host_keys(world->kept, world->etc), 0);
	assert_int_equal(access(path_in(world->kept, "ssh_host_rsa_key"), F_OK), -1);
	assert_int_equal(access(world->aside, F_OK), -1);
	assert_same_key(world->kept, world->etc, "ssh_host_ed25519_key.pub");
}

static void a_damaged_key_is_made_anew_and_kept(void **state)
{
	static const char *const damaged[] = { "", "half",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3B",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3B\n" };
	const struct world *world = *state;

	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		char *made, *again;

		put(world->kept, "ssh_host_ed25519_key", damaged[i]);
		put(world->kept, "note", "somebody's\n");
		assert_int_equal(host_keys_are_in(world->kept), 0);
		/* bramble-init gives nothing back that would stop sshd. */
		assert_int_equal(host_keys_remove(world->etc), 0);
		assert_int_not_equal(host_keys_copy(world->kept, world->etc), 0);
		assert_int_not_equal(access(path_in(world->etc, "ssh_host_ed25519_key"), F_OK), 0);
		assert_int_equal(agent_keep_host_keys(world->kept, world->etc), 0);
		assert_same_key(world->kept, world->etc, "ssh_host_ed25519_key");
		assert_int_equal(access(world->aside, F_OK), -1);
		/* It is the node's from now on. */
		made = get(world->kept, "ssh_host_ed25519_key");
		assert_int_equal(agent_keep_host_keys(world->kept, world->etc), 0);
		again = get(world->etc, "ssh_host_ed25519_key");
		assert_string_equal(made, again);
		free(made);
		free(again);
	}
	assert_int_equal(remove(path_in(world->kept, "note")), 0);
}

static void one_damaged_key_does_not_take_the_others_along(void **state)
{
	const struct world *world = *state;

	assert_int_equal(agent_keep_host_keys(world->kept, world->etc), 0);
	assert_int_equal(host_keys_remove(world->etc), 0);
	put(world->kept, "ssh_host_rsa_key", "");
	assert_int_equal(chmod(path_in(world->kept, "ssh_host_ed25519_key"), 0666), 0);
	assert_int_equal(agent_keep_host_keys(world->kept, world->etc), -EBADMSG);
	assert_same_key(world->kept, world->etc, "ssh_host_ed25519_key");
	assert_int_equal(mode_of(world->etc, "ssh_host_ed25519_key"), 0600);
	assert_int_equal(access(path_in(world->etc, "ssh_host_rsa_key"), F_OK), -1);
}

static void no_key_is_kept_where_none_can_be_written(void **state)
{
	const struct world *world = *state;

	put(world->directory, "data", "a file, no directory");
	assert_int_equal(agent_keep_host_keys(world->kept, world->etc), -ENOTDIR);
}

#define PLACE                                                                                      \
	"{\"node\":\"rasp1\",\"address\":\"10.77.0.50\",\"role\":\"worker\",\"router\":\"10.77."   \
	"0.1\",\"domain\":\"lan.example\",\"heartbeat_s\":10}"

static void the_routers_answer_gives_a_place(void **state)
{
	struct agent_place place;

	(void)state;
	assert_int_equal(agent_parse_place(PLACE, &place), 0);
	assert_string_equal(place.node, "rasp1");
	assert_string_equal(place.domain, "lan.example");
	assert_int_equal(place.heartbeat_s, 10);
	assert_int_equal(agent_parse_place("{\"node\":\"a\",\"address\":\"1.2.3.4\",\"router\":\"1."
					   "2.3.1\",\"domain\":\"\",\"heartbeat_s\":1}",
				 &place),
		0);
	assert_string_equal(place.domain, "");
}

static void a_place_that_would_spoil_a_file_is_refused(void **state)
{
	static const char *const wrong[][2] = {
		{ "rasp1", "rasp 1" },
		{ "rasp1", "../x" },
		{ "10.77.0.50", "10.77.0" },
		{ "\"router\"", "\"ruter\"" },
		{ "lan.example", "lan example" },
		{ "lan.example", "lan..example" },
		{ "lan.example", "lan.example." },
		{ "lan.example", ".lan" },
		{ "lan.example", "lan\\\\nameserver" },
		{ ":10}", ":0}" },
		{ ":10}", ":1e9}" },
		{ ":10}", ":10" },
	};
	struct agent_place place;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *where = strstr(PLACE, wrong[i][0]);
		char text[512];

		assert_non_null(where);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(where - PLACE), PLACE, wrong[i][1],
			where + strlen(wrong[i][0]));
		if (agent_parse_place(text, &place) != -EBADMSG)
			fail_msg("accepted: %s", text);
	}
}

static void a_place_is_applied_once(void **state)
{
	const struct world *world = *state;
	const struct in_addr dns = { .s_addr = htonl(0x0a4d0001) };
	struct agent_place place;
	struct stat before, after;
	char *text;

	assert_int_equal(agent_parse_place(PLACE, &place), 0);
	assert_int_equal(agent_apply_place(&place, dns, world->etc), 0);
	text = get(world->etc, "resolv.conf");
	assert_string_equal(text, "search lan.example\nnameserver 10.77.0.1\n");
	free(text);
	text = get(world->etc, "hostname");
	assert_string_equal(text, "rasp1\n");
	free(text);
	assert_int_equal(stat(path_in(world->etc, "resolv.conf"), &before), 0);
	assert_int_equal(agent_apply_place(&place, dns, world->etc), 0);
	assert_int_equal(stat(path_in(world->etc, "resolv.conf"), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);

	place.domain[0] = '\0';
	assert_int_equal(agent_apply_place(&place, dns, world->etc), 0);
	text = get(world->etc, "resolv.conf");
	assert_string_equal(text, "nameserver 10.77.0.1\n");
	free(text);
}

static void only_a_clock_that_is_surely_wrong_is_corrected(void **state)
{
	const uint64_t now = 1790000000 * NS_PER_S, ms = NS_PER_MS, s = NS_PER_S;
	const struct {
		uint64_t router, sent, received;
		enum agent_clock_action action;
		int64_t offset_ms;
	} cases[] = {
		{ now, now, now + 2 * ms, AGENT_CLOCK_KEEP, -1 },
		{ now + 15 * ms, now, now + 2 * ms, AGENT_CLOCK_KEEP, 14 },
		{ now + 101 * ms, now, now + 2 * ms, AGENT_CLOCK_SLEW, 100 },
		{ now, now + 100 * ms, now + 100 * ms, AGENT_CLOCK_SLEW, -100 },
		{ now + 90 * ms, now, now + 100 * ms, AGENT_CLOCK_KEEP, 40 },
		{ now, 0, 2 * ms, AGENT_CLOCK_STEP, 1790000000 * INT64_C(1000) - 1 },
		{ now, now + 5 * s, now + 5 * s, AGENT_CLOCK_STEP, -5000 },
		{ now + 10 * s, now, now + s, AGENT_CLOCK_KEEP, 0 }, /* too slow an answer */
		{ now, now + s, now, AGENT_CLOCK_KEEP, 0 },	     /* set by somebody meanwhile */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t offset_ns;

		assert_int_equal(agent_judge_clock(cases[i].router, cases[i].sent,
					 cases[i].received, &offset_ns),
			cases[i].action);
		assert_int_equal(offset_ns / (int64_t)ms, cases[i].offset_ms);
	}
}

static void the_environment_must_be_whole(void **state)
{
	static const char *const names[] = { "BRAMBLE_ROUTER", "BRAMBLE_DNS", "BRAMBLE_PORT",
		"BRAMBLE_NODE", "BRAMBLE_TOKEN" };
	static const char *const values[] = { "10.77.0.1", "10.77.0.2", "80", "rasp1", "00ff" };
	struct agent_boot boot;
	const char *missing = NULL;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(setenv(names[i], values[i], 1), 0);
	unsetenv("BRAMBLE_HASH"); /* an image in a directory needn't have one */
	assert_int_equal(agent_read_boot(&boot, &missing), 0);
	assert_null(missing);
	assert_string_equal(boot.node, "rasp1");
	assert_int_equal(boot.port, 80);
	for (size_t i = 0; i < 5; i++) {
		unsetenv(names[i]);
		assert_int_equal(agent_read_boot(&boot, &missing), -EINVAL);
		assert_string_equal(missing, names[i]);
		setenv(names[i], values[i], 1);
	}
	setenv("BRAMBLE_PORT", "0", 1);
	assert_int_equal(agent_read_boot(&boot, &missing), -EINVAL);
}

static void how_the_agent_ended_is_told_in_words(void **state)
{
	static const struct {
		const char *result, *code, *status, *says; /* NULL: nothing to tell */
	} cases[] = {
		{ "success", "exited", "0", NULL },
		{ NULL, NULL, NULL, NULL },
		{ "exit-code", "exited", "1", "the agent ended with status 1" },
		{ "signal", "killed", "SEGV", "the agent was killed by signal SEGV" },
		{ "core-dump", "dumped", "ABRT", "the agent was killed by signal ABRT" },
		{ "oom-kill", "killed", "KILL", "the agent was killed: it took too much memory" },
		{ "timeout", "killed", "TERM", "the agent wasn't ready in time and was killed" },
		{ "resources", NULL, NULL, "the agent ended: resources" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[AGENT_ENDING_SIZE] = "";
		bool told =
			agent_describe_ending(cases[i].result, cases[i].code, cases[i].status, out);

		assert_int_equal(told, cases[i].says != NULL);
		assert_string_equal(out, cases[i].says ? cases[i].says : "");
	}
}

static void meminfo_is_read(void **state)
{
	static const char text[] =
		"MemTotal:        1024 kB\nMemFree: 5 kB\nMemAvailable:     512 kB\n";

	(void)state;
	assert_int_equal(agent_parse_meminfo(text, "MemTotal"), 1024);
	assert_int_equal(agent_parse_meminfo(text, "MemAvailable"), 512);
	assert_int_equal(agent_parse_meminfo(text, "Mem"), 0);
	assert_int_equal(agent_parse_meminfo("MemTotal: 99999999999999999999999", "MemTotal"), 0);
	assert_int_equal(agent_parse_meminfo("", "MemTotal"), 0);
}

static void the_round_trip_of_nfs_is_read(void **state)
{
	static const char text[] =
		"device tmpfs mounted on /run with fstype tmpfs\n"
		"device 10.77.0.1:/share mounted on /data with fstype nfs4 statvers=1.1\n"
		"\topts:\trw\n\tage:\t12\n\tper-op statistics\n"
		"\t        NULL: 1 1 0 44 24 0 2 3 0\n\t        READ: 10 10 0 1200 49000 3 18 21 "
		"0\n"
		"\t       WRITE: 0 0 0 0 0 0 0 0 0\n\t       WRONG: x\n"
		"device sysfs mounted on /sys with fstype sysfs\n\tREAD: 9 9 9 9 9 9 9 9\n";
	struct agent_nfs nfs;

	(void)state;
	agent_parse_mountstats(text, &nfs);
	assert_int_equal(nfs.calls, 11);
	assert_int_equal(nfs.round_trip_ms, 20);
	agent_parse_mountstats("", &nfs);
	assert_int_equal(nfs.calls, 0);
	agent_parse_mountstats("device a\n\tper-op statistics\n\tREAD:", &nfs);
	assert_int_equal(nfs.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_host_key_is_made_once_and_given_back, make_world, remove_world),
		cmocka_unit_test_setup_teardown(
			a_key_that_comes_with_the_image_is_not_kept, make_world, remove_world),
		cmocka_unit_test_setup_teardown(
			what_a_power_cut_left_is_cleared_away, make_world, remove_world),
		cmocka_unit_test_setup_teardown(
			a_damaged_key_is_made_anew_and_kept, make_world, remove_world),
		cmocka_unit_test_setup_teardown(
			one_damaged_key_does_not_take_the_others_along, make_world, remove_world),
		cmocka_unit_test_setup_teardown(
			no_key_is_kept_where_none_can_be_written, make_world, remove_world),
		cmocka_unit_test(the_routers_answer_gives_a_place),
		cmocka_unit_test(a_place_that_would_spoil_a_file_is_refused),
		cmocka_unit_test_setup_teardown(a_place_is_applied_once, make_world, remove_world),
		cmocka_unit_test(only_a_clock_that_is_surely_wrong_is_corrected),
		cmocka_unit_test(the_environment_must_be_whole),
		cmocka_unit_test(how_the_agent_ended_is_told_in_words),
		cmocka_unit_test(meminfo_is_read),
		cmocka_unit_test(the_round_trip_of_nfs_is_read),
	};

	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
