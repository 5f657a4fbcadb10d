/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/nearest.h"
#include "provisioner/cli/complete.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"
#include "provisioner/settings/settings.h"

#define COMMON_OPTIONS 5
#define DEFAULT_RUN "/run/bramble"
#define MESSAGE_SIZE 1024
#define USAGE_COLUMNS 62 /* behind "Usage: bramble " */
#define FIELD_TITLE_COLUMNS 12

enum cli_exit cli_complain(struct cli *cli, enum cli_exit code, const char *format, ...)
{
	char text[MESSAGE_SIZE], visible[MESSAGE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_visible(visible, sizeof(visible), text);
	fflush(cli->out);
	fprintf(cli->error, "bramble: %s\n", visible);
	return code;
}

void cli_print_commands(FILE *out, const struct cli_command *table, const char *parent)
{
	int width = 0;

	for (const struct cli_command *c = table; c->name; c++) {
		if ((int)strlen(c->name) > width)
			width = (int)strlen(c->name);
	}
	for (const struct cli_command *c = table; c->name; c++)
		fprintf(out, "  %s%s%-*s  %s\n", parent, *parent ? " " : "", width, c->name,
			c->help);
}

static void print_group_help(FILE *out, const struct cli_command *table, const char *parent)
{
	fprintf(out, "Usage: bramble %s%sVERB ...\n\n", parent, *parent ? " " : "");
	cli_print_commands(out, table, parent);
	fprintf(out, "\nbramble %s%sVERB --help explains one of them.\n", parent,
		*parent ? " " : "");
}

static enum cli_exit complain_verb(
	struct cli *cli, const struct cli_command *table, const char *parent, const char *word)
{
	struct nearest nearest;

	nearest_begin(&nearest, word);
	for (const struct cli_command *c = table; c->name; c++)
		nearest_offer(&nearest, c->name);
	if (nearest.best)
		return cli_complain(cli, CLI_USAGE,
			"unknown verb \"%s\"; did you mean \"bramble %s%s%s\"?", word, parent,
			*parent ? " " : "", nearest.best);
	return cli_complain(cli, CLI_USAGE,
		"unknown verb \"%s\"; \"bramble %s%s--help\" lists them", word, parent,
		*parent ? " " : "");
}

/* `bramble node --json list` means the same as `bramble node list --json`. */
static int take_leading_options(
	struct cli *cli, int argc, char **argv, char error[static ARGS_ERROR_SIZE])
{
	const char *config = NULL;
	const struct args_option options[] = {
		{ "json", '\0', &cli->json, NULL, "" },
		{ "config", '\0', NULL, &config, "" },
		{ "help", 'h', &cli->help, NULL, "" },
		{ .name = NULL },
	};
	int words = args_parse(argc, argv, options, true, error);

	if (config)
		cli->config = config;
	return words;
}

enum cli_exit cli_run(struct cli *cli, const struct cli_command *command, int argc, char **argv)
{
	cli->verb = command;
	return command->run ? command->run(cli, argc, argv)
			    : cli_dispatch(cli, command->below, command->name, argc, argv);
}

enum cli_exit cli_dispatch(
	struct cli *cli, const struct cli_command *table, const char *parent, int argc, char **argv)
{
	char error[ARGS_ERROR_SIZE];

	if (cli->completing && argc <= 1) {
		complete_verbs(cli, table, argc == 1 ? argv[0] : "");
		return CLI_OK;
	}
	argc = take_leading_options(cli, argc, argv, error);
	if (argc < 0)
		return cli_complain(cli, CLI_USAGE,
			"%s; \"bramble %s%s--help\" lists what there is", error, parent,
			*parent ? " " : "");
	if (argc == 0) {
		print_group_help(cli->help ? cli->out : cli->error, table, parent);
		return cli->help ? CLI_OK : CLI_USAGE;
	}
	for (const struct cli_command *c = table; c->name; c++) {
		if (strcmp(c->name, argv[0]) == 0)
			return cli_run(cli, c, argc - 1, argv + 1);
	}
	if (cli->completing)
		return CLI_OK;
	return complain_verb(cli, table, parent, argv[0]);
}

static void print_usage(const struct cli *cli, FILE *out, const struct cli_syntax *syntax)
{
	const unsigned traits = cli->verb->traits;
	const char *newline = strrchr(syntax->usage, '\n');
	char many[40];

	snprintf(many, sizeof(many), "%s%s[--json]", traits & CLI_ASKS ? "[--yes] " : "",
		traits & CLI_CHANGES ? "[--dry-run] " : "");
	fprintf(out, "bramble %s%s%s\n", syntax->usage,
		strlen(newline ? newline : syntax->usage) + strlen(many) > USAGE_COLUMNS
			? "\n       "
			: " ",
		many);
}

static const char nodes_text[] =
	"NODE may be a pattern: 'rasp[1-4]', 'kiosk*', rasp1,rasp3 (in quotes, so that the\n"
	"shell leaves it alone).\n";

static void print_help(
	struct cli *cli, const struct cli_syntax *syntax, const struct args_option *options)
{
	int width = 0;

