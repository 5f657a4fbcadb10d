/* SPDX-License-Identifier: ISC */
/* From a request by TFTP or HTTP to a file, or a reason. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEER "10.77.0.50"

static const struct registry_boot *boot_of(struct world *world, unsigned board)
{
	struct mac mac = world_mac(board);
	const struct registry_boot *boot = timeline_boot(&world->brambled, &mac);

	assert_non_null(boot);
	return boot;
}

static void expect_content(struct world *world, const char *name, const char *part)
{
	char *content = world_read(world, PEER, name);

	if (!strstr(content, part))
		fail_msg("%s holds \"%s\", without \"%s\"", name, content, part);
	free(content);
}

static void a_board_gets_the_files_of_its_image(void **state)
{
	struct world *world = *state;
	struct ipc_resolved answer;
	char *content = NULL;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_fetch(world, PEER, "00001001/start4.elf", &answer, &content), 0);
	assert_string_equal(content, "start4.elf of 1111");
	assert_int_equal(answer.size, strlen(content));
	assert_string_equal(answer.key, FIRST_HASH);
	free(content);
	expect_content(world, "start4.elf", "start4.elf of");
	expect_content(world, "dc-a6-32-00-00-01/start4.elf", "start4.elf of");
	expect_content(world, "config.txt", "kernel");
	assert_int_equal(world_fetch(world, PEER, "00001001/pieeprom.sig", NULL, NULL), ENOENT);
}

static void the_command_line_says_which_node(void **state)
{
	struct world *world = *state;
	struct registry_node node;
	char expected[200], *token, *again;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	expect_content(world, "00001001/cmdline.txt", "bramble.node=rasp1 ");
	expect_content(world, "00001001/cmdline.txt", "bramble.router=10.77.0.1 ");
	snprintf(expected, sizeof(expected), "bramble.data=%s/share/nodes/rasp1", world->directory);
	expect_content(world, "00001001/cmdline.txt", expected);
	snprintf(expected, sizeof(expected),
		"bramble.image=%s/share/images/base/" FIRST_HASH ".squashfs", world->directory);
	expect_content(world, "00001001/cmdline.txt", expected);
	/* One token per boot. */
	token = world_fetch_token(world, PEER, "00001001");
	again = world_fetch_token(world, PEER, "00001001");
	assert_string_equal(token, again);
	assert_string_equal(token, boot_of(world, 1)->token);
	free(again);
	/* Known before it is told: brambled may be killed now. */
	world_crash(world);
	assert_string_equal(token, boot_of(world, 1)->token);
	assert_string_equal(boot_of(world, 1)->image_hash, FIRST_HASH);
	assert_int_equal(registry_get_node(world->brambled.registry, "rasp1", &node), 0);
	assert_string_equal(node.image_hash, FIRST_HASH);
	/* Another for the next boot. */
	world_discover(world, 1, 0x1001);
	again = world_fetch_token(world, PEER, "00001001");
	assert_string_not_equal(token, again);
	free(token);
	free(again);
}

static void whoever_is_not_known_gets_nothing(void **state)
{
	struct world *world = *state;
	struct mac pc = { { 0x52, 0x54, 0, 0, 0, 1 } };

	world_use_image(world, FIRST_HASH);
	assert_int_equal(world_fetch(world, PEER, "start4.elf", NULL, NULL), EHOSTUNREACH);
	world_dhcp(world, DHCP_DISCOVER, &pc, "");
	assert_int_equal(world_fetch(world, PEER, "start4.elf", NULL, NULL), EHOSTUNREACH);
	assert_int_equal(world_count_events(world, "boot.started"), 0);
}

static void an_address_outside_of_the_lan_gets_no_answer(void **state)
{
	struct world *world = *state;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_fetch(world, PEER, "start4.elf", NULL, NULL), 0);
	/* The network was changed, and the board still has its node's address of before. */
	world->brambled.settings.router = world_address("10.88.0.1");
	assert_int_equal(world_fetch(world, PEER, "start4.elf", NULL, NULL), EHOSTUNREACH);
	world->brambled.settings.prefix_length = 8;
	assert_int_equal(world_fetch(world, PEER, "start4.elf", NULL, NULL), 0);
}

