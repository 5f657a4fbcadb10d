/* SPDX-License-Identifier: ISC */
/* Why a boot doesn't go on: each cause, from what brambled would have seen of it. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/timeline/diagnosis.h"

#define PEER "10.77.0.50"

static void the_manual_lists_every_cause(void **state)
{
	char *text, row[512];
	size_t size;

	(void)state;
	assert_int_equal(file_read("docs/boot-causes.md", 65536, &text, &size), 0);
	for (const struct diagnosis_cause *cause = diagnosis_causes; cause->code; cause++) {
		assert_true(strlen(cause->code) < REGISTRY_CAUSE_SIZE);
		assert_true(strlen(cause->text) < REGISTRY_REASON_SIZE - DIAGNOSIS_NAME_SIZE);
		snprintf(row, sizeof(row), "| `%s` | %s |", cause->code, cause->text);
		if (!strstr(text, row))
			fail_msg("docs/boot-causes.md lacks the row %s", row);
		if (!strstr(text, cause->next))
			fail_msg("docs/boot-causes.md lacks what to do: %s", cause->next);
	}
	free(text);
}

static void every_conclusion_is_one_of_the_causes(void **state)
{
	static const char *const stages[] = { "dhcp", "firmware", "config", "tree", "initramfs",
		"kernel", "init", "network", "nfs", "root", "data", "systemd", "joined", "" };
	static const char *const details[] = { "", "Permission denied", "Connection refused",
		"No space left on device", "Connection timed out" };

	(void)state;
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		for (size_t j = 0; j < sizeof(details) / sizeof(details[0]); j++) {
			struct diagnosis_clues clues = { .error = (int)j,
				.bytes = UINT64_C(65535) * 1024,
				.discovers = (unsigned)j };

			assert_non_null(diagnosis_find(diagnosis_infer(stages[i], &clues)));
			assert_non_null(diagnosis_find(diagnosis_of_report(stages[i], details[j])));
		}
	}
}

/* --- what the router sees --- */

/* The board is given up. */
static void expect_cause(struct world *world, const char *cause, const char *part)
{
	const struct registry_boot *boot;
	struct mac mac = world_mac(1);
	const char *is = "", *why = "";
	int status;
	cJSON *json;

	world->brambled.settings.stuck_after_s = 0;
	timeline_tick(&world->brambled);
	world->brambled.settings.stuck_after_s = 120;
	boot = timeline_boot(&world->brambled, &mac);
	assert_null(boot);
	assert_int_equal(world_commit(world), 0);
	json = world_call(world, NULL, IPC_GET, "/v1/boots?limit=1", NULL, &status);
	is = world_text(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "boots"), 0), "cause");
	why = world_text(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "boots"), 0), "reason");
	if (strcmp(is, cause) != 0 || !strstr(why, part))
		fail_msg("the cause is \"%s\" (%s), not \"%s\" with \"%s\"", is, why, cause, part);
	assert_true(*world_text(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "boots"), 0),
			    "next") != 0);
	cJSON_Delete(json);
}

/* A file's transfer ends, well or not. */
static void fetch(struct world *world, const char *name, int error, uint64_t bytes)
{
	struct ipc_resolved answer;
	struct ipc_transfer report;
	char *content = NULL;

	assert_int_equal(world_fetch(world, PEER, name, &answer, &content), 0);
	free(content);
	report = (struct ipc_transfer){
		.transfer = answer.transfer, .bytes = bytes, .error = error
	};
	timeline_end_transfer(&world->brambled, &report);
}

/* Everything, up to the kernel. */
static void fetch_all(struct world *world)
{
	static const char *const files[] = { "start4.elf", "config.txt", "initramfs8",
		"cmdline.txt", "kernel8.img" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fetch(world, files[i], 0, 1000);
}

static void see_answer(struct world *world, const char *server)
{
	struct ipc_dhcp offer = {
		.message = DHCP_OFFER, .mac = world_mac(1), .server = world_address(server)
	};

	sightings_see_dhcp(&world->brambled, &offer);
}

static void an_address_and_no_file(void **state)
{
	struct world *world = *state;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	see_answer(world, "10.77.0.1"); /* ours */
	expect_cause(world, "no-request", "asked for no file");
}

static void another_server_answered(void **state)
{
	struct world *world = *state;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	see_answer(world, "10.77.0.9");
	expect_cause(world, "foreign-dhcp", "10.77.0.9");
}

static void answers_are_not_heard(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);

	world_use_image(world, FIRST_HASH);
	for (int i = 0; i < 4; i++)
		world_discover(world, 1, 0x1001);
	/* At once: it goes on asking, and is never silent for long. */
	assert_string_equal(timeline_boot(&world->brambled, &mac)->cause, "offer-unheard");
	expect_cause(world, "offer-unheard", "repeats its DISCOVER");
}

