/* SPDX-License-Identifier: ISC */
/* bramble events: what happened, and with -f what happens. Events have rising numbers, by which
 * following goes on after brambled was restarted: none is lost or shown twice. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/str.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"

#define LIMIT_DEFAULT 20
#define LIMIT_MAX 1000
#define BATCH 200     /* events in one answer while following */
#define WAIT_S 20     /* brambled holds an answer back for so long when nothing happens */
#define WAIT_MS 40000 /* after that it is gone */
#define RECONNECT_FIRST_MS 50
#define RECONNECT_LAST_MS 1000

struct follow {
	int64_t last;		  /* number of the newest event that was shown */
	char day[TEXT_UNIT_SIZE]; /* of that event, as it was shown */
	bool away;		  /* brambled was lost, and that was said */
	uint64_t lost_ns;	  /* when it was lost, 0: it is there */
	unsigned backoff_ms;
};

/* A line for each day, so that an event needs only its time. */
static const char *print_day(
	struct cli *cli, struct follow *follow, char time[static TEXT_UNIT_SIZE])
{
	char *blank = strchr(time, ' ');

	if (!blank)
		return time;
	*blank = '\0';
	if (strcmp(follow->day, time) != 0)
		fprintf(cli->out, "%s\n", time);
	snprintf(follow->day, sizeof(follow->day), "%s", time);
	return blank + 1;
}

static void print_event(struct cli *cli, struct follow *follow, const cJSON *event)
{
	char time[TEXT_UNIT_SIZE], kind[64], subject[NODE_NAME_SIZE], text[TABLE_CELL_SIZE];
	int used;

	text_time(json_integer(event, "at_ms"), time);
	text_visible(kind, sizeof(kind), json_text(event, "kind"));
	text_visible(subject, sizeof(subject), json_text(event, "subject"));
	text_visible(text, sizeof(text), json_text(event, "text"));
	used = fprintf(cli->out, "%s  ", print_day(cli, follow, time));
	used += fprintf(cli->out, "%-14s  %-10s  ", kind, subject);
	table_print_wrapped(cli->out, text, used > 0 ? (size_t)used : 0, cli->width);
	fputc('\n', cli->out);
}

/* Show the events newer than the last one that was shown; they come oldest first. */
static void print_new(struct cli *cli, struct follow *follow, const cJSON *events)
{
	const cJSON *event;

	cJSON_ArrayForEach(event, events)
	{
		if (json_integer(event, "id") <= follow->last)
			continue;
		follow->last = json_integer(event, "id");
		if (cli->json)
			cli_print_json_line(cli, event);
		else
			print_event(cli, follow, event);
	}
}

static void wait_ms(unsigned ms)
{
	const struct timespec pause = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000 * 1000 };

	nanosleep(&pause, NULL);
}

/* brambled can't be asked now. Returns CLI_OK to try again. */
static enum cli_exit lose(struct cli *cli, struct follow *follow, int error)
{
	if (error != -ENOENT && error != -ECONNREFUSED && error != -EPIPE && error != -ETIMEDOUT)
		return cli_explain_failure(cli, error);
	if (follow->lost_ns == 0)
		follow->lost_ns = clock_monotonic_ns();
	if (!follow->away &&
		clock_monotonic_ns() - follow->lost_ns > CLIENT_NOTICE_MS * NS_PER_MS) {
		cli_complain(cli, CLI_OK, "brambled is away; going on when it is back");
		follow->away = true;
	}
	wait_ms(follow->backoff_ms);
	follow->backoff_ms *= 2;
	if (follow->backoff_ms > RECONNECT_LAST_MS)
		follow->backoff_ms = RECONNECT_LAST_MS;
	return CLI_OK;
}

static enum cli_exit take_answer(
	struct cli *cli, struct follow *follow, int status, const cJSON *json)
{
	int64_t newest = json_integer(json, "last");

	if (status != 200)
		return cli_complain(cli, CLI_FAILED, "%s", json_text(json, "error"));
	if (follow->away)
		cli_complain(cli, CLI_OK, "brambled is back");
	follow->away = false;
	follow->lost_ns = 0;
	follow->backoff_ms = RECONNECT_FIRST_MS;
	/* Only another registry counts from a lower number. */
	if (newest < follow->last && json_member(json, "last")) {
		cli_complain(cli, CLI_OK, "the registry was replaced; following the new one");
		follow->last = newest;
		return CLI_OK;
	}
	print_new(cli, follow, json_member(json, "events"));
	if (fflush(cli->out) != 0)
		return cli_complain(cli, CLI_FAILED, "the output can't be written");
	return CLI_OK;
}

static enum cli_exit go_on(struct cli *cli, struct follow *follow)
{
	enum cli_exit code = CLI_OK;

	/* To wait for an event is not to wait for brambled. */
	cli_client(cli)->waiting = NULL;
	while (code == CLI_OK) {
		char path[IPC_PATH_SIZE];
		int status = 0, result;
		cJSON *json;

		snprintf(path, sizeof(path), "/v1/events?after=%" PRId64 "&wait=%d&limit=%d",
			follow->last, WAIT_S, BATCH);
		result = cli_try(cli, path, WAIT_MS, &status, &json);
		code = result != 0 ? lose(cli, follow, result)
				   : take_answer(cli, follow, status, json);
		cJSON_Delete(json);
	}
	return code;
}

/* The newest events. */
static enum cli_exit begin(struct cli *cli, uint64_t limit, bool goes_on, struct follow *follow)
{
	char path[IPC_PATH_SIZE];
	bool as_json = cli->json;
	enum cli_exit code;
	cJSON *json;

	snprintf(path, sizeof(path), "/v1/events?limit=%" PRIu64, limit > 0 ? limit : 1);
	/* Following prints lines of JSON, also for what was before. */
	cli->json = as_json && !goes_on;
	code = cli_call(cli, IPC_GET, path, NULL, &json);
	cli->json = as_json;
	if (code == CLI_OK && (goes_on || !as_json)) {
		if (limit > 0)
			print_new(cli, follow, json_member(json, "events"));
		follow->last = json_integer(json, "last");
		fflush(cli->out);
	}
	cJSON_Delete(json);
	return code;
}

enum cli_exit events_main(struct cli *cli, int argc, char **argv)
{
	const char *limit = NULL;
	bool goes_on = false;
	const struct args_option options[] = {
		{ "follow", 'f', &goes_on, NULL, "go on as it happens, until Ctrl-C" },
		{ "limit", 'n', NULL, &limit, "N  the newest N, 0 to 1000 (default 20)" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "events [-f] [--limit N]",
		.text = "What happened, oldest first. -f goes on, also when brambled is restarted; "
			"with\n"
			"--json it prints one event a line.\n",
		.options = options,
	};
	uint64_t number = LIMIT_DEFAULT;
	struct follow follow = { .backoff_ms = RECONNECT_FIRST_MS };
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (limit && str_parse_u64(limit, 0, LIMIT_MAX, &number) != 0)
		return cli_complain(
			cli, CLI_USAGE, "--limit %s; allowed: 0 to %d", limit, LIMIT_MAX);
	code = begin(cli, number, goes_on, &follow);
	return code == CLI_OK && goes_on ? go_on(cli, &follow) : code;
}