static void no_path_leads_out(void **state)
{
	static const char *const names[] = { "../../etc/shadow", "/etc/shadow",
		"00001001/../../../etc/shadow", "00001001/../start4.elf", "start4.elf/..", "..", "",
		"overlays/../../x", "\\etc\\shadow", "manifest", "00001001/manifest",
		"//start4.elf" };
	struct world *world = *state;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int error = world_fetch(world, PEER, names[i], NULL, NULL);

		if (error != EACCES && error != ENOENT)
			fail_msg("%s: %d", names[i], error);
	}
}

static void a_prefix_of_another_board_is_refused(void **state)
{
	struct world *world = *state;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	world_discover(world, 2, 0x1002);
	assert_int_equal(
		world_fetch(world, PEER, "dc-a6-32-00-00-02/start4.elf", NULL, NULL), EACCES);
	assert_int_equal(world_count_events(world, "board.conflict"), 0);
	assert_int_equal(world_fetch(world, PEER, "00001002/start4.elf", NULL, NULL), EACCES);
	assert_int_equal(world_count_events(world, "board.conflict"), 1);
	assert_string_not_equal(boot_of(world, 1)->reason, "");
}

/* A Pi 3 tells its serial in no other place. */
static void a_serial_and_a_model_are_learned(void **state)
{
	struct world *world = *state;
	struct registry_board board;
	struct mac mac = world_mac(1);

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0);
	assert_int_equal(world_fetch(world, PEER, "bootcode.bin", NULL, NULL), 0);
	assert_int_equal(world_fetch(world, PEER, "A1B2C3D4/start.elf", NULL, NULL), 0);
	assert_int_equal(registry_get_board(world->brambled.registry, &mac, &board), 0);
	assert_string_equal(board.serial, "a1b2c3d4");
	assert_int_equal(board.model, BOOT_MODEL_PI3);
	assert_int_equal(world_fetch(world, PEER, "a1b2c3d5/start.elf", NULL, NULL), EACCES);
}

static void without_an_image_it_is_said_what_to_do(void **state)
{
	struct world *world = *state;
	struct ipc_resolved answer;

	world_discover(world, 1, 0x1001);
	assert_int_equal(world_fetch(world, PEER, "start4.elf", &answer, NULL), EACCES);
	assert_non_null(strstr(answer.reason, "no image 'base': run `bramble image build base`"));
	assert_non_null(strstr(boot_of(world, 1)->reason, "no image 'base'"));
	world_use_image(world, FIRST_HASH);
	assert_int_equal(world_fetch(world, PEER, "start4.elf", &answer, NULL), 0);
}

/* A boot never mixes two versions; the next one takes the new. */
static void a_boot_keeps_its_version(void **state)
{
	struct world *world = *state;
	struct ipc_resolved answer;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_fetch(world, PEER, "00001001/start4.elf", &answer, NULL), 0);
	world_finish_transfer(world, &answer, answer.size);
	world_use_image(world, SECOND_HASH);
	expect_content(world, "00001001/kernel8.img", "kernel8.img of 1111");
	expect_content(world, "00001001/cmdline.txt", "bramble.hash=" FIRST_HASH);
	world_discover(world, 1, 0x1001);
	expect_content(world, "00001001/kernel8.img", "kernel8.img of 2222");
	expect_content(world, "00001001/cmdline.txt", "bramble.hash=" SECOND_HASH);
}

static void truncate_file(struct world *world, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/share/images/base/%s", world->directory, name);
	assert_int_equal(truncate(path, 100), 0);
}

