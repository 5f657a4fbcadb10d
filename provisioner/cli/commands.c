/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/commands.h"

#include <string.h>

#include "provisioner/cli/complete.h"

/* What a verb does (traits of struct cli_command), and the name of its answer in docs/schema.json.
 */
static const struct cli_command node_commands[] = {
	{ "list", node_list_main, "All nodes, or some, and how they are", CLI_NODES, "nodes",
		NULL },
	{ "show", node_show_main, "Nodes, each with its history", CLI_NODES, "node", NULL },
	{ "admit", node_admit_main, "Let a parked board join", CLI_CHANGES, "node", NULL },
	{ "replace", node_replace_main, "Give a node another board", CLI_CHANGES | CLI_NODES,
		"node", NULL },
	{ "undo", node_undo_main, "Give nodes back the boards that they had",
		CLI_CHANGES | CLI_NODES, "node", NULL },
	{ "reboot", node_reboot_main, "Let running nodes reboot", CLI_CHANGES | CLI_NODES, "order",
		NULL },
	{ "health", node_health_main, "How they were in the last hour", CLI_NODES, "health", NULL },
	{ "identify", node_identify_main, "Let the LED of running nodes blink",
		CLI_CHANGES | CLI_NODES, "order", NULL },
	{ "scratch-format", node_scratch_format_main, "Make a local disk a node's scratch space",
		CLI_CHANGES | CLI_ASKS | CLI_NODES, "order", NULL },
	{ "cordon", node_cordon_main, "Leave nodes out", CLI_CHANGES | CLI_NODES, "node", NULL },
	{ "uncordon", node_uncordon_main, "Let them take part again", CLI_CHANGES | CLI_NODES,
		"node", NULL },
	{ "retry", node_retry_main, "Try again the version from which they fell back",
		CLI_CHANGES | CLI_NODES, "node", NULL },
	{ "note", node_note_main, "Keep a note with nodes", CLI_CHANGES | CLI_NODES, "node", NULL },
	{ "forget", node_forget_main, "Remove nodes", CLI_CHANGES | CLI_ASKS | CLI_NODES, "nothing",
		NULL },
	{ .name = NULL },
};

static const struct cli_command board_commands[] = {
	{ "list", board_list_main, "All boards that were ever seen", 0, "boards", NULL },
	{ "show", board_show_main, "One board", 0, "board", NULL },
	{ "note", board_note_main, "Keep a note with a board", CLI_CHANGES, "board", NULL },
	{ .name = NULL },
};

static const struct cli_command rules_commands[] = {
	{ "list", rules_list_main, "The rules of bramble.conf", 0, "rules", NULL },
	{ "test", rules_test_main, "What a board would become, and by which rule", 0, "rule_test",
		NULL },
	{ .name = NULL },
};

static const struct cli_command boot_commands[] = {
	{ "list", boot_list_main, "Boots, newest first", CLI_NODES, "boots", NULL },
	{ "show", boot_show_main, "One boot with its timeline, and why it stopped", 0, "boot_steps",
		NULL },
	{ "watch", boot_watch_main, "Boots as they go on", CLI_FOLLOWS, "boot", NULL },
	{ "latest", boot_latest_main, "The timelines of nodes' newest boots", CLI_NODES,
		"boot_steps", NULL },
	{ .name = NULL },
};

static const struct cli_command hooks_commands[] = {
	{ "list", hooks_list_main, "The hooks and what came of them", 0, "hooks", NULL },
	{ "test", hooks_test_main, "Run them now", CLI_CHANGES | CLI_ALONE, "hook_trial", NULL },
	{ .name = NULL },
};

