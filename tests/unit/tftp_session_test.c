/* SPDX-License-Identifier: ISC */
/* Time is a number here: nothing waits. */
#include "tests/unit/test.h"

#include "common/clock.h"
#include "tftpd/session.h"

#define MS NS_PER_MS

static const struct tftp_request plain = { .blksize = 512, .windowsize = 1 };
static const struct tftp_request with_blksize = {
	.options = TFTP_OPTION_BLKSIZE, .blksize = 1024, .windowsize = 1
};

static struct tftp_output ack(struct tftp_session *session, uint64_t block, uint64_t now_ns)
{
	const struct tftp_reply reply = { .opcode = TFTP_ACK, .block = (uint16_t)block };

	return tftp_session_receive(session, &reply, now_ns);
}

#define assert_sends(output, expected_first, expected_count)                                       \
	do {                                                                                       \
		struct tftp_output o_ = (output);                                                  \
		assert_int_equal(o_.action, TFTP_SEND_DATA);                                       \
		assert_int_equal(o_.first, expected_first);                                        \
		assert_int_equal(o_.count, expected_count);                                        \
	} while (0)
#define assert_action(output, expected) assert_int_equal((output).action, expected)

static struct tftp_session windowed(uint32_t windowsize, uint64_t size)
{
	const struct tftp_request request = {
		.options = TFTP_OPTION_WINDOWSIZE, .blksize = 512, .windowsize = windowsize
	};
	struct tftp_session session;

	(void)tftp_session_start(&session, &request, size, 0);
	return session;
}

static void sends_block_after_block_and_ends(void **state)
{
	struct tftp_session session;

	(void)state;
	assert_sends(tftp_session_start(&session, &plain, 1000, 0), 1, 1);
	assert_int_equal(tftp_session_length(&session, 1), 512);
	assert_sends(ack(&session, 1, MS), 2, 1);
	assert_int_equal(tftp_session_length(&session, 2), 488);
	assert_int_equal(tftp_session_offset(&session, 2), 512);
	assert_int_equal(tftp_session_bytes(&session), 512);
	assert_action(ack(&session, 2, 2 * MS), TFTP_FINISHED);
	assert_int_equal(tftp_session_bytes(&session), 1000);
}

static void a_multiple_of_the_block_size_ends_with_an_empty_block(void **state)
{
	struct tftp_session session;

	(void)state;
	(void)tftp_session_start(&session, &plain, 512, 0);
	assert_sends(ack(&session, 1, MS), 2, 1);
	assert_int_equal(tftp_session_length(&session, 2), 0);
	(void)tftp_session_start(&session, &plain, 0, 0);
	assert_int_equal(session.last, 1);
	assert_int_equal(tftp_session_length(&session, 1), 0);
	assert_action(ack(&session, 1, MS), TFTP_FINISHED);
}

static void options_are_acknowledged_before_data(void **state)
{
	struct tftp_request request = plain;
	struct tftp_session session;

	(void)state;
	request.options = TFTP_OPTION_TSIZE;
	assert_action(tftp_session_start(&session, &request, 1000, 0), TFTP_SEND_OACK);
	assert_action(ack(&session, 1, MS), TFTP_WAIT);
	assert_sends(ack(&session, 0, MS), 1, 1);
}

/* RFC 1123 section 4.2.3.1. */
static void a_repeated_ack_is_never_answered_in_lock_step(void **state)
{
	struct tftp_session session;

	(void)state;
	(void)tftp_session_start(&session, &plain, 100000, 0);
	assert_sends(ack(&session, 1, MS), 2, 1);
	for (unsigned i = 0; i < 10; i++)
		assert_action(ack(&session, 1, (2 + i) * MS), TFTP_WAIT);
	assert_action(ack(&session, 0, 20 * MS), TFTP_WAIT);
	assert_action(ack(&session, 3, 20 * MS), TFTP_WAIT);
	assert_int_equal(session.resent, 0);
	assert_sends(ack(&session, 2, 20 * MS), 3, 1);
}

