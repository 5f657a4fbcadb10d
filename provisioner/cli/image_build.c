/* SPDX-License-Identifier: ISC */
/* bramble image build: brambled builds, this watches. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "common/str.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/text.h"

#define NOTE_COLUMNS 50

static void print_step(const struct cli *cli, const cJSON *step, const char *begin, const char *end)
{
	const cJSON *seconds = json_member(step, "seconds");
	char text[256];

	text_visible(text, sizeof(text), json_text(step, "text"));
	if (*end == '\0') /* one that goes on, in one line of a terminal */
		text[text_bytes_of_columns(text, NOTE_COLUMNS)] = '\0';
	fprintf(cli->out, "%s  %-12s %6.1f s  %s%s", begin, json_text(step, "name"),
		cJSON_IsNumber(seconds) ? seconds->valuedouble : 0, text, end);
}

/* What is new since `*shown` steps were shown; on a terminal also what goes on. */
static void show(const struct cli *cli, const cJSON *job, int *shown)
{
	const cJSON *steps = json_member(job, "steps"), *step = json_member(job, "step");
	const char *begin = cli->interactive ? "\r\033[K" : "";

	for (; *shown < cJSON_GetArraySize(steps); (*shown)++)
		print_step(cli, cJSON_GetArrayItem(steps, *shown), begin, "\n");
	if (cli->interactive && step)
		print_step(cli, step, begin, "");
	else if (cli->interactive)
		fputs(begin, cli->out);
	fflush(cli->out);
}

static enum cli_exit conclude(struct cli *cli, const cJSON *job)
{
	const char *state = json_text(job, "state");

	if (strcmp(state, "done") != 0)
		return cli->json ? CLI_FAILED
				 : cli_complain(cli, CLI_FAILED, "image %s wasn't built: %s",
					   json_text(job, "image"), json_text(job, "error"));
	if (!cli->json)
		fprintf(cli->out,
			json_is_true(job, "existed")
				? "Nothing has changed: it is version %.12s, which is there.\n"
				: "Version %.12s is there. `bramble rollout` brings it to the "
				  "nodes.\n",
			json_text(job, "hash"));
	return CLI_OK;
}

/* Until it has ended; `job` is what it was like, and is deleted. */
static enum cli_exit watch(struct cli *cli, const char *path, cJSON *job)
{
	const struct timespec pause = { .tv_sec = 1 };
	enum cli_exit code;
	int shown = 0, status, result;

	for (;;) {
		if (!cli->json)
			show(cli, job, &shown);
		if (strcmp(json_text(job, "state"), "running") != 0)
			break;
		cJSON_Delete(job);
		nanosleep(&pause, NULL);
		result = cli_try(cli, path, CLIENT_TIMEOUT_MS, &status, &job);
		if (result != 0)
			return cli_explain_failure(cli, result);
	}
	code = conclude(cli, job);
	if (cli->json)
		cli_print_json(cli, job);
	else
		cJSON_Delete(job);
	return code;
}

static enum cli_exit cancel(struct cli *cli, const char *name, const char *path)
{
	enum cli_exit code;
	cJSON *json;

	code = cli_call(cli, IPC_DELETE, path, NULL, &json);
	if (code == CLI_OK && cli_tells(cli))
		fprintf(cli->out, "The build of %s ends; nothing is published.\n", name);
	cJSON_Delete(json);
	return code;
}

static enum cli_exit begin(struct cli *cli, const char *name, const char *path, bool watching)
{
	bool json_wanted = cli->json;
	enum cli_exit code;
	cJSON *job;

	/* Who watches with --json gets one answer: the last. */
	cli->json = json_wanted && (!watching || cli->dry_run);
	code = cli_call(cli, IPC_POST, path, NULL, &job);
	cli->json = json_wanted;
	if (code != CLI_OK || cli->dry_run) {
		cJSON_Delete(job);
		return code;
	}
	if (!cli->json)
		fprintf(cli->out, "%s %s being built%s\n", name,
			json_is_true(job, "begun") ? "is" : "is already",
			watching ? "; Ctrl-C ends only the watching." : ".");
	if (watching)
		return watch(cli, path, job);
	cJSON_Delete(job);
	if (!cli->json)
		fprintf(cli->out, "`bramble image build %s --watch` shows how far it is.\n", name);
	return CLI_OK;
}

enum cli_exit image_build_main(struct cli *cli, int argc, char **argv)
{
	bool watching = false, cancelling = false;
	const struct args_option options[] = {
		{ "watch", 'w', &watching, NULL, "show it until it has ended" },
		{ "cancel", '\0', &cancelling, NULL, "end the build that goes on" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "image build IMAGE",
		.text = "Build a version of an image by its recipe, images/NAME.conf beside "
			"bramble.conf.\nBramble builds; closing the terminal doesn't end it. Where "
			"it "
			"is being built\nalready, no second build begins, and --watch shows the "
			"first. Exit status with\n--watch: 0 when a version came of it, or is "
			"there "
			"already.\n",
		.min_words = 1,
		.max_words = 1,
		.options = options,
	};
	char path[IPC_PATH_SIZE];
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!str_is_node_name(argv[0]))
		return cli_complain(cli, CLI_USAGE,
			"\"%s\" is no name of an image; allowed: lower-case letters, digits and "
			"'-'",
			argv[0]);
	if (watching && cancelling)
		return cli_complain(cli, CLI_USAGE, "either --watch or --cancel");
	snprintf(path, sizeof(path), "/v1/images/%s/build", argv[0]);
	return cancelling ? cancel(cli, argv[0], path) : begin(cli, argv[0], path, watching);
}
