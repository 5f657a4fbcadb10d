/* SPDX-License-Identifier: ISC */
/* bramble-tftpd between a brambled and clients that this test plays. Takes about 20 s: one case
 * waits until an unanswered question is given up. */
#include "tests/unit/tftp_world.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define HERE "127.0.0.1"

static const char *const as_nobody[] = { "--user", "nobody", "--log-level", "debug", NULL };

/* Ask from a new port, and be brambled until the file is given. */
static void begin(struct world *world, struct client *client, int fd, uint64_t size)
{
	client_open(client, world, HERE, HERE);
	client_ask(client, world, RRQ("kernel8.img\0octet"));
	brambled_expect(world, IPC_RESOLVE);
	brambled_give(world, fd, size);
	client_expect_data(client, 1, size < 512 ? size : 512);
}

static void sends_what_brambled_gives_and_reports_it(void **state)
{
	struct world world;
	struct client client;
	int fd = file_of(1000);
	unsigned descriptors;

	(void)state;
	world_begin(&world, as_nobody);
	descriptors = world_descriptors(&world);
	client_open(&client, &world, "127.0.0.5", HERE);
	client_ask(&client, &world, RRQ("c0ffee01/start4.elf\0octet"));
	brambled_expect(&world, IPC_RESOLVE);
	assert_int_equal(world.message.body.resolve.protocol, IPC_TFTP);
	assert_string_equal(world.message.body.resolve.name, "c0ffee01/start4.elf");
	assert_int_equal(world.message.body.resolve.peer.s_addr, htonl(0x7f000005));
	assert_int_equal(world.message.body.resolve.max_block, 512);
	brambled_give(&world, fd, 1000);
	client_expect_data(&client, 1, 512);
	client_send_ack(&client, 1);
	client_expect_data(&client, 2, 488);
	client_send_ack(&client, 2);
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_equal(world.message.body.transfer.transfer, 4711);
	assert_int_equal(world.message.body.transfer.bytes, 1000);
	assert_int_equal(world.message.body.transfer.error, 0);
	assert_int_equal(world.message.body.transfer.retransmissions, 0);
	while (world_descriptors(&world) != descriptors)
		poll(NULL, 0, 10); /* a leak runs into the test's time limit */
	client_close(&client);
	close(fd);
	world_end(&world);
}

static void acknowledges_options_within_its_limits(void **state)
{
	static const char expected[] =
		"\0\6blksize\0001468\0timeout\0007\0tsize\0001000\0windowsize\00064";
	struct world world;
	struct client client;
	int fd = file_of(1000);

	(void)state;
	world_begin(&world, as_nobody);
	client_open(&client, &world, HERE, HERE);
	client_ask(&client, &world,
		RRQ("a\0octet\0blksize\0009000\0tsize\0000\0timeout\0007\0windowsize\00099"));
	brambled_expect(&world, IPC_RESOLVE);
	brambled_give(&world, fd, 1000);
	client_receive(&client);
	assert_int_equal(client.length, sizeof(expected));
	assert_memory_equal(client.bytes, expected, sizeof(expected));
	client_send_error(&client, "Early terminate");
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_equal(world.message.body.transfer.error, ECANCELED);
	assert_string_equal(world.message.body.transfer.reason, "Early terminate");
	assert_int_equal(world.message.body.transfer.bytes, 0);
	client_expect_silence(&client, 50);
	client_close(&client);
	close(fd);
	world_end(&world);
}

static void refuses_at_once_and_says_little(void **state)
{
	static const struct {
		int error, code;
		const char *text;
	} cases[] = {
		{ ENOENT, 1, "file not found" },
		{ EACCES, 2, "not for you now" },
		{ EIO, 0, "the server can't do this now" },
	};
	struct world world;
	struct client client;

	(void)state;
	world_begin(&world, as_nobody);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		client_open(&client, &world, HERE, HERE);
		client_ask(&client, &world, RRQ("secret\0octet"));
		brambled_expect(&world, IPC_RESOLVE);
		brambled_refuse(&world, cases[i].error, "node rasp1 is somebody else's");
		client_expect_error(&client, cases[i].code, cases[i].text);
		client_close(&client);
	}
	world_end(&world);
}