static void the_link_came_late(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);
	struct ipc_dhcp packet = { .message = DHCP_DISCOVER, .mac = mac, .seconds = 31 };

	world_use_image(world, FIRST_HASH);
	str_copy(packet.vendor_class, sizeof(packet.vendor_class), "PXEClient:Arch:00000");
	sightings_see_dhcp(&world->brambled, &packet);
	expect_cause(world, "link-late", "came late");
}

static void a_transfer_broke_off(void **state)
{
	struct world *world = *state;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	fetch(world, "start4.elf", 0, 1000);
	fetch(world, "kernel8.img", ETIMEDOUT, 123456);
	expect_cause(world, "transfer-broken", "packets are lost");
}

/* tftpd says so each few seconds; takes 1.4 s, since the clock is the real one. */
static void who_waits_for_its_turn_is_not_stuck(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);
	struct ipc_waits waits = { .waits = 1, .before = 41 };
	struct ipc_resolved answer;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_fetch(world, PEER, "start4.elf", &answer, NULL), 0);
	waits.transfer = answer.transfer;
	world->brambled.settings.stuck_after_s = 1;
	for (unsigned i = 0; i < 2; i++) {
		poll(NULL, 0, 700);
		timeline_note_waits(&world->brambled, &waits);
		timeline_tick(&world->brambled);
		assert_non_null(timeline_boot(&world->brambled, &mac));
	}
	assert_string_equal(timeline_boot(&world->brambled, &mac)->cause, "waits-turn");
	assert_non_null(strstr(timeline_boot(&world->brambled, &mac)->reason, "41 files"));
	world_finish_transfer(world, &answer, 1000);
	assert_string_equal(timeline_boot(&world->brambled, &mac)->cause, "");
}

static void who_was_turned_away_is_told_so(void **state)
{
	struct world *world = *state;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	fetch(world, "start4.elf", EBUSY, 1000);
	expect_cause(world, "waits-turn", "many boards");
}

static void an_old_eeprom_ran_out_of_block_numbers(void **state)
{
	static const unsigned sizes[] = { 1024, 1408, 1468 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct world *world = *state;

		world_use_image(world, FIRST_HASH);
		world_discover(world, 1, 0x1001);
		fetch(world, "initramfs8", ETIMEDOUT, UINT64_C(65535) * sizes[i]);
		expect_cause(world, "eeprom-old", "65535");
	}
}

static void a_file_is_missing(void **state)
{
	struct world *world = *state;
	struct ipc_resolved answer;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	fetch(world, "start4.elf", 0, 1000);
	assert_int_equal(world_fetch(world, PEER, "recovery.elf", &answer, NULL), ENOENT);
	assert_int_equal(world_fetch(world, PEER, "bcm2711-rpi-cm9.dtb", &answer, NULL), ENOENT);
	expect_cause(world, "missing-file", ": bcm2711-rpi-cm9.dtb");
}

static void firmware_stops_without_a_trace(void **state)
{
	struct world *world = *state;
	struct ipc_resolved answer;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	fetch(world, "start4.elf", 0, 1000);
	/* Normally missing, and what is found under its other name isn't missing. */
	assert_int_equal(world_fetch(world, PEER, "recovery.elf", &answer, NULL), ENOENT);
	assert_int_equal(world_fetch(world, PEER, "start9.elf", &answer, NULL), ENOENT);
	fetch(world, "start4.elf", 0, 1000);
	expect_cause(world, "firmware-stopped", "stopped asking");
}

static void the_kernel_says_nothing(void **state)
{
	struct world *world = *state;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	fetch_all(world);
	expect_cause(world, "kernel-silent", "bramble-init hasn't spoken");
}

