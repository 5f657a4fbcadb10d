/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/commands.h"

#include <string.h>

#include "provisioner/cli/complete.h"

static const struct cli_command commands[] = {
	{ "status", status_main, "How Bramble is doing, in one page" },
	{ "node", node_main, "Nodes: list, show, admit, replace, reboot, identify ..." },
	{ "board", board_main, "Boards: list, show" },
	{ "rules", rules_main, "What boards become by bramble.conf: list, test" },
	{ "admit", admit_main, "Let unknown boards in for a while" },
	{ "import", import_main, "Announce boards by a list" },
	{ "boot", boot_main, "Boots, each with its timeline: list, show, watch, latest" },
	{ "events", events_main, "What happened; -f goes on as it happens" },
	{ "hooks", hooks_main, "Executables that run on events: list, test" },
	{ "image", image_main, "Images that nodes run: list, use, rollback, gc" },
	{ "rollout", rollout_main,
		"Bring a version to the nodes in waves: start, status, pause ..." },
	{ "cluster", cluster_main, "Kubernetes: create, status, snapshot, restore ..." },
	{ "state", state_main, "The registry: backups, backup, restore, export, import" },
	{ "config", config_main, "bramble.conf: check, show, diff, apply" },
	{ "version", version_main, "The version of Bramble" },
	{ "help", help_main, "Explain a verb: bramble help node admit" },
	{ .name = NULL },
};

static void print_help(FILE *out)
{
	fprintf(out, "Usage: bramble [--config FILE] [--json] VERB ...\n\n");
	cli_print_commands(out, commands, "");
	fprintf(out, "\nbramble VERB --help explains one of them; bramble(8) explains all.\n"
		     "Exit status: 0 done, 1 failed or refused, 2 wrong usage, 3 brambled isn't\n"
		     "reachable, 4 there is no such node, board, boot or image.\n");
}

enum cli_exit version_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = { .usage = "version [--json]" };
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	fprintf(cli->out, cli->json ? "{\"version\":\"%s\"}\n" : "bramble %s\n", BRAMBLE_VERSION);
	return CLI_OK;
}

/* `bramble help node admit` is `bramble node admit --help`. */
enum cli_exit help_main(struct cli *cli, int argc, char **argv)
{
	if (argc == 0 || strcmp(argv[0], "help") == 0) {
		print_help(cli->out);
		return CLI_OK;
	}
	cli->help = true;
	return cli_dispatch(cli, commands, "", argc, argv);
}

enum cli_exit commands_run(struct cli *cli, int argc, char **argv)
{
	bool version = false;
	const struct args_option options[] = {
		{ "json", '\0', &cli->json, NULL, "" },
		{ "config", '\0', NULL, &cli->config, "" },
		{ "help", 'h', &cli->help, NULL, "" },
		{ "version", 'V', &version, NULL, "" },
		{ .name = NULL },
	};
	char error[ARGS_ERROR_SIZE];
	enum cli_exit code;
	int words = args_parse(argc - 1, argv + 1, options, true, error);

	if (words < 0)
		return cli_complain(
			cli, CLI_USAGE, "%s; \"bramble --help\" lists what there is", error);
	if (version)
		return version_main(cli, 0, argv);
	if (words == 0) {
		print_help(cli->help ? cli->out : cli->error);
		return cli->help ? CLI_OK : CLI_USAGE;
	}
	cli->completing = strcmp(argv[1], COMPLETE_VERB) == 0;
	code = cli_dispatch(cli, commands, "", words - cli->completing, argv + 1 + cli->completing);
	cli_free(cli);
	if (fflush(cli->out) != 0 && code == CLI_OK)
		code = cli_complain(cli, CLI_FAILED, "the output can't be written");
	return code;
}