static void a_truncated_image_is_noticed(void **state)
{
	struct world *world = *state;
	struct ipc_resolved answer;
	char reason[IMAGES_REASON_SIZE] = "";

	world_use_image(world, FIRST_HASH);
	world_make_image(world, SECOND_HASH);
	truncate_file(world, SECOND_HASH ".squashfs");
	assert_int_not_equal(images_use(&world->brambled, "base", SECOND_HASH, reason), 0);
	assert_non_null(strstr(reason, "truncated"));
	truncate_file(world, FIRST_HASH ".squashfs");
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_fetch(world, PEER, "start4.elf", &answer, NULL), EACCES);
	assert_non_null(strstr(answer.reason, "truncated"));
}

/* Behind the squashfs of two blocks: its tree of one block, and the text at `trailer`. */
static void append_tree(struct world *world, const char *name, const uint8_t *trailer)
{
	uint8_t tree[VERITY_BLOCK] = { 0 };
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/share/images/base/%s", world->directory, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, tree, sizeof(tree), 2 * VERITY_BLOCK), sizeof(tree));
	assert_int_equal(pwrite(fd, trailer, VERITY_BLOCK, 3 * VERITY_BLOCK), VERITY_BLOCK);
	close(fd);
}

static void the_command_line_brings_the_root_of_the_hash_tree(void **state)
{
	const struct verity verity = { .blocks = 2, .root = SECOND_HASH };
	uint8_t trailer[VERITY_BLOCK];
	struct world *world = *state;
	struct ipc_resolved answer;

	world_use_image(world, FIRST_HASH);
	verity_format(&verity, trailer);
	append_tree(world, FIRST_HASH ".squashfs", trailer);
	world_discover(world, 1, 0x1001);
	expect_content(world, "00001001/cmdline.txt", "bramble.verity=2:" SECOND_HASH " ");
	/* A damaged end must not pass for a file that never had a tree. */
	trailer[0] ^= 1;
	append_tree(world, FIRST_HASH ".squashfs", trailer);
	assert_int_equal(world_fetch(world, PEER, "00001001/cmdline.txt", &answer, NULL), EACCES);
	assert_non_null(strstr(answer.reason, "truncated"));
}

/* A node that holds its root in its memory fetches the image; nobody does by TFTP. */
static void the_image_itself_goes_to_nodes_by_http(void **state)
{
	struct world *world = *state;
	struct ipc_resolve request = { .protocol = IPC_HTTP, .peer = world_address(PEER) };
	struct ipc_resolved answer;
	int fd;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	str_copy(request.name, sizeof(request.name), "root");
	fd = resolve_answer(&world->brambled, &request, &answer);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(answer.size, 4096);
	assert_string_equal(answer.key, FIRST_HASH);
	request.protocol = IPC_TFTP;
	assert_int_equal(resolve_answer(&world->brambled, &request, &answer), -1);
	assert_int_equal(answer.error, ENOENT);
}

static void versions_are_checked_before_use(void **state)
{
	struct world *world = *state;
	char reason[IMAGES_REASON_SIZE] = "", path[256];
	struct registry_image image;

	assert_int_equal(images_use(&world->brambled, "base", FIRST_HASH, reason), -ENOENT);
	assert_int_equal(images_use(&world->brambled, "base", "../../x", reason), -EINVAL);
	assert_int_equal(images_use(&world->brambled, "../x", FIRST_HASH, reason), -EINVAL);
	world_make_image(world, FIRST_HASH);
	snprintf(path, sizeof(path), "%s/share/images/base/" FIRST_HASH ".boot/start4.elf",
		world->directory);
	assert_int_equal(unlink(path), 0);
	assert_int_not_equal(images_use(&world->brambled, "base", FIRST_HASH, reason), 0);
	assert_non_null(strstr(reason, "start4.elf"));
	world_use_image(world, FIRST_HASH);
	world_use_image(world, SECOND_HASH);
	assert_int_equal(registry_get_image(world->brambled.registry, "base", &image), 0);
	assert_string_equal(image.current, SECOND_HASH);
	assert_string_equal(image.previous, FIRST_HASH);
}

static int count_step(void *argument, const struct registry_step *step)
{
	(void)step;
	++*(unsigned *)argument;
	return 0;
}