static void refuses_other_requests_without_asking(void **state)
{
	struct world world;
	struct client client;

	(void)state;
	world_begin(&world, as_nobody);
	client_open(&client, &world, HERE, "127.0.0.77");
	/* Nobody knows whether this is an address of ours. */
	client_ask(&client, &world, "\0\2name\0octet", 13);
	client_expect_silence(&client, 50);
	client_ask(&client, &world, RRQ("missing\0octet"));
	brambled_expect(&world, IPC_RESOLVE);
	brambled_refuse(&world, ENOENT, "");
	client_expect_error(&client, 1, "file not found");
	client_ask(&client, &world, "\0\2name\0octet", 13);
	client_expect_error(&client, 2, "this server is read-only");
	client_ask(&client, &world, RRQ("name\0binary"));
	client_expect_error(&client, 4, "only modes octet and netascii are served");
	client_ask(&client, &world, RRQ("name\0mail"));
	client_expect_error(&client, 4, "only modes octet and netascii are served");
	client_ask(&client, &world, RRQ("name"));
	client_expect_error(&client, 4, "malformed request");
	client_ask(&client, &world, "\0\4\0\1", 4);
	client_expect_silence(&client, 50);
	client_close(&client);
	/* RFC 1123 section 4.2.3.5. */
	client_open(&client, &world, HERE, "127.255.255.255");
	client_ask(&client, &world, RRQ("name\0octet"));
	client_expect_silence(&client, 50);
	client_close(&client);
	brambled_expect_silence(&world, 0);
	world_end(&world);
}

static void an_address_without_a_lease_gets_no_answer(void **state)
{
	struct world world;
	struct client client;

	(void)state;
	world_begin(&world, as_nobody);
	client_open(&client, &world, "127.0.0.66", HERE);
	client_ask(&client, &world, RRQ("name\0octet"));
	brambled_expect(&world, IPC_RESOLVE);
	brambled_refuse(&world, EHOSTUNREACH, "no board is known at this address");
	client_expect_silence(&client, 50);
	/* Nor does brambled hear of it for a second. */
	client_ask(&client, &world, RRQ("name\0octet"));
	client_ask(&client, &world, "\0\2name\0octet", 13);
	brambled_expect_silence(&world, 100);
	poll(NULL, 0, 1000);
	client_ask(&client, &world, RRQ("name\0octet"));
	brambled_expect(&world, IPC_RESOLVE);
	brambled_refuse(&world, ENOENT, "");
	client_expect_error(&client, 1, "file not found");
	client_close(&client);
	world_end(&world);
}

static void goes_on_without_brambled_and_finds_it_again(void **state)
{
	struct world world;
	struct client running, waiting;
	int fd = file_of(5000);

	(void)state;
	world_begin(&world, as_nobody);
	begin(&world, &running, fd, 5000);
	client_open(&waiting, &world, HERE, HERE);
	client_ask(&waiting, &world, RRQ("config.txt\0octet"));
	brambled_expect(&world, IPC_RESOLVE);
	brambled_vanish(&world);
	for (uint16_t block = 1; block <= 9; block++) {
		client_send_ack(&running, block);
		client_expect_data(&running, (uint16_t)(block + 1), block < 9 ? 512 : 392);
	}
	brambled_appear(&world);
	brambled_accept(&world);
	brambled_expect(&world, IPC_RESOLVE);
	assert_string_equal(world.message.body.resolve.name, "config.txt");
	brambled_give(&world, fd, 100);
	client_expect_data(&waiting, 1, 100);
	client_send_ack(&running, 10);
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_equal(world.message.body.transfer.bytes, 5000);
	client_close(&running);
	client_close(&waiting);
	close(fd);
	world_end(&world);
}

static void a_repeated_request_is_the_same_session(void **state)
{
	struct world world;
	struct client client;
	int fd = file_of(1000);

	(void)state;
	world_begin(&world, as_nobody);
	client_open(&client, &world, HERE, HERE);
	for (unsigned i = 0; i < 3; i++)
		client_ask(&client, &world, RRQ("name\0octet"));
	brambled_expect(&world, IPC_RESOLVE);
	brambled_expect_silence(&world, 50);
	brambled_give(&world, fd, 1000);
	client_expect_data(&client, 1, 512);
	client_ask(&client, &world, RRQ("name\0octet"));
	client_expect_silence(&client, 50);
	brambled_expect_silence(&world, 0);
	client_close(&client);
	close(fd);
	world_end(&world);
}

/* What the timer sends may all be lost; a client that asks again is there. */
static void who_asks_again_is_answered_again(void **state)
{
	struct world world;
	struct client client;
	int fd = file_of(1000);

	(void)state;
	world_begin(&world, as_nobody);
	begin(&world, &client, fd, 1000);
	client_expect_data(&client, 1, 512);
	client_expect_data(&client, 1, 512);
	client_expect_silence(&client, 2500);
	client_ask(&client, &world, RRQ("kernel8.img\0octet"));
	client_expect_data(&client, 1, 512);
	brambled_expect_silence(&world, 0);
	client_send_ack(&client, 1);
	client_expect_data(&client, 2, 488);
	client_close(&client);
	close(fd);
	world_end(&world);
}

