/* SPDX-License-Identifier: ISC */
/* bramble cluster upgrade. */
#include <errno.h>
#include <string.h>

#include "provisioner/cli/cluster.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cluster/upgrade.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

static enum cli_exit tell(struct cli *cli, const char *state, const struct upgrade *upgrade)
{
	cJSON *json;

	if (!cli->json)
		return CLI_OK;
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "state", state);
	cJSON_AddStringToObject(json, "from", upgrade->from);
	cJSON_AddStringToObject(json, "to", upgrade->to);
	cJSON_AddStringToObject(json, "snapshot", upgrade->snapshot);
	cli_print_json(cli, json);
	return CLI_OK;
}

/* Says what would be done, or that nothing is. */
static enum cli_exit preview(struct cli *cli, const struct upgrade *upgrade, bool nothing)
{
	if (cli->json)
		return tell(cli, nothing ? "nothing to do" : "possible", upgrade);
	if (nothing) {
		fprintf(cli->out,
			"The control plane is %s, and so are the programs in %s "
			"(kubernetes.programs): nothing is to be done.\n",
			upgrade->from, upgrade->new_programs);
		return CLI_OK;
	}
	fprintf(cli->out,
		"Control plane: %s to %s, from %s to %s.\n"
		"A snapshot is made before; the API is away for some seconds, pods go on. If the "
		"new version isn't well within three minutes, the old one comes back.\n",
		upgrade->from, upgrade->to, upgrade->old_programs, upgrade->new_programs);
	return CLI_OK;
}

static enum cli_exit upgrade_now(
	struct cli *cli, const struct settings *settings, struct upgrade *upgrade)
{
	struct failure failure = { .text = "" };
	struct progress progress;
	int result;

	progress_init(&progress);
	result = cluster_upgrade(settings, upgrade, &progress, &failure);
	if (result != 0) {
		if (result == -ECANCELED)
			(void)tell(cli, "back", upgrade);
		return cli_complain(cli, CLI_FAILED, "%s", failure.text);
	}
	if (cli->json)
		return tell(cli, "upgraded", upgrade);
	fprintf(cli->out,
		"The control plane is %s. Nodes follow by an image with its kubelet: "
		"`bramble-image build kubernetes`, then `bramble rollout start kubernetes --to "
		"HASH`, which drains and reboots them in waves.\n"
		"To go back: set kubernetes.programs to %s, then bramble cluster restore %s.\n",
		upgrade->to, upgrade->old_programs, upgrade->snapshot);
	return CLI_OK;
}

enum cli_exit cluster_upgrade_main(struct cli *cli, int argc, char **argv)
{
	const char *to = NULL;
	const struct args_option options[] = {
		{ "to", '\0', NULL, &to, "VERSION  what kubernetes.programs must be" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "cluster upgrade [--to VERSION]",
		.text = "Bring the control plane to the version that lies in kubernetes.programs: "
			"snapshot,\nnew arguments, start. If it isn't well then, snapshot and old "
			"programs come back;\nso put each version into a directory of its own. An "
			"interrupted upgrade is finished\nby the same call. Nodes follow by a "
			"roll-out of their image.\n",
		.options = options,
	};
	struct failure failure = { .text = "" };
	struct settings settings;
	struct conf_error error;
	struct upgrade upgrade;
	enum cli_exit code;
	bool nothing;

	if (!cluster_begin(cli, &syntax, argc, argv, &settings, &code))
		return code;
	/* The programs of the configuration, not those of the cluster. */
	if (settings_load(cli_config_path(cli), &settings, &error) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", error.text);
	code = cli->dry_run ? CLI_OK : cluster_seize(cli, &settings, CLUSTER_UPGRADE);
	if (code != CLI_OK)
		return code;
	if (cluster_plan_upgrade(&settings, &upgrade, &failure) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", failure.text);
	if (to && strcmp(to, upgrade.to) != 0)
		return cli_complain(cli, CLI_FAILED, "%s (kubernetes.programs) holds %s, not %s",
			upgrade.new_programs, upgrade.to, to);
	nothing = strcmp(upgrade.from, upgrade.to) == 0;
	if (cli->dry_run || nothing)
		return preview(cli, &upgrade, nothing);
	code = cli_confirm(
		cli, "Upgrade the control plane from %s to %s?", upgrade.from, upgrade.to);
	return code == CLI_OK ? upgrade_now(cli, &settings, &upgrade) : code;
}
