/* SPDX-License-Identifier: ISC */
/* The activity LED as a beacon: which of many boards is it? */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rootfs/agent/agent.h"
#include "rootfs/led.h"

#define HALF_PERIOD_MS 125

_Static_assert(AGENT_REASON_SIZE >= LED_REASON_SIZE, "the LED's reason is handed through");

static volatile sig_atomic_t told_to_end;

static void on_term(int number)
{
	(void)number;
	told_to_end = 1;
}

/* The child's life. Whatever ends it, the LED is given back. */
_Noreturn static void blink_and_exit(const struct led *led, unsigned seconds)
{
	const struct sigaction action = { .sa_handler = on_term };
	unsigned halves = seconds * (1000 / HALF_PERIOD_MS);

	sigaction(SIGTERM, &action, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (unsigned i = 0; i < halves && !told_to_end; i++) {
		if (led_set(led, i % 2 == 0) != 0)
			break;
		poll(NULL, 0, HALF_PERIOD_MS);
	}
	led_give_back(led);
	_exit(0);
}

void agent_gather_blink(struct agent_beacon *beacon)
{
	if (beacon->child > 0 && waitpid(beacon->child, NULL, WNOHANG) != 0)
		beacon->child = 0;
}

void agent_end_blink(struct agent_beacon *beacon)
{
	if (beacon->child <= 0)
		return;
	kill(beacon->child, SIGTERM);
	while (waitpid(beacon->child, NULL, 0) < 0 && errno == EINTR)
		;
	beacon->child = 0;
	/* Again, should it have died before it knew how to. */
	led_give_back(&beacon->led);
}

int agent_blink(struct agent_beacon *beacon, const char *leds, unsigned seconds,
	char reason[static AGENT_REASON_SIZE])
{
	int result;

	agent_end_blink(beacon);
	result = led_take(&beacon->led, leds, reason);
	if (result != 0)
		return result;
	beacon->child = fork();
	if (beacon->child == 0)
		blink_and_exit(&beacon->led, seconds);
	if (beacon->child > 0)
		return 0;
	result = -errno;
	led_give_back(&beacon->led);
	snprintf(reason, AGENT_REASON_SIZE, "no process can be started: %.60s", strerror(-result));
	return result;
}
