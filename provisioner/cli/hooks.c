/* SPDX-License-Identifier: ISC */
/* bramble hooks: executables that run when something happened. */
#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"
#include "provisioner/settings/settings.h"

#define PATH_SIZE 320
#define WORDS 24

static void add_hook(struct table *table, const cJSON *hook)
{
	const char *state = json_text(hook, "state");
	char age[TEXT_UNIT_SIZE] = "never";

	if (json_member(hook, "ended_ms"))
		text_age(json_integer(hook, "ended_ms"), clock_wall_ms(), age);
	table_row(table);
	table_cell(table, json_text(hook, "name"));
	table_cell_colored(table,
		strcmp(state, "failing") == 0 || strcmp(state, "unusable") == 0 ? TABLE_RED
										: TABLE_PLAIN,
		state);
	table_cellf(table, "%lld", (long long)json_integer(hook, "runs"));
	table_cellf(table, "%lld", (long long)json_integer(hook, "failures"));
	table_cell(table, age);
	table_cellf(table, "%s%s", json_text(hook, "text"),
		json_is_true(hook, "skipped") ? "; slower than events come: some were skipped"
					      : "");
}

enum cli_exit hooks_list_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "hooks list",
		.text = "The executables in hooks.d, and what came of their last run. States: idle "
			"running\nfailing unusable.\n",
	};
	static const struct table_column columns[] = { { "HOOK", false }, { "STATE", false },
		{ "RUNS", true }, { "FAILED", true }, { "LAST", false }, { "RESULT", false },
		{ .title = NULL } };
	struct table *table;
	const cJSON *hook;
	enum cli_exit code;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = cli_call(cli, IPC_GET, "/v1/hooks", NULL, &json);
	table = code == CLI_OK && !cli->json ? table_new(columns) : NULL;
	if (table) {
		cJSON_ArrayForEach(hook, json_member(json, "hooks"))
		{
			add_hook(table, hook);
		}
		if (!json_is_true(json, "running"))
			fprintf(cli->out,
				"bramble-hooks doesn't run; `bramble status` says why.\n");
		if (table_rows(table) == 0)
			fprintf(cli->out, "There is no hook in %s.\n", json_text(json, "path"));
		else if (table_print(table, cli->out, cli->width, cli->color) != 0)
			code = cli_complain(cli, CLI_FAILED, "out of memory");
	}
	table_free(table);
	cJSON_Delete(json);
	return code;
}

/* bramble-hooks does it, in the same cage; its output is ours. */
static enum cli_exit run(struct cli *cli, const char *const argv[])
{
	char *const environment[] = { NULL };
	pid_t pid;
	int status, error;

	fflush(cli->out);
	error = posix_spawn(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, environment);
	while (error == 0 && waitpid(pid, &status, 0) < 0)
		error = errno == EINTR ? 0 : errno;
	if (error != 0)
		return cli_complain(cli, CLI_FAILED, "can't run %s: %s", argv[0], strerror(error));
	return WIFEXITED(status) && WEXITSTATUS(status) <= CLI_NOT_FOUND
		       ? (enum cli_exit)WEXITSTATUS(status)
		       : cli_complain(cli, CLI_FAILED, "%s was ended", argv[0]);
}

struct wanted {
	const char *subject, *text, *only;
};

static enum cli_exit try_hooks(struct cli *cli, const char *kind, const struct wanted *wanted)
{
	struct settings settings;
	struct conf_error error;
	char program[PATH_SIZE], work[PATH_SIZE], timeout[24];
	const char *argv[WORDS] = { program, "--hooks", settings.hooks, "--work", work, "--user",
		"bramble-hooks", "--timeout", timeout, "--test", kind };
	size_t n = 11;

	if (settings_load(cli_config_path(cli), &settings, &error) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", error.text);
	if (geteuid() != 0)
		return cli_explain_failure(cli, -EACCES);
	snprintf(program, sizeof(program), "%s/bramble-hooks", settings.libexec);
	snprintf(work, sizeof(work), "%s/hooks", settings.run);
	snprintf(timeout, sizeof(timeout), "%lld", (long long)settings.hooks_timeout_s);
	argv[n++] = "--subject";
	argv[n++] = wanted->subject ? wanted->subject : "test";
	argv[n++] = "--text";
	argv[n++] = wanted->text ? wanted->text : "this didn't happen: hooks are tried";
	if (wanted->only) {
		argv[n++] = "--only";
		argv[n++] = wanted->only;
	}
	if (cli->json)
		argv[n++] = "--json";
	if (cli->dry_run)
		argv[n++] = "--dry-run";
	return run(cli, argv);
}

enum cli_exit hooks_test_main(struct cli *cli, int argc, char **argv)
{
	struct wanted wanted = { 0 };
	const struct args_option options[] = {
		{ "subject", '\0', NULL, &wanted.subject, "TEXT  such as the name of a node" },
		{ "text", '\0', NULL, &wanted.text, "TEXT     what happened, in words" },
		{ "only", '\0', NULL, &wanted.only, "HOOK     this one, whatever it hears of" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "hooks test KIND [--subject TEXT] [--text TEXT] [--only HOOK] "
			 "",
		.text = "Run the hooks that hear of such an event, now and one after another, as "
			"if it had\nhappened, and show what they say. KIND is such as "
			"\"node.joined\". Exit status 1: one\nfailed, 4: no hook hears of it. "
			"Works without brambled.\n",
		.min_words = 1,
		.max_words = 1,
		.options = options,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	return try_hooks(cli, argv[0], &wanted);
}
