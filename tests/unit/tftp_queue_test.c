/* SPDX-License-Identifier: ISC */
/*
 * Storms in simulated time: boards that fetch their files in the order of their firmware, a link
 * (or processor) that all share, and the queue that says who runs. What runs gets blocks in turn;
 * what waits gets one at each TFTP_PACE_NS.
 */
#include "tests/unit/test.h"

#include <limits.h>
#include <string.h>

#include "tftpd/queue.h"

#define STEP_NS (10 * NS_PER_MS)
#define STEP_S 0.01
#define LIMIT_NS (30 * NS_PER_S)
#define BETWEEN_NS (20 * NS_PER_MS) /* from a file to the next request */
#define RESTART_NS (9 * NS_PER_S)   /* of an EEPROM: 5 s, then DHCP */
#define BOARDS 512u
#define MB 1e6

/* Bytes, as the default image has them. */
static const double files_of_3[] = { 52e3, 2.9e6, 7e3, 200, 200, 30e3, 400, 11.3e6, 1.8e6, 0 };
static const double files_of_4[] = { 200, 2.2e6, 5.4e3, 200, 200, 200, 1.8e6, 27e3, 400, 11.3e6,
	0 };

struct board {
	struct in_addr address;
	bool is_4;
	double fastest; /* bytes/s that it can take */
	unsigned file;
	bool loads, booted;
	struct tftp_place place;
	double left, rate;
	uint64_t wake_ns;
	uint64_t booted_ns;
};

struct storm {
	bool noisy; /* others use the machine: up to half of it is missing for a second */
	struct tftp_queue queue;
	bool no_queue;
	struct board boards[BOARDS];
	unsigned n, booted, restarts, away;
	double bytes_per_s, packets_per_s; /* of all, at most */
	uint64_t now_ns, last_ns, away_ns;
	uint64_t closest_away_ns;
	double useful; /* bytes of boards that booted */
};

static struct storm storm;

static const double *files_of(const struct board *board)
{
	return board->is_4 ? files_of_4 : files_of_3;
}

static double block_of(const struct board *board)
{
	return board->is_4 ? 1024 : 512;
}

static double total_of(const struct board *board)
{
	double sum = 0;

	for (const double *size = files_of(board); *size > 0; size++)
		sum += *size;
	return sum;
}

static void begin(unsigned n, unsigned of_4_percent, double bytes_per_s, double packets_per_s)
{
	memset(&storm, 0, sizeof(storm));
	tftp_queue_init(&storm.queue, LIMIT_NS);
	storm.n = n;
	storm.bytes_per_s = bytes_per_s;
	storm.packets_per_s = packets_per_s;
	storm.now_ns = 1000 * NS_PER_S;
	storm.closest_away_ns = UINT64_MAX;
	for (unsigned i = 0; i < n; i++) {
		struct board *board = &storm.boards[i];

		board->address.s_addr = htonl(0x0a4d0032 + i);
		board->is_4 = i * of_4_percent / 100 != (i + 1) * of_4_percent / 100;
		board->fastest = board->is_4 ? 5 * MB : 2 * MB;
		board->wake_ns = storm.now_ns + i * NS_PER_S / n; /* all within one second */
		storm.useful += total_of(board);
	}
}

static void ask(struct board *board)
{
	board->loads = true;
	board->left = files_of(board)[board->file];
	tftp_queue_join(&storm.queue, &board->place, board->address, (uint64_t)board->left,
		board->is_4, storm.now_ns);
	tftp_queue_decide(&storm.queue, storm.now_ns);
}

static void stop(struct board *board)
{
	board->loads = false;
	tftp_queue_leave(&storm.queue, &board->place, board->address, storm.now_ns);
	tftp_queue_decide(&storm.queue, storm.now_ns);
}

static void start_over(struct board *board)
{
	stop(board);
	board->file = 0;
	board->wake_ns = storm.now_ns + RESTART_NS;
	storm.restarts++;
}

static void end_file(struct board *board)
{
	stop(board);
	board->wake_ns = storm.now_ns + BETWEEN_NS;
	if (files_of(board)[++board->file] > 0)
		return;
	board->booted = true;
	board->booted_ns = storm.last_ns = storm.now_ns;
	storm.booted++;
}

static bool runs(const struct board *board)
{
	return board->loads && (storm.no_queue || board->place.turn == TFTP_RUNS);
}

static double share_of_second(uint64_t second)
{
	return 1 - (double)((uint32_t)second * UINT32_C(2654435761) >> 24) / 512;
}

