/* SPDX-License-Identifier: ISC */
/* bramble boot watch: boots as they go on. On a terminal a table that is drawn anew, elsewhere a
 * line whenever a boot comes to another stage. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"
#include "provisioner/cli/boot.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"
#include "provisioner/timeline/stages.h"

#define REFRESH_MS 250
#define SHOWN_AFTER_MS 10000 /* so long one that has joined stays in the table */
#define BOOTS 1000
#define SPARE 32 /* so many boots may begin between two looks */
#define BAR STAGES_TO_JOIN
#define OTHER_LINES 3u
#define USUAL_ROWS 24u

/* A boot that was seen going on. */
struct seen {
	int64_t id, changed_ms;
	bool joined, reason_told;
	char stage[16];
};

struct watch {
	struct cli *cli;
	bool terminal;
	unsigned drawn; /* lines, to be drawn over */
	int64_t before; /* boots up to this number had ended when the watch began */
	bool begun;
	int64_t newest; /* the highest number that was seen */
	int limit;	/* how many boots to ask for: those that go on are among them */
	size_t count, joined;
	struct seen *seen;
};

static struct seen *find(struct watch *watch, int64_t id)
{
	for (size_t i = watch->count; i > 0; i--) {
		if (watch->seen[i - 1].id == id)
			return &watch->seen[i - 1];
	}
	return NULL;
}

/* NULL: it had ended before, or there are too many. The eldest ones are forgotten. */
static struct seen *find_or_add(struct watch *watch, const cJSON *boot)
{
	const int64_t id = json_integer(boot, "id");
	struct seen *seen = find(watch, id);

	if (seen)
		return seen;
	if (id <= watch->before && (boot_has_joined(boot) || boot_has_ended(boot)))
		return NULL;
	if (watch->count == BOOTS) {
		memmove(watch->seen, watch->seen + 1, (BOOTS - 1) * sizeof(*seen));
		watch->count--;
	}
	seen = &watch->seen[watch->count++];
	*seen = (struct seen){ .id = id };
	return seen;
}

static void print_line(struct cli *cli, const cJSON *boot)
{
	char time[TEXT_UNIT_SIZE], board[64], node[NODE_NAME_SIZE];

	text_time(json_integer(boot, "changed_ms"), time);
	text_visible(board, sizeof(board), boot_board(boot));
	text_visible(node, sizeof(node), json_text(boot, "node"));
	fprintf(cli->out, "%s  %-10s  %-10s  %s\n", time, *node ? node : "-", board,
		json_text(boot, "stage"));
}

/* What is new of a boot, for whoever reads lines. */
static void tell(struct watch *watch, struct seen *seen, const cJSON *boot)
{
	struct cli *cli = watch->cli;
	bool reason = *json_text(boot, "reason") != '\0' && !boot_has_joined(boot);
	bool stage = strcmp(seen->stage, json_text(boot, "stage")) != 0;

	if (watch->terminal || (!stage && reason == seen->reason_told))
		return;
	if (cli->json) {
		cli_print_json_line(cli, boot);
	} else {
		if (stage)
			print_line(cli, boot);
		if (reason && !seen->reason_told)
			cli_field(cli, boot_board(boot), "%s", json_text(boot, "reason"));
	}
	seen->reason_told = reason;
}

static void take(struct watch *watch, const cJSON *boot)
{
	struct seen *seen = find_or_add(watch, boot);

	if (!seen)
		return;
	tell(watch, seen, boot);
	str_copy(seen->stage, sizeof(seen->stage), json_text(boot, "stage"));
	seen->changed_ms = json_integer(boot, "changed_ms");
	watch->joined += boot_has_joined(boot) && !seen->joined;
	seen->joined = boot_has_joined(boot);
}

static void format_bar(const char *stage, char out[static BAR + 3])
{
	const size_t rank = stages_rank(stage), done = rank < BAR      ? rank + 1
						       : rank < STAGES ? BAR
								       : 0;

	out[0] = '[';
	memset(out + 1, '#', done);
	memset(out + 1 + done, '.', BAR - done);
	out[BAR + 1] = ']';
	out[BAR + 2] = '\0';
}

static bool waits(const cJSON *boot)
{
	return strcmp(json_text(boot, "cause"), "waits-turn") == 0;
}