static const struct cli_command image_commands[] = {
	{ "list", image_list_main, "The images and their versions", 0, "images", NULL },
	{ "build", image_build_main, "Build a version by a recipe", CLI_CHANGES, "job", NULL },
	{ "show", image_show_main, "What is in a version", 0, "image_contents", NULL },
	{ "diff", image_diff_main, "What a version has otherwise, or a reboot changes", 0,
		"image_difference", NULL },
	{ "verify", image_verify_main, "Hash versions again: is one damaged?", 0,
		"image_verification", NULL },
	{ "export", image_export_main, "Write a version into one file", 0, "image_file", NULL },
	{ "import", image_import_main, "Take a version from such a file", CLI_CHANGES | CLI_ALONE,
		"image_arrival", NULL },
	{ "pin", image_pin_main, "Keep a version, whatever needs it", CLI_CHANGES, "image_pin",
		NULL },
	{ "unpin", image_unpin_main, "Let go of it", CLI_CHANGES, "image_pin", NULL },
	{ "use", image_use_main, "Make a version current", CLI_CHANGES, "images", NULL },
	{ "rollback", image_rollback_main, "Make the previous version current again", CLI_CHANGES,
		"images", NULL },
	{ "gc", image_gc_main, "Remove versions that nothing needs", CLI_CHANGES | CLI_ASKS,
		"sweep", NULL },
	{ .name = NULL },
};

const struct cli_command commands_rollout[] = {
	{ "start", rollout_start_main, "Begin one; the word may be left out", CLI_CHANGES,
		"rollout", NULL },
	{ "status", rollout_status_main, "How it goes", 0, "rollout", NULL },
	{ "list", rollout_list_main, "The roll-outs that were", 0, "rollouts", NULL },
	{ "pause", rollout_pause_main, "Begin no further node", CLI_CHANGES, "rollout", NULL },
	{ "resume", rollout_resume_main, "Go on", CLI_CHANGES, "rollout", NULL },
	{ "abort", rollout_abort_main, "End it before its end", CLI_CHANGES, "rollout", NULL },
	{ .name = NULL },
};

static const struct cli_command cluster_commands[] = {
	{ "create", cluster_create_main, "Create the control plane, or finish it",
		CLI_CHANGES | CLI_CLUSTER, "cluster_result", NULL },
	{ "status", cluster_status_main, "Its processes and nodes", CLI_CLUSTER, "cluster", NULL },
	{ "kubeconfig", cluster_kubeconfig_main, "Print the administrator's credentials",
		CLI_CLUSTER, "kubeconfig", NULL },
	{ "snapshot", cluster_snapshot_main, "Keep what it is now, with its keys",
		CLI_CHANGES | CLI_CLUSTER, "snapshot", NULL },
	{ "snapshots", cluster_snapshots_main, "Its snapshots: when, how large, sound or not",
		CLI_CLUSTER, "snapshots", NULL },
	{ "restore", cluster_restore_main, "Go back to a snapshot",
		CLI_CHANGES | CLI_ASKS | CLI_CLUSTER, "restored", NULL },
	{ "rebuild", cluster_rebuild_main, "Bring a lost one back, from the newest snapshot",
		CLI_CHANGES | CLI_ASKS | CLI_CLUSTER, "restored", NULL },
	{ "upgrade", cluster_upgrade_main, "Bring it to another version of Kubernetes",
		CLI_CHANGES | CLI_ASKS | CLI_CLUSTER, "upgrade", NULL },
	{ "renew", cluster_renew_main, "Renew its certificates now", CLI_CHANGES | CLI_CLUSTER,
		"upkeep", NULL },
	{ "reset", cluster_reset_main, "End it and put its data aside",
		CLI_CHANGES | CLI_ASKS | CLI_CLUSTER, "cluster_result", NULL },
	{ .name = NULL },
};

static const struct cli_command state_commands[] = {
	{ "backups", state_backups_main, "Its backups: when, how large, sound or not", 0, "backups",
		NULL },
	{ "backup", state_backup_main, "Make a backup now", CLI_CHANGES, "backup", NULL },
	{ "restore", state_restore_main, "Go back to a backup", CLI_CHANGES | CLI_ASKS,
		"replacement", NULL },
	{ "export", state_export_main, "All of it as text, for diff and for git", 0, "export",
		NULL },
	{ "import", state_import_main, "Put a text in its place", CLI_CHANGES | CLI_ASKS,
		"replacement", NULL },
	{ .name = NULL },
};