static unsigned count_steps(struct world *world)
{
	unsigned n = 0;

	assert_int_equal(
		registry_each_step(world->brambled.registry, boot_of(world, 1)->id, count_step, &n),
		0);
	return n;
}

static void fetch_whole(struct world *world, const char *name)
{
	struct ipc_resolved answer;

	assert_int_equal(world_fetch(world, PEER, name, &answer, NULL), 0);
	world_finish_transfer(world, &answer, answer.size);
}

/* bootcode.bin asks for an address itself; a board that is switched off and on again does, too. */
static void a_second_discover_may_be_another_boot(void **state)
{
	struct world *world = *state;
	int64_t first;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0);
	first = boot_of(world, 1)->id;
	fetch_whole(world, "bootcode.bin");
	world_discover(world, 1, 0);
	assert_int_equal(boot_of(world, 1)->id, first);
	fetch_whole(world, "a1b2c3d4/start.elf");
	world_discover(world, 1, 0);
	assert_int_not_equal(boot_of(world, 1)->id, first);
}

static void a_pc_gets_no_image_of_pis(void **state)
{
	const struct mac mac = { { 0x52, 0x54, 0, 0, 0, 1 } };
	struct ipc_dhcp packet = {
		.message = DHCP_DISCOVER, .arch = DHCP_ARCH_UEFI_HTTP, .mac = mac
	};
	struct world *world = *state;
	struct ipc_resolved answer;

	str_copy(packet.vendor_class, sizeof(packet.vendor_class), "HTTPClient:Arch:00016");
	world_use_image(world, FIRST_HASH);
	sightings_see_dhcp(&world->brambled, &packet);
	assert_null(timeline_boot(&world->brambled, &mac)); /* no rule says that it is a board */
	world->brambled.settings.n_rules = 1;
	world->brambled.settings.rules[0].model = BOOT_MODEL_PC;
	sightings_see_dhcp(&world->brambled, &packet);
	assert_non_null(timeline_boot(&world->brambled, &mac));
	assert_int_equal(world_fetch(world, PEER, "start4.elf", &answer, NULL), EACCES);
	assert_non_null(strstr(answer.reason, "image base is for Raspberry Pis"));
	assert_string_equal(timeline_boot(&world->brambled, &mac)->cause, "no-image");
}

static void a_repeating_board_fills_nothing(void **state)
{
	struct world *world = *state;

	for (unsigned i = 0; i < 500; i++)
		world_discover(world, 1, 0);
	assert_int_equal(count_steps(world), 200);
}

static void the_timeline_counts(void **state)
{
	struct world *world = *state;
	struct ipc_resolved kernel, probe;
	struct ipc_transfer report;
	const struct registry_boot *boot;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	assert_string_equal(boot_of(world, 1)->stage, "dhcp");
	assert_int_equal(world_fetch(world, PEER, "00001001/kernel8.img", &kernel, NULL), 0);
	assert_int_equal(world_fetch(world, PEER, "00001001/start4.elf", &probe, NULL), 0);
	report = (struct ipc_transfer){ .transfer = probe.transfer, .error = ECANCELED };
	timeline_end_transfer(&world->brambled, &report);
	assert_int_equal(count_steps(world), 1); /* a probe is none */
	/* Restarted while the kernel is sent: it counts all the same. */
	assert_int_equal(world_commit(world), 0);
	world_crash(world);
	report = (struct ipc_transfer){ .transfer = kernel.transfer,
		.bytes = 5000000,
		.retransmissions = 3,
		.duration_ns = 2000000000 };
	timeline_end_transfer(&world->brambled, &report);
	boot = boot_of(world, 1);
	assert_string_equal(boot->stage, "kernel");
	assert_int_equal(boot->bytes, 5000000);
	assert_int_equal(boot->files, 1);
	assert_int_equal(boot->retransmissions, 3);
	/* Stages only go forward. */
	assert_int_equal(world_fetch(world, PEER, "00001001/start4.elf", &probe, NULL), 0);
	world_finish_transfer(world, &probe, 10);
	assert_string_equal(boot_of(world, 1)->stage, "kernel");
	/* A report for a boot that is over is nobody's. */
	report.transfer = UINT64_MAX;
	timeline_end_transfer(&world->brambled, &report);
	assert_int_equal(boot_of(world, 1)->bytes, 5000010);
}

