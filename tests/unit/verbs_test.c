/* SPDX-License-Identifier: ISC */
/* Every verb of `bramble` by the table in commands.c, against brambled itself: what the table says
 * of a verb is so. A verb without an example here fails. */
#include "tests/unit/verbs_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "tests/unit/schema.h"

#define LINE_SIZE 256
#define HELP_COLUMNS 86
#define HASH3 "3333333333333333333333333333333333333333333333333333333333333333"
#define NEXT_ROLLOUT "rollout start base --to 33333333 --no-watch"

/* How each verb is called; `before`: what is to be done before, separated by ';'. What can't be
 * done here is checked by a script, which holds --json against the schema as well. */
static const struct example {
	const char *verb, *words, *before;
	int code;
	const char *elsewhere;
} examples[] = {
	{ "status", "", "", 0, NULL },
	{ "doctor", "", "", 0, "tests/integration/doctor_checks.sh" },
	{ "node list", "rasp1", "", 0, NULL },
	{ "node show", "rasp1", "node reboot rasp1 --no-wait", 0, NULL },
	{ "node admit", "1a2b3c03", "", 0, NULL },
	{ "node replace", "rasp1 --board 1a2b3c03", "", 0, NULL },
	{ "node undo", "rasp2", "", 0, NULL },
	{ "node reboot", "rasp1 --no-wait", "", 0, NULL },
	{ "node health", "rasp1 --hours 2", "", 0, NULL },
	{ "node identify", "rasp1 --for 5s --no-wait", "", 0, NULL },
	{ "node scratch-format", "rasp1 --device sda --no-wait", "", 0, NULL },
	{ "node cordon", "rasp1", "", 0, NULL },
	{ "node uncordon", "rasp1", "node cordon rasp1", 0, NULL },
	{ "node retry", "rasp1", "", 0, NULL },
	{ "node note", "rasp1 spare", "", 0, NULL },
	{ "node forget", "rasp1", "", 0, NULL },
	{ "board list", "", "", 0, NULL },
	{ "board show", "1a2b3c03", "", 0, NULL },
	{ "board note", "1a2b3c03 spare", "", 0, NULL },
	{ "rules list", "", "", 0, NULL },
	{ "rules test", "1a2b3c03", "", 0, NULL },
	{ "admit", "--for 5m --count 3", "", 0, NULL },
	{ "import", "%L", "", 0, NULL },
	{ "boot list", "--node rasp1", "", 0, NULL },
	{ "boot show", "1", "", 0, NULL },
	{ "boot watch", "--for 1s", "", 0, NULL },
	{ "boot latest", "rasp1", "", 0, NULL },
	{ "events", "--limit 50", "", 0, NULL },
	{ "hooks list", "", "", 0, NULL },
	{ "hooks test", "node.joined", "", 0, "tests/integration/hooks.sh" },
	{ "image list", "", "", 0, NULL },
	{ "image use", "base " HASH3, "", 0, NULL },
	{ "image rollback", "base", "", 0, NULL },
	{ "image gc", "base", "", 0, NULL },
	{ "image build", "base", "", 0, "tests/integration/image_verbs.sh" },
	{ "image show", "base", "", 0, "tests/integration/image_verbs.sh" },
	{ "image diff", "base", "", 0, "tests/integration/image_verbs.sh" },
	{ "image verify", "base", "", 0, "tests/integration/image_verbs.sh" },
	{ "image export", "base", "", 0, "tests/integration/image_export.sh" },
	{ "image import", "x", "", 0, "tests/integration/image_export.sh" },
	{ "image pin", "base " HASH3, "", 0, NULL },
	{ "image unpin", "base " HASH3, "image pin base " HASH3, 0, NULL },
	{ "rollout start", "base --to 33333333 --no-watch", "", 0, NULL },
	{ "rollout status", "", NEXT_ROLLOUT, 0, NULL },
	{ "rollout list", "", NEXT_ROLLOUT, 0, NULL },
	{ "rollout pause", "1", NEXT_ROLLOUT, 0, NULL },
	{ "rollout resume", "1", NEXT_ROLLOUT ";rollout pause", 0, NULL },
	{ "rollout abort", "1", NEXT_ROLLOUT, 0, NULL },
	{ "cluster create", "", "", 0, "tests/integration/cluster.sh" },
	{ "cluster status", "", "", 1, NULL },
	{ "cluster kubeconfig", "", "", 0, "tests/integration/cluster.sh" },
	{ "cluster snapshot", "", "", 0, "tests/integration/cluster_upkeep.sh" },
	{ "cluster snapshots", "", "", 0, NULL },
	{ "cluster restore", "x", "", 0, "tests/integration/cluster_upkeep.sh" },
	{ "cluster rebuild", "", "", 0, "tests/integration/cluster_upkeep.sh" },
	{ "cluster renew", "", "", 0, "tests/integration/cluster_care.sh" },
	{ "cluster upgrade", "", "", 0, "tests/integration/cluster_upgrade.sh" },
	{ "addon list", "", "", 0, "tests/integration/addons.sh" },
	{ "addon show", "storage", "", 0, "tests/integration/addons.sh" },
	{ "addon diff", "", "", 0, "tests/integration/addons.sh" },
	{ "addon apply", "", "", 0, "tests/integration/addons.sh" },
	{ "addon remove", "storage", "", 0, "tests/integration/addons.sh" },
	{ "addon images", "", "", 0, "tests/integration/addons.sh" },
	{ "cluster reset", "", "", 0, "tests/integration/cluster.sh" },
	{ "state backups", "", "state backup", 0, NULL },
	{ "state backup", "", "", 0, NULL },
	{ "state restore", "%B", "state backup;node note rasp1 later", 0, NULL },
	{ "state export", "", "", 0, NULL },
	{ "state import", "%S", "state export %S;node note rasp1 later", 0, NULL },
	{ "config check", "", "", 0, NULL },
	{ "config show", "", "", 0, NULL },
	{ "config diff", "", "", 0, NULL },
	{ "config apply", "--no-wait", "", 0, NULL },
	{ "version", "", "", 0, NULL },
	{ "help", "status", "", 0, NULL },
};