/* For as long as its client answers; 2 s between two. */
static void tells_that_a_long_transfer_goes_on(void **state)
{
	struct world world;
	struct client client;
	struct pollfd told = { .events = POLLIN };
	uint16_t block = 1;
	int fd = file_of(500000);

	(void)state;
	world_begin(&world, as_nobody);
	begin(&world, &client, fd, 500000);
	told.fd = world.brambled;
	while (block < 900 && poll(&told, 1, 50) == 0) {
		client_send_ack(&client, block++);
		do
			client_receive(&client); /* perhaps one that was sent again */
		while (client.bytes[2] * 256 + client.bytes[3] != block);
	}
	brambled_expect(&world, IPC_WAITS);
	assert_int_equal(world.message.body.waits.waits, 0);
	client_close(&client);
	close(fd);
	world_end(&world);
}

static void a_board_that_was_switched_off_and_on_may_use_its_port_again(void **state)
{
	struct world world;
	struct client client;
	int fd = file_of(5000);

	(void)state;
	world_begin(&world, as_nobody);
	begin(&world, &client, fd, 5000);
	client_send_ack(&client, 1);
	client_expect_data(&client, 2, 512);
	poll(NULL, 0, 550); /* as long as a session counts as alive */
	client_ask(&client, &world, RRQ("kernel8.img\0octet"));
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_equal(world.message.body.transfer.error, ECANCELED);
	brambled_expect(&world, IPC_RESOLVE);
	brambled_give(&world, fd, 5000);
	do
		client_receive(&client); /* the old session's last packets are still there */
	while (client.bytes[3] != 1);
	client_close(&client);
	close(fd);
	world_end(&world);
}

static void a_stranger_changes_nothing(void **state)
{
	struct world world;
	struct client client, stranger;
	int fd = file_of(1000);

	(void)state;
	world_begin(&world, as_nobody);
	begin(&world, &client, fd, 1000);
	client_open(&stranger, &world, "127.0.0.9", HERE);
	stranger.server = client.server;
	client_send_error(&stranger, "die");
	client_expect_silence(&stranger, 50);
	for (int i = 0; i < 16; i++) {
		client_send_ack(&stranger, 1);
		client_expect_error(&stranger, 5, "");
	}
	client_send_ack(&stranger, 1); /* a flood isn't answered */
	client_expect_silence(&stranger, 50);
	client_close(&stranger);
	client_send_ack(&client, 1);
	do
		client_receive(&client); /* block 1 perhaps twice: the stranger took time */
	while (client.bytes[3] != 2);
	assert_int_equal(client.length, 4 + 488);
	client_close(&client);
	close(fd);
	world_end(&world);
}

/* The kernel answers for a closed port (ICMP), when the timer has sent the block again. */
static void a_client_that_leaves_with_the_last_block_has_everything(void **state)
{
	struct world world;
	struct client client;
	int fd = file_of(1000);

	(void)state;
	world_begin(&world, as_nobody);
	begin(&world, &client, fd, 1000);
	client_send_ack(&client, 1);
	client_expect_data(&client, 2, 488);
	client_close(&client);
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_equal(world.message.body.transfer.error, 0);
	begin(&world, &client, fd, 100); /* this one never answered */
	client_close(&client);
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_equal(world.message.body.transfer.error, ECONNREFUSED);
	close(fd);
	world_end(&world);
}

static void a_file_that_is_cut_ends_with_an_error(void **state)
{
	struct world world;
	struct client client;
	int fd = file_of(2000);

	(void)state;
	world_begin(&world, as_nobody);
	begin(&world, &client, fd, 2000);
	assert_int_equal(ftruncate(fd, 700), 0);
	client_send_ack(&client, 1);
	client_expect_error(&client, 0, "the file can't be read any more");
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_equal(world.message.body.transfer.error, EIO);
	client_close(&client);
	close(fd);
	world_end(&world);
}

