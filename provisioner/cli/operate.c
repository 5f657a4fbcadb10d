/* SPDX-License-Identifier: ISC */
/* bramble node reboot, identify, scratch-format, cordon, uncordon, note: nodes that run. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/node.h"
#include "provisioner/cli/targets.h"
#include "provisioner/cli/text.h"

#define PAUSE_MS 200
#define PATIENCE_S 90 /* three heartbeats of half a minute */
#define NOTICE_NS (2 * NS_PER_S)
#define IDENTIFY_S 60
#define LONGEST_S 3600
#define ORDER_TEXT_SIZE 160

/* One call for each node that the words name; `say` tells people what came of it. */
struct action {
	const char *path; /* behind the node's name */
	const char *past; /* "is left out from now on" */
	const char *verb; /* of an order; NULL: none, the call does it at once */
	bool no_wait;
	cJSON *body; /* a copy goes with each call */
};

struct order {
	int64_t id; /* 0 = wasn't given */
	bool open;
	bool waits; /* for the cluster to take its work away: that has its own limit */
	char told[ORDER_TEXT_SIZE]; /* what was last said of that */
};

/* Prints no JSON by itself: an order is shown when it has come to its end. */
static enum cli_exit call_silently(
	struct cli *cli, const struct action *action, const char *name, cJSON **json)
{
	const bool wanted = cli->json;
	enum cli_exit code;

	cli->json = wanted && (!action->verb || cli->dry_run);
	code = node_call(cli, IPC_POST, "nodes", name, action->path,
		cJSON_Duplicate(action->body, true), json);
	cli->json = wanted;
	return code;
}

/* "rasp1 waits: 2 pods are left", once each. */
static void tell_wait(struct cli *cli, const char *name, const cJSON *json, struct order *order)
{
	const char *waits = json_text(json, "waits_for");
	char text[ORDER_TEXT_SIZE];

	order->waits = order->open && *waits;
	snprintf(text, sizeof(text), "%s", waits);
	if (order->waits && strcmp(order->told, text) != 0)
		fprintf(cli->error, "%s waits: %s\n", name, text);
	memcpy(order->told, text, sizeof(text));
}

/* Where an order stands now. */
static enum cli_exit look(struct cli *cli, const char *name, struct order *order, bool last)
{
	char path[64];
	const char *state;
	enum cli_exit code = CLI_OK;
	cJSON *json;
	int status, result;

	snprintf(path, sizeof(path), "/v1/orders/%" PRId64, order->id);
	result = cli_try(cli, path, CLIENT_TIMEOUT_MS, &status, &json);
	if (result != 0)
		return cli_explain_failure(cli, result);
	state = json_text(json, "state");
	order->open = strcmp(state, "pending") == 0 || strcmp(state, "sent") == 0;
	tell_wait(cli, name, json, order);
	if (!order->open || last) {
		if (cli->json)
			cli_print_json_line(cli, json);
		if (order->open)
			code = cli_complain(cli, CLI_FAILED,
				"%s hasn't answered within %d s; `bramble node show %s` says "
				"later what came of it",
				name, PATIENCE_S, name);
		else if (strcmp(state, "done") != 0)
			code = cli_complain(cli, CLI_FAILED, "%s: %s: %s", name, state,
				json_text(json, "text"));
		else if (!cli->json)
			cli_field(cli, name, "%s", json_text(json, "text"));
	}
	cJSON_Delete(json);
	return code;
}

/* Until all have answered or patience is at its end. Returns the worst. */
static enum cli_exit wait_for_all(
	struct cli *cli, const struct targets *targets, struct order *orders)
{
	uint64_t began_ns = clock_monotonic_ns(), waited_ns = 0;
	enum cli_exit worst = CLI_OK;
	bool open = true, told = false, waits = false;