static void retransmits_after_measured_rtt(void **state)
{
	struct tftp_session session;
	uint64_t now = 0;

	(void)state;
	(void)tftp_session_start(&session, &plain, 1000000, 0);
	assert_int_equal(session.deadline_ns, 500 * MS);
	for (unsigned block = 1; block <= 30; block++) {
		now += 40 * MS;
		(void)ack(&session, block, now);
	}
	/* A steady round trip of 40 ms: sent again soon after it, not after seconds. */
	assert_in_range(session.deadline_ns - now, 40 * MS, 80 * MS);
	assert_action(tftp_session_timeout(&session, session.deadline_ns - 1), TFTP_WAIT);
	assert_sends(tftp_session_timeout(&session, session.deadline_ns), 31, 1);
	assert_int_equal(session.resent, 1);
}

/* Karn's rule: the ACK of a packet that was sent twice measures nothing. */
static void an_ack_of_a_resent_block_is_not_measured(void **state)
{
	struct tftp_session session;
	uint64_t srtt;

	(void)state;
	(void)tftp_session_start(&session, &plain, 1000000, 0);
	(void)ack(&session, 1, 10 * MS);
	srtt = session.srtt_ns;
	(void)tftp_session_timeout(&session, session.deadline_ns);
	(void)ack(&session, 2, 5000 * MS);
	assert_int_equal(session.srtt_ns, srtt);
}

/* … nor does it if it comes in two steps. */
static void an_ack_of_a_resent_window_is_not_measured(void **state)
{
	struct tftp_session session = windowed(4, 1000000);
	uint64_t srtt, now;

	(void)state;
	(void)ack(&session, 0, 10 * MS);
	srtt = session.srtt_ns;
	now = session.deadline_ns;
	assert_sends(tftp_session_timeout(&session, now), 1, 4);
	assert_action(ack(&session, 2, now + 1), TFTP_WAIT);
	assert_sends(ack(&session, 4, now + 2), 5, 4);
	assert_int_equal(session.srtt_ns, srtt);
}

static void backs_off_and_gives_up_within_its_limits(void **state)
{
	struct tftp_session session;
	struct tftp_output output;
	uint64_t last_period = 0;
	unsigned sent = 0;

	(void)state;
	(void)tftp_session_start(&session, &plain, 1000000, 0);
	(void)ack(&session, 1, 10 * MS);
	while ((output = tftp_session_timeout(&session, session.deadline_ns)).action ==
		TFTP_SEND_DATA) {
		assert_true(session.rto_ns >= last_period);
		last_period = session.rto_ns;
		sent++;
	}
	assert_int_equal(output.action, TFTP_LOST);
	assert_true(session.rto_ns <= 8 * NS_PER_S);
	assert_int_equal(session.deadline_ns, 10 * MS + 30 * NS_PER_S);
	assert_in_range(sent, 5, 20);
}

/* A forged request must not make us send much: three packets in all. */
static void a_client_that_never_answers_gets_three_packets(void **state)
{
	struct tftp_session session;
	struct tftp_output output = tftp_session_start(&session, &plain, 1000000, 0);
	unsigned sent = 0;

	(void)state;
	while (output.action == TFTP_SEND_DATA) {
		sent += output.count;
		output = tftp_session_timeout(&session, session.deadline_ns);
	}
	assert_int_equal(output.action, TFTP_LOST);
	assert_int_equal(sent, 3);
}

/* All three may be lost: a client that asks again is there. */
static void who_asks_again_is_answered_again(void **state)
{
	static const struct tftp_request *const requests[] = { &plain, &with_blksize };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const enum tftp_action answer = i == 0 ? TFTP_SEND_DATA : TFTP_SEND_OACK;
		struct tftp_session session;

		(void)tftp_session_start(&session, requests[i], 1000000, 0);
		/* The timer sends it again. */
		assert_action(tftp_session_ask_again(&session, 1000 * MS), TFTP_WAIT);
		while (session.deadline_ns < 3000 * MS)
			(void)tftp_session_timeout(&session, session.deadline_ns);
		assert_action(tftp_session_ask_again(&session, 6000 * MS), answer);
		/* A copy of the request isn't worth another. */
		assert_action(tftp_session_ask_again(&session, 6100 * MS), TFTP_WAIT);
		assert_int_equal(session.deadline_ns, 13000 * MS);
		assert_action(tftp_session_ask_again(&session, 10000 * MS), answer);
		assert_sends(ack(&session, i == 0, 16900 * MS), 1 + (i == 0), 1);
		assert_action(tftp_session_ask_again(&session, 18000 * MS), TFTP_WAIT);
	}
}