static void one_address_has_sixteen_sessions(void **state)
{
	struct client clients[17], other;
	struct world world;

	(void)state;
	world_begin(&world, as_nobody);
	for (unsigned i = 0; i < 17; i++) {
		client_open(&clients[i], &world, "127.0.0.6", HERE);
		client_ask(&clients[i], &world, RRQ("name\0octet"));
	}
	for (unsigned i = 0; i < 16; i++)
		brambled_expect(&world, IPC_RESOLVE);
	brambled_expect_silence(&world, 50);
	client_open(&other, &world, "127.0.0.7", HERE);
	client_ask(&other, &world, RRQ("name\0octet"));
	brambled_expect(&world, IPC_RESOLVE);
	/* When one has ended, the next try succeeds. */
	brambled_refuse(&world, ENOENT, "");
	client_expect_error(&other, 1, "file not found");
	client_close(&other);
	for (unsigned i = 0; i < 17; i++)
		client_close(&clients[i]);
	world_end(&world);
}

/* More than a socket to brambled holds, and more than the shell's limit of descriptors. */
static void a_crowd_is_served_however_late_brambled_reads(void **state)
{
	enum { CROWD = 600 };
	static struct client clients[CROWD + 1];
	static const char *const arguments[] = { "--user", "nobody", "--max-sessions", "600",
		NULL };
	struct world world;
	int fd = file_of(100);

	(void)state;
	world_begin(&world, arguments);
	for (unsigned i = 0; i <= CROWD; i++) {
		char address[ADDRESS_TEXT_SIZE];

		str_format_address((struct in_addr){ htonl(0x7f000100 + i / 8) }, address);
		client_open(&clients[i], &world, address, HERE);
		client_ask(&clients[i], &world, RRQ("name\0octet"));
	}
	for (unsigned i = 0; i < CROWD; i++) {
		brambled_expect(&world, IPC_RESOLVE);
		brambled_give(&world, fd, 100);
	}
	for (unsigned i = 0; i < CROWD; i++)
		client_expect_data(&clients[i], 1, 100);
	/* The one that was too many is answered when there is room. */
	client_expect_silence(&clients[CROWD], 0);
	client_send_ack(&clients[0], 1);
	brambled_expect(&world, IPC_TRANSFER);
	client_ask(&clients[CROWD], &world, RRQ("name\0octet"));
	brambled_expect(&world, IPC_RESOLVE);
	for (unsigned i = 0; i <= CROWD; i++)
		client_close(&clients[i]);
	close(fd);
	world_end(&world);
}

static void an_unanswered_question_ends_in_silence(void **state)
{
	struct world world;
	struct client client;

	(void)state;
	world_begin(&world, as_nobody);
	client_open(&client, &world, HERE, HERE);
	client_ask(&client, &world, RRQ("name\0octet"));
	brambled_expect(&world, IPC_RESOLVE);
	client_expect_silence(&client, 11500);
	client_ask(&client, &world, RRQ("name\0octet"));
	brambled_expect(&world, IPC_RESOLVE);
	client_close(&client);
	world_end(&world);
}

static void holds_no_right_that_it_does_not_need(void **state)
{
	const struct passwd *nobody = getpwnam("nobody");
	struct world world;

	(void)state;
	world_begin(&world, as_nobody);
	assert_int_equal(world_status(&world, "NoNewPrivs:"), 1);
	assert_non_null(nobody);
	assert_int_equal(world_status(&world, "Uid:"), geteuid() == 0 ? nobody->pw_uid : geteuid());
#ifndef __SANITIZE_ADDRESS__
	assert_int_equal(world_status(&world, "Seccomp:"), 2);
#endif
	world_end(&world);
}

#define TEST(name) cmocka_unit_test_teardown(name, world_abandon)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sends_what_brambled_gives_and_reports_it),
		TEST(acknowledges_options_within_its_limits),
		TEST(refuses_at_once_and_says_little),
		TEST(refuses_other_requests_without_asking),
		TEST(an_address_without_a_lease_gets_no_answer),
		TEST(goes_on_without_brambled_and_finds_it_again),
		TEST(a_repeated_request_is_the_same_session),
		TEST(who_asks_again_is_answered_again),
		TEST(tells_that_a_long_transfer_goes_on),
		TEST(a_board_that_was_switched_off_and_on_may_use_its_port_again),
		TEST(a_stranger_changes_nothing),
		TEST(a_client_that_leaves_with_the_last_block_has_everything),
		TEST(a_file_that_is_cut_ends_with_an_error),
		TEST(one_address_has_sixteen_sessions),
		TEST(a_crowd_is_served_however_late_brambled_reads),
		TEST(an_unanswered_question_ends_in_silence),
		TEST(holds_no_right_that_it_does_not_need),
	};

	return cmocka_run_group_tests_name("tftp-server", tests, NULL, NULL);
}