static void the_board_starts_over(void **state)
{
	struct world *world = *state;
	int status;
	cJSON *json;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	fetch_all(world);
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_commit(world), 0);
	json = world_call(world, NULL, IPC_GET, "/v1/boots", NULL, &status);
	assert_string_equal(
		world_text(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "boots"), 1), "cause"),
		"started-over");
	cJSON_Delete(json);
	/* What broke before it began anew is the cause. */
	fetch(world, "start4.elf", 0, 1000);
	fetch(world, "config.txt", 0, 1000);
	fetch(world, "kernel8.img", ETIMEDOUT, 5);
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_commit(world), 0);
	json = world_call(world, NULL, IPC_GET, "/v1/boots", NULL, &status);
	assert_string_equal(
		world_text(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "boots"), 1), "cause"),
		"transfer-broken");
	cJSON_Delete(json);
}

static void whoever_waits_is_parked_or_denied(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);

	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 1, 0x1001);
	assert_string_equal(timeline_boot(&world->brambled, &mac)->cause, "parked");
	mac = world_mac(2);
	world->brambled.settings.join = JOIN_DENY;
	world_discover(world, 2, 0x1002);
	assert_string_equal(timeline_boot(&world->brambled, &mac)->cause, "denied");
}

static void a_serial_contradicts(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(2);

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	world_discover(world, 2, 0x1001);
	assert_string_equal(timeline_boot(&world->brambled, &mac)->cause, "identity-conflict");
}

static void there_is_no_image(void **state)
{
	struct world *world = *state;

	world_discover(world, 1, 0x1001);
	assert_int_equal(world_fetch(world, PEER, "start4.elf", NULL, NULL), EACCES);
	expect_cause(world, "no-image", "image");
}

static void the_image_is_damaged(void **state)
{
	struct world *world = *state;
	char path[512];

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	fetch(world, "start4.elf", 0, 1000);
	snprintf(path, sizeof(path), "%s/share/images/base/" FIRST_HASH ".boot/kernel8.img",
		world->directory);
	assert_int_equal(truncate(path, 1), 0);
	assert_int_not_equal(world_fetch(world, PEER, "kernel8.img", NULL, NULL), 0);
	expect_cause(world, "image-incomplete", "bramble image verify");
}

static void no_address_is_left(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(2);

	world_use_image(world, FIRST_HASH);
	world->brambled.settings.range_last = world->brambled.settings.range_first;
	world_discover(world, 1, 0x1001);
	world_discover(world, 2, 0x1002);
	assert_string_equal(timeline_boot(&world->brambled, &mac)->cause, "no-address");
}

static void the_routers_disk_is_full(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);

	world_use_image(world, FIRST_HASH);
	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_commit(world), 0);
	world->brambled.settings.join = JOIN_AUTO;
	world_fill_disk(world, true);
	while (world->brambled.registry_warning[0] == '\0') {
		brambled_event(&world->brambled, "filler", "", "%0200d", 0);
		(void)world_commit(world);
	}
	assert_int_not_equal(world_fetch(world, PEER, "start4.elf", NULL, NULL), 0);
	assert_string_equal(timeline_boot(&world->brambled, &mac)->cause, "disk-full");
	world_fill_disk(world, false);
}

static void a_new_board_on_a_full_disk_is_no_nodes(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);
	const struct registry_boot *boot;

	world_use_image(world, FIRST_HASH);
	assert_int_equal(world_commit(world), 0);
	world_fill_disk(world, true);
	while (world->brambled.registry_warning[0] == '\0') {
		brambled_event(&world->brambled, "filler", "", "%0200d", 0);
		(void)world_commit(world);
	}
	/* Its DISCOVER makes it a node, which can't be written: it is never offered an address. */
	world_discover(world, 1, 0x1001);
	assert_int_not_equal(world_commit(world), 0);
	boot = timeline_boot(&world->brambled, &mac);
	assert_string_equal(boot->cause, "disk-full");
	assert_string_equal(boot->node, "");
	world_fill_disk(world, false);
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_commit(world), 0);
	boot = timeline_boot(&world->brambled, &mac);
	assert_string_equal(boot->node, "rasp1");
	assert_string_equal(boot->cause, "");
}

/* --- what the node says --- */

static void report(struct world *world, const char *stage, const char *detail, bool failed)
{
	char *token = world_fetch_token(world, PEER, "00001001"), body[512];
	int status;

	snprintf(body, sizeof(body),
		"{\"token\":\"%s\",\"stage\":\"%s\",\"detail\":\"%s\",\"failed\":%s}", token, stage,
		detail, failed ? "true" : "false");
	cJSON_Delete(world_call(world, PEER, IPC_POST, "/v1/boot/stage", body, &status));
	assert_int_equal(status, 200);
	free(token);
}