/* The ACKs of a client that repeats them each second may be lost for some seconds. */
static void who_may_be_sent_no_more_is_waited_for(void **state)
{
	(void)state;
	for (unsigned tries = 0; tries < 3; tries++) {
		struct tftp_session session;
		unsigned sent = 0;

		(void)tftp_session_start(&session, &plain, 1000000, 0);
		tftp_session_limit_tries(&session, tries);
		while (session.deadline_ns < 6900 * MS) {
			assert_sends(tftp_session_timeout(&session, session.deadline_ns), 1, 1);
			sent++;
		}
		assert_int_equal(sent, tries);
		assert_sends(ack(&session, 1, 6900 * MS), 2, 1);
	}
}

static void the_last_ack_may_be_lost_for_good(void **state)
{
	struct tftp_session session;
	struct tftp_output output;

	(void)state;
	(void)tftp_session_start(&session, &plain, 600, 0);
	(void)ack(&session, 1, MS);
	do
		output = tftp_session_timeout(&session, session.deadline_ns);
	while (output.action == TFTP_SEND_DATA);
	assert_int_equal(output.action, TFTP_FINISHED);
	/* Not sooner: a link that is gone for some seconds mustn't cost the last block. */
	assert_int_equal(session.deadline_ns, MS + 10 * NS_PER_S);
	assert_in_range(session.resent, 5, 12);
}

/* A period that is too short resends every block; were it forgotten at each ACK, it would stay so.
 */
static void learns_that_the_round_trip_has_become_longer(void **state)
{
	struct tftp_session session;
	uint64_t now = 0;

	(void)state;
	(void)tftp_session_start(&session, &plain, 1000000, 0);
	for (unsigned block = 1; block <= 10; block++)
		(void)ack(&session, block, now += MS);
	for (unsigned block = 11; block <= 20; block++) {
		uint64_t arrival = now + 200 * MS;
		uint32_t resent = session.resent;

		while (session.deadline_ns < arrival)
			assert_sends(tftp_session_timeout(&session, session.deadline_ns), block, 1);
		now = arrival;
		assert_sends(ack(&session, block, now), block + 1, 1);
		for (unsigned copy = session.resent - resent; copy > 0; copy--)
			assert_action(ack(&session, block, now + copy * MS), TFTP_WAIT);
	}
	assert_in_range(session.resent, 1, 6);
	assert_in_range(session.deadline_ns - now, 200 * MS, 900 * MS);
}

static void knows_when_a_client_has_left(void **state)
{
	static const struct {
		uint64_t silent_ms;
		bool heard, same, left;
	} cases[] = {
		{ 5000, false, true, false }, /* its request again: our answer was lost */
		{ 5000, false, false, true }, { 100, false, false, false },
		{ 5000, true, true, true }, /* it was switched off and on */
		{ 100, true, true, false }, { 5000, true, false, true },
		{ 100, true, false, false }, /* it isn't silent: forged, or late */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tftp_session session;

		(void)tftp_session_start(&session, &plain, 1000000, 0);
		if (cases[i].heard)
			(void)ack(&session, 1, 0);
		assert_int_equal(
			tftp_session_is_left(&session, cases[i].same, cases[i].silent_ms * MS),
			cases[i].left);
	}
}

static void block_numbers_go_on_with_0_after_65535(void **state)
{
	struct tftp_request request = { .blksize = 8, .windowsize = 1 };
	struct tftp_session session;

	(void)state;
	(void)tftp_session_start(&session, &request, 8 * 200000, 0);
	for (uint64_t block = 1; block <= 200000; block++)
		assert_sends(ack(&session, block, block), block + 1, 1);
	/* An ACK from 65536 blocks ago looks like the last one, and is one: nothing happens. */
	assert_action(ack(&session, 200000 - 65536, 1), TFTP_WAIT);
	assert_action(ack(&session, 200001, 1), TFTP_FINISHED);
}

