/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/complete.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/cli/json.h"
#include "provisioner/cluster/snapshot.h"
#include "provisioner/settings/settings.h"
#include "rootfs/failure.h"

#define QUICKLY_MS 1000 /* nobody waits for TAB */
#define KIND_SIZE 24

/* Where names of a kind are found. The members are texts or numbers. */
static const struct {
	const char *kind, *path, *list, *members[2];
} sources[] = {
	{ "NODE", "/v1/nodes?brief=true", "nodes", { "name" } },
	{ "BOARD", "/v1/boards", "boards", { "serial" } },
	{ "IMAGE", "/v1/images", "images", { "name" } },
	{ "VERSION", "/v1/images", "images", { "current", "previous" } },
	{ "BOOT", "/v1/boots?limit=50", "boots", { "id" } },
	{ "ROLLOUT", "/v1/rollouts", "rollouts", { "id" } },
	{ "HOOK", "/v1/hooks", "hooks", { "name" } },
	{ "BACKUP", "/v1/state/backups", "backups", { "name" } },
};

static bool begins(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

void complete_verbs(struct cli *cli, const struct cli_command *table, const char *word)
{
	for (const struct cli_command *c = table; c->name; c++) {
		if (begins(c->name, word))
			fprintf(cli->out, "%s\n", c->name);
	}
}

static void offer(struct cli *cli, const cJSON *value, const char *word)
{
	char text[128] = "";

	if (cJSON_IsNumber(value))
		snprintf(text, sizeof(text), "%.0f", value->valuedouble);
	else if (cJSON_IsString(value))
		str_copy(text, sizeof(text), value->valuestring);
	if (*text && begins(text, word))
		fprintf(cli->out, "%s\n", text);
}

/* Snapshots lie on the share; nobody has to be asked. */
static void offer_snapshots(struct cli *cli, const char *word)
{
	char(*names)[SNAPSHOT_NAME_SIZE] = calloc(SNAPSHOTS_LISTED, sizeof(*names));
	struct failure failure = { .text = "" };
	struct settings settings;
	struct conf_error error;
	size_t n = 0;

	if (names && settings_load(cli_config_path(cli), &settings, &error) == 0 &&
		snapshot_names(&settings, names, &n, &failure) == 0) {
		for (size_t i = 0; i < n; i++) {
			if (begins(names[i], word))
				fprintf(cli->out, "%s\n", names[i]);
		}
	}
	free(names);
}

static void offer_names(struct cli *cli, const char *kind, const char *word)
{
	if (strcmp(kind, "SNAPSHOT") == 0)
		offer_snapshots(cli, word);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const cJSON *item;
		cJSON *json = NULL;
		int status;

		if (strcmp(sources[i].kind, kind) != 0 ||
			cli_try(cli, sources[i].path, QUICKLY_MS, &status, &json) != 0)
			continue;
		cJSON_ArrayForEach(item, json_member(json, sources[i].list))
		{
			for (size_t j = 0; j < 2 && sources[i].members[j]; j++)
				offer(cli, json_member(item, sources[i].members[j]), word);
		}
		cJSON_Delete(json);
	}
}

/* The first word in capitals of a text: "NODE..." is NODE. Returns what stands behind it,
 * or NULL. */
static const char *take_kind(const char *text, char kind[static KIND_SIZE])
{
	size_t length;

	while (*text && !(isupper((unsigned char)*text) && isupper((unsigned char)text[1])))
		text++;
	length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (length == 0 || length >= KIND_SIZE)
		return NULL;
	memcpy(kind, text, length);
	kind[length] = '\0';
	return text + length;
}

/* Behind an option of a usage, "--to VERSION" or "[--for TIME [--count N]]". */
static const char *skip_option(const char *p, bool bracketed)
{
	unsigned depth = 1;
	char value[KIND_SIZE];

	if (!bracketed) {
		const char *next = strchr(p, ' '), *end = next ? take_kind(next, value) : NULL;

		return end && end == next + 1 + strlen(value) ? end : next ? next : p + strlen(p);
	}
	for (; *p && depth > 0; p++)
		depth += (unsigned)(*p == '[') - (unsigned)(*p == ']');
	return p;
}

/* What stands at the n-th place of the usage, counted from 0; options and their values are left
 * out. "NODE..." is taken by all that follow. */
static bool find_kind(const char *usage, int place, char kind[static KIND_SIZE])
{
	for (const char *p = usage; *p;) {
		bool bracketed = p > usage && p[-1] == '[';

		if (p[0] == '-' && p[1] == '-') {
			p = skip_option(p, bracketed);
		} else if (isupper((unsigned char)p[0]) && isupper((unsigned char)p[1])) {
			p = take_kind(p, kind);
			if (!p || place-- == 0 || strncmp(p, "...", 3) == 0)
				return p != NULL;
		} else {
			p++;
		}
	}
	return false;
}

static const struct args_option *find_option(const struct args_option *options, const char *word)
{
	for (; options->name; options++) {
		if (begins(word, "--") && strcmp(word + 2, options->name) == 0)
			return options;
	}
	return NULL;
}

void complete_argument(struct cli *cli, const struct cli_syntax *syntax,
	const struct args_option *options, int argc, char **argv)
{
	const char *word = argc > 0 ? argv[argc - 1] : "";
	const struct args_option *before = argc > 1 ? find_option(options, argv[argc - 2]) : NULL;
	char kind[KIND_SIZE];
	int place = 0;

	if (before && before->value) {
		if (take_kind(before->help, kind))
			offer_names(cli, kind, word);
		return;
	}
	if (*word == '-') {
		for (const struct args_option *o = options; o->name; o++) {
			if (strlen(word) <= 2 || begins(o->name, word + 2))
				fprintf(cli->out, "--%s\n", o->name);
		}
		return;
	}
	for (int i = 0; i < argc - 1; i++) {
		const struct args_option *option = find_option(options, argv[i]);

		if (option && option->value)
			i++;
		else if (argv[i][0] != '-')
			place++;
	}
	if (find_kind(syntax->usage, place, kind))
		offer_names(cli, kind, word);
}