	while (open) {
		bool last = waited_ns > PATIENCE_S * NS_PER_S;

		if (waits)
			began_ns = clock_monotonic_ns();
		waits = false;

		open = false;
		for (size_t i = 0; i < targets->count; i++) {
			enum cli_exit code = CLI_OK;

			if (orders[i].open)
				code = look(cli, targets->names[i], &orders[i], last);
			if (code != CLI_OK)
				worst = code;
			if (code == CLI_UNREACHABLE)
				return code;
			open = open || (orders[i].open && !last);
			waits = waits || orders[i].waits;
		}
		waited_ns = clock_monotonic_ns() - began_ns;
		if (open && !told && waited_ns > NOTICE_NS) {
			fprintf(cli->error, "Nodes hear of it with their next heartbeat …\n");
			told = true;
		}
		if (open)
			poll(NULL, 0, PAUSE_MS);
	}
	return worst;
}

static enum cli_exit call_all(struct cli *cli, const struct action *action,
	const struct targets *targets, struct order *orders)
{
	enum cli_exit worst = CLI_OK;

	for (size_t i = 0; i < targets->count; i++) {
		cJSON *json = NULL;
		enum cli_exit code = call_silently(cli, action, targets->names[i], &json);

		if (json && action->verb && !cli->dry_run) {
			orders[i] = (struct order){ .id = json_integer(json, "id"), .open = true };
			if (action->no_wait && cli->json)
				cli_print_json_line(cli, json);
			else if (action->no_wait)
				fprintf(cli->out, "%s is told so with its next heartbeat.\n",
					targets->names[i]);
		} else if (json && cli_tells(cli)) {
			fprintf(cli->out, "%s %s.\n", targets->names[i], action->past);
		}
		cJSON_Delete(json);
		if (code != CLI_OK)
			worst = code;
		if (code == CLI_UNREACHABLE)
			break;
	}
	return worst;
}

/* Deletes the body. */
static enum cli_exit act(struct cli *cli, struct action *action, char **argv)
{
	struct targets targets;
	struct order *orders;
	enum cli_exit code = targets_find(cli, argv, &targets), waited;

	if (code == CLI_OK) {
		orders = calloc(targets.count, sizeof(*orders));
		code = orders ? call_all(cli, action, &targets, orders)
			      : cli_complain(cli, CLI_FAILED, "out of memory");
		if (orders && action->verb && !action->no_wait && code != CLI_UNREACHABLE) {
			waited = wait_for_all(cli, &targets, orders);
			code = waited != CLI_OK ? waited : code;
		}
		free(orders);
		targets_free(&targets);
	}
	cJSON_Delete(action->body);
	return code;
}