static void a_window_is_acknowledged_at_its_end(void **state)
{
	struct tftp_session session = windowed(4, 512 * 9);

	(void)state;
	assert_sends(ack(&session, 0, MS), 1, 4);
	assert_sends(ack(&session, 4, 2 * MS), 5, 4);
	assert_sends(ack(&session, 8, 3 * MS), 9, 2);
	assert_action(ack(&session, 10, 4 * MS), TFTP_FINISHED);
	assert_int_equal(session.resent, 0);
}

/* RFC 7440 section 4: an ACK inside the window says what arrived in order; the window goes on
 * behind it. */
static void a_gap_restarts_the_window_behind_it_at_each_position(void **state)
{
	(void)state;
	for (unsigned gap = 1; gap < 4; gap++) {
		struct tftp_session session = windowed(4, 1000000);

		(void)ack(&session, 0, 10 * MS);
		assert_sends(ack(&session, gap, 20 * MS), gap + 1, 4);
	}
}

static void a_lost_first_block_restarts_the_window_once(void **state)
{
	struct tftp_session session = windowed(4, 1000000);

	(void)state;
	(void)ack(&session, 0, 10 * MS);
	assert_sends(ack(&session, 0, 20 * MS), 1, 4);
	assert_action(ack(&session, 0, 21 * MS), TFTP_WAIT);
	assert_action(ack(&session, 0, 200 * MS), TFTP_WAIT);
}

/* RFC 7440 allows 65535: more than half of the numbers on the wire. */
static void the_largest_window_is_acknowledged_at_its_end(void **state)
{
	struct tftp_session session = windowed(65535, UINT64_C(512) * 200000);

	(void)state;
	assert_sends(ack(&session, 0, MS), 1, 65535);
	assert_sends(ack(&session, 65535, 2 * MS), 65536, 65535);
	assert_sends(ack(&session, 2 * 65535, 3 * MS), 131071, 65535);
	assert_int_equal(session.resent, 0);
}

static void only_what_was_sent_before_counts_as_sent_again(void **state)
{
	struct tftp_session session = windowed(4, 1000000);

	(void)state;
	(void)ack(&session, 0, 10 * MS);
	assert_sends(ack(&session, 3, 20 * MS), 4, 4);
	assert_int_equal(session.resent, 1);
}

/* A client that acknowledges each block of a window must not get a window for each. */
static void an_ack_for_every_block_does_not_multiply_the_data(void **state)
{
	struct tftp_session session = windowed(16, 10000000);
	unsigned sent = 0;

	(void)state;
	(void)ack(&session, 0, 10 * MS);
	for (unsigned block = 1; block <= 16; block++) {
		struct tftp_output output = ack(&session, block, 20 * MS + block);

		sent += output.action == TFTP_SEND_DATA ? output.count : 0;
	}
	assert_true(sent <= 32);
}

/* Packets that overtake one another make a client acknowledge parts of windows, again and again. */
static void a_part_of_a_window_that_was_sent_again_measures_from_when_it_was_sent(void **state)
{
	struct tftp_session session = windowed(8, 100000);

	(void)state;
	assert_sends(ack(&session, 0, 4 * MS), 1, 8); /* measured: 4 ms */
	assert_sends(tftp_session_timeout(&session, session.deadline_ns), 1, 8);
	assert_sends(ack(&session, 5, session.window_sent_ns + 3 * MS), 6, 8);
	assert_sends(tftp_session_timeout(&session, session.deadline_ns), 6, 8);
	assert_action(ack(&session, 7, session.window_sent_ns + MS), TFTP_WAIT);
	assert_sends(tftp_session_timeout(&session, session.deadline_ns), 8, 8);
	assert_action(ack(&session, 10, session.window_sent_ns + MS), TFTP_WAIT);
	assert_sends(ack(&session, 15, session.window_sent_ns + 4 * MS), 16, 8);
	assert_true(session.srtt_ns < 6 * MS);
	assert_true(session.rto_ns < 50 * MS);
}

