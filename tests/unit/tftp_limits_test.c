/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(admits_up_to_each_limit),
		cmocka_unit_test(grants_no_more_than_it_can),
		cmocka_unit_test(the_defaults_grant_a_full_window_of_full_frames),
		cmocka_unit_test(every_session_can_have_its_descriptors),
		cmocka_unit_test(fewer_descriptors_mean_fewer_sessions),
	};

	return cmocka_run_group_tests_name("tftp-limits", tests, NULL, NULL);
}
