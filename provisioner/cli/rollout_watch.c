/* SPDX-License-Identifier: ISC */
/* A roll-out as it goes on: a line whenever a node comes to another phase. */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/str.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/rollout.h"
#include "provisioner/cli/text.h"

#define REFRESH_MS 300
#define DATE_LENGTH 11 /* "2026-11-23 " of text_time */

struct watch {
	struct cli *cli;
	size_t n;
	struct {
		char phase[16];
		char text[256];
	} * seen; /* in the order of the answer, which stays */
	char state[16], waits[256];
};

static void print_line(struct cli *cli, const char *name, const char *phase, const char *text)
{
	char time[TEXT_UNIT_SIZE], visible[512], node[NODE_NAME_SIZE];

	text_time(clock_wall_ms(), time);
	text_visible(visible, sizeof(visible), text);
	text_visible(node, sizeof(node), name);
	fprintf(cli->out, "%s  %-8s  %-10s  %s\n", time + DATE_LENGTH, node, phase, visible);
	fflush(cli->out);
}

static bool make_room(struct watch *watch, size_t n)
{
	void *grown;

	if (n <= watch->n)
		return true;
	grown = realloc(watch->seen, n * sizeof(*watch->seen));
	if (!grown)
		return false;
	watch->seen = grown;
	for (; watch->n < n; watch->n++) {
		str_copy(watch->seen[watch->n].phase, sizeof(watch->seen->phase), "waiting");
		watch->seen[watch->n].text[0] = '\0';
	}
	return true;
}

static void tell_nodes(struct watch *watch, const cJSON *nodes)
{
	const cJSON *node;
	size_t i = 0;

	if (!make_room(watch, (size_t)cJSON_GetArraySize(nodes)) || !watch->seen)
		return;
	cJSON_ArrayForEach(node, nodes)
	{
		const char *phase = json_text(node, "phase"), *text = json_text(node, "text");

		if (strcmp(watch->seen[i].phase, phase) != 0 ||
			strcmp(watch->seen[i].text, text) != 0) {
			if (watch->cli->json)
				cli_print_json_line(watch->cli, node);
			else
				print_line(watch->cli, json_text(node, "node"), phase, text);
		}
		str_copy(watch->seen[i].phase, sizeof(watch->seen->phase), phase);
		str_copy(watch->seen[i++].text, sizeof(watch->seen->text), text);
	}
}

/* Returns whether it has come to an end. */
static bool tell_state(struct watch *watch, const cJSON *json, enum cli_exit *code)
{
	const char *state = json_text(json, "state"), *waits = json_text(json, "waits");
	struct cli *cli = watch->cli;

	if (strcmp(waits, watch->waits) != 0 && *waits && !cli->json)
		print_line(cli, "", "waits", waits);
	str_copy(watch->waits, sizeof(watch->waits), waits);
	if (strcmp(state, watch->state) == 0)
		return false;
	str_copy(watch->state, sizeof(watch->state), state);
	if (strcmp(state, "running") == 0)
		return false;
	if (!cli->json)
		print_line(cli, "", state, json_text(json, "reason"));
	if (strcmp(state, "done") == 0) {
		*code = CLI_OK;
		return true;
	}
	if (strcmp(state, "aborted") == 0) {
		*code = cli_complain(cli, CLI_FAILED, "it was aborted");
		return true;
	}
	if (strcmp(state, "stopped") != 0)
		return false;
	*code = cli_complain(cli, CLI_FAILED,
		"it has stopped; \"bramble rollout resume\" tries again, \"bramble rollout abort\" "
		"ends it");
	return true;
}

enum cli_exit rollout_watch(struct cli *cli, int64_t id)
{
	struct watch watch = { .cli = cli };
	enum cli_exit code = CLI_OK;
	char path[64];
	bool over = false;

	snprintf(path, sizeof(path), "/v1/rollouts/%" PRId64, id);
	while (!over) {
		cJSON *json;
		int status, result = cli_try(cli, path, CLIENT_TIMEOUT_MS, &status, &json);

		if (result != 0) {
			code = cli_explain_failure(cli, result);
			break;
		}
		if (status != 200) {
			code = cli_complain(cli, CLI_NOT_FOUND, "%s", json_text(json, "error"));
			over = true;
		} else {
			tell_nodes(&watch, json_member(json, "nodes"));
			over = tell_state(&watch, json, &code);
		}
		cJSON_Delete(json);
		if (!over)
			poll(NULL, 0, REFRESH_MS);
	}
	free(watch.seen);
	return code;
}