static cJSON *schema;
static char *manual;
static struct world *calm; /* for what asks nobody */

struct verb {
	char path[64]; /* "node list" */
	const struct cli_command *command;
	const struct example *example;
};

static void fail_verb(const struct verb *verb, const char *what, const struct ran *ran)
{
	fail_msg("bramble %s: %s\nexit status %d\n%.600s\n%.400s", verb->path, what,
		ran ? ran->code : -1, ran ? ran->out : "", ran ? ran->error : "");
}

/* --- for each of them --- */

static void for_commands(const struct cli_command *table, const char *parent,
	void (*each)(const struct verb *verb), unsigned traits)
{
	for (const struct cli_command *c = table; c->name; c++) {
		struct verb verb = { .command = c };

		snprintf(verb.path, sizeof(verb.path), "%s%s%s", parent, *parent ? " " : "",
			c->name);
		if (c->below) {
			for_commands(c->below, verb.path, each, traits);
			continue;
		}
		for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
			if (strcmp(examples[i].verb, verb.path) == 0)
				verb.example = &examples[i];
		}
		if (!verb.example)
			fail_verb(&verb, "has no example in tests/unit/verbs_test.c", NULL);
		if ((c->traits & traits) == traits)
			each(&verb);
	}
}

static void run_before(struct world *world, const struct verb *verb)
{
	char copy[LINE_SIZE], *rest = copy, *line;
	struct ran ran;

	snprintf(copy, sizeof(copy), "%s", verb->example->before);
	while (*copy && (line = strsep(&rest, ";"))) {
		verbs_run(world, line, NULL, &ran);
		if (ran.code != CLI_OK)
			fail_verb(verb, line, &ran);
		verbs_free(&ran);
	}
}

/* In a world of its own: "bramble VERB WORDS EXTRA". */
static void run_in(struct world *world, const struct verb *verb, const char *extra,
	const char *input, struct ran *ran)
{
	char line[LINE_SIZE];

	snprintf(line, sizeof(line), "%s%s%s%s%s", verb->path, *verb->example->words ? " " : "",
		verb->example->words, *extra ? " " : "", extra);
	verbs_run(world, line, input, ran);
}

static void expect_schema(const struct verb *verb, const char *name, const struct ran *ran)
{
	char error[SCHEMA_ERROR_SIZE];
	int n = schema_check_text(schema, name, ran->out, error);

	if (n == 0)
		fail_verb(verb, "prints no JSON", ran);
	if (n < 0)
		fail_verb(verb, error, ran);
}

