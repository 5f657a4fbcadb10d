/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/complete.h"

#include <ctype.h>
#include <string.h>

#include "provisioner/cli/json.h"

#define QUICKLY_MS 1000 /* nobody waits for TAB */
#define KIND_SIZE 24

/* Where names of a kind are found. */
static const struct {
	const char *kind, *path, *list, *member;
} sources[] = {
	{ "NODE", "/v1/nodes", "nodes", "name" },
	{ "ID", "/v1/boards", "boards", "serial" },
	{ "NAME", "/v1/images", "images", "name" },
	{ "IMAGE", "/v1/images", "images", "name" },
	{ "HOOK", "/v1/hooks", "hooks", "name" },
	{ "BACKUP", "/v1/state/backups", "backups", "name" },
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

static void offer_names(struct cli *cli, const char *kind, const char *word)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const cJSON *item;
		cJSON *json = NULL;
		int status;

		if (strcmp(sources[i].kind, kind) != 0 ||
			cli_try(cli, sources[i].path, QUICKLY_MS, &status, &json) != 0)
			continue;
		cJSON_ArrayForEach(item, json_member(json, sources[i].list))
		{
			const char *name = json_text(item, sources[i].member);

			if (*name && begins(name, word))
				fprintf(cli->out, "%s\n", name);
		}
		cJSON_Delete(json);
	}
}

/* The first word in capitals of a text: "NODE... [--yes]" is NODE. Returns what stands behind it,
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

/* What stands at the n-th place of the usage. Options there have values in capitals, too: they are
 * left out. The last place may be taken by many ("NODE..."). */
static bool find_kind(const char *usage, int place, char kind[static KIND_SIZE])
{
	const char *rest = usage;
	char found[KIND_SIZE];
	bool any = false;

	for (int i = 0; i <= place; i++) {
		size_t head = strcspn(rest, "[");
		const char *next = take_kind(rest, found);

		if (!next || next > rest + head)
			return any && strncmp(rest, "...", 3) == 0;
		memcpy(kind, found, sizeof(found));
		any = true;
		rest = next;
	}
	return true;
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
