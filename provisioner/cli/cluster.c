/* SPDX-License-Identifier: ISC */
/* bramble cluster: Kubernetes on the router. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/cli/cluster.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"
#include "provisioner/cluster/anew.h"
#include "provisioner/cluster/cluster.h"
#include "provisioner/cluster/lock.h"
#include "provisioner/cluster/place.h"
#include "provisioner/cluster/processes.h"
#include "provisioner/cluster/restore.h"
#include "provisioner/cluster/upgrade.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

#define KUBECONFIG_LIMIT 65536u
#define STOP_TRIES 200u
#define STOP_WAIT_US 100000
#define ANSWER_SIZE (1u << 20)

bool cluster_begin(struct cli *cli, const struct cli_syntax *syntax, int argc, char **argv,
	struct settings *settings, enum cli_exit *code)
{
	struct conf_error error;

	if (!cli_arguments(cli, syntax, argc, argv, code))
		return false;
	if (settings_load(cli_config_path(cli), settings, &error) != 0)
		*code = cli_complain(cli, CLI_FAILED, "%s", error.text);
	else if (settings->kubernetes_engine == ENGINE_NONE)
		*code = cli_complain(cli, CLI_FAILED,
			"%s asks for no cluster: kubernetes.engine is \"none\"; set it to "
			"\"kubeadm\" and restart Bramble",
			cli_config_path(cli));
	else {
		cluster_follow_programs(settings);
		return true;
	}
	return false;
}

/* What brambled says of itself; CLI_OK with *status, which the caller deletes. */
static enum cli_exit cluster_ask_status(struct cli *cli, cJSON **status)
{
	int http, result = cli_try(cli, "/v1/status", CLIENT_TIMEOUT_MS, &http, status);

	return result == 0 ? CLI_OK : cli_explain_failure(cli, result);
}

enum cli_exit cluster_seize(
	struct cli *cli, const struct settings *settings, enum cluster_change change)
{
	struct failure failure = { .text = "" };
	char pending[SNAPSHOT_NAME_SIZE];
	enum cli_exit code;
	cJSON *status;

	if (geteuid() != 0)
		return cli_complain(cli, CLI_FAILED, "only root may change the cluster; use sudo");
	/* It runs what is made. */
	code = cluster_ask_status(cli, &status);
	if (code != CLI_OK)
		return code;
	cJSON_Delete(status);
	cli->cluster_lock = cluster_lock(settings, true, &failure);
	if (cli->cluster_lock < 0)
		return cli_complain(cli, CLI_FAILED, "%s", failure.text);
	if (cluster_upgrade_pending(settings) && change != CLUSTER_UPGRADE)
		return cli_complain(cli, CLI_FAILED,
			"an upgrade was interrupted; `bramble cluster upgrade` finishes it");
	if (change == CLUSTER_UPGRADE && cluster_upgrade_pending(settings))
		return CLI_OK;
	cluster_restore_pending(settings, pending);
	if (*pending && change != CLUSTER_RESTORE)
		return cli_complain(cli, CLI_FAILED,
			"a restore of %s was interrupted; `bramble cluster restore %s` finishes it",
			pending, pending);
	if (cluster_is_made_anew(settings) && change != CLUSTER_ANEW)
		return cli_complain(cli, CLI_FAILED,
			"a new cluster was begun and isn't complete; `bramble cluster rebuild "
			"--new` finishes it");
	return CLI_OK;
}

void cluster_let_go(struct cli *cli)
{
	if (cli->cluster_lock > 0)
		close(cli->cluster_lock);
	cli->cluster_lock = 0;
}

bool cluster_begin_change(struct cli *cli, const struct cli_syntax *syntax, int argc, char **argv,
	struct settings *settings, enum cli_exit *code, const char *would)
{
	if (!cluster_begin(cli, syntax, argc, argv, settings, code))
		return false;
	*code = cli->dry_run ? cli_would(cli, "%s", would)
			     : cluster_seize(cli, settings, CLUSTER_CHANGE);
	return !cli->dry_run && *code == CLI_OK;
}