	fputs("Usage: ", cli->out);
	print_usage(cli, cli->out, syntax);
	if (syntax->text)
		fprintf(cli->out, "\n%s", syntax->text);
	if (cli->verb->traits & CLI_NODES)
		fputs(nodes_text, cli->out);
	fprintf(cli->out, "\nOptions:\n");
	for (const struct args_option *o = options; o->name; o++) {
		if ((int)strlen(o->name) > width)
			width = (int)strlen(o->name);
	}
	for (const struct args_option *o = options; o->name; o++) {
		char letter[8] = "    ";

		if (o->letter)
			snprintf(letter, sizeof(letter), "-%c, ", o->letter);
		fprintf(cli->out, "  %s--%-*s  %s\n", letter, width, o->name, o->help);
	}
}

/* The verb's own options, those of verbs like it, and those that every verb has. */
static void join_options(struct cli *cli, const struct args_option *own, const char **config,
	struct args_option all[static CLI_OPTIONS_LIMIT + COMMON_OPTIONS + 1])
{
	const struct args_option common[COMMON_OPTIONS] = {
		{ "yes", 'y', &cli->yes, NULL, "don't ask" },
		{ "dry-run", 'n', &cli->dry_run, NULL, "only say what would be; change nothing" },
		{ "json", '\0', &cli->json, NULL, "print JSON, for programs" },
		{ "config", '\0', NULL, config, "FILE  in place of /etc/bramble/bramble.conf" },
		{ "help", 'h', &cli->help, NULL, "show this" },
	};
	const unsigned needs[COMMON_OPTIONS] = { CLI_ASKS, CLI_CHANGES };
	size_t n = 0;

	for (; own && own->name && n < CLI_OPTIONS_LIMIT; own++)
		all[n++] = *own;
	for (size_t i = 0; i < COMMON_OPTIONS; i++) {
		if (needs[i] == 0 || cli->verb->traits & needs[i])
			all[n++] = common[i];
	}
	all[n] = (struct args_option){ .name = NULL };
}

bool cli_arguments(struct cli *cli, const struct cli_syntax *syntax, int argc, char **argv,
	enum cli_exit *exit_code)
{
	struct args_option all[CLI_OPTIONS_LIMIT + COMMON_OPTIONS + 1];
	char error[ARGS_ERROR_SIZE] = "";
	const char *config = NULL;
	int words;

	join_options(cli, syntax->options, &config, all);
	if (cli->completing) {
		complete_argument(cli, syntax, all, argc, argv);
		*exit_code = CLI_OK;
		return false;
	}
	words = args_parse(argc, argv, all, false, error);
	if (words >= 0)
		argv[words] = NULL;
	if (config)
		cli->config = config;
	*exit_code = cli->help ? CLI_OK : CLI_USAGE;
	if (cli->help) {
		print_help(cli, syntax, all);
		return false;
	}
	if (words >= 0 && words < syntax->min_words)
		snprintf(error, sizeof(error), "something is missing");
	else if (words > syntax->max_words)
		snprintf(error, sizeof(error), "\"%.64s\" is too much", argv[syntax->max_words]);
	if (*error == '\0') {
		*exit_code = CLI_OK;
		return true;
	}
	cli_complain(cli, CLI_USAGE, "%s; usage:", error);
	fputs("  ", cli->error);
	print_usage(cli, cli->error, syntax);
	return false;
}

const char *cli_config_path(const struct cli *cli)
{
	return cli->config ? cli->config : SETTINGS_DEFAULT_PATH;
}

static void tell_waiting(void *argument)
{
	struct cli *cli = argument;

	fprintf(cli->error, "bramble: waiting for brambled ...\n");
	fflush(cli->error);
}

/* Where brambled listens. A file that can't be read must not keep an administrator from asking a
 * brambled that runs. */
static void find_run(struct cli *cli, char *run, size_t size)
{
	struct settings settings;
	struct conf_error error;
	int result = settings_load(cli_config_path(cli), &settings, &error);

	snprintf(run, size, "%s", result == 0 ? settings.run : DEFAULT_RUN);
	if (result != 0 && (result != -ENOENT || cli->config))
		cli_complain(cli, CLI_OK, "%s; looking for brambled in %s", error.text, run);
}

struct client *cli_client(struct cli *cli)
{
	char run[sizeof(((struct settings *)0)->run)];

