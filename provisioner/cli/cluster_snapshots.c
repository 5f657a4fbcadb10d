/* SPDX-License-Identifier: ISC */
/* bramble cluster snapshot, snapshots, restore, rebuild. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"
#include "provisioner/cli/cluster.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"
#include "provisioner/cluster/anew.h"
#include "provisioner/cluster/restore.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

typedef char snapshot_name[SNAPSHOT_NAME_SIZE];

static cJSON *describe(const struct snapshot *snapshot)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", snapshot->name);
	cJSON_AddNumberToObject(json, "made_ms", (double)snapshot->made_ms);
	cJSON_AddStringToObject(json, "reason", snapshot->reason);
	cJSON_AddStringToObject(json, "kubernetes", snapshot->kubernetes);
	cJSON_AddStringToObject(json, "cluster", snapshot->cluster);
	cJSON_AddNumberToObject(json, "revision", (double)snapshot->revision);
	cJSON_AddNumberToObject(json, "keys", (double)snapshot->keys);
	cJSON_AddNumberToObject(json, "bytes", (double)snapshot->bytes);
	cJSON_AddBoolToObject(json, "verified", snapshot->wrong[0] == '\0');
	cJSON_AddStringToObject(json, "wrong", snapshot->wrong);
	return json;
}

enum cli_exit cluster_snapshot_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "cluster snapshot",
		.text = "Keep what the control plane is now: what etcd holds, keys, credentials "
			"and\nconfiguration, in cluster-snapshots on the share. It is restored "
			"into a scratch\ndirectory to see that it can be.\n",
	};
	struct failure failure = { .text = "" };
	struct progress progress;
	struct settings settings;
	struct snapshot made;
	enum cli_exit code;

	if (!cluster_begin_change(cli, &syntax, argc, argv, &settings, &code,
		    "a snapshot of the control plane is made in cluster-snapshots on the share"))
		return code;
	progress_init(&progress);
	progress_begin(&progress, "snapshot");
	if (snapshot_make(&settings, "asked", &progress, &made, &failure) != 0) {
		progress_break(&progress);
		return cli_complain(cli, CLI_FAILED, "no snapshot was made: %s", failure.text);
	}
	progress_end(&progress, "%s", made.name);
	if (cli->json)
		cli_print_json(cli, describe(&made));
	else
		fprintf(cli->out, "Snapshot %s: %" PRId64 " keys, verified.\n", made.name,
			made.keys);
	return CLI_OK;
}

static void add_row(struct table *table, const cJSON *snapshot)
{
	bool verified = json_is_true(snapshot, "verified");
	char text[TEXT_UNIT_SIZE];

	table_row(table);
	table_cell(table, json_text(snapshot, "name"));
	text_age(json_integer(snapshot, "made_ms"), clock_wall_ms(), text);
	table_cell(table, verified ? text : "");
	table_cell(table, json_text(snapshot, "reason"));
	table_cell(table, json_text(snapshot, "kubernetes"));
	table_cellf(table, "%" PRId64, json_integer(snapshot, "keys"));
	text_bytes((uint64_t)json_integer(snapshot, "bytes"), text);
	table_cell(table, text);
	table_cell_colored(table, verified ? TABLE_GREEN : TABLE_RED, verified ? "yes" : "DAMAGED");
}

static enum cli_exit print_snapshots(struct cli *cli, const cJSON *list)
{
	static const struct table_column columns[] = { { "SNAPSHOT", false }, { "MADE", false },
		{ "WHY", false }, { "KUBERNETES", false }, { "KEYS", true }, { "SIZE", true },
		{ "VERIFIED", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *snapshot;
	int result = 0;

	if (!table)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	cJSON_ArrayForEach(snapshot, list)
	{
		add_row(table, snapshot);
	}
	if (table_rows(table) == 0)
		fputs("No snapshot yet; `bramble cluster snapshot` makes one.\n", cli->out);
	else
		result = table_print(table, cli->out, cli->width, cli->color);
	cJSON_ArrayForEach(snapshot, list)
	{
		if (!json_is_true(snapshot, "verified"))
			cli_field(cli, "Damaged", "%s: %s", json_text(snapshot, "name"),
				json_text(snapshot, "wrong"));
	}
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

/* Each of them is read and checked now. */
static int check_all(const struct settings *settings, cJSON *list, struct failure *failure)
{
	snapshot_name *names = calloc(SNAPSHOTS_LISTED, sizeof(*names));
	size_t n = 0;
	int result = names ? snapshot_names(settings, names, &n, failure)
			   : failure_set(failure, -ENOMEM, "out of memory");

	for (size_t i = 0; result == 0 && i < n; i++) {
		struct snapshot snapshot;

		result = snapshot_check(settings, names[i], &snapshot, failure);
		/* Pruned meanwhile. */
		if (result == -ENOENT)
			result = 0;
		else if (result == 0)
			cJSON_AddItemToArray(list, describe(&snapshot));
	}
	free(names);
	return result;
}

