/* SPDX-License-Identifier: ISC */
/* Doing what the router orders, once: what was begun is on record before it is begun. */
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/file.h"
#include "common/log.h"
#include "rootfs/agent/agent.h"

#define RECORD_LIMIT 512

struct outcome {
	uint64_t id;
	bool done;
	char text[AGENT_REASON_SIZE];
};

/* "ID 1 TEXT"; id 0 when there is no record, or none that is whole. */
static void read_record(const char *path, struct outcome *last)
{
	char *text, *rest;
	size_t size;

	*last = (struct outcome){ 0 };
	if (file_read(path, RECORD_LIMIT, &text, &size) != 0)
		return;
	rest = strchr(text, ' ');
	if (rest && (rest[1] == '0' || rest[1] == '1') && rest[2] == ' ') {
		*rest = '\0';
		last->done = rest[1] == '1';
		str_copy(last->text, sizeof(last->text), rest + 3);
		last->text[strcspn(last->text, "\n")] = '\0';
		if (str_parse_u64(text, 1, INT64_MAX, &last->id) != 0)
			last->id = 0;
	}
	free(text);
}

static int write_record(const char *path, const struct outcome *outcome)
{
	char text[RECORD_LIMIT];
	int length = snprintf(text, sizeof(text), "%" PRIu64 " %d %s\n", outcome->id, outcome->done,
		outcome->text);

	return file_replace(path, text, (size_t)length, 0600);
}

/* A loss doesn't matter: the router tells the order again. */
static void tell(const struct agent_means *means, const struct outcome *outcome)
{
	int result = means->acknowledge(means->argument, outcome->id, outcome->done, outcome->text);

	if (result != 0)
		log_warning("order %" PRIu64 " can't be acknowledged: %s", outcome->id,
			strerror(-result));
}

static void blink(const struct agent_means *means, unsigned seconds, struct outcome *outcome)
{
	outcome->done = agent_blink(means->beacon, means->leds, seconds, outcome->text) == 0;
	if (outcome->done)
		snprintf(outcome->text, sizeof(outcome->text), "the activity LED blinks for %u s",
			seconds);
}

/* Told before it is done: afterwards nobody is left to tell it. */
static void reboot_now(const struct agent_means *means, struct outcome *outcome)
{
	outcome->done = true;
	str_copy(outcome->text, sizeof(outcome->text), "it reboots");
	(void)write_record(means->record, outcome);
	tell(means, outcome);
	log_notice("the router ordered a reboot");
	outcome->done = means->reboot(means->argument, outcome->text) == 0;
}

void agent_obey(const struct agent_means *means, const struct agent_order *order)
{
	struct outcome outcome;
	int result;

	read_record(means->record, &outcome);
	if (outcome.id == order->id) {
		tell(means, &outcome);
		return;
	}
	outcome = (struct outcome){ .id = order->id, .text = "the agent ended while it was at it" };
	result = write_record(means->record, &outcome);
	if (result != 0)
		snprintf(outcome.text, sizeof(outcome.text),
			"not begun, as it can't be recorded in %.60s: %.50s", means->record,
			strerror(-result));
	else if (strcmp(order->verb, "identify") == 0)
		blink(means, order->seconds, &outcome);
	else if (strcmp(order->verb, "reboot") == 0)
		reboot_now(means, &outcome);
	else if (strcmp(order->verb, "scratch-format") == 0)
		outcome.done = means->format(means->argument, order->target, order->seconds != 0,
				       outcome.text) == 0;
	else
		str_copy(outcome.text, sizeof(outcome.text),
			"this node's agent doesn't know such an order; build its image again");
	if (outcome.done && strcmp(order->verb, "reboot") == 0)
		return;
	log_notice("order %" PRIu64 ": %s: %s", order->id, order->verb, outcome.text);
	(void)write_record(means->record, &outcome);
	tell(means, &outcome);
}

int agent_reboot(char reason[static AGENT_REASON_SIZE])
{
	char program[] = "/usr/bin/systemctl", verb[] = "reboot", path[] = "PATH=/usr/bin:/bin";
	char *const argv[] = { program, verb, NULL }, *const environment[] = { path, NULL };
	pid_t pid;
	int status, result = posix_spawn(&pid, program, NULL, NULL, argv, environment);

	if (result != 0) {
		snprintf(reason, AGENT_REASON_SIZE, "%s can't be started: %.50s", program,
			strerror(result));
		return -result;
	}
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	snprintf(reason, AGENT_REASON_SIZE,
		"`systemctl reboot` failed with status %d; see journalctl on the node",
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return -EIO;
}
