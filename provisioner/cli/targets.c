/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/targets.h"

#include <stdlib.h>
#include <string.h>

#include "provisioner/cli/json.h"
#include "provisioner/cli/text.h"
#include "provisioner/patterns.h"

bool targets_is_pattern(const char *word)
{
	return strpbrk(word, "*?[") != NULL;
}

static bool add(struct targets *targets, const char *name)
{
	for (size_t i = 0; i < targets->count; i++) {
		if (strcmp(targets->names[i], name) == 0)
			return true;
	}
	return targets->count < TARGETS_LIMIT &&
	       str_copy(targets->names[targets->count++], NODE_NAME_SIZE, name);
}

static enum cli_exit add_matching(
	struct cli *cli, const char *pattern, const cJSON *nodes, struct targets *targets)
{
	char visible[NODE_NAME_SIZE];
	const cJSON *node;
	bool found = false;

	cJSON_ArrayForEach(node, nodes)
	{
		if (patterns_match(pattern, json_text(node, "name")))
			found = add(targets, json_text(node, "name"));
	}
	text_visible(visible, sizeof(visible), pattern);
	return found ? CLI_OK
		     : cli_complain(cli, CLI_NOT_FOUND,
			       "no node's name matches \"%s\"; `bramble node list` shows them",
			       visible);
}

/* One part of a word, without commas. *nodes is fetched when it is needed first. */
static enum cli_exit add_part(
	struct cli *cli, const char *part, cJSON **json, struct targets *targets)
{
	int status, result;

	if (!targets_is_pattern(part))
		return add(targets, part)
			       ? CLI_OK
			       : cli_complain(cli, CLI_USAGE, "\"%.64s\" is no node's name", part);
	result = *json ? 0 : cli_try(cli, "/v1/nodes", CLIENT_TIMEOUT_MS, &status, json);
	if (result != 0)
		return cli_explain_failure(cli, result);
	return add_matching(cli, part, json_member(*json, "nodes"), targets);
}

static enum cli_exit add_word(
	struct cli *cli, const char *word, cJSON **json, struct targets *targets)
{
	enum cli_exit code = CLI_OK;
	char *copy = strdup(word), *rest = copy, *part;

	if (!copy)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	while (code == CLI_OK && (part = strsep(&rest, ",")))
		code = add_part(cli, part, json, targets);
	free(copy);
	return code;
}

enum cli_exit targets_find(struct cli *cli, char **argv, struct targets *targets)
{
	enum cli_exit code = CLI_OK;
	cJSON *json = NULL;

	targets->count = 0;
	targets->names = calloc(TARGETS_LIMIT, sizeof(targets->names[0]));
	if (!targets->names)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	for (; code == CLI_OK && *argv; argv++)
		code = add_word(cli, *argv, &json, targets);
	cJSON_Delete(json);
	if (code != CLI_OK)
		targets_free(targets);
	return code;
}

void targets_free(struct targets *targets)
{
	free(targets->names);
	*targets = (struct targets){ 0 };
}
