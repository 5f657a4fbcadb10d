/* SPDX-License-Identifier: ISC */
/*
 * What the API's calls cost with many nodes, as work of the registry: instructions of SQLite's
 * virtual machine and statements that were prepared. Not as time, which belongs to
 * `build/bench-scale`.
 */
#include "tests/unit/many.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "provisioner/nodeconf/force.h"
#include "provisioner/registry/private.h"

#define FEW 100u
#define MANY 800u
#define STEP 20 /* instructions between two counts */

struct cost {
	unsigned steps, statements; /* statements that are prepared */
	unsigned runs;		    /* how often one is run */
};

struct question {
	enum ipc_method method;
	const char *path, *body;
	bool whole; /* goes through all nodes: linear is right */
};

static const struct question questions[] = {
	{ IPC_GET, "/v1/status", "", true }, { IPC_GET, "/v1/nodes", "", true },
	{ IPC_GET, "/v1/boards", "", true }, { IPC_GET, "/v1/state/export", "", true },
	{ IPC_GET, "/v1/boards/dc:a6:32:00:00:05/rule", "", true },
	{ IPC_POST, "/v1/nodes/rasp6/replace", "{\"next\":true}", true },
	{ IPC_POST, "/v1/nodes/rasp6/undo", "", true }, { IPC_DELETE, "/v1/nodes/rasp7", "", true },
	{ IPC_GET, "/v1/nodes/rasp5", "", false }, { IPC_GET, "/v1/nodes/rasp5/health", "", false },
	{ IPC_POST, "/v1/nodes/rasp5/cordon", "{\"cordoned\":true}", false },
	{ IPC_POST, "/v1/nodes/rasp5/note", "{\"text\":\"top shelf\"}", false },
	{ IPC_POST, "/v1/nodes/rasp5/orders", "{\"order\":\"identify\"}", false },
	{ IPC_GET, "/v1/boots?node=rasp5", "", false },
	{ IPC_GET, "/v1/boots?limit=20", "", false }, { IPC_GET, "/v1/events?limit=20", "", false },
	{ IPC_GET, "/v1/events?after=3&limit=20", "", false },
	{ IPC_GET, "/v1/admission", "", false },
	{ IPC_GET, "/v1/images", "", true }, /* who runs each version */
};

#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static int on_steps(void *argument)
{
	((struct cost *)argument)->steps += STEP;
	return 0;
}

static int on_prepare(
	void *argument, int action, const char *a, const char *b, const char *c, const char *d)
{
	(void)a;
	(void)b;
	(void)c;
	(void)d;
	((struct cost *)argument)->statements += action == SQLITE_SELECT;
	return SQLITE_OK;
}

static int on_run(unsigned what, void *argument, void *statement, void *text)
{
	(void)what;
	(void)statement;
	(void)text;
	((struct cost *)argument)->runs++;
	return 0;
}

static struct cost ask(struct world *world, const struct question *question)
{
	sqlite3 *db = world->brambled.registry->db;
	struct cost cost = { 0 };
	int status;

	sqlite3_progress_handler(db, STEP, on_steps, &cost);
	sqlite3_set_authorizer(db, on_prepare, &cost);
	sqlite3_trace_v2(db, SQLITE_TRACE_STMT, on_run, &cost);
	cJSON_Delete(
		world_call(world, NULL, question->method, question->path, question->body, &status));
	sqlite3_progress_handler(db, 0, NULL, NULL);
	sqlite3_set_authorizer(db, NULL, NULL);
	sqlite3_trace_v2(db, 0, NULL, NULL);
	if (status != 200)
		fail_msg("%s: status %d", question->path, status);
	return cost;
}

static void measure(unsigned nodes, struct cost costs[QUESTIONS])
{
	struct world *world;
	void *state;

	assert_int_equal(world_make(&state), 0);
	world = state;
	many_fill(world, nodes);
	for (size_t i = 0; i < QUESTIONS; i++) {
		/* What is prepared once for all is so behind the first. */
		if (questions[i].method == IPC_GET)
			(void)ask(world, &questions[i]);
		costs[i] = ask(world, &questions[i]);
	}
	assert_int_equal(world_remove(&state), 0);
}

static void the_work_of_a_call_grows_with_the_nodes_at_most(void **state)
{
	struct cost few[QUESTIONS], many[QUESTIONS];

	(void)state;
	measure(FEW, few);
	measure(MANY, many);
	for (size_t i = 0; i < QUESTIONS; i++) {
		const unsigned factor = questions[i].whole ? MANY / FEW : 1;

		/* Trees grow a level, pages fill: a little more is right. */
		if (many[i].steps > factor * few[i].steps * 3 / 2 + 2000)
			fail_msg("%s: %u instructions with %u nodes, %u with %u", questions[i].path,
				few[i].steps, FEW, many[i].steps, MANY);
	}
}