enum cli_exit cluster_snapshots_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "cluster snapshots",
		.text = "The snapshots of the control plane, each file of each of them read and "
			"checked now.\n",
	};
	struct failure failure = { .text = "" };
	struct settings settings;
	enum cli_exit code;
	cJSON *json, *list;

	if (!cluster_begin(cli, &syntax, argc, argv, &settings, &code))
		return code;
	json = cJSON_CreateObject();
	list = cJSON_AddArrayToObject(json, "snapshots");
	if (check_all(&settings, list, &failure) != 0)
		code = cli_complain(cli, CLI_FAILED, "%s", failure.text);
	else if (!cli->json)
		code = print_snapshots(cli, list);
	else
		cli_print_json_line(cli, json);
	cJSON_Delete(json);
	return code;
}

static enum cli_exit restore(struct cli *cli, const struct settings *settings, const char *name)
{
	struct failure failure = { .text = "" };
	struct restored restored;
	struct progress progress;
	cJSON *json;

	progress_init(&progress);
	if (cluster_restore(settings, name, &progress, &restored, &failure) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", failure.text);
	if (cli->json) {
		json = cJSON_CreateObject();
		cJSON_AddStringToObject(json, "restored", name);
		cJSON_AddStringToObject(json, "saved", restored.saved);
		cJSON_AddStringToObject(json, "kept", restored.kept);
		cli_print_json(cli, json);
		return CLI_OK;
	}
	fprintf(cli->out, "The control plane is as it was in snapshot %s, and ready.\n", name);
	if (restored.saved[0])
		fprintf(cli->out, "To take it back: bramble cluster restore %s\n", restored.saved);
	if (restored.kept[0])
		fprintf(cli->out, "What it was before lies in %s until you delete it.\n",
			restored.kept);
	return CLI_OK;
}

/* What would be done, and whether it can be. */
static enum cli_exit preview(struct cli *cli, const struct snapshot *snapshot)
{
	char made[TEXT_UNIT_SIZE];

	text_time(snapshot->made_ms, made);
	return cli_would(cli,
		"the control plane becomes what it was at %s in snapshot %s: %" PRId64
		" keys at revision %" PRId64 ", Kubernetes %s",
		made, snapshot->name, snapshot->keys, snapshot->revision, snapshot->kubernetes);
}

/* Shows, asks, does. */
static enum cli_exit propose(struct cli *cli, const struct settings *settings, const char *name)
{
	struct failure failure = { .text = "" };
	struct snapshot snapshot;
	enum cli_exit code;
	int result = snapshot_check(settings, name, &snapshot, &failure);

