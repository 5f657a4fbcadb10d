/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/targets.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/cli/json.h"
#include "provisioner/cli/text.h"

#define DIGITS 9 /* of a number in a range */

bool targets_is_pattern(const char *word)
{
	return strpbrk(word, "*?[") != NULL;
}

/* A number without leading zeros ("0" itself has none); NULL when there is none. */
static const char *take_number(const char *text, unsigned long *number)
{
	size_t length = strspn(text, "0123456789");

	if (length == 0 || length > DIGITS || (text[0] == '0' && length > 1))
		return NULL;
	*number = strtoul(text, NULL, 10);
	return text + length;
}

/* "[3-12]" at `text`: what stands behind it, or NULL when that is no range of numbers. */
static const char *take_range(const char *text, unsigned long *first, unsigned long *last)
{
	const char *end = *text == '[' ? take_number(text + 1, first) : NULL;

	end = end && *end == '-' ? take_number(end + 1, last) : NULL;
	return end && *end == ']' ? end + 1 : NULL;
}

/* A range with fewer digits than two at its end is what glob(7) means as well. */
bool targets_match(const char *pattern, const char *name)
{
	const char *bracket = strchr(pattern, '['), *rest, *end;
	unsigned long first, last, number;
	char before[NODE_NAME_SIZE], head[NODE_NAME_SIZE];
	size_t length;

	rest = bracket ? take_range(bracket, &first, &last) : NULL;
	if (!rest)
		return fnmatch(pattern, name, 0) == 0;
	length = (size_t)(bracket - pattern);
	if (length >= sizeof(before))
		return false;
	memcpy(before, pattern, length);
	before[length] = '\0';
	/* Wherever a whole number stands in the name. */
	for (const char *p = name; *p && (size_t)(p - name) < sizeof(head); p++) {
		if (p > name && isdigit((unsigned char)p[-1]))
			continue;
		end = take_number(p, &number);
		if (!end || number < first || number > last)
			continue;
		memcpy(head, name, (size_t)(p - name));
		head[p - name] = '\0';
		if (fnmatch(before, head, 0) == 0 && targets_match(rest, end))
			return true;
	}
	return false;
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
		if (targets_match(pattern, json_text(node, "name")))
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