/* What isn't answered by a new window must not wait for the old one's long period. */
static void an_ack_that_sends_nothing_sets_the_timer_anew(void **state)
{
	struct tftp_session session = windowed(8, 100000);
	uint64_t now_ns;

	(void)state;
	assert_sends(ack(&session, 0, 4 * MS), 1, 8);
	for (unsigned i = 0; i < 4; i++)
		assert_sends(tftp_session_timeout(&session, session.deadline_ns), 1, 8);
	now_ns = session.window_sent_ns + 3 * MS;
	assert_sends(ack(&session, 3, now_ns), 4, 8); /* cautious: the period is long */
	assert_true(session.deadline_ns > now_ns + 300 * MS);
	assert_action(ack(&session, 6, now_ns + MS), TFTP_WAIT);
	assert_true(session.deadline_ns < now_ns + 30 * MS);
}

/* The rest of a window has waited since the last ACK, not since the window was new. */
static void the_rest_of_a_window_does_not_make_the_period_longer_and_longer(void **state)
{
	struct tftp_session session = windowed(8, 100000);

	(void)state;
	assert_sends(ack(&session, 0, 4 * MS), 1, 8);
	for (unsigned block = 1; block <= 10; block++) {
		assert_sends(tftp_session_timeout(&session, session.deadline_ns), block, 8);
		assert_action(ack(&session, block, session.window_sent_ns + MS), TFTP_WAIT);
		assert_true(session.rto_ns < 60 * MS);
	}
}

/* The OACK was lost twice: that tells little of the round trip. */
static void the_first_block_behind_a_lost_oack_is_sent_often_enough(void **state)
{
	const struct tftp_request request = {
		.options = TFTP_OPTION_TSIZE, .blksize = 512, .windowsize = 1
	};
	struct tftp_session session;
	unsigned sent = 1;

	(void)state;
	assert_action(tftp_session_start(&session, &request, 100, 0), TFTP_SEND_OACK);
	for (unsigned i = 0; i < 2; i++)
		assert_action(tftp_session_timeout(&session, session.deadline_ns), TFTP_SEND_OACK);
	assert_sends(ack(&session, 0, session.window_sent_ns + 6000 * MS), 1, 1);
	while (tftp_session_timeout(&session, session.deadline_ns).action == TFTP_SEND_DATA)
		sent++;
	assert_true(sent >= 3);
}

static void who_repeats_an_ack_still_wants_the_last_block(void **state)
{
	struct tftp_session session;
	unsigned sent = 1;

	(void)state;
	(void)tftp_session_start(&session, &plain, 1000, 0);
	assert_sends(ack(&session, 1, MS), 2, 1);
	assert_action(ack(&session, 1, 2 * MS), TFTP_WAIT); /* a late copy means nothing */
	assert_false(session.waits);
	assert_action(ack(&session, 1, 1001 * MS), TFTP_WAIT);
	while (tftp_session_timeout(&session, session.deadline_ns).action == TFTP_SEND_DATA)
		sent++;
	assert_true(session.deadline_ns == 30001 * MS);
	assert_true(sent > 8);
}

static void an_error_of_the_client_ends_the_transfer(void **state)
{
	const struct tftp_reply reply = { .opcode = TFTP_ERROR, .code = 0 };
	struct tftp_session session;

	(void)state;
	(void)tftp_session_start(&session, &plain, 1000, 0);
	assert_action(tftp_session_receive(&session, &reply, MS), TFTP_ABORTED);
}

static void the_timeout_option_bounds_the_period(void **state)
{
	const struct tftp_request request = {
		.options = TFTP_OPTION_TIMEOUT, .blksize = 512, .windowsize = 1, .timeout_s = 2
	};
	struct tftp_session session;

	(void)state;
	(void)tftp_session_start(&session, &request, 100000, 0);
	(void)ack(&session, 0, 1);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t now = session.deadline_ns;

		(void)tftp_session_timeout(&session, now);
		assert_true(session.deadline_ns - now <= 2 * NS_PER_S);
	}
}