	if (result != 0)
		return cli_complain(
			cli, result == -ENOENT ? CLI_NOT_FOUND : CLI_FAILED, "%s", failure.text);
	if (snapshot.wrong[0])
		return cli_complain(cli, CLI_FAILED,
			"snapshot %s is damaged (%s); `bramble cluster snapshots` shows which are "
			"sound",
			name, snapshot.wrong);
	if (cli->dry_run)
		return preview(cli, &snapshot);
	code = cli_confirm(
		cli, "Go back to snapshot %s? (What is now is snapshotted first.)", name);
	if (code != CLI_OK)
		return code;
	code = cluster_seize(cli, settings, CLUSTER_RESTORE);
	return code == CLI_OK ? restore(cli, settings, name) : code;
}

enum cli_exit cluster_restore_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "cluster restore SNAPSHOT",
		.text = "Go back to a snapshot that \"bramble cluster snapshots\" lists, with its "
			"keys. What\nis now is snapshotted first; where etcd doesn't answer, it is "
			"put aside. An\ninterrupted restore is finished by the same call.\n",
		.min_words = 1,
		.max_words = 1,
	};
	struct settings settings;
	enum cli_exit code;

	if (!cluster_begin(cli, &syntax, argc, argv, &settings, &code))
		return code;
	return propose(cli, &settings, argv[0]);
}

/* From nothing. */
static enum cli_exit make_anew(struct cli *cli, const struct settings *settings)
{
	struct failure failure = { .text = "" };
	char kept[CLUSTER_PATH_SIZE];
	struct progress progress;
	enum cli_exit code;
	cJSON *json;

	code = cli_confirm(
		cli, "Begin a new, empty cluster? All nodes reboot and join it; objects are gone.");
	if (code != CLI_OK)
		return code;
	if (cli->dry_run)
		return cli_would(cli,
			"a new, empty cluster is created; %s/cluster is put aside as cluster.TIME",
			settings->share);
	code = cluster_seize(cli, settings, CLUSTER_ANEW);
	if (code != CLI_OK)
		return code;
	progress_init(&progress);
	if (cluster_make_anew(settings, &progress, kept, &failure) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", failure.text);
	if (cli->json) {
		json = cJSON_CreateObject();
		cJSON_AddStringToObject(json, "state", "ready");
		cJSON_AddStringToObject(json, "kept", kept);
		cli_print_json(cli, json);
		return CLI_OK;
	}
	fprintf(cli->out, "A new cluster is ready. Nodes that run see it, reboot and join it by "
			  "themselves; apply its\nobjects anew. Their data on the share is "
			  "untouched.\n");
	if (*kept)
		fprintf(cli->out, "What was before lies in %s until you delete it.\n", kept);
	return CLI_OK;
}

enum cli_exit cluster_rebuild_main(struct cli *cli, int argc, char **argv)
{
	bool anew = false;
	const struct args_option options[] = {
		{ "new", '\0', &anew, NULL, "begin a new, empty cluster" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "cluster rebuild [--new]",
		.text = "Bring a control plane back that is lost or damaged, from its newest sound "
			"snapshot.\nWhat is left of it is put aside. With --new it begins from "
			"nothing, with a new\nauthority: nodes reboot and join it by themselves, "
			"their data on the share stays.\n",
		.options = options,
	};
	struct failure failure = { .text = "" };
	struct settings settings;
	struct conf_error error;
	snapshot_name name;
	enum cli_exit code;

	if (!cluster_begin(cli, &syntax, argc, argv, &settings, &code))
		return code;
	if (anew) {
		/* With the programs that are configured, whatever runs now. */
		return settings_load(cli_config_path(cli), &settings, &error) == 0
			       ? make_anew(cli, &settings)
			       : cli_complain(cli, CLI_FAILED, "%s", error.text);
	}
	cluster_restore_pending(&settings, name);
	if (!*name && snapshot_find_newest(&settings, name, &failure) != 0)
		return cli_complain(cli, CLI_NOT_FOUND,
			"there is no sound snapshot of this cluster (`bramble cluster snapshots`); "
			"`bramble cluster rebuild --new` begins a new cluster, whose objects you "
			"apply again%s%.200s",
			failure.text[0] ? ": " : "", failure.text);
	return propose(cli, &settings, name);
}