	if (cli->has_client)
		return &cli->client;
	find_run(cli, run, sizeof(run));
	if (client_init(&cli->client, run, IPC_ROLE_ADMIN) != 0)
		return NULL;
	cli->client.waiting = tell_waiting;
	cli->client.argument = cli;
	cli->has_client = true;
	return &cli->client;
}

void cli_free(struct cli *cli)
{
	if (cli->has_client)
		client_free(&cli->client);
	cli->has_client = false;
}

enum cli_exit cli_explain_failure(struct cli *cli, int error)
{
	const char *path = cli->has_client ? cli->client.path : "";

	switch (-error) {
	case ENOENT:
	case ECONNREFUSED:
		return cli_complain(cli, CLI_UNREACHABLE,
			"brambled isn't running (nobody listens on %s); start it: sudo systemctl "
			"start "
			"bramble",
			path);
	case EACCES:
	case EPERM:
		return cli_complain(
			cli, CLI_FAILED, "only root may administer Bramble; try: sudo bramble ...");
	case EPIPE:
		return cli_complain(cli, CLI_UNREACHABLE,
			"brambled ended before it answered; look whether it was done, then try "
			"again "
			"(its log: journalctl -u bramble -n 50)");
	case ETIMEDOUT:
		return cli_complain(cli, CLI_UNREACHABLE,
			"brambled doesn't answer (its log: journalctl -u bramble -n 50)");
	case EMSGSIZE:
		return cli_complain(cli, CLI_FAILED, "the request or its answer is too long");
	case EBADMSG:
	case EINVAL:
		return cli_complain(cli, CLI_FAILED,
			"brambled's answer can't be understood; are bramble and brambled of the "
			"same "
			"version?");
	}
	return cli_complain(
		cli, CLI_UNREACHABLE, "cannot ask brambled on %s: %s", path, strerror(-error));
}

static enum cli_exit explain_status(struct cli *cli, int status, const cJSON *json)
{
	const char *text = json_text(json, "error");
	enum cli_exit code = status == 404 ? CLI_NOT_FOUND : CLI_FAILED;

	if (*text)
		return cli_complain(cli, code, "%s", text);
	return cli_complain(cli, code, "brambled refused it (status %d)", status);
}

static void print_json_text(FILE *out, const char *text)
{
	size_t length = strlen(text);

	fputs(text, out);
	if (length == 0 || text[length - 1] != '\n')
		fputc('\n', out);
}

bool cli_tells(const struct cli *cli)
{
	return !cli->json && !cli->dry_run;
}

/* {"would": [text]} of a rehearsal; a plan of another shape is the verb's to print. */
static void print_would(struct cli *cli, const cJSON *json)
{
	const cJSON *list = json_member(json, "would"), *line;
	char visible[MESSAGE_SIZE];

	cJSON_ArrayForEach(line, list)
	{
		text_visible(
			visible, sizeof(visible), cJSON_IsString(line) ? line->valuestring : "?");
		fprintf(cli->out, "dry run: %s\n", visible);
	}
	if (list && cJSON_GetArraySize(list) == 0)
		fputs("dry run: nothing would change\n", cli->out);
}

enum cli_exit cli_would(struct cli *cli, const char *format, ...)
{
	cJSON *json = cJSON_CreateObject(), *list;
	char text[MESSAGE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	cJSON_AddTrueToObject(json, "dry_run");
	list = cJSON_AddArrayToObject(json, "would");
	cJSON_AddItemToArray(list, cJSON_CreateString(text));
	cJSON_AddNullToObject(json, "answer");
	if (cli->json) {
		cli_print_json(cli, json);
	} else {
		print_would(cli, json);
		cJSON_Delete(json);
	}
	return CLI_OK;
}

/* With --dry-run no change leaves this program without saying so. */
static int call(struct cli *cli, enum ipc_method method, const char *path, const char *body,
	struct client_answer *answer)
{
	struct client *client = cli_client(cli);
	char dry[IPC_PATH_SIZE];

	if (!client)
		return -ENOMEM;
	if (cli->dry_run && method != IPC_GET) {
		if (snprintf(dry, sizeof(dry), "%s?dry_run=true", path) >= (int)sizeof(dry))
			return -EMSGSIZE;
		path = dry;
	}
	return client_call(client, method, path, body, CLIENT_TIMEOUT_MS, answer);
}

/* The same, and what failed is told: then there is no text to free. */
static enum cli_exit ask(struct cli *cli, enum ipc_method method, const char *path,
	const char *body, struct client_answer *answer)
{
	enum cli_exit code;
	int result;
	cJSON *json;

	*answer = (struct client_answer){ .text = NULL };
	result = call(cli, method, path, body, answer);
	if (result != 0)
		return cli_explain_failure(cli, result);
	if (answer->status >= 200 && answer->status <= 299)
		return CLI_OK;
	json = cJSON_Parse(answer->text);
	code = explain_status(cli, answer->status, json);
	cJSON_Delete(json);
	free(answer->text);
	answer->text = NULL;
	return code;
}

enum cli_exit cli_call(
	struct cli *cli, enum ipc_method method, const char *path, cJSON *body, cJSON **json)
{
	struct client_answer answer = { .text = NULL };
	char *text = body ? cJSON_PrintUnformatted(body) : NULL;
	enum cli_exit code = body && !text ? cli_explain_failure(cli, -ENOMEM)
					   : ask(cli, method, path, text, &answer);