static enum cli_exit print_result(struct cli *cli, const char *state, const char *path)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "state", state);
	cJSON_AddStringToObject(json, "path", path);
	cli_print_json(cli, json);
	return CLI_OK;
}

enum cli_exit cluster_create_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "cluster create",
		.text = "Create a Kubernetes control plane on this router, as bramble.conf "
			"describes it, or\nfinish what an earlier run began. Running it again "
			"changes nothing.\n",
	};
	struct failure failure = { .text = "" };
	struct progress progress;
	struct settings settings;
	struct cluster_paths paths;
	enum cli_exit code;

	if (!cluster_begin_change(cli, &syntax, argc, argv, &settings, &code,
		    "a control plane is created, or what an earlier run began is finished"))
		return code;
	progress_init(&progress);
	if (cluster_create(&settings, &progress, &failure) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", failure.text);
	cluster_find_paths(&settings, &paths);
	if (cli->json)
		return print_result(cli, "ready", paths.admin);
	fprintf(cli->out, "The control plane is ready. `bramble cluster kubeconfig` prints the "
			  "administrator's credentials.\n");
	return CLI_OK;
}

enum cli_exit cluster_kubeconfig_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "cluster kubeconfig",
		.text = "Print the administrator's credentials, for ~/.kube/config. Whoever has "
			"them rules\nthe cluster.\n",
	};
	struct settings settings;
	struct cluster_paths paths;
	enum cli_exit code;
	cJSON *json;
	char *text;
	size_t size;
	int result;

	if (!cluster_begin(cli, &syntax, argc, argv, &settings, &code))
		return code;
	cluster_find_paths(&settings, &paths);
	result = file_read(paths.admin, KUBECONFIG_LIMIT, &text, &size);
	if (result == -ENOENT)
		return cli_complain(cli, CLI_NOT_FOUND,
			"there is no cluster yet; `bramble cluster create` makes one");
	if (result != 0)
		return cli_complain(
			cli, CLI_FAILED, "can't read %s: %s", paths.admin, strerror(-result));
	if (cli->json) {
		json = cJSON_CreateObject();
		cJSON_AddStringToObject(json, "kubeconfig", text);
		cli_print_json(cli, json);
	} else {
		fwrite(text, 1, size, cli->out);
	}
	free(text);
	return CLI_OK;
}

/* Does brambled run this process? `json` is the answer of /v1/status. */
static const cJSON *find_process(const cJSON *json, const char *name)
{
	const cJSON *process;

	cJSON_ArrayForEach(process, json_member(json, "processes"))
	{
		if (strcmp(json_text(process, "name"), name) == 0)
			return process;
	}
	return NULL;
}

static const char *state_of(const cJSON *process)
{
	return process ? json_text(process, "state") : "absent";
}

/* The i-th that runs here; NULL behind the last. */
static const char *process_name(const struct place *place, size_t i)
{
	if (!place->node[0])
		return i < PROCESSES_COUNT ? processes_names[i] : NULL;
	if (i == 0)
		return PLACE_FORWARDER;
	i += PLACE_PROCESSES - 1;
	return i < PROCESSES_COUNT ? processes_names[i] : NULL;
}

static const char *judge(const struct cluster_paths *paths, const struct place *place,
	const cJSON *status, bool answers)
{
	const char *name;

	if (access(paths->base, F_OK) != 0)
		return "none";
	if (access(paths->processes, F_OK) != 0)
		return "incomplete";
	for (size_t i = 0; (name = process_name(place, i)); i++) {
		if (strcmp(state_of(find_process(status, name)), "running") != 0)
			return "down";
	}
	return answers ? "ready" : "not ready";
}