/* Blocks in turn, none faster than its client takes them: what is left of some is the others'. */
static void share_link(void)
{
	const double there = storm.noisy ? share_of_second(storm.now_ns / NS_PER_S) : 1;
	double packets = storm.packets_per_s * there, bytes = storm.bytes_per_s * there, each;
	double wanted = 0;
	unsigned n = 0;

	for (unsigned i = 0; i < storm.n; i++) {
		struct board *board = &storm.boards[i];

		board->rate = board->loads ? block_of(board) * NS_PER_S / TFTP_PACE_NS : 0;
		if (!runs(board))
			continue;
		n++;
		wanted += block_of(board);
	}
	if (n == 0)
		return;
	each = packets / n < bytes / wanted ? packets / n : bytes / wanted;
	for (unsigned pass = 0; pass < 3; pass++) {
		double spare = 0;
		unsigned free = 0;

		for (unsigned i = 0; i < storm.n; i++) {
			struct board *board = &storm.boards[i];
			double most = board->fastest / block_of(board);

			if (!runs(board))
				continue;
			spare += each > most ? each - most : 0;
			free += each < most;
			board->rate = block_of(board) * (each < most ? each : most);
		}
		if (spare == 0 || free == 0)
			return;
		each += spare / free;
	}
}

static void load(struct board *board)
{
	double got = board->rate * STEP_S;

	got = got < board->left ? got : board->left;
	board->left -= got;
	tftp_queue_note_ack(&storm.queue, &board->place, (uint64_t)board->left, storm.now_ns);
	storm.queue.packets += (uint64_t)(got / block_of(board));
	if (board->left <= 0)
		end_file(board);
	else if (board->is_4 && storm.now_ns - board->place.since_ns >= LIMIT_NS)
		start_over(board);
}

static void turn_away(struct board *board)
{
	uint64_t since = storm.now_ns - storm.away_ns;

	if (storm.away++ > 0 && since < storm.closest_away_ns)
		storm.closest_away_ns = since;
	storm.away_ns = storm.now_ns;
	start_over(board);
}

static void step(void)
{
	storm.now_ns += STEP_NS;
	if (storm.now_ns % TFTP_TICK_NS == 0) {
		tftp_queue_tick(&storm.queue, storm.now_ns);
		tftp_queue_decide(&storm.queue, storm.now_ns);
	}
	for (unsigned i = 0; i < storm.n; i++) {
		struct board *board = &storm.boards[i];

		if (board->booted)
			continue;
		if (board->loads && board->place.turn == TFTP_TURNED_AWAY && !storm.no_queue)
			turn_away(board);
		if (!board->loads && storm.now_ns >= board->wake_ns)
			ask(board);
	}
	share_link();
	for (unsigned i = 0; i < storm.n; i++) {
		if (storm.boards[i].loads)
			load(&storm.boards[i]);
	}
}

/* Until all have booted; returns the seconds that took. */
static double run(double most_s)
{
	const uint64_t began_ns = storm.now_ns;

	while (storm.booted < storm.n && (double)(storm.now_ns - began_ns) < most_s * 1e9)
		step();
	return (double)(storm.now_ns - began_ns) / 1e9;
}

/* How much longer than the bytes alone the storm takes. */
static double run_and_tell(const char *what)
{
	const double fair = storm.useful / storm.bytes_per_s, took = run(10 * fair + 60);

	print_message(
		"%s: %u of %u booted in %.1f s, the bytes alone take %.1f s; %u started over, %u "
		"of them turned away\n",
		what, storm.booted, storm.n, took, fair, storm.restarts, storm.away);
	assert_int_equal(storm.booted, storm.n);
	return took / fair;
}

#define NO_LIMIT 1e9

/* What the queue is for: who shares alike with 255 others never has a kernel within 30 s. */
static void without_a_queue_no_pi_4_boots(void **state)
{
	(void)state;
	begin(256, 33, 20 * MB, NO_LIMIT);
	storm.no_queue = true;
	(void)run(200);
	for (unsigned i = 0; i < storm.n; i++)
		assert_false(storm.boards[i].is_4 && storm.boards[i].booted);
}

static void all_of_256_boards_boot_in_the_time_that_their_bytes_take(void **state)
{
	(void)state;
	begin(256, 33, 20 * MB, NO_LIMIT);
	assert_true(run_and_tell("256 boards, 20 MB/s") < 1.1);
	assert_in_range(storm.restarts, 0, 60);
	begin(256, 33, 40 * MB, NO_LIMIT);
	assert_true(run_and_tell("256 boards, 40 MB/s") < 1.05);
	assert_int_equal(storm.restarts, 0);
	begin(256, 33, 1000 * MB, 27000);
	storm.bytes_per_s = 16.3 * MB; /* what that makes of these blocks */
	assert_true(run_and_tell("256 boards, 27000 packets/s") < 1.2);
}

