/* SPDX-License-Identifier: ISC */
/* bramble cluster upgrade. */
#include <errno.h>
#include <string.h>

#include "provisioner/cli/cluster.h"
#include "provisioner/cli/cluster_follow.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cluster/upgrade.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

/* What was asked for, and what there is. */
struct order {
	const char *to; /* NULL: whatever kubernetes.programs holds */
	bool nodes;	/* they follow at once */
	struct rollout_wish wish;
	struct upgrade upgrade;
	struct followers followers;
};

static enum cli_exit tell(struct cli *cli, const char *state, const struct order *order)
{
	const struct upgrade *upgrade = &order->upgrade;
	cJSON *json;

	if (!cli->json)
		return CLI_OK;
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "state", state);
	cJSON_AddStringToObject(json, "from", upgrade->from);
	cJSON_AddStringToObject(json, "to", upgrade->to);
	cJSON_AddStringToObject(json, "snapshot", upgrade->snapshot);
	followers_add(&order->followers, json);
	cli_print_json(cli, json);
	return CLI_OK;
}

static bool is_there(const struct upgrade *upgrade)
{
	return strcmp(upgrade->from, upgrade->to) == 0;
}

/* Says what would be done, or that nothing is. */
static enum cli_exit preview(struct cli *cli, const struct order *order)
{
	const struct upgrade *upgrade = &order->upgrade;

	if (cli->json)
		return tell(cli, is_there(upgrade) ? "nothing to do" : "possible", order);
	if (is_there(upgrade))
		fprintf(cli->out,
			"The control plane is %s, and so are the programs in %s "
			"(kubernetes.programs): nothing is to be done.\n",
			upgrade->from, upgrade->new_programs);
	else
		fprintf(cli->out,
			"Control plane: %s to %s, from %s to %s.\n"
			"A snapshot is made before; the API is away for some seconds, pods go on. "
			"If the new version isn't well within three minutes, the old one comes "
			"back.\n",
			upgrade->from, upgrade->to, upgrade->old_programs, upgrade->new_programs);
	followers_print(cli, &order->followers, upgrade->to);
	return CLI_OK;
}

static enum cli_exit upgrade_now(
	struct cli *cli, const struct settings *settings, struct order *order)
{
	struct upgrade *upgrade = &order->upgrade;
	struct failure failure = { .text = "" };
	struct progress progress;
	int result;

	progress_init(&progress);
	result = cluster_upgrade(settings, upgrade, &progress, &failure);
	if (result == -ECANCELED)
		(void)tell(cli, "back", order);
	if (result != 0)
		return cli_complain(cli, CLI_FAILED, "%s", failure.text);
	if (!cli->json)
		fprintf(cli->out,
			"The control plane is %s. To go back: set kubernetes.programs to %s, then "
			"bramble cluster restore %s.\n",
			upgrade->to, upgrade->old_programs, upgrade->snapshot);
	return CLI_OK;
}

/* Control plane first; no kubelet may be newer. */
static enum cli_exit go(struct cli *cli, const struct settings *settings, struct order *order)
{
	bool there = is_there(&order->upgrade);
	enum cli_exit code =
		there ? cli_confirm(cli, "Reboot the nodes that run another kubelet than %s?",
				order->upgrade.to)
		      : cli_confirm(cli, "Upgrade the control plane from %s to %s%s?",
				order->upgrade.from, order->upgrade.to,
				order->nodes ? ", then reboot the nodes, in waves" : "");

	if (code == CLI_OK && !there)
		code = upgrade_now(cli, settings, order);
	if (code != CLI_OK)
		return code;
	cluster_let_go(cli); /* snapshots go on while nodes reboot */
	(void)tell(cli, there ? "nothing to do" : "upgraded", order);
	if (order->nodes && order->followers.n > 0)
		return followers_bring(
			cli, &order->followers, settings->share, order->upgrade.to, &order->wish);
	if (!cli->json)
		followers_print(cli, &order->followers, order->upgrade.to);
	return CLI_OK;
}

static enum cli_exit plan_and_go(
	struct cli *cli, const struct settings *settings, struct order *order)
{
	struct upgrade *upgrade = &order->upgrade;
	struct failure failure = { .text = "" };
	enum cli_exit code = cli->dry_run ? CLI_OK : cluster_seize(cli, settings, CLUSTER_UPGRADE);

	if (code != CLI_OK)
		return code;
	if (cluster_plan_upgrade(settings, upgrade, &failure) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", failure.text);
	if (order->to && strcmp(order->to, upgrade->to) != 0)
		return cli_complain(cli, CLI_FAILED, "%s (kubernetes.programs) holds %s, not %s",
			upgrade->new_programs, upgrade->to, order->to);
	code = followers_find(cli, settings->share, upgrade->to, &order->followers);
	/* Before anything is begun. */
	if (code == CLI_OK && order->nodes && !cli->dry_run)
		code = followers_check(cli, &order->followers, upgrade->to);
	if (code != CLI_OK)
		return code;
	if (cli->dry_run || (is_there(upgrade) && (!order->nodes || order->followers.n == 0)))
		return preview(cli, order);
	return go(cli, settings, order);
}

enum cli_exit cluster_upgrade_main(struct cli *cli, int argc, char **argv)
{
	struct order order = { .to = NULL };
	struct rollout_wish *wish = &order.wish;
	const struct args_option options[] = {
		{ "to", '\0', NULL, &order.to, "VERSION  what kubernetes.programs must be" },
		{ "nodes", '\0', &order.nodes, NULL, "then roll it out to the nodes" },
		{ "wave", '\0', NULL, &wish->waves, "LIST  as of `bramble rollout`" },
		{ "max-unavailable", '\0', NULL, &wish->max_unavailable, "NUMBER  likewise" },
		{ "within", '\0', NULL, &wish->within, "TIME  likewise" },
		{ "no-watch", '\0', &wish->no_watch, NULL, "likewise" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "cluster upgrade [--to VERSION] [--nodes] [--wave LIST]\n"
			 "       [--max-unavailable NUMBER] [--within TIME] [--no-watch]",
		.text = "Bring the control plane to the version that lies in kubernetes.programs: "
			"snapshot,\nnew arguments, start. If it isn't well then, snapshot and old "
			"programs come back;\nso put each version into a directory of its own. An "
			"interrupted upgrade is finished\nby the same call. With --nodes the "
			"newest version of their image that has the same\nkubelet goes to the "
			"nodes that run another one: drained and rebooted in waves.\n",
		.options = options,
	};
	struct settings settings;
	struct conf_error error;
	enum cli_exit code;

	if (!cluster_begin(cli, &syntax, argc, argv, &settings, &code))
		return code;
	if (!order.nodes &&
		(wish->waves || wish->max_unavailable || wish->within || wish->no_watch))
		return cli_complain(cli, CLI_USAGE,
			"--wave, --max-unavailable, --within and --no-watch go with --nodes");
	code = rollout_check_wish(cli, wish);
	if (code != CLI_OK)
		return code;
	/* The programs of the configuration, not those of the cluster. */
	if (settings_load(cli_config_path(cli), &settings, &error) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", error.text);
	code = plan_and_go(cli, &settings, &order);
	followers_free(&order.followers);
	return code;
}