/* {"items":[…]} of kubectl, as our own words. */
static cJSON *describe_nodes(const char *answer)
{
	cJSON *all = cJSON_Parse(answer), *list = cJSON_CreateArray();
	const cJSON *item, *condition;

	cJSON_ArrayForEach(item, json_member(all, "items"))
	{
		cJSON *node = cJSON_CreateObject();
		const cJSON *status = json_member(item, "status");
		const char *ready = "Unknown";

		cJSON_ArrayForEach(condition, json_member(status, "conditions"))
		{
			if (strcmp(json_text(condition, "type"), "Ready") == 0)
				ready = json_text(condition, "status");
		}
		cJSON_AddStringToObject(
			node, "name", json_text(json_member(item, "metadata"), "name"));
		cJSON_AddStringToObject(
			node, "uid", json_text(json_member(item, "metadata"), "uid"));
		cJSON_AddBoolToObject(node, "ready", strcmp(ready, "True") == 0);
		cJSON_AddStringToObject(node, "version",
			json_text(json_member(status, "nodeInfo"), "kubeletVersion"));
		cJSON_AddItemToArray(list, node);
	}
	cJSON_Delete(all);
	return list;
}

/* What brambled says of a node that doesn't carry what it is to; else what went wrong here. */
static const char *find_reason(const cJSON *status, const struct place *place, const char *failure)
{
	const cJSON *warning;

	cJSON_ArrayForEach(warning, json_member(status, "warnings"))
	{
		const char *text = cJSON_GetStringValue(warning);
		size_t length = strlen(place->node);

		if (length > 0 && text && strncmp(text, place->node, length) == 0 &&
			text[length] == ' ')
			return text;
	}
	return failure;
}

static cJSON *describe(const struct settings *settings, const cJSON *status)
{
	static const char *const words[] = { "get", "nodes", "--output=json", NULL };
	struct failure failure = { .text = "" };
	struct cluster_paths paths;
	cJSON *json = cJSON_CreateObject(), *processes;
	char *answer = calloc(1, ANSWER_SIZE);
	bool answers = false;
	struct place place;
	const char *name;

	cluster_find_paths(settings, &paths);
	(void)place_read(&paths, &place);
	if (answer && access(paths.processes, F_OK) == 0)
		answers = cluster_ask(settings, words, answer, ANSWER_SIZE, &failure) == 0;
	cJSON_AddStringToObject(json, "engine", "kubeadm");
	cJSON_AddStringToObject(json, "name", settings->cluster_name);
	cJSON_AddStringToObject(json, "state", judge(&paths, &place, status, answers));
	cJSON_AddStringToObject(
		json, "reason", answers ? "" : find_reason(status, &place, failure.text));
	cJSON_AddStringToObject(json, "place", place.node);
	processes = cJSON_AddArrayToObject(json, "processes");
	for (size_t i = 0; (name = process_name(&place, i)); i++) {
		const cJSON *process = find_process(status, name);
		cJSON *copy = cJSON_CreateObject();

		cJSON_AddStringToObject(copy, "name", name);
		cJSON_AddStringToObject(copy, "state", state_of(process));
		cJSON_AddNumberToObject(
			copy, "restarts", process ? (double)json_integer(process, "restarts") : 0);
		cJSON_AddStringToObject(
			copy, "reason", process ? json_text(process, "reason") : "");
		cJSON_AddItemToArray(processes, copy);
	}
	cJSON_AddItemToObject(
		json, "nodes", answers ? describe_nodes(answer) : cJSON_CreateArray());
	cluster_add_upkeep(settings, json);
	free(answer);
	return json;
}