static void add_row(struct table *table, const cJSON *boot)
{
	char bar[BAR + 3], took[TEXT_UNIT_SIZE], bytes[TEXT_UNIT_SIZE], stage[TABLE_CELL_SIZE];

	format_bar(json_text(boot, "stage"), bar);
	text_duration(boot_duration_ms(boot), took);
	text_bytes((uint64_t)json_integer(boot, "bytes"), bytes);
	table_row(table);
	table_cell(table, *json_text(boot, "node") ? json_text(boot, "node") : "-");
	table_cell(table, boot_board(boot));
	table_cell_colored(table, boot_color(boot), bar);
	snprintf(stage, sizeof(stage), "%s%s", json_text(boot, "stage"),
		waits(boot) ? ", waits" : "");
	table_cell_colored(table, boot_color(boot), stage);
	table_cell(table, took);
	table_cell(table, bytes);
	table_cellf(table, "%" PRId64, json_integer(boot, "retransmissions"));
}

static bool is_shown(struct watch *watch, const cJSON *boot)
{
	const struct seen *seen = find(watch, json_integer(boot, "id"));

	if (!seen)
		return false;
	return !(boot_has_joined(boot) || boot_has_ended(boot)) ||
	       clock_wall_ms() - seen->changed_ms < SHOWN_AFTER_MS;
}

static size_t terminal_rows(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 2 * OTHER_LINES
		       ? size.ws_row
		       : USUAL_ROWS;
}

/* The table and the reasons, as lines. */
static void write_picture(struct watch *watch, const cJSON *boots)
{
	static const struct table_column columns[] = { { "NODE", false }, { "BOARD", false },
		{ "PROGRESS", false }, { "STAGE", false }, { "TIME", true }, { "DATA", true },
		{ "RESENT", true }, { .title = NULL } };
	struct cli *cli = watch->cli;
	struct table *table = table_new(columns);
	size_t room = terminal_rows() - OTHER_LINES, left_out = 0, waiting = 0;
	const cJSON *boot;

	cJSON_ArrayForEach(boot, boots)
	{
		if (!table || !is_shown(watch, boot))
			continue;
		waiting += waits(boot);
		if (table_rows(table) < room)
			add_row(table, boot);
		else
			left_out++;
	}
	if (table && table_rows(table) > 0)
		(void)table_print(table, cli->out, cli->width, cli->color);
	else
		fprintf(cli->out, "No board boots just now. Ctrl-C ends this.\n");
	if (left_out > 0 && waiting > 0)
		fprintf(cli->out, "and %zu more; %zu of all wait for their turn\n", left_out,
			waiting);
	else if (left_out > 0)
		fprintf(cli->out, "and %zu more\n", left_out);
	room -= table ? table_rows(table) : 0;
	cJSON_ArrayForEach(boot, boots)
	{
		if (room > 2 && is_shown(watch, boot) && !boot_has_joined(boot) &&
			*json_text(boot, "reason")) {
			cli_field(cli, boot_board(boot), "%.150s", json_text(boot, "reason"));
			room -= 2;
		}
	}
	table_free(table);
}

/* Over the picture before, line by line, so that nothing flickers. */
static void draw(struct watch *watch, const cJSON *boots)
{
	struct cli *cli = watch->cli;
	FILE *out = cli->out;
	char *text = NULL, *rest, *line;
	size_t size;

	cli->out = open_memstream(&text, &size);
	if (cli->out) {
		write_picture(watch, boots);
		fclose(cli->out);
	}
	cli->out = out;
	if (watch->drawn > 0)
		fprintf(out, "\033[%uA", watch->drawn);
	watch->drawn = 0;
	rest = text;
	while (rest && *rest && (line = strsep(&rest, "\n"))) {
		fprintf(out, "\033[K%s\n", line);
		watch->drawn++;
	}
	fprintf(out, "\033[J");
	free(text);
}

/* 0 or -errno; the newest comes first. */
static int ask(struct watch *watch, cJSON **json)
{
	char path[32];
	int status;

	snprintf(path, sizeof(path), "/v1/boots?limit=%d", watch->limit);
	return cli_try(watch->cli, path, CLIENT_TIMEOUT_MS, &status, json);
}