/* A statement for each node costs far more than its row. */
static void no_call_prepares_statements_for_each_node(void **state)
{
	struct cost few[QUESTIONS], many[QUESTIONS];

	(void)state;
	measure(FEW, few);
	measure(MANY, many);
	for (size_t i = 0; i < QUESTIONS; i++) {
		if (many[i].statements > few[i].statements + 20)
			fail_msg("%s: %u statements with %u nodes, %u with %u", questions[i].path,
				few[i].statements, FEW, many[i].statements, MANY);
	}
}

/* A list is one statement that joins what it shows, not another one or two for each line. */
static void no_call_runs_statements_for_each_node(void **state)
{
	struct cost few[QUESTIONS], many[QUESTIONS];

	(void)state;
	measure(FEW, few);
	measure(MANY, many);
	for (size_t i = 0; i < QUESTIONS; i++) {
		if (many[i].runs > few[i].runs + 20)
			fail_msg("%s: %u statements run with %u nodes, %u with %u",
				questions[i].path, few[i].runs, FEW, many[i].runs, MANY);
	}
}

/* --- configurations --- */

static unsigned merged, formatted;

int __real_nodeconf_merge(const struct settings *settings, const struct nodeconf_sources *sources,
	const struct nodeconf_facts *facts, struct nodeconf **out,
	char reason[static NODECONF_REASON_SIZE]);
int __wrap_nodeconf_merge(const struct settings *settings, const struct nodeconf_sources *sources,
	const struct nodeconf_facts *facts, struct nodeconf **out,
	char reason[static NODECONF_REASON_SIZE]);
char *__real_nodeconf_format(const struct nodeconf *configuration);
char *__wrap_nodeconf_format(const struct nodeconf *configuration);

int __wrap_nodeconf_merge(const struct settings *settings, const struct nodeconf_sources *sources,
	const struct nodeconf_facts *facts, struct nodeconf **out,
	char reason[static NODECONF_REASON_SIZE])
{
	merged++;
	return __real_nodeconf_merge(settings, sources, facts, out, reason);
}

char *__wrap_nodeconf_format(const struct nodeconf *configuration)
{
	formatted++;
	return __real_nodeconf_format(configuration);
}

/* How many nodes bramble.conf, with these settings of nodes, would change. */
static int count_changes(struct world *world, const char *nodes)
{
	char path[128], text[1024];
	int status, n;
	cJSON *json;

	snprintf(path, sizeof(path), "%s/bramble.conf", world->directory);
	snprintf(text, sizeof(text),
		"lan = { interface = \"nosuch0\"; };\nshare = { path = \"%s/share\"; };\n"
		"nodes = { %s };\n",
		world->directory, nodes);
	assert_int_equal(file_replace(path, text, strlen(text), 0644), 0);
	world->brambled.config_path = path;
	merged = 0;
	json = world_call(world, NULL, IPC_GET, "/v1/config/diff", "", &status);
	if (status != 200)
		fail_msg("%s", world_text(json, "error"));
	n = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "nodes"));
	world->brambled.config_path = "test.conf";
	cJSON_Delete(json);
	return n;
}

static void only_what_differs_is_put_together(void **state)
{
	struct world *world = *state;

	many_fill(world, FEW);
	assert_int_equal(count_changes(world, ""), 0);
	assert_int_equal(merged, 0);
	assert_int_equal(count_changes(world, "files = ({ node = \"rasp7\"; path = \"/etc/motd\";"
					      " lines = [ \"{{node}}\" ]; template = true; });"),
		1);
	assert_int_equal(merged, 2);
	/* All nodes change alike: one tells what becomes of the others. */
	assert_int_equal(
		count_changes(world, "settings = ({ timezone = \"Asia/Tokyo\"; });"), (int)FEW);
	assert_int_equal(merged, 2);
}

/* Whether nodes have their configuration is known without making that of each. */
static void no_document_is_made_to_tell_how_nodes_are(void **state)
{
	struct world *world = *state;
	int status;
	cJSON *json;

	many_fill(world, FEW);
	nodeconf_apply_again(&world->brambled);
	merged = formatted = 0;
	json = world_call(world, NULL, IPC_GET, "/v1/nodes", "", &status);
	assert_string_equal(
		world_text(cJSON_GetObjectItem(
				   cJSON_GetArrayItem(cJSON_GetObjectItem(json, "nodes"), 6),
				   "config"),
			"state"),
		"pending");
	cJSON_Delete(json);
	assert_int_equal(merged + formatted, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_work_of_a_call_grows_with_the_nodes_at_most),
		cmocka_unit_test(no_call_prepares_statements_for_each_node),
		cmocka_unit_test(no_call_runs_statements_for_each_node),
		cmocka_unit_test_setup_teardown(
			only_what_differs_is_put_together, world_make, world_remove),
		cmocka_unit_test_setup_teardown(
			no_document_is_made_to_tell_how_nodes_are, world_make, world_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