static void what_bramble_init_says_has_a_cause(void **state)
{
	static const struct {
		const char *before, *stage, *detail, *cause;
	} cases[] = {
		{ "network", "nfs", "the router's NFS server doesn't answer: Connection refused",
			"nfs-refused" },
		{ "network", "nfs", "the router refuses the share: Permission denied",
			"nfs-denied" },
		{ "network", "nfs", "can't mount the router's /srv: No such file or directory",
			"nfs-denied" },
		{ "network", "nfs", "Connection timed out", "nfs-hangs" },
		{ "nfs", "root", "can't mount the image: Invalid argument", "image-broken" },
		{ "nfs", "root",
			"the image has changed bytes (dm-verity): /srv/x: Input/output error",
			"image-corrupt" },
		{ "root", "data", "can't mount: No such file or directory", "data-failed" },
		{ "root", "data", "can't write: No space left on device", "data-full" },
		{ "data", "systemd", "a unit failed", "agent-failed" },
		{ "init", "network", "no answer", "no-network" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *world = *state;

		world_use_image(world, FIRST_HASH);
		world_discover(world, 1, 0x1001);
		fetch_all(world);
		report(world, cases[i].before, "", false);
		report(world, cases[i].stage, cases[i].detail, true);
		expect_cause(world, cases[i].cause, "failed");
	}
}

/* Three minutes after the agent has failed, systemd says that the node hasn't joined: which follows
 * from it. What fails later is told. */
static void an_agent_that_failed_is_not_called_silent(void **state)
{
	static const char late[] = "not joined 180 s after systemd was started";
	struct world *world = *state;
	struct mac mac = world_mac(1);

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	fetch_all(world);
	report(world, "systemd", "", false);
	report(world, "systemd", "bramble-agent ended with status 1", true);
	report(world, "systemd", late, true);
	assert_string_equal(timeline_boot(&world->brambled, &mac)->cause, "agent-failed");
	assert_non_null(strstr(timeline_boot(&world->brambled, &mac)->reason, "status 1"));
	report(world, "systemd", "bramble-agent was killed by signal 9", true);
	assert_non_null(strstr(timeline_boot(&world->brambled, &mac)->reason, "signal 9"));
}

/* But who has said nothing before is. */
static void an_agent_that_has_not_joined_is_called_silent(void **state)
{
	struct world *world = *state;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	fetch_all(world);
	report(world, "systemd", "", false);
	report(world, "systemd", "not joined 180 s after systemd was started", true);
	expect_cause(world, "agent-silent", "not joined");
}

static void silence_after_a_stage_has_a_cause(void **state)
{
	static const char *const cases[][2] = { { "init", "no-network" },
		{ "network", "nfs-hangs" }, { "nfs", "image-broken" }, { "root", "data-failed" },
		{ "data", "no-systemd" }, { "systemd", "agent-silent" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *world = *state;

		world_use_image(world, FIRST_HASH);
		world_discover(world, 1, 0x1001);
		fetch_all(world);
		report(world, cases[i][0], "", false);
		/* Somebody looks at a file and goes: the node's own word outweighs it. */
		fetch(world, "config.txt", ETIMEDOUT, 1);
		expect_cause(world, cases[i][1], "");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manual_lists_every_cause),
		cmocka_unit_test(every_conclusion_is_one_of_the_causes),
		TEST(an_address_and_no_file),
		TEST(another_server_answered),
		TEST(answers_are_not_heard),
		TEST(the_link_came_late),
		TEST(a_transfer_broke_off),
		TEST(who_waits_for_its_turn_is_not_stuck),
		TEST(who_was_turned_away_is_told_so),
		TEST(an_old_eeprom_ran_out_of_block_numbers),
		TEST(a_file_is_missing),
		TEST(firmware_stops_without_a_trace),
		TEST(the_kernel_says_nothing),
		TEST(the_board_starts_over),
		TEST(whoever_waits_is_parked_or_denied),
		TEST(a_serial_contradicts),
		TEST(there_is_no_image),
		TEST(the_image_is_damaged),
		TEST(no_address_is_left),
		TEST(the_routers_disk_is_full),
		TEST(a_new_board_on_a_full_disk_is_no_nodes),
		TEST(what_bramble_init_says_has_a_cause),
		TEST(an_agent_that_failed_is_not_called_silent),
		TEST(an_agent_that_has_not_joined_is_called_silent),
		TEST(silence_after_a_stage_has_a_cause),
	};

	return cmocka_run_group_tests_name("diagnosis", tests, NULL, NULL);
}