enum cli_exit node_reboot_main(struct cli *cli, int argc, char **argv)
{
	struct action action = { .path = "/orders", .verb = "reboot" };
	bool now = false;
	const struct args_option options[] = {
		{ "now", '\0', &now, NULL, "don't wait until pods have left them" },
		{ "no-wait", '\0', &action.no_wait, NULL, "don't wait for the nodes' answer" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "node reboot NODE... [--now] [--no-wait]",
		.text = "Let running nodes reboot, cleanly. They hear of it with their next "
			"heartbeat.\nIn a cluster each is drained before, within "
			"kubernetes.drain_s, "
			"and takes work\nagain when it is Ready.\n",
		.min_words = 1,
		.max_words = CLI_MANY_WORDS,
		.options = options,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	action.body = cJSON_CreateObject();
	cJSON_AddStringToObject(action.body, "order", action.verb);
	if (now)
		cJSON_AddFalseToObject(action.body, "drain");
	return act(cli, &action, argv);
}

enum cli_exit node_identify_main(struct cli *cli, int argc, char **argv)
{
	struct action action = { .path = "/orders", .verb = "identify" };
	const char *time = NULL;
	const struct args_option options[] = {
		{ "for", '\0', NULL, &time, "TIME    how long, such as 30s or 5m (60s)" },
		{ "no-wait", '\0', &action.no_wait, NULL, "don't wait for the nodes' answer" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "node identify NODE... [--for TIME] [--no-wait]",
		.text = "Let the activity LED of running nodes blink: which of these boards is "
			"it?\n",
		.min_words = 1,
		.max_words = CLI_MANY_WORDS,
		.options = options,
	};
	enum cli_exit code;
	int64_t seconds;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	seconds = time ? args_parse_duration(time) : IDENTIFY_S;
	if (seconds < 1 || seconds > LONGEST_S)
		return cli_complain(
			cli, CLI_USAGE, "--for takes a time such as 30s or 5m, at most an hour");
	action.body = cJSON_CreateObject();
	cJSON_AddStringToObject(action.body, "order", action.verb);
	cJSON_AddNumberToObject(action.body, "for_s", (double)seconds);
	return act(cli, &action, argv);
}

enum cli_exit node_scratch_format_main(struct cli *cli, int argc, char **argv)
{
	struct action action = { .path = "/orders", .verb = "scratch-format" };
	const char *device = NULL;
	bool force = false;
	const struct args_option options[] = {
		{ "device", 'd', NULL, &device,
			"DISK  disk or partition, such as sda or mmcblk0p2" },
		{ "force", '\0', &force, NULL, "erase one that isn't empty" },
		{ "no-wait", '\0', &action.no_wait, NULL, "don't wait for the node's answer" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "node scratch-format NODE --device DISK [--force] [--no-wait]",
		.text = "Make a local disk of a running node its scratch space: an empty file "
			"system with\nBramble's label, used from its next boot on. Whatever else "
			"is "
			"in use or isn't empty\nis left alone.\n",
		.min_words = 1,
		.max_words = 1,
		.options = options,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!device)
		return cli_complain(cli, CLI_USAGE,
			"say which disk: --device sda; `lsblk` on the node names them");
	code = cli_confirm(cli, "Make %.40s of %.63s scratch space? What is on it is %s.", device,
		argv[0], force ? "erased" : "lost if it looks empty");
	if (code != CLI_OK)
		return code;
	action.body = cJSON_CreateObject();
	cJSON_AddStringToObject(action.body, "order", action.verb);
	cJSON_AddStringToObject(action.body, "device", device);
	if (force)
		cJSON_AddTrueToObject(action.body, "force");
	return act(cli, &action, argv);
}

static enum cli_exit cordon(
	struct cli *cli, const struct cli_syntax *form, bool wanted, int argc, char **argv)
{
	struct action action = { .path = "/cordon",
		.past = wanted ? "is left out from now on" : "takes part again" };
	struct cli_syntax syntax = *form;
	enum cli_exit code;

	syntax.min_words = 1;
	syntax.max_words = CLI_MANY_WORDS;
	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	action.body = cJSON_CreateObject();
	cJSON_AddBoolToObject(action.body, "cordoned", wanted);
	return act(cli, &action, argv);
}

enum cli_exit node_cordon_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "node cordon NODE...",
		.text = "Leave nodes out: they go on as they are, but are marked as not to be "
			"counted on,\nand in a cluster get no new pods.\n",
	};

	return cordon(cli, &syntax, true, argc, argv);
}

enum cli_exit node_uncordon_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "node uncordon NODE...",
		.text = "Let nodes take part again that were left out.\n",
	};

	return cordon(cli, &syntax, false, argc, argv);
}

enum cli_exit node_retry_main(struct cli *cli, int argc, char **argv)
{
	struct action action = { .path = "/retry", .past = "gets that version at its next boot" };
	const struct cli_syntax syntax = {
		.usage = "node retry NODE...",
		.text = "Let nodes that fell back to their last good version try the other one "
			"again, at\ntheir next boot (\"bramble node reboot\").\n",
		.min_words = 1,
		.max_words = CLI_MANY_WORDS,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	action.body = cJSON_CreateObject();
	return act(cli, &action, argv);
}

enum cli_exit node_note_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "node note NODE... TEXT",
		.text = "Keep a note with nodes, one line; \"\" removes it. `bramble node show` "
			"shows it.\n",
		.min_words = 2,
		.max_words = CLI_MANY_WORDS,
	};
	struct action action = { .path = "/note" };
	const char *text;
	enum cli_exit code;
	int words = 0;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	while (argv[words])
		words++;
	text = argv[words - 1];
	argv[words - 1] = NULL;
	action.past = *text ? "has that note now" : "has no note any more";
	action.body = cJSON_CreateObject();
	cJSON_AddStringToObject(action.body, "text", text);
	return act(cli, &action, argv);
}