static enum cli_exit print_status(struct cli *cli, const cJSON *json)
{
	static const struct table_column columns[] = { { "PROCESS", false }, { "STATE", false },
		{ "RESTARTS", true }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *item;
	char number[24];
	int result;

	if (!table)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	fprintf(cli->out, "Cluster %s (%s) is %s.\n", json_text(json, "name"),
		json_text(json, "engine"), json_text(json, "state"));
	if (*json_text(json, "reason"))
		cli_field(cli, "Reason", "%s", json_text(json, "reason"));
	if (*json_text(json, "place"))
		cli_field(cli, "Place", "etcd and API server run on %s", json_text(json, "place"));
	if (strcmp(json_text(json, "state"), "none") != 0)
		cluster_print_upkeep(cli, json);
	cJSON_ArrayForEach(item, json_member(json, "processes"))
	{
		snprintf(number, sizeof(number), "%lld", (long long)json_integer(item, "restarts"));
		table_row(table);
		table_cell(table, json_text(item, "name"));
		table_cell(table, json_text(item, "state"));
		table_cell(table, number);
	}
	result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	cJSON_ArrayForEach(item, json_member(json, "nodes"))
	{
		fprintf(cli->out, "Node %s: %s, kubelet %s\n", json_text(item, "name"),
			json_is_true(item, "ready") ? "Ready" : "NotReady",
			json_text(item, "version"));
	}
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

enum cli_exit cluster_status_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "cluster status",
		.text = "The processes of the control plane and the nodes that the API server "
			"knows.\nExit status 1 when the cluster isn't ready.\n",
	};
	struct settings settings;
	enum cli_exit code;
	cJSON *status, *json;
	bool ready;

	if (!cluster_begin(cli, &syntax, argc, argv, &settings, &code))
		return code;
	code = cluster_ask_status(cli, &status);
	if (code != CLI_OK)
		return code;
	json = describe(&settings, status);
	ready = strcmp(json_text(json, "state"), "ready") == 0;
	cJSON_Delete(status);
	if (cli->json) {
		cli_print_json(cli, json);
	} else {
		code = print_status(cli, json);
		cJSON_Delete(json);
	}
	return code == CLI_OK && !ready ? CLI_FAILED : code;
}

static bool all_ended(struct cli *cli)
{
	cJSON *status;
	int http;
	bool ended = cli_try(cli, "/v1/status", CLIENT_TIMEOUT_MS, &http, &status) == 0;

	for (size_t i = 0; ended && i < PROCESSES_COUNT; i++)
		ended = !find_process(status, processes_names[i]);
	ended = ended && !find_process(status, PLACE_FORWARDER);
	if (ended)
		cJSON_Delete(status);
	return ended;
}

/* Nothing is put aside while something still writes into it. */
static enum cli_exit reset(struct cli *cli, const struct settings *settings)
{
	struct failure failure = { .text = "" };
	char kept[CLUSTER_PATH_SIZE];
	unsigned tries = 0;

	if (cluster_halt(settings, &failure) != 0)
		return cli_complain(cli, CLI_NOT_FOUND, "%s", failure.text);
	while (!all_ended(cli) && tries++ < STOP_TRIES)
		usleep(STOP_WAIT_US);
	if (tries > STOP_TRIES)
		return cli_complain(cli, CLI_FAILED,
			"the processes of the control plane don't end; `bramble status` shows "
			"them. Run this again");
	if (cluster_put_aside(settings, &failure, kept) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", failure.text);
	if (cli->json)
		return print_result(cli, "removed", kept);
	fprintf(cli->out, "The cluster is gone. What it was lies in %s until you delete it.\n",
		kept);
	return CLI_OK;
}

enum cli_exit cluster_reset_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "cluster reset",
		.text = "End the control plane and put its certificates and its store aside, "
			"renamed to\ncluster.TIME. The nodes' data on the share isn't touched.\n",
	};
	struct settings settings;
	enum cli_exit code;

	if (!cluster_begin(cli, &syntax, argc, argv, &settings, &code))
		return code;
	code = cli_confirm(cli, "End the cluster? All its objects are gone then.");
	if (code != CLI_OK)
		return code;
	if (cli->dry_run)
		return cli_would(cli,
			"the control plane ends; %s/cluster is put aside as cluster.TIME",
			settings.share);
	code = cluster_seize(cli, &settings, CLUSTER_CHANGE);
	return code == CLI_OK ? reset(cli, &settings) : code;
}
