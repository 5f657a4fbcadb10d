/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <arpa/inet.h>

#include "common/clock.h"

#include "tftpd/limits.h"

static void admits_up_to_each_limit(void **state)
{
	const struct tftp_limits limits = { .sessions = 100, .sessions_per_peer = 16 };
	static const struct {
		unsigned sessions, of_peer;
		bool admitted;
	} cases[] = {
		{ 0, 0, true },
		{ 99, 15, true },
		{ 100, 0, false },
		{ 101, 0, false },
		{ 50, 16, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(tftp_limits_admit(&limits, cases[i].sessions, cases[i].of_peer),
			cases[i].admitted);
}

static void grants_no_more_than_it_can(void **state)
{
	static const struct {
		uint32_t largest_block, largest_window;
		uint32_t blksize, windowsize; /* asked */
		uint32_t granted_blksize, granted_windowsize;
	} cases[] = {
		{ 1468, 64, 512, 1, 512, 1 },
		{ 1468, 64, 8, 1, 8, 1 },
		{ 1468, 64, 1428, 16, 1428, 16 },
		{ 1468, 64, 65464, 65535, 1468, 64 },
		{ 1468, 64, UINT32_MAX, 1, 1468, 1 },
		{ 65464, 64, 65464, 64, 65464, 1 },
		{ 65464, 64, 8192, 64, 8192, 12 },
		{ 65464, 256, 512, 256, 512, 192 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tftp_limits limits = { .blksize = cases[i].largest_block,
			.windowsize = cases[i].largest_window };
		struct tftp_request request = { .blksize = cases[i].blksize,
			.windowsize = cases[i].windowsize };

		tftp_limits_apply(&limits, &request);
		assert_int_equal(request.blksize, cases[i].granted_blksize);
		assert_int_equal(request.windowsize, cases[i].granted_windowsize);
	}
}

static void the_defaults_grant_a_full_window_of_full_frames(void **state)
{
	struct tftp_request request = { .blksize = 1468, .windowsize = 64 };

	(void)state;
	tftp_limits_apply(&tftp_limits_default, &request);
	assert_int_equal(request.blksize, 1468);
	assert_int_equal(request.windowsize, 64);
}

static void every_session_can_have_its_descriptors(void **state)
{
	(void)state;
	assert_true(tftp_limits_descriptors(&tftp_limits_default) > 3 * 1024);
}

static void fewer_descriptors_mean_fewer_sessions(void **state)
{
	static const struct {
		uint64_t descriptors;
		unsigned sessions;
	} cases[] = { { 100000, 1024 }, { 3136, 1024 }, { 3135, 1023 }, { 256, 64 }, { 64, 1 },
		{ 0, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tftp_limits limits = tftp_limits_default;

		tftp_limits_fit(&limits, cases[i].descriptors);
		assert_int_equal(limits.sessions, cases[i].sessions);
	}
}

static struct in_addr address(uint32_t number)
{
	return (struct in_addr){ htonl(number) };
}

#define BOARD UINT32_C(0x0a4d0032) /* 10.77.0.50 */

static unsigned take_all(struct tftp_rates *rates, uint32_t number, uint64_t now_ns)
{
	unsigned n = 0;

	while (n < 100000 && tftp_rates_take(rates, &tftp_limits_default, address(number), now_ns))
		n++;
	return n;
}

static void answers_only_the_networks_that_are_allowed(void **state)
{
	struct tftp_limits limits = tftp_limits_default;

	(void)state;
	assert_true(tftp_limits_allow(&limits, address(BOARD)));
	limits.allowed[0] = (struct tftp_network){ address(0x0a4d0000), 24 };
	limits.allowed[1] = (struct tftp_network){ address(0xc0a80101), 32 };
	limits.allowed_n = 2;
	assert_true(tftp_limits_allow(&limits, address(BOARD)));
	assert_true(tftp_limits_allow(&limits, address(0x0a4d00ff)));
	assert_false(tftp_limits_allow(&limits, address(0x0a4d0100)));
	assert_true(tftp_limits_allow(&limits, address(0xc0a80101)));
	assert_false(tftp_limits_allow(&limits, address(0xc0a80100)));
	limits.allowed[2] = (struct tftp_network){ address(0), 0 };
	limits.allowed_n = 3;
	assert_true(tftp_limits_allow(&limits, address(0x08080808)));
}

static void an_address_has_a_burst_and_then_its_rate(void **state)
{
	static struct tftp_rates rates;
	uint64_t now_ns = 1000 * NS_PER_S;

	(void)state;
	assert_in_range(take_all(&rates, BOARD, now_ns), 1000, 1001);
	assert_in_range(take_all(&rates, BOARD, now_ns + NS_PER_S), 499, 501);
	assert_in_range(take_all(&rates, BOARD, now_ns + 100 * NS_PER_S), 1000, 1001);
	/* The next one has a bucket of its own. */
	assert_in_range(take_all(&rates, BOARD + 1, now_ns + 100 * NS_PER_S), 1000, 1001);
}

static void a_flood_of_strangers_leaves_room_for_who_has_answered(void **state)
{
	static struct tftp_rates rates;
	uint64_t now_ns = 1000 * NS_PER_S;
	unsigned n = 0;

	(void)state;
	tftp_rates_know(&rates, address(BOARD));
	for (uint32_t i = 0; i < 1000000; i++)
		n += tftp_rates_take(&rates, &tftp_limits_default, address(0x0b000000 + i), now_ns);
	assert_in_range(n, 10000, 10001);
	assert_false(tftp_rates_take(&rates, &tftp_limits_default, address(BOARD + 1), now_ns));
	assert_true(tftp_rates_knows(&rates, address(BOARD)));
	assert_in_range(take_all(&rates, BOARD, now_ns), 1000, 1001);
	assert_true(tftp_rates_take(
		&rates, &tftp_limits_default, address(BOARD + 1), now_ns + NS_PER_S));
}

static void who_must_get_no_answer_is_ignored_for_a_second(void **state)
{
	static struct tftp_rates rates;
	uint64_t now_ns = 1000 * NS_PER_S;

	(void)state;
	assert_int_equal(take_all(&rates, BOARD, now_ns) > 0, true);
	tftp_rates_know(&rates, address(BOARD));
	tftp_rates_silence(&rates, address(BOARD), now_ns);
	assert_false(tftp_rates_knows(&rates, address(BOARD)));
	assert_int_equal(take_all(&rates, BOARD, now_ns + 999 * NS_PER_MS), 0);
	assert_int_equal(take_all(&rates, BOARD, now_ns + 1001 * NS_PER_MS), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(admits_up_to_each_limit),
		cmocka_unit_test(grants_no_more_than_it_can),
		cmocka_unit_test(the_defaults_grant_a_full_window_of_full_frames),
		cmocka_unit_test(every_session_can_have_its_descriptors),
		cmocka_unit_test(fewer_descriptors_mean_fewer_sessions),
		cmocka_unit_test(answers_only_the_networks_that_are_allowed),
		cmocka_unit_test(an_address_has_a_burst_and_then_its_rate),
		cmocka_unit_test(a_flood_of_strangers_leaves_room_for_who_has_answered),
		cmocka_unit_test(who_must_get_no_answer_is_ignored_for_a_second),
	};

	return cmocka_run_group_tests_name("tftp-limits", tests, NULL, NULL);
}
