/* SPDX-License-Identifier: ISC */
/* The clock follows the router's: boards before the Pi 5 have no battery, all have cheap crystals.
 */
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "rootfs/agent/agent.h"

#define STEP_NS INT64_C(1000000000) /* beyond it a clock is wrong rather than inexact */
#define NOISE_NS INT64_C(20000000)
#define LONGEST_TRIP_NS UINT64_C(500000000) /* a slower answer tells too little */

uint64_t agent_wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

enum agent_clock_action agent_judge_clock(
	uint64_t router_ns, uint64_t sent_ns, uint64_t received_ns, int64_t *offset_ns)
{
	uint64_t trip_ns = received_ns - sent_ns;
	int64_t size;

	*offset_ns = 0;
	if (received_ns < sent_ns || trip_ns > LONGEST_TRIP_NS)
		return AGENT_CLOCK_KEEP;
	/* Half the trip before it and half after: wrong by half a trip at most (RFC 5905 section
	 * 8). */
	*offset_ns = (int64_t)(router_ns - (sent_ns + trip_ns / 2));
	size = *offset_ns < 0 ? -*offset_ns : *offset_ns;
	if (size <= NOISE_NS || size <= (int64_t)trip_ns)
		return AGENT_CLOCK_KEEP;
	return size > STEP_NS ? AGENT_CLOCK_STEP : AGENT_CLOCK_SLEW;
}

static bool is_kept_by_a_daemon(void)
{
	struct timex timex = { 0 };

	return adjtimex(&timex) >= 0 && !(timex.status & STA_UNSYNC);
}

static int step(int64_t offset_ns)
{
	uint64_t now_ns = agent_wall_ns() + (uint64_t)offset_ns;
	const struct timespec now = { .tv_sec = (time_t)(now_ns / NS_PER_S),
		.tv_nsec = (long)(now_ns % NS_PER_S) };

	return clock_settime(CLOCK_REALTIME, &now);
}

static int slew(int64_t offset_ns)
{
	const struct timeval delta = { .tv_sec = 0, .tv_usec = (suseconds_t)(offset_ns / 1000) };

	return adjtime(&delta, NULL);
}

void agent_correct_clock(uint64_t router_ns, uint64_t sent_ns, uint64_t received_ns)
{
	int64_t offset_ns;
	int result = 0;

	if (is_kept_by_a_daemon())
		return;
	switch (agent_judge_clock(router_ns, sent_ns, received_ns, &offset_ns)) {
	case AGENT_CLOCK_KEEP:
		break;
	case AGENT_CLOCK_SLEW:
		result = slew(offset_ns);
		break;
	case AGENT_CLOCK_STEP:
		result = step(offset_ns);
		if (result == 0)
			log_notice("the clock was wrong by %.1f s: set from the router",
				(double)offset_ns / 1e9);
		break;
	}
	if (result != 0)
		log_warning("the clock can't be corrected: %s", strerror(errno));
}