static void expect_lines(const struct verb *verb, const struct ran *ran, size_t width)
{
	for (const char *p = ran->out; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t columns = 0;

		for (size_t i = 0, n = strcspn(p, "\n"); i < n; i++)
			columns += (p[i] & 0xc0) != 0x80;
		if (columns > width)
			fail_verb(verb, "has too long a line", ran);
	}
}

/* --- what is asked of each --- */

static void has_help(const struct verb *verb)
{
	const unsigned traits = verb->command->traits;
	char line[LINE_SIZE];
	struct ran ran;

	snprintf(line, sizeof(line), "%s --help", verb->path);
	verbs_run(calm, line, NULL, &ran);
	if (strcmp(verb->path, "help") != 0 &&
		(ran.code != CLI_OK || !strstr(ran.out, verb->path) ||
			!strstr(ran.out, "--dry-run  ") != !(traits & CLI_CHANGES) ||
			!strstr(ran.out, "--yes  ") != !(traits & CLI_ASKS) ||
			!strstr(ran.out, "'rasp[1-4]'") != !(traits & CLI_NODES)))
		fail_verb(verb, "help isn't as the table says", &ran);
	expect_lines(verb, &ran, HELP_COLUMNS);
	verbs_free(&ran);
	snprintf(line, sizeof(line), "__complete %s", verb->path);
	verbs_run(calm, line, NULL, &ran);
	if (!strstr(ran.out, verb->command->name))
		fail_verb(verb, "is not offered to a shell", &ran);
	verbs_free(&ran);
	snprintf(line, sizeof(line), "%s --nonsense", verb->path);
	verbs_run(calm, line, NULL, &ran);
	if (strcmp(verb->path, "help") != 0 && ran.code != CLI_USAGE)
		fail_verb(verb, "takes an option that there isn't", &ran);
	verbs_free(&ran);
}

/* The item of a verb in the manual page: from its .It to the next text. NULL when there is none. */
static const char *find_item(const char *path)
{
	char beginning[96];

	snprintf(beginning, sizeof(beginning), "\n.It Cm %s", path);
	if (strcmp(path, "rollout start") == 0)
		snprintf(beginning, sizeof(beginning), "\n.It Cm rollout Oo Cm start Oc");
	for (const char *p = manual; (p = strstr(p, beginning)); p++) {
		char next = p[strlen(beginning)];

		if (next == '\n' || next == ' ')
			return p + 1;
	}
	return NULL;
}

static void is_in_the_manual(const struct verb *verb)
{
	const char *item = find_item(verb->path);
	char line[LINE_SIZE];
	struct ran ran;

	snprintf(line, sizeof(line), "%s --help", verb->path);
	verbs_run(calm, line, NULL, &ran);
	if (!item)
		fail_verb(verb, "isn't in docs/man/bramble.8", &ran);
	/* Each option, wherever in the page. */
	for (const char *p = ran.out; (p = strstr(p, " --")); p++) {
		char option[64];

		snprintf(option, sizeof(option), "Fl Fl %.*s",
			(int)strspn(p + 3, "abcdefghijklmnopqrstuvwxyz-"), p + 3);
		if (!strstr(manual, option))
			fail_verb(verb, option, &ran);
	}
	verbs_free(&ran);
}

static void answers(const struct verb *verb)
{
	struct world *world;
	struct ran ran;

	if (verb->example->elsewhere)
		return;
	world = verbs_begin();
	run_before(world, verb);
	run_in(world, verb, verb->command->traits & CLI_ASKS ? "--yes" : "", NULL, &ran);
	if (ran.code != verb->example->code ||
		(*ran.out == '\0' && strcmp(verb->path, "config apply") != 0))
		fail_verb(verb, "doesn't answer as the example says", &ran);
	if (strcmp(verb->path, "config show") != 0 && strcmp(verb->path, "state export") != 0)
		expect_lines(verb, &ran, strcmp(verb->path, "help") == 0 ? HELP_COLUMNS : 80);
	verbs_free(&ran);
	verbs_end(world);
}

