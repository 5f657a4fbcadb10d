/* SPDX-License-Identifier: ISC */
/* bramble doctor: is everything well, and if not, what is to be done? */
#include <stdarg.h>
#include <string.h>

#include "provisioner/cli/commands.h"
#include "provisioner/cli/doctor.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"
#include "rootfs/progress.h"

#define TEXT_SIZE 512

static const struct {
	const char *name, *shown;
	enum table_color color;
} states[] = {
	[DOCTOR_WELL] = { "well", "well", TABLE_GREEN },
	[DOCTOR_UNKNOWN] = { "unknown", "not checked", TABLE_PLAIN },
	[DOCTOR_WARNING] = { "warning", "look at it", TABLE_YELLOW },
	[DOCTOR_WRONG] = { "wrong", "WRONG", TABLE_RED },
};

void doctor_say(struct doctor *doctor, const char *check, enum doctor_state state, const char *next,
	const char *format, ...)
{
	cJSON *finding = cJSON_CreateObject();
	char text[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	cJSON_AddStringToObject(finding, "check", check);
	cJSON_AddStringToObject(finding, "state", states[state].name);
	cJSON_AddStringToObject(finding, "text", text);
	cJSON_AddStringToObject(finding, "next", next);
	cJSON_AddItemToArray(doctor->findings, finding);
}

bool doctor_process_runs(const struct doctor *doctor, const char *name)
{
	const cJSON *process;

	cJSON_ArrayForEach(process, json_member(doctor->status, "processes"))
	{
		if (strcmp(json_text(process, "name"), name) == 0)
			return strcmp(json_text(process, "state"), "running") == 0;
	}
	return false;
}

static void check_processes(struct doctor *doctor)
{
	const cJSON *process;
	bool well = true;

	cJSON_ArrayForEach(process, json_member(doctor->status, "processes"))
	{
		if (strcmp(json_text(process, "state"), "running") == 0)
			continue;
		well = false;
		doctor_say(doctor, "processes", DOCTOR_WRONG, "journalctl -u bramble",
			"%s is not running: %.300s", json_text(process, "name"),
			json_text(process, "reason"));
	}
	if (well)
		doctor_say(doctor, "processes", DOCTOR_WELL, "", "all %d run",
			cJSON_GetArraySize(json_member(doctor->status, "processes")));
}

/* What brambled warns of says itself what to do: another DHCP server, a damaged image … */
static void check_warnings(struct doctor *doctor)
{
	const cJSON *warnings = json_member(doctor->status, "warnings"), *warning;

	cJSON_ArrayForEach(warning, warnings)
	{
		doctor_say(doctor, "warnings", DOCTOR_WARNING, "", "%.480s",
			cJSON_IsString(warning) ? warning->valuestring : "?");
	}
	if (cJSON_GetArraySize(warnings) == 0)
		doctor_say(doctor, "warnings", DOCTOR_WELL, "", "brambled warns of nothing");
}

static void check_brambled(struct doctor *doctor)
{
	if (!doctor->status) {
		doctor_say(doctor, "brambled", DOCTOR_WRONG,
			"systemctl status bramble; journalctl -u bramble",
			"brambled doesn't answer: boards that are powered on now don't boot");
		return;
	}
	doctor_say(doctor, "brambled", DOCTOR_WELL, "", "answers, version %s",
		json_text(doctor->status, "version"));
	check_processes(doctor);
	check_warnings(doctor);
}

static enum cli_exit print_findings(struct cli *cli, const cJSON *findings)
{
	static const struct table_column columns[] = { { "CHECK", false }, { "STATE", false },
		{ "WHAT", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *finding;
	int result;

	if (!table)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	cJSON_ArrayForEach(finding, findings)
	{
		const char *next = json_text(finding, "next");

		for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
			if (strcmp(json_text(finding, "state"), states[i].name) != 0)
				continue;
			table_row(table);
			table_cell(table, json_text(finding, "check"));
			table_cell_colored(table, states[i].color, states[i].shown);
			table_cellf(table, "%s%s%s", json_text(finding, "text"),
				*next ? ". Next: " : "", next);
		}
	}
	result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

static int count(const cJSON *findings, enum doctor_state state)
{
	const cJSON *finding;
	int n = 0;

	cJSON_ArrayForEach(finding, findings)
	{
		n += strcmp(json_text(finding, "state"), states[state].name) == 0;
	}
	return n;
}

/* Deletes the findings. */
static enum cli_exit conclude(struct cli *cli, cJSON *findings)
{
	int wrong = count(findings, DOCTOR_WRONG), warnings = count(findings, DOCTOR_WARNING);
	enum cli_exit code = CLI_OK;
	cJSON *json;

	if (cli->json) {
		json = cJSON_CreateObject();
		cJSON_AddNumberToObject(json, "wrong", wrong);
		cJSON_AddNumberToObject(json, "warnings", warnings);
		cJSON_AddItemToObject(json, "findings", findings);
		cli_print_json(cli, json);
	} else {
		code = print_findings(cli, findings);
		fprintf(cli->out, "\n%d wrong, %d to look at.\n", wrong, warnings);
		cJSON_Delete(findings);
	}
	return code == CLI_OK && wrong > 0 ? CLI_FAILED : code;
}

enum cli_exit doctor_main(struct cli *cli, int argc, char **argv)
{
	bool quick = false;
	const struct args_option options[] = {
		{ "quick", 'q', &quick, NULL, "leave out what reads much: images, snapshots" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "doctor [--quick]",
		.text = "Check the whole appliance: processes, clock, disk, servers, backups, "
			"images and the\ncluster. Says of each what is wrong and what to do. As "
			"root it sees more.\nExit status 1 when something is wrong.\n",
		.options = options,
	};
	struct settings settings;
	struct conf_error error;
	struct progress progress;
	enum cli_exit code;
	cJSON *status = NULL;
	int http;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (settings_load(cli_config_path(cli), &settings, &error) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", error.text);
	progress_init(&progress);
	progress_begin(&progress, "doctor");
	if (cli_try(cli, "/v1/status", CLIENT_TIMEOUT_MS, &http, &status) != 0)
		status = NULL;
	struct doctor doctor = { .cli = cli,
		.settings = &settings,
		.progress = &progress,
		.status = status,
		.quick = quick,
		.findings = cJSON_CreateArray() };
	check_brambled(&doctor);
	doctor_check_router(&doctor);
	doctor_check_servers(&doctor);
	if (settings.kubernetes_engine == ENGINE_KUBEADM)
		doctor_check_cluster(&doctor);
	progress_break(&progress);
	cJSON_Delete(status);
	return conclude(cli, doctor.findings);
}