/* More began than were asked for. */
static bool has_gap(const struct watch *watch, const cJSON *boots)
{
	const int n = cJSON_GetArraySize(boots);

	return watch->begun && n == watch->limit && watch->limit < BOOTS &&
	       json_integer(cJSON_GetArrayItem(boots, n - 1), "id") > watch->newest + 1;
}

/* Brambled has little work with a watch when few boots go on. */
static void limit_next(struct watch *watch, const cJSON *boots)
{
	const cJSON *boot;
	int place = 0, last = 0;

	cJSON_ArrayForEach(boot, boots)
	{
		place++;
		if (is_shown(watch, boot))
			last = place;
	}
	watch->limit = last + SPARE < BOOTS ? last + SPARE : BOOTS;
	if (place > 0)
		watch->newest = json_integer(cJSON_GetArrayItem(boots, 0), "id");
}

static enum cli_exit refresh(struct watch *watch)
{
	cJSON *json;
	const cJSON *boots;
	int result = ask(watch, &json);

	if (result == 0 && has_gap(watch, json_member(json, "boots"))) {
		cJSON_Delete(json);
		watch->limit = BOOTS;
		result = ask(watch, &json);
	}
	/* It may be restarted meanwhile. */
	if (result == -ENOENT || result == -ECONNREFUSED || result == -EPIPE)
		return watch->begun ? CLI_OK : cli_explain_failure(watch->cli, result);
	if (result != 0)
		return cli_explain_failure(watch->cli, result);
	boots = json_member(json, "boots");
	if (!watch->begun)
		watch->before = json_integer(cJSON_GetArrayItem(boots, 0), "id");
	watch->begun = true;
	/* The newest comes first. */
	for (int i = cJSON_GetArraySize(boots); i > 0; i--)
		take(watch, cJSON_GetArrayItem(boots, i - 1));
	limit_next(watch, boots);
	if (watch->terminal)
		draw(watch, boots);
	cJSON_Delete(json);
	return fflush(watch->cli->out) == 0
		       ? CLI_OK
		       : cli_complain(watch->cli, CLI_FAILED, "the output can't be written");
}

static enum cli_exit run(struct watch *watch, uint64_t wanted, int64_t seconds)
{
	const uint64_t began_ns = clock_monotonic_ns();
	enum cli_exit code;

	for (;;) {
		code = refresh(watch);
		if (code != CLI_OK || (wanted > 0 && watch->joined >= wanted))
			return code;
		if (seconds > 0 && clock_monotonic_ns() - began_ns > (uint64_t)seconds * NS_PER_S)
			break;
		poll(NULL, 0, REFRESH_MS);
	}
	if (wanted == 0)
		return CLI_OK;
	return cli_complain(watch->cli, CLI_FAILED,
		"%zu of %" PRIu64 " joined within %" PRId64 " s", watch->joined, wanted, seconds);
}

enum cli_exit boot_watch_main(struct cli *cli, int argc, char **argv)
{
	const char *time = NULL, *until = NULL;
	const struct args_option options[] = {
		{ "until", '\0', NULL, &until, "N   end when N of the boots have joined" },
		{ "for", '\0', NULL, &time, "TIME  end after this time, such as 90s or 10m" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "boot watch [--until N] [--for TIME]",
		.text = "Boots that go on, each with its progress, until Ctrl-C; where the output "
			"is no\nterminal, a line whenever one comes to another stage. Exit status "
			"1: fewer than\nN joined in that time.\n",
		.options = options,
	};
	struct watch watch = { .cli = cli,
		.limit = BOOTS,
		.terminal = !cli->json && cli->out == stdout && isatty(STDOUT_FILENO) == 1 };
	int64_t seconds = 0;
	uint64_t wanted = 0;
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (time)
		seconds = args_parse_duration(time);
	if (time && seconds == 0)
		return cli_complain(cli, CLI_USAGE, "--for takes a time such as 90s or 10m");
	if (until && str_parse_u64(until, 1, BOOTS, &wanted) != 0)
		return cli_complain(cli, CLI_USAGE, "--until takes a number, 1 to %d", BOOTS);
	watch.seen = calloc(BOOTS, sizeof(*watch.seen));
	if (!watch.seen)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	code = run(&watch, wanted, seconds);
	free(watch.seen);
	return code;
}
