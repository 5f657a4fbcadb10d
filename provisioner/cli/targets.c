/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/targets.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/cli/json.h"
#include "provisioner/cli/text.h"
#include "provisioner/nodes/patterns.h"

bool targets_is_pattern(const char *word)
{
	return strpbrk(word, "*?[") != NULL;
}

/* `before`: names that may be the same. */
static bool add(struct targets *targets, const char *name, size_t before)
{
	for (size_t i = 0; i < before; i++) {
		if (strcmp(targets->names[i], name) == 0)
			return true;
	}
	return targets->count < TARGETS_LIMIT &&
	       str_copy(targets->names[targets->count++], NODE_NAME_SIZE, name);
}

static enum cli_exit complain(struct cli *cli, const char *pattern)
{
	char visible[NODE_NAME_SIZE];

	text_visible(visible, sizeof(visible), pattern);
	return cli_complain(cli, CLI_NOT_FOUND,
		"no node's name matches \"%s\"; `bramble node list` shows them", visible);
}

static enum cli_exit add_matching(
	struct cli *cli, const char *pattern, const cJSON *nodes, struct targets *targets)
{
	const size_t before = targets->count;
	const cJSON *node;
	bool found = false;

	cJSON_ArrayForEach(node, nodes)
	{
		if (patterns_match(pattern, json_text(node, "name")))
			found = add(targets, json_text(node, "name"), before);
	}
	return found ? CLI_OK : complain(cli, pattern);
}

/* One part of a word, without commas. Names are looked up when the first pattern comes. */
static enum cli_exit add_part(
	struct cli *cli, const char *part, cJSON **known, struct targets *targets)
{
	int status, result = 0;

	if (!targets_is_pattern(part))
		return add(targets, part, targets->count)
			       ? CLI_OK
			       : cli_complain(cli, CLI_USAGE, "\"%.64s\" is no node's name", part);
	if (!*known)
		result = cli_try(cli, "/v1/nodes?brief=true", CLIENT_TIMEOUT_MS, &status, known);
	if (result != 0)
		return cli_explain_failure(cli, result);
	return add_matching(cli, part, json_member(*known, "nodes"), targets);
}

static enum cli_exit add_word(
	struct cli *cli, const char *word, cJSON **known, struct targets *targets)
{
	enum cli_exit code = CLI_OK;
	char *copy = strdup(word), *rest = copy, *part;

	if (!copy)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	while (code == CLI_OK && (part = strsep(&rest, ",")))
		code = add_part(cli, part, known, targets);
	free(copy);
	return code;
}

enum cli_exit targets_find(struct cli *cli, char **argv, struct targets *targets)
{
	enum cli_exit code = CLI_OK;
	cJSON *known = NULL;

	targets->count = 0;
	targets->names = calloc(TARGETS_LIMIT, sizeof(targets->names[0]));
	if (!targets->names)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	for (; code == CLI_OK && *argv; argv++)
		code = add_word(cli, *argv, &known, targets);
	cJSON_Delete(known);
	if (code != CLI_OK)
		targets_free(targets);
	return code;
}

void targets_free(struct targets *targets)
{
	free(targets->names);
	*targets = (struct targets){ 0 };
}

enum cli_exit targets_pick(struct cli *cli, char **argv, struct picker *picker)
{
	size_t size = 1, parts = 1;
	char *out;

	for (size_t i = 0; argv[i]; i++)
		size += strlen(argv[i]) + 1;
	*picker = (struct picker){ .text = calloc(size, 1) };
	out = picker->text;
	for (size_t i = 0; out && argv[i]; i++)
		out = stpcpy(stpcpy(out, i > 0 ? "," : ""), argv[i]);
	for (const char *p = out ? picker->text : ""; *p; p++)
		parts += *p == ',';
	picker->parts = calloc(parts, sizeof(*picker->parts));
	if (!out || !picker->parts) {
		targets_free_picker(picker);
		return cli_complain(cli, CLI_FAILED, "out of memory");
	}
	for (char *rest = picker->text, *part; argv[0] && (part = strsep(&rest, ","));)
		picker->parts[picker->count++].pattern = part;
	return CLI_OK;
}

bool targets_picks(struct picker *picker, const char *name)
{
	bool picked = false;

	for (size_t i = 0; i < picker->count; i++) {
		if (patterns_match(picker->parts[i].pattern, name))
			picked = picker->parts[i].found = true;
	}
	return picked;
}

enum cli_exit targets_complain(struct cli *cli, const struct picker *picker)
{
	for (size_t i = 0; i < picker->count; i++) {
		if (!picker->parts[i].found)
			return complain(cli, picker->parts[i].pattern);
	}
	return CLI_OK;
}

void targets_free_picker(struct picker *picker)
{
	free(picker->text);
	free(picker->parts);
	*picker = (struct picker){ .text = NULL };
}

enum cli_exit targets_each(struct cli *cli, char **argv,
	enum cli_exit (*one)(struct cli *cli, const char *name, const void *argument),
	const void *argument)
{
	struct targets targets;
	enum cli_exit worst = targets_find(cli, argv, &targets);

	if (worst != CLI_OK)
		return worst;
	for (size_t i = 0; i < targets.count && worst != CLI_UNREACHABLE; i++) {
		enum cli_exit code;

		if (i > 0 && cli_tells(cli))
			fputc('\n', cli->out);
		code = one(cli, targets.names[i], argument);
		worst = code != CLI_OK ? code : worst;
	}
	targets_free(&targets);
	return worst;
}

enum cli_exit targets_find_one(struct cli *cli, const char *word, char name[static NODE_NAME_SIZE])
{
	char *words[] = { (char *)(uintptr_t)word, NULL };
	struct targets targets;
	enum cli_exit code = targets_find(cli, words, &targets);

	if (code != CLI_OK)
		return code;
	if (targets.count == 1)
		str_copy(name, NODE_NAME_SIZE, targets.names[0]);
	else
		code = cli_complain(cli, CLI_USAGE, "%.64s names %zu nodes; it takes one at a time",
			word, targets.count);
	targets_free(&targets);
	return code;
}