static const struct cli_command config_commands[] = {
	{ "check", config_check_main, "Find every mistake in bramble.conf", CLI_ALONE,
		"config_check", NULL },
	{ "show", config_show_main, "Every setting with its value, or what nodes are set to",
		CLI_ALONE | CLI_NODES, "settings", NULL },
	{ "diff", config_diff_main, "What an edit would change, on which nodes", 0, "comparison",
		NULL },
	{ "apply", config_apply_main, "Take it over, on running nodes as well",
		CLI_CHANGES | CLI_ASKS, "comparison", NULL },
	{ .name = NULL },
};

static const struct cli_command addon_commands[] = {
	{ "list", addon_list_main, "Which there are, and how they are in the cluster", CLI_ALONE,
		"addons", NULL },
	{ "show", addon_show_main, "Its manifests as the cluster gets them", CLI_ALONE, "addon",
		NULL },
	{ "diff", addon_diff_main, "How the cluster differs from them", CLI_ALONE | CLI_CLUSTER,
		"addon_diff", NULL },
	{ "apply", addon_apply_main, "Bring them to the cluster now", CLI_CHANGES | CLI_CLUSTER,
		"addon_results", NULL },
	{ "remove", addon_remove_main, "Take one away from the cluster",
		CLI_CHANGES | CLI_ASKS | CLI_CLUSTER, "addon_results", NULL },
	{ "images", addon_images_main, "The container images they need, for a mirror", CLI_ALONE,
		"addon_images", NULL },
	{ .name = NULL },
};

const struct cli_command commands_table[] = {
	{ "status", status_main, "How Bramble is doing, in one page", 0, "status", NULL },
	{ "doctor", doctor_main, "Check everything; what is wrong and what to do", CLI_ALONE,
		"doctor", NULL },
	{ "node", NULL, "Nodes: list, show, admit, replace, reboot, identify ...", 0, NULL,
		node_commands },
	{ "board", NULL, "Boards: list, show, note", 0, NULL, board_commands },
	{ "rules", NULL, "What boards become by bramble.conf: list, test", 0, NULL,
		rules_commands },
	{ "admit", admit_main, "Let unknown boards in for a while", CLI_CHANGES, "admission",
		NULL },
	{ "import", import_main, "Announce boards by a list", CLI_CHANGES, "admission", NULL },
	{ "boot", NULL, "Boots, each with its timeline: list, show, watch, latest", 0, NULL,
		boot_commands },
	{ "events", events_main, "What happened; -f goes on as it happens", CLI_FOLLOWS, "events",
		NULL },
	{ "hooks", NULL, "Executables that run on events: list, test", 0, NULL, hooks_commands },
	{ "image", NULL, "Images that nodes run: build, list, use, diff, gc ...", 0, NULL,
		image_commands },
	{ "rollout", rollout_main, "Bring a version to the nodes in waves: start, status ...", 0,
		NULL, commands_rollout },
	{ "cluster", NULL, "Kubernetes: create, status, snapshot, restore ...", 0, NULL,
		cluster_commands },
	{ "addon", NULL, "What the cluster gets: list, show, diff, apply ...", 0, NULL,
		addon_commands },
	{ "state", NULL, "The registry: backups, backup, restore, export, import", 0, NULL,
		state_commands },
	{ "config", NULL, "bramble.conf: check, show, diff, apply", 0, NULL, config_commands },
	{ "version", version_main, "The version of Bramble", CLI_ALONE, "version", NULL },
	{ "help", help_main, "Explain a verb: bramble help node admit", CLI_ALONE, NULL, NULL },
	{ .name = NULL },
};

static void print_help(FILE *out)
{
	fprintf(out, "Usage: bramble [--config FILE] [--json] VERB ...\n\n");
	cli_print_commands(out, commands_table, "");
	fprintf(out, "\nbramble VERB --help explains one of them; bramble(8) explains all.\n"
		     "Exit status: 0 done, 1 failed or refused, 2 wrong usage, 3 brambled isn't\n"
		     "reachable, 4 there is no such node, board, boot or other thing.\n");
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
	return cli_dispatch(cli, commands_table, "", argc, argv);
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
	code = cli_dispatch(
		cli, commands_table, "", words - cli->completing, argv + 1 + cli->completing);
	cli_free(cli);
	if (fflush(cli->out) != 0 && code == CLI_OK)
		code = cli_complain(cli, CLI_FAILED, "the output can't be written");
	return code;
}