/* A full disk costs the history, not the boot. */
static void a_full_disk_keeps_no_node_from_booting(void **state)
{
	struct world *world = *state;
	char *token;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_commit(world), 0);
	world_fill_disk(world, true);
	while (world->brambled.registry_warning[0] == '\0') {
		brambled_event(&world->brambled, "filler", "", "%0200d", 0);
		(void)world_commit(world);
	}
	world_discover(world, 1, 0x1001);
	token = world_fetch_token(world, PEER, "00001001");
	assert_string_equal(token, boot_of(world, 1)->token);
	/* A new board can't become a node now, and says so. */
	world_discover(world, 2, 0x1002);
	assert_int_not_equal(world_fetch(world, "10.77.0.51", "start4.elf", NULL, NULL), 0);
	world_fill_disk(world, false);
	(void)world_commit(world); /* what failed before */
	assert_int_equal(world_commit(world), 0);
	world_crash(world);
	assert_string_equal(token, boot_of(world, 1)->token);
	free(token);
}

static void looking_at_a_file_is_no_boot(void **state)
{
	struct world *world = *state;
	struct ipc_resolve request = {
		.protocol = IPC_HTTP, .peer = world_address(PEER), .name = "cmdline.txt"
	};
	struct ipc_resolved answer;
	struct registry_node node;
	struct mac mac = world_mac(1);
	int fd;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	assert_int_equal(registry_get_node(world->brambled.registry, "rasp1", &node), 0);
	node.joined = true;
	assert_int_equal(registry_put_node(world->brambled.registry, &node), 0);
	timeline_joined(&world->brambled, &mac);
	fd = resolve_answer(&world->brambled, &request, &answer);
	assert_true(fd >= 0);
	close(fd);
	assert_null(timeline_boot(&world->brambled, &mac));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

static void expect_waiting(struct world *world, const char *admitted, const char *node)
{
	int status;
	cJSON *json = world_call(world, PEER, IPC_POST, "/v1/waiting", "{}", &status);
	const cJSON *is = cJSON_GetObjectItemCaseSensitive(json, "admitted");

	assert_int_equal(status, 200);
	assert_int_equal(cJSON_IsTrue(is), strcmp(admitted, "true") == 0);
	assert_string_equal(world_text(json, "node"), node);
	assert_string_equal(world_text(json, "command"), "bramble node admit 00001001");
	cJSON_Delete(json);
}

static void a_parked_board_gets_what_makes_it_wait(void **state)
{
	struct world *world = *state;
	struct registry_board board;
	struct registry_node node;
	struct mac mac = world_mac(1);
	char *content, reason[NODES_REASON_SIZE];

	world_use_image(world, FIRST_HASH);
	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 1, 0x1001);
	expect_content(world, "00001001/start4.elf", "start4.elf of 1111");
	content = world_read(world, PEER, "00001001/cmdline.txt");
	assert_non_null(strstr(content, " bramble.wait=00001001 "));
	assert_null(strstr(content, "bramble.token"));
	assert_null(strstr(content, "/nodes/"));
	free(content);
	assert_string_equal(
		boot_of(world, 1)->reason, "parked: waits for `bramble node admit 00001001`");
	assert_string_equal(boot_of(world, 1)->token, "");
	/* Said once, however far it loads. */
	assert_int_equal(world_count_events(world, "boot.waiting"), 1);
	expect_waiting(world, "false", "");
	assert_int_equal(registry_get_board(world->brambled.registry, &mac, &board), 0);
	assert_int_equal(nodes_admit(&world->brambled, &board, NULL, &node, reason), 0);
	expect_waiting(world, "true", "rasp1");
	expect_content(world, "00001001/cmdline.txt", "bramble.node=rasp1 ");
}

