/* SPDX-License-Identifier: ISC */
/* bramble cluster renew, and what `cluster status` says of certificates and snapshots. */
#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/cli/cluster.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"
#include "provisioner/cluster/certificates.h"
#include "provisioner/cluster/renew.h"
#include "provisioner/cluster/snapshot.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

void cluster_add_upkeep(const struct settings *settings, cJSON *json)
{
	struct certificate list[CERTIFICATES_LIMIT];
	struct failure failure = { .text = "" };
	cJSON *array = cJSON_AddArrayToObject(json, "certificates");
	struct cluster_paths paths;
	size_t n = 0;

	cluster_find_paths(settings, &paths);
	(void)certificates_read(&paths, list, &n, &failure);
	for (size_t i = 0; i < n; i++) {
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "name", list[i].name);
		cJSON_AddNumberToObject(item, "end_ms", (double)list[i].end_ms);
		cJSON_AddBoolToObject(item, "authority", list[i].authority);
		cJSON_AddBoolToObject(item, "due", certificate_is_due(&list[i], clock_wall_ms()));
		cJSON_AddItemToArray(array, item);
	}
	cJSON_AddNumberToObject(json, "newest_snapshot_ms", (double)snapshot_newest_ms(settings));
}

void cluster_print_upkeep(struct cli *cli, const cJSON *json)
{
	const cJSON *first = cJSON_GetArrayItem(json_member(json, "certificates"), 0);
	int64_t newest_ms = json_integer(json, "newest_snapshot_ms");
	char text[TEXT_UNIT_SIZE];

	if (first) {
		text_duration(json_integer(first, "end_ms") - clock_wall_ms(), text);
		cli_field(cli, "Certificates", "%s ends first, in %s; Bramble renews them before",
			json_text(first, "name"), text);
	}
	text_age(newest_ms, clock_wall_ms(), text);
	cli_field(cli, "Snapshot", "%s", newest_ms > 0 ? text : "none yet");
}

static enum cli_exit print_certificates(struct cli *cli, cJSON *json)
{
	static const struct table_column columns[] = { { "CERTIFICATE", false },
		{ "ENDS IN", true }, { "RENEWED", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *item;
	char text[TEXT_UNIT_SIZE];
	int result = table ? 0 : -1;

	cJSON_ArrayForEach(item, json_member(json, "certificates"))
	{
		if (!table)
			break;
		text_duration(json_integer(item, "end_ms") - clock_wall_ms(), text);
		table_row(table);
		table_cell(table, json_text(item, "name"));
		table_cell(table, text);
		table_cell(table, json_is_true(item, "authority") ? "no, an authority" : "yes");
	}
	if (result == 0)
		result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

enum cli_exit cluster_renew_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "cluster renew",
		.text = "Renew the certificates of the control plane now, by the same authority, "
			"and start\nits programs anew, one after another; what is now is "
			"snapshotted first.\nBramble does so by itself a month before they end. "
			"Copies of the administrator's\ncredentials stay valid until theirs do.\n",
	};
	struct failure failure = { .text = "" };
	struct progress progress;
	struct settings settings;
	enum cli_exit code;
	cJSON *json;

	if (!cluster_begin(cli, &syntax, argc, argv, &settings, &code))
		return code;
	/* Until when they are valid is what can be said before. */
	code = cli->dry_run ? CLI_OK : cluster_seize(cli, &settings, CLUSTER_CHANGE);
	if (code != CLI_OK)
		return code;
	progress_init(&progress);
	if (!cli->dry_run && cluster_renew(&settings, &progress, &failure) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", failure.text);
	json = cJSON_CreateObject();
	cluster_add_upkeep(&settings, json);
	if (cli->json) {
		cli_print_json(cli, json);
		return CLI_OK;
	}
	code = print_certificates(cli, json);
	cJSON_Delete(json);
	return code;
}