static void prints_json_of_its_schema(const struct verb *verb)
{
	struct world *world;
	struct ran ran;
	char *text, mention[64];
	size_t size;

	if (!verb->command->schema)
		return;
	if (verb->example->elsewhere) {
		snprintf(mention, sizeof(mention), "prints %s", verb->command->schema);
		assert_int_equal(file_read(verb->example->elsewhere, 1u << 20, &text, &size), 0);
		if (!strstr(text, mention))
			fail_verb(
				verb, "the script doesn't hold its JSON against the schema", NULL);
		free(text);
		return;
	}
	world = verbs_begin();
	run_before(world, verb);
	run_in(world, verb, verb->command->traits & CLI_ASKS ? "--json --yes" : "--json", NULL,
		&ran);
	if (ran.code != verb->example->code)
		fail_verb(verb, "--json changes the exit status", &ran);
	expect_schema(verb, verb->command->schema, &ran);
	verbs_free(&ran);
	verbs_end(world);
}

/* The dry run changes nothing, and what comes after it does. */
static void is_rehearsed(const struct verb *verb)
{
	struct world *world = verbs_begin();
	char *before, *after;
	char error[SCHEMA_ERROR_SIZE];
	struct ran ran;

	if (!verb->example->elsewhere)
		run_before(world, verb);
	before = verbs_describe(world);
	run_in(world, verb, "--dry-run", NULL, &ran);
	if (!verb->example->elsewhere && (ran.code != CLI_OK || *ran.out == '\0'))
		fail_verb(verb, "--dry-run says nothing", &ran);
	verbs_free(&ran);
	run_in(world, verb, "--dry-run --json", NULL, &ran);
	if (!verb->example->elsewhere &&
		schema_check_text(schema, "rehearsal", ran.out, error) < 1 &&
		schema_check_text(schema, verb->command->schema, ran.out, error) < 1)
		fail_verb(verb, error, &ran);
	after = verbs_describe(world);
	if (strcmp(before, after) != 0)
		fail_verb(verb, "--dry-run changed something", &ran);
	free(after);
	verbs_free(&ran);
	if (!verb->example->elsewhere) {
		run_in(world, verb, verb->command->traits & CLI_ASKS ? "--yes" : "", NULL, &ran);
		after = verbs_describe(world);
		if (ran.code != CLI_OK || strcmp(before, after) == 0)
			fail_verb(verb, "changes nothing: its example proves nothing", &ran);
		free(after);
		verbs_free(&ran);
	}
	free(before);
	verbs_end(world);
}

static void asks_before(const struct verb *verb)
{
	static const struct {
		const char *input;
		int code;
		bool does;
	} cases[] = { { NULL, CLI_USAGE, false }, { "n\n", CLI_FAILED, false },
		{ "y\n", CLI_OK, true } };

	if (verb->example->elsewhere)
		return;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *world = verbs_begin();
		char *before, *after;
		struct ran ran;

		run_before(world, verb);
		before = verbs_describe(world);
		run_in(world, verb, "", cases[i].input, &ran);
		after = verbs_describe(world);
		if (ran.code != cases[i].code || (strcmp(before, after) != 0) != cases[i].does)
			fail_verb(verb, "doesn't ask, or doesn't heed the answer", &ran);
		free(before);
		free(after);
		verbs_free(&ran);
		verbs_end(world);
	}
}

/* "rasp1" of the example as a pattern that names it, and as one that names nobody. */
static void takes_patterns(const struct verb *verb)
{
	static const struct {
		const char *pattern;
		int code;
	} cases[] = { { "rasp[1-1]", CLI_OK }, { "ras?1", CLI_OK },
		{ "rasp[8-9]", CLI_NOT_FOUND } };
	const char *place = strstr(verb->example->words, "rasp");
	const char *words = place ? verb->example->words : "rasp1";

	place = strstr(words, "rasp");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *world = verbs_begin();
		char line[LINE_SIZE], pattern[16];
		struct ran ran;

		run_before(world, verb);
		snprintf(pattern, sizeof(pattern), "%s", cases[i].pattern);
		/* An example may be of rasp2. */
		for (char *p = pattern; place[4] == '2' && *p; p++)
			*p = *p == '1' ? '2' : *p;
		snprintf(line, sizeof(line), "%s %.*s%s%s%s", verb->path, (int)(place - words),
			words, pattern, place + 5,
			verb->command->traits & CLI_ASKS ? " --yes" : "");
		verbs_run(world, line, NULL, &ran);
		if (ran.code != cases[i].code)
			fail_verb(verb, line, &ran);
		verbs_free(&ran);
		verbs_end(world);
	}
}