static void a_busy_machine_does_not_let_go_of_the_queue(void **state)
{
	(void)state;
	begin(256, 33, 20 * MB, NO_LIMIT);
	storm.noisy = true;
	assert_true(run_and_tell("256 boards, 10 to 20 MB/s") < 1.33 * 1.15);
	assert_in_range(storm.restarts, 0, 110);
}

/* No memory of the files' sizes, and of 256 Pi 4 only 31 can load within 30 s. */
static void far_too_many_pi_4_come_one_after_the_other(void **state)
{
	(void)state;
	begin(256, 100, 20 * MB, NO_LIMIT);
	assert_true(run_and_tell("256 Pi 4, 20 MB/s") < 1.4);
	assert_true(storm.closest_away_ns >= TFTP_TICK_NS);
	begin(500, 100, 8 * MB, NO_LIMIT);
	assert_true(run_and_tell("500 Pi 4, 8 MB/s") < 1.2);
}

static void one_board_and_twenty_lose_no_time(void **state)
{
	static const unsigned counts[] = { 1, 4, 20 };
	static const double links[] = { 12 * MB, 20 * MB, 110 * MB };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned j = 0; j < 3; j++) {
			double alike;

			begin(counts[i], 50, links[j], NO_LIMIT);
			storm.no_queue = true;
			alike = run(100);
			assert_int_equal(storm.restarts, 0);
			begin(counts[i], 50, links[j], NO_LIMIT);
			assert_true(run(100) < 1.12 * alike);
			assert_int_equal(storm.restarts, 0);
		}
	}
}

/* It isn't the link that is slow: nobody gains when others wait. */
static void slow_clients_do_not_wait_for_each_other(void **state)
{
	static const unsigned counts[] = { 5, 20, 64 };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		begin(counts[i], 33, 100 * MB, NO_LIMIT);
		for (unsigned n = 0; n < storm.n; n++)
			storm.boards[n].fastest = 0.45 * MB;
		assert_true(run(200) < 1.15 * 36); /* alone a Pi 3 takes 36 s */
		assert_int_equal(storm.booted, storm.n);
		assert_int_equal(storm.restarts, 0);
	}
}

/* A client that fell silent while it waited isn't told with the others that nobody waits any more.
 */
static void who_comes_back_waits_for_nobody(void **state)
{
	static struct tftp_queue queue;
	struct tftp_place first, second;
	const struct in_addr one = { htonl(0x0a4d0032) }, two = { htonl(0x0a4d0033) };
	uint64_t now_ns = 1000 * NS_PER_S;

	(void)state;
	tftp_queue_init(&queue, LIMIT_NS);
	tftp_queue_join(&queue, &first, one, 1000000, false, now_ns);
	tftp_queue_join(&queue, &second, two, 1000000, false, now_ns);
	queue.closed = true;
	queue.running = 1;
	tftp_queue_decide(&queue, now_ns);
	assert_int_equal(second.turn, TFTP_WAITS);
	now_ns += 3 * NS_PER_S;
	tftp_queue_note_ack(&queue, &first, 1, now_ns);
	tftp_queue_decide(&queue, now_ns);
	tftp_queue_leave(&queue, &first, one, now_ns);
	tftp_queue_note_ack(&queue, &second, 900000, now_ns);
	assert_true(tftp_queue_decide(&queue, now_ns));
	assert_int_equal(second.turn, TFTP_RUNS);
	assert_false(tftp_queue_decide(&queue, now_ns));
}

static void a_link_that_becomes_slower_costs_no_more_than_that(void **state)
{
	double took;

	(void)state;
	begin(128, 33, 40 * MB, NO_LIMIT);
	(void)run(15);
	storm.bytes_per_s = 15 * MB;
	took = run(400);
	assert_int_equal(storm.booted, storm.n);
	assert_true(took < 1.1 * (storm.useful - 15 * 40 * MB) / (15 * MB) + 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_queue_no_pi_4_boots),
		cmocka_unit_test(all_of_256_boards_boot_in_the_time_that_their_bytes_take),
		cmocka_unit_test(a_busy_machine_does_not_let_go_of_the_queue),
		cmocka_unit_test(far_too_many_pi_4_come_one_after_the_other),
		cmocka_unit_test(one_board_and_twenty_lose_no_time),
		cmocka_unit_test(slow_clients_do_not_wait_for_each_other),
		cmocka_unit_test(who_comes_back_waits_for_nobody),
		cmocka_unit_test(a_link_that_becomes_slower_costs_no_more_than_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