	cJSON_Delete(body);
	cJSON_free(text);
	*json = code == CLI_OK ? cJSON_Parse(answer.text) : NULL;
	if (code == CLI_OK && !*json)
		code = cli_explain_failure(cli, -EBADMSG);
	else if (code != CLI_OK || cli->quiet)
		; /* it was told, or the verb prints it */
	else if (cli->json && answer.text)
		print_json_text(cli->out, answer.text);
	else if (cli->dry_run)
		print_would(cli, *json);
	free(answer.text);
	return code;
}

enum cli_exit cli_get(struct cli *cli, const char *path, cJSON **json)
{
	const bool quiet = cli->quiet;
	enum cli_exit code;

	cli->quiet = true;
	code = cli_call(cli, IPC_GET, path, NULL, json);
	cli->quiet = quiet;
	return code;
}

enum cli_exit cli_ask_text(struct cli *cli, const char *path, struct client_answer *answer)
{
	return ask(cli, IPC_GET, path, NULL, answer);
}

enum cli_exit cli_list(
	struct cli *cli, const char *path, const char *name, json_each *each, void *argument)
{
	struct client_answer answer;
	enum cli_exit code = cli_ask_text(cli, path, &answer);

	if (code != CLI_OK || !answer.text)
		return code;
	if (cli->json && !cli->quiet)
		print_json_text(cli->out, answer.text);
	else if (json_each_item(answer.text, answer.size, name, each, argument) != 0)
		code = cli_explain_failure(cli, -EBADMSG);
	free(answer.text);
	return code;
}

int cli_try(struct cli *cli, const char *path, unsigned timeout_ms, int *status, cJSON **json)
{
	struct client *client = cli_client(cli);
	struct client_answer answer;
	int result =
		client ? client_call(client, IPC_GET, path, NULL, timeout_ms, &answer) : -ENOMEM;

	*json = NULL;
	if (result != 0)
		return result;
	*status = answer.status;
	*json = cJSON_Parse(answer.text);
	free(answer.text);
	return *json ? 0 : -EBADMSG;
}

/* Takes the text. */
static void print_text(struct cli *cli, char *text)
{
	fprintf(cli->out, "%s\n", text ? text : "{}");
	cJSON_free(text);
}

void cli_print_json(struct cli *cli, cJSON *json)
{
	print_text(cli, cJSON_Print(json));
	cJSON_Delete(json);
}

void cli_print_json_line(struct cli *cli, const cJSON *json)
{
	print_text(cli, cJSON_PrintUnformatted(json));
}

enum cli_exit cli_confirm(struct cli *cli, const char *format, ...)
{
	char question[MESSAGE_SIZE], visible[MESSAGE_SIZE], answer[16];
	va_list arguments;

	if (cli->yes || cli->dry_run)
		return CLI_OK;
	va_start(arguments, format);
	vsnprintf(question, sizeof(question), format, arguments);
	va_end(arguments);
	text_visible(visible, sizeof(visible), question);
	if (!cli->interactive)
		return cli_complain(cli, CLI_USAGE,
			"nobody can be asked here: %s --yes says yes, --dry-run shows what would "
			"be",
			visible);
	fflush(cli->out);
	fprintf(cli->error, "%s [y/N] ", visible);
	fflush(cli->error);
	if (!fgets(answer, sizeof(answer), cli->in))
		answer[0] = '\0';
	answer[strcspn(answer, "\r\n")] = '\0';
	if (strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0)
		return CLI_OK;
	return cli_complain(cli, CLI_FAILED, "nothing was done");
}

const char *cli_short_model(const char *model)
{
	static const char maker[] = "Raspberry ";

	return strncmp(model, maker, sizeof(maker) - 1) == 0 ? model + sizeof(maker) - 1 : model;
}

void cli_field(const struct cli *cli, const char *title, const char *format, ...)
{
	char text[MESSAGE_SIZE], visible[MESSAGE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_visible(visible, sizeof(visible), text);
	fprintf(cli->out, "%-*s", FIELD_TITLE_COLUMNS, title);
	table_print_wrapped(cli->out, visible, FIELD_TITLE_COLUMNS, cli->width);
	fputc('\n', cli->out);
}