static void every_verb_has_help_and_is_offered_to_shells(void **state)
{
	(void)state;
	for_commands(commands_table, "", has_help, 0);
}

static void every_verb_and_option_is_in_the_manual(void **state)
{
	(void)state;
	for_commands(commands_table, "", is_in_the_manual, 0);
}

static void every_verb_answers_within_80_columns(void **state)
{
	(void)state;
	for_commands(commands_table, "", answers, 0);
}

static void every_verb_prints_the_json_that_is_documented(void **state)
{
	(void)state;
	for_commands(commands_table, "", prints_json_of_its_schema, 0);
}

/* What an option or another kind of word lets a verb print. */
static void other_shapes_of_json_are_documented_as_well(void **state)
{
	static const struct {
		const char *words, *schema;
	} cases[] = {
		{ "config show rasp1 --json", "node_config" },
		{ "boot show 1 --console --json", "console" },
		{ "boot latest rasp1 --console --json", "console" },
		{ "boot latest rasp1 --json", "boot_steps" },
		{ "node list --json", "nodes" },
	};
	struct world *world = verbs_begin();
	char error[SCHEMA_ERROR_SIZE];
	struct ran ran;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		verbs_run(world, cases[i].words, NULL, &ran);
		if (ran.code != CLI_OK ||
			schema_check_text(schema, cases[i].schema, ran.out, error) < 1)
			fail_msg("bramble %s: %s\n%.400s%.400s", cases[i].words, error, ran.out,
				ran.error);
		verbs_free(&ran);
	}
	verbs_end(world);
}

/* It takes several calls: one answer tells of all. */
static void a_long_list_is_announced_whole(void **state)
{
	static const struct {
		const char *words, *schema, *list;
		int length;
	} cases[] = { { "import %M --json --dry-run", "rehearsal", "would", 3 },
		{ "import %M --json", "admission", "expected", VERBS_LONG_LIST } };
	struct world *world = verbs_begin();
	char error[SCHEMA_ERROR_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ran ran;
		cJSON *json;

		verbs_run(world, cases[i].words, NULL, &ran);
		assert_int_equal(ran.code, CLI_OK);
		assert_int_equal(schema_check_text(schema, cases[i].schema, ran.out, error), 1);
		json = cJSON_Parse(ran.out);
		assert_int_equal(
			cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, cases[i].list)),
			cases[i].length);
		cJSON_Delete(json);
		verbs_free(&ran);
	}
	verbs_end(world);
}

static void every_change_is_rehearsed_without_a_trace(void **state)
{
	(void)state;
	for_commands(commands_table, "", is_rehearsed, CLI_CHANGES);
}

static void what_destroys_asks_before(void **state)
{
	(void)state;
	for_commands(commands_table, "", asks_before, CLI_ASKS);
}

static void wherever_nodes_are_named_a_pattern_will_do(void **state)
{
	(void)state;
	for_commands(commands_table, "", takes_patterns, CLI_NODES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_has_help_and_is_offered_to_shells),
		cmocka_unit_test(every_verb_and_option_is_in_the_manual),
		cmocka_unit_test(every_verb_answers_within_80_columns),
		cmocka_unit_test(every_verb_prints_the_json_that_is_documented),
		cmocka_unit_test(other_shapes_of_json_are_documented_as_well),
		cmocka_unit_test(a_long_list_is_announced_whole),
		cmocka_unit_test(every_change_is_rehearsed_without_a_trace),
		cmocka_unit_test(what_destroys_asks_before),
		cmocka_unit_test(wherever_nodes_are_named_a_pattern_will_do),
	};
	size_t size;
	int failed;

	schema = schema_read("docs/schema.json");
	if (!schema || file_read("docs/man/bramble.8", 1u << 20, &manual, &size) != 0) {
		fprintf(stderr, "docs/schema.json and docs/man/bramble.8 can't be read here\n");
		return 1;
	}
	calm = verbs_begin();
	failed = cmocka_run_group_tests_name("verbs", tests, NULL, NULL);
	verbs_end(calm);
	cJSON_Delete(schema);
	free(manual);
	return failed;
}