/* Others are served first: a block now and then, and no packet is sent again meanwhile. */
static void goes_on_at_a_pace_and_then_at_once(void **state)
{
	struct tftp_session session;

	(void)state;
	(void)tftp_session_start(&session, &plain, 100000, 0);
	tftp_session_set_pace(&session, 400 * MS, 0);
	assert_action(ack(&session, 1, MS), TFTP_WAIT);
	assert_int_equal(session.deadline_ns, 400 * MS);
	assert_action(ack(&session, 1, 300 * MS), TFTP_WAIT);
	assert_action(tftp_session_timeout(&session, 399 * MS), TFTP_WAIT);
	assert_sends(tftp_session_timeout(&session, 400 * MS), 2, 1);
	assert_action(ack(&session, 2, 401 * MS), TFTP_WAIT);
	assert_int_equal(session.deadline_ns, 800 * MS);
	tftp_session_set_pace(&session, 0, 500 * MS);
	assert_int_equal(session.deadline_ns, 500 * MS);
	assert_sends(tftp_session_timeout(&session, 500 * MS), 3, 1);
	assert_sends(ack(&session, 3, 501 * MS), 4, 1);
	assert_int_equal(session.resent, 0);
}

static void what_is_lost_at_a_pace_is_sent_again_by_its_timer(void **state)
{
	struct tftp_session session;

	(void)state;
	(void)tftp_session_start(&session, &plain, 100000, 0);
	(void)ack(&session, 1, MS);
	tftp_session_set_pace(&session, 400 * MS, 2 * MS);
	assert_sends(tftp_session_timeout(&session, session.deadline_ns), 2, 1);
	assert_int_equal(session.resent, 1);
	assert_true(session.deadline_ns < 200 * MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_block_after_block_and_ends),
		cmocka_unit_test(a_multiple_of_the_block_size_ends_with_an_empty_block),
		cmocka_unit_test(options_are_acknowledged_before_data),
		cmocka_unit_test(a_repeated_ack_is_never_answered_in_lock_step),
		cmocka_unit_test(retransmits_after_measured_rtt),
		cmocka_unit_test(an_ack_of_a_resent_block_is_not_measured),
		cmocka_unit_test(an_ack_of_a_resent_window_is_not_measured),
		cmocka_unit_test(backs_off_and_gives_up_within_its_limits),
		cmocka_unit_test(a_client_that_never_answers_gets_three_packets),
		cmocka_unit_test(who_asks_again_is_answered_again),
		cmocka_unit_test(who_may_be_sent_no_more_is_waited_for),
		cmocka_unit_test(the_last_ack_may_be_lost_for_good),
		cmocka_unit_test(learns_that_the_round_trip_has_become_longer),
		cmocka_unit_test(knows_when_a_client_has_left),
		cmocka_unit_test(block_numbers_go_on_with_0_after_65535),
		cmocka_unit_test(a_window_is_acknowledged_at_its_end),
		cmocka_unit_test(a_gap_restarts_the_window_behind_it_at_each_position),
		cmocka_unit_test(a_lost_first_block_restarts_the_window_once),
		cmocka_unit_test(the_largest_window_is_acknowledged_at_its_end),
		cmocka_unit_test(only_what_was_sent_before_counts_as_sent_again),
		cmocka_unit_test(an_ack_for_every_block_does_not_multiply_the_data),
		cmocka_unit_test(
			a_part_of_a_window_that_was_sent_again_measures_from_when_it_was_sent),
		cmocka_unit_test(an_ack_that_sends_nothing_sets_the_timer_anew),
		cmocka_unit_test(the_rest_of_a_window_does_not_make_the_period_longer_and_longer),
		cmocka_unit_test(the_first_block_behind_a_lost_oack_is_sent_often_enough),
		cmocka_unit_test(who_repeats_an_ack_still_wants_the_last_block),
		cmocka_unit_test(an_error_of_the_client_ends_the_transfer),
		cmocka_unit_test(the_timeout_option_bounds_the_period),
		cmocka_unit_test(goes_on_at_a_pace_and_then_at_once),
		cmocka_unit_test(what_is_lost_at_a_pace_is_sent_again_by_its_timer),
	};

	return cmocka_run_group_tests_name("tftp-session", tests, NULL, NULL);
}