static void a_board_that_waits_goes_through_an_opened_window(void **state)
{
	struct world *world = *state;
	char reason[ADMISSION_REASON_SIZE];

	world_use_image(world, FIRST_HASH);
	world->brambled.settings.join = JOIN_WINDOW;
	world_discover(world, 1, 0x1001);
	expect_content(world, "00001001/cmdline.txt", "bramble.wait=");
	expect_waiting(world, "false", "");
	assert_int_equal(admission_open(&world->brambled, 60000, 0, reason), 0);
	expect_waiting(world, "true", "rasp1");
	/* Told when it was durable. */
	world_crash(world);
	world_expect_node(world, "rasp1", 1, "booting", PEER);
}

static void whoever_contradicts_or_is_denied_does_not_even_wait(void **state)
{
	struct world *world = *state;
	int status;

	world_use_image(world, FIRST_HASH);
	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 1, 0x1001);
	world->brambled.settings.join = JOIN_DENY;
	assert_int_equal(world_fetch(world, PEER, "00001001/start4.elf", NULL, NULL), EACCES);
	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 2, 0x1001); /* the same serial from another board */
	assert_int_equal(
		world_fetch(world, "10.77.0.51", "00001001/start4.elf", NULL, NULL), EACCES);
	cJSON_Delete(world_call(world, "10.77.0.51", IPC_POST, "/v1/waiting", "{}", &status));
	assert_int_equal(status, 403);
	cJSON_Delete(world_call(world, "10.77.0.99", IPC_POST, "/v1/waiting", "{}", &status));
	assert_int_equal(status, 403);
}

/* 64 (resolve.c): invented boards don't take the wire from nodes. */
static void only_so_many_boards_wait_at_once(void **state)
{
	struct world *world = *state;
	unsigned served = 0;

	world_use_image(world, FIRST_HASH);
	world->brambled.settings.join = JOIN_APPROVE;
	for (unsigned i = 0; i < 80; i++) {
		char peer[ADDRESS_TEXT_SIZE];
		struct in_addr address;
		struct mac mac = world_mac(i);

		world_discover(world, i, 0x1000 + i);
		assert_int_equal(addresses_of(&world->brambled, &mac, &address), 0);
		str_format_address(address, peer);
		served += world_fetch(world, peer, "start4.elf", NULL, NULL) == 0;
	}
	assert_int_equal(served, 64);
	/* A node is served all the same. */
	world->brambled.settings.join = JOIN_AUTO;
	world_discover(world, 90, 0x2000);
	assert_int_equal(world_count_events(world, "node.created"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_board_gets_the_files_of_its_image),
		TEST(the_command_line_says_which_node),
		TEST(whoever_is_not_known_gets_nothing),
		TEST(an_address_outside_of_the_lan_gets_no_answer),
		TEST(no_path_leads_out),
		TEST(a_prefix_of_another_board_is_refused),
		TEST(a_serial_and_a_model_are_learned),
		TEST(without_an_image_it_is_said_what_to_do),
		TEST(a_boot_keeps_its_version),
		TEST(the_command_line_brings_the_root_of_the_hash_tree),
		TEST(the_image_itself_goes_to_nodes_by_http),
		TEST(a_truncated_image_is_noticed),
		TEST(versions_are_checked_before_use),
		TEST(a_second_discover_may_be_another_boot),
		TEST(a_pc_gets_no_image_of_pis),
		TEST(a_repeating_board_fills_nothing),
		TEST(the_timeline_counts),
		TEST(a_full_disk_keeps_no_node_from_booting),
		TEST(looking_at_a_file_is_no_boot),
		TEST(a_parked_board_gets_what_makes_it_wait),
		TEST(a_board_that_waits_goes_through_an_opened_window),
		cmocka_unit_test_setup_teardown(whoever_contradicts_or_is_denied_does_not_even_wait,
			world_make, world_remove),
		TEST(only_so_many_boards_wait_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
