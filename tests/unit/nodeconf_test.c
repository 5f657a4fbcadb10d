/* SPDX-License-Identifier: ISC */
/* What a node is set to: templates, merging, the document, and what brambled tells of it. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "provisioner/nodeconf/force.h"
#include "provisioner/nodeconf/template.h"

static const char *look_up(void *argument, const char *name)
{
	(void)argument;
	return strcmp(name, "node") == 0 ? "rasp1" : strcmp(name, "empty") == 0 ? "" : NULL;
}

static void a_template_is_filled_in_or_refused(void **state)
{
	static const struct {
		const char *text, *result;
		unsigned line;
	} cases[] = {
		{ "", "", 0 },
		{ "a {{node}}{{empty}}b {{node}}\n", "a rasp1b rasp1\n", 0 },
		{ "\\{{node}} { {", "{{node}} { {", 0 },
		{ "x\ny {{role}}", "undefined variable \"role\"", 2 },
		{ "{{ node }}", "{{ is followed by no variable", 1 },
		{ "\n\n{{node}", "{{ is followed by no variable", 3 },
		{ "{{a123456789012345678901234567890123456789}}", "{{ is followed by", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct template_error error;
		char out[64];
		int result =
			template_render(cases[i].text, look_up, NULL, out, sizeof(out), &error);

		assert_int_equal(result, cases[i].line ? -EINVAL : 0);
		if (result == 0) {
			assert_string_equal(out, cases[i].result);
			continue;
		}
		assert_int_equal(error.line, cases[i].line);
		assert_ptr_equal(strstr(error.what, cases[i].result), error.what);
	}
	assert_int_equal(template_render("{{node}}", look_up, NULL, (char[5]){ 0 }, 5,
				 &(struct template_error){ 0 }),
		-ENOSPC);
}

static void read_settings(struct settings *settings, const char *nodes)
{
	struct conf_error error;
	char text[4096];

	snprintf(text, sizeof(text), "lan = { interface = \"lo\"; };\nnodes = { %s };\n", nodes);
	if (settings_parse("b.conf", text, settings, &error) != 0)
		fail_msg("%s", error.text);
}

static struct nodeconf *merge(const struct settings *settings, const char *node, const char *role)
{
	const struct nodeconf_facts facts = { .node = node,
		.role = role,
		.address = { htonl(0x0a4d0032) },
		.hosts = "127.0.0.1 localhost\n" };
	char reason[NODECONF_REASON_SIZE];
	struct nodeconf *merged;

	if (nodeconf_merge(settings, NULL, &facts, &merged, reason) != 0)
		fail_msg("%s", reason);
	return merged;
}

static const struct nodeconf_item *find(
	const struct nodeconf *merged, enum item_kind kind, const char *name)
{
	return nodeconf_find(merged, &(struct item){ .kind = kind, .values = { name } });
}

static void assert_value(const struct nodeconf *merged, enum item_kind kind, const char *name,
	unsigned value, const char *expected, const char *path)
{
	const struct nodeconf_item *item = find(merged, kind, name);

	if (!item) {
		fail_msg("there is no %s %s", item_traits(kind)->word, name);
		return;
	}
	assert_string_equal(item->item.values[value], expected);
	assert_string_equal(item->path, path);
}

static const char layered[] =
	"kernel_arguments = \"quiet\"; roles = ( { name = \"big\"; kernel_arguments = \"a=1\"; } "
	");\n"
	"settings = ( { node = \"rasp[2-3]\"; sysctl = [ \"vm.x=3\" ]; swap_mb = 7; },\n"
	" { timezone = \"Europe/Berlin\"; sysctl = [ \"vm.x=1\", \"vm.y=1\" ]; "
	"kernel_arguments = \"b=2\"; },\n"
	" { role = \"big\"; sysctl = [ \"vm.x=2\" ]; swap = \"zram\"; config_txt = [ \"l=1\" ]; } "
	");\n"
	"files = ( { path = \"/etc/a\"; lines = [ \"all\" ]; },"
	" { path = \"/etc/a\"; node = \"rasp2\"; lines = [ \"{{node}} {{address}}\", \"x\" ]; "
	"template = true; } );";

static void node_wins_over_role_over_all(void **state)
{
	struct settings settings;
	struct nodeconf *merged;

	(void)state;
	read_settings(&settings, layered);
	merged = merge(&settings, "rasp2", "big");
	assert_value(merged, ITEM_SYSCTL, "vm.x", 1, "3", "nodes.settings.[0].sysctl");
	assert_value(merged, ITEM_SYSCTL, "vm.y", 1, "1", "nodes.settings.[1].sysctl");
	assert_value(merged, ITEM_TIMEZONE, "", 0, "Europe/Berlin", "nodes.settings.[1].timezone");
	/* Mode and size come from different elements. */
	assert_value(merged, ITEM_SWAP, "", 0, "zram", "nodes.settings.[0].swap_mb");
	assert_value(merged, ITEM_SWAP, "", 1, "7", "nodes.settings.[0].swap_mb");
	assert_value(merged, ITEM_LOCALE, "", 0, "C.UTF-8", "");
	assert_value(
		merged, ITEM_KERNEL, "", 0, "quiet b=2 a=1", "nodes.roles.[0].kernel_arguments");
	assert_value(merged, ITEM_FIRMWARE, "", 0, "l=1\n", "nodes.settings.[2].config_txt");
	assert_value(merged, ITEM_FILE, "/etc/a", 3, "rasp2 10.77.0.50\nx\n", "nodes.files.[1]");
	assert_int_equal(find(merged, ITEM_FILE, "/etc/a")->level, NODECONF_NODE);
	nodeconf_free(merged);

	merged = merge(&settings, "rasp9", "node");
	assert_value(merged, ITEM_SYSCTL, "vm.x", 1, "1", "nodes.settings.[1].sysctl");
	assert_value(merged, ITEM_SWAP, "", 0, "off", "");
	assert_value(merged, ITEM_FILE, "/etc/a", 3, "all\n", "nodes.files.[0]");
	assert_null(find(merged, ITEM_FIRMWARE, ""));
	nodeconf_free(merged);
}

static void apt_of_nodes_is_told_of_the_package_cache(void **state)
{
	static const char path[] = "/etc/apt/apt.conf.d/90bramble-cache";
	struct settings *settings = calloc(1, sizeof(*settings));
	struct nodeconf *merged;

	(void)state;
	read_settings(settings, "");
	merged = merge(settings, "rasp1", "node");
	assert_null(find(merged, ITEM_FILE, path));
	nodeconf_free(merged);
	settings->package_cache = true;
	merged = merge(settings, "rasp1", "node");
	assert_string_equal(find(merged, ITEM_FILE, path)->item.values[3],
		"Acquire::http::Proxy \"http://10.77.0.1:3142\";\n");
	nodeconf_free(merged);
	free(settings);
}

static void a_document_says_the_same_to_the_agent(void **state)
{
	struct document *document = calloc(1, sizeof(*document));
	struct settings settings;
	struct nodeconf *merged;
	unsigned line;
	char *text;

	(void)state;
	assert_non_null(document);
	read_settings(&settings,
		"users = ( { name = \"pi\"; uid = 1500; groups = [ \"a\", \"b\" ]; "
		"keys = [ \"ssh-ed25519 AAAA x\" ]; } );\n"
		"files = ( { path = \"/a\"; lines = [ \"tab\\\\t {{\", \"\" ]; } );\n"
		"units = ( { name = \"x.service\"; drop_in = true; lines = [ \"[Unit]\" ]; "
		"state = \"stopped\"; } );");
	merged = merge(&settings, "rasp1", "node");
	text = nodeconf_format(merged);
	assert_non_null(text);
	assert_int_equal(document_parse(text, document, &line), 0);
	assert_int_equal(document->n, merged->n);
	assert_int_equal(document->unknown, 0);
	for (size_t i = 0; i < merged->n; i++) {
		const struct item *item = document_find(document, &merged->items[i].item);

		assert_non_null(item);
		assert_true(item_is_equal(item, &merged->items[i].item));
	}
	assert_value(merged, ITEM_USER, "pi", 2, "a,b", "nodes.users.[0]");
	assert_value(merged, ITEM_FILE, "/etc/systemd/system/x.service.d/50-bramble.conf", 3,
		"[Unit]\n", "nodes.units.[0]");
	free(text);
	nodeconf_free(merged);
	free(document);
}

/* Settings that differ in one thing each. */
static const char a_variable[] =
	"settings = ({ variables = [ \"m=1\" ]; });"
	" files = ({ path = \"/etc/motd\"; lines = [ \"{{m}}\" ]; template = true; });";
static const char another_variable[] =
	"settings = ({ variables = [ \"m=2\" ]; });"
	" files = ({ path = \"/etc/motd\"; lines = [ \"{{m}}\" ]; template = true; });";
static const char *const variants[] = {
	"",
	"kernel_arguments = \"quiet\";",
	"}; packages = { cache = true;",
	"roles = ({ name = \"node\"; kernel_arguments = \"loglevel=4\"; });",
	"roles = ({ name = \"node\"; config_txt = [ \"gpu_mem=16\" ]; });",
	"settings = ({ timezone = \"Asia/Tokyo\"; });",
	"settings = ({ timezone = \"Europe/Berlin\"; });",
	"settings = ({ role = \"node\"; timezone = \"Asia/Tokyo\"; });",
	"settings = ({ node = \"rasp[1-3]\"; timezone = \"Asia/Tokyo\"; });",
	"settings = ({ timezone = \"Asia/Tokyo\"; }, { timezone = \"Europe/Berlin\"; });",
	"settings = ({ timezone = \"Europe/Berlin\"; }, { timezone = \"Asia/Tokyo\"; });",
	"settings = ({ scratch = \"memory\"; scratch_mb = 64; });",
	"settings = ({ scratch = \"memory\"; scratch_mb = 65; });",
	"settings = ({ root = \"ram\"; });",
	"groups = ({ name = \"media\"; gid = 2000; });",
	"groups = ({ name = \"media\"; gid = 2001; });",
	"mounts = ({ where = \"/media/x\"; source = \"shared\"; });",
	"mounts = ({ where = \"/media/x\"; source = \"shared\"; options = \"ro\"; });",
	"files = ({ path = \"/etc/motd\"; lines = [ \"of {{node}}\" ]; });",
	"files = ({ path = \"/etc/motd\"; lines = [ \"of {{node}}\" ]; template = true; });",
	"files = ({ path = \"/etc/motd\"; lines = [ \"of {{node}}\" ]; mode = \"0600\"; });",
	a_variable,
	another_variable,
	"files = ({ path = \"/etc/motd\"; source = \"motd\"; });",
	"units = ({ name = \"x.service\"; state = \"started\"; });",
	"units = ({ name = \"x.service\"; state = \"masked\"; });",
	"units = ({ name = \"x.service\"; lines = [ \"[Unit]\" ]; });",
	"units = ({ name = \"x.service\"; lines = [ \"[Unit]\" ]; drop_in = true; });",
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

struct told {
	char *document;
	uint8_t digest[NODECONF_DIGEST_SIZE];
};

static void tell(const char *variant, const struct nodeconf_sources *sources,
	const struct nodeconf_facts *facts, struct told *told)
{
	struct settings *settings = calloc(1, sizeof(*settings));
	char reason[NODECONF_REASON_SIZE];
	struct nodeconf_inputs *inputs;
	struct nodeconf *merged;

	assert_non_null(settings);
	read_settings(settings, variant);
	inputs = nodeconf_inputs_new(settings, sources);
	assert_non_null(inputs);
	nodeconf_inputs_of(inputs, facts, told->digest);
	if (nodeconf_merge(settings, sources, facts, &merged, reason) != 0)
		fail_msg("%s: %s", variant, reason);
	told->document = nodeconf_format(merged);
	nodeconf_free(merged);
	nodeconf_inputs_free(inputs);
	free(settings);
}

static bool is_same_digest(const struct told *a, const struct told *b)
{
	return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* Whoever goes by digests misses no change: of settings, of a file, of who the node is. */
static void another_document_has_other_inputs(void **state)
{
	static char one[] = "one\n", other[] = "other\n";
	static struct nodeconf_sources sources[] = { { 1, { { "motd", one } } },
		{ 1, { { "motd", other } } } };
	static const struct nodeconf_facts facts[] = {
		{ .node = "rasp1", .role = "node", .address = { 1 }, .hosts = "" },
		{ .node = "rasp2", .role = "node", .address = { 2 }, .hosts = "" },
		{ .node = "kiosk1", .role = "kiosk", .address = { 3 }, .hosts = "" },
	};
	struct told all[2 * 3 * VARIANTS];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < VARIANTS; i++) {
		for (size_t j = 0; j < 6; j++)
			tell(variants[i], &sources[j % 2], &facts[j / 2], &all[n++]);
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(all[i].document, all[j].document) != 0 &&
				is_same_digest(&all[i], &all[j]))
				fail_msg("\"%s\" (%zu) and \"%s\" (%zu)", variants[i / 6], i % 6,
					variants[j / 6], j % 6);
		}
	}
	for (size_t i = 0; i < n; i++)
		free(all[i].document);
}

/* And of what isn't for it, it sees nothing. */
static void a_node_has_the_inputs_that_are_for_it(void **state)
{
	static const struct nodeconf_facts facts[] = {
		{ .node = "rasp1", .role = "node", .address = { 1 }, .hosts = "" },
		{ .node = "rasp2", .role = "node", .address = { 2 }, .hosts = "" },
	};
	static const char *const others[] = {
		"roles = ({ name = \"kiosk\"; kernel_arguments = \"quiet\"; });"
		" rules = ({ model = \"4\"; role = \"kiosk\"; });",
		"settings = ({ role = \"kiosk\"; timezone = \"Asia/Tokyo\"; });",
		"settings = ({ node = \"rasp[3-9]\"; timezone = \"Asia/Tokyo\"; });",
		"files = ({ role = \"kiosk\"; path = \"/etc/motd\"; lines = [ \"{{node}}\" ];"
		" template = true; });",
	};
	struct told plain, told, neighbour;

	(void)state;
	tell("", NULL, &facts[0], &plain);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		tell(others[i], NULL, &facts[0], &told);
		tell(others[i], NULL, &facts[1], &neighbour);
		assert_true(is_same_digest(&plain, &told));
		assert_true(is_same_digest(&told, &neighbour));
		free(told.document);
		free(neighbour.document);
	}
	free(plain.document);
}

static void a_document_is_read_strictly(void **state)
{
	static const struct {
		const char *text;
		unsigned line; /* 0 = sound */
	} cases[] = {
		{ DOCUMENT_HEAD, 0 },
		{ DOCUMENT_HEAD "timezone\tEtc/UTC\nsomething\tnew\n", 0 },
		{ "", 1 },
		{ "bramble-config 2\n", 1 },
		{ DOCUMENT_HEAD "timezone\tEtc/UTC", 2 },
		{ DOCUMENT_HEAD "timezone\n", 2 },
		{ DOCUMENT_HEAD "timezone\ta\tb\n", 2 },
		{ DOCUMENT_HEAD "timezone\ta\ntimezone\tb\n", 3 },
		{ DOCUMENT_HEAD "sysctl\ta\tb\nsysctl\ta\tc\n", 3 },
		{ DOCUMENT_HEAD "timezone\ta\\x\n", 2 },
		{ DOCUMENT_HEAD "timezone\ta\x01\n", 2 },
		{ DOCUMENT_HEAD "Not a word\n", 2 },
		{ DOCUMENT_HEAD "\n", 2 },
	};
	struct document *document = calloc(1, sizeof(*document));

	(void)state;
	assert_non_null(document);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = strdup(cases[i].text);
		unsigned line = 0;

		assert_non_null(text);
		assert_int_equal(
			document_parse(text, document, &line), cases[i].line ? -EBADMSG : 0);
		if (cases[i].line)
			assert_int_equal(line, cases[i].line);
		free(text);
	}
	free(document);
}

static void mistakes_name_the_setting(void **state)
{
	static const struct {
		const char *nodes, *message;
	} mistakes[] = {
		{ "settings = ( { },\n{ timezone = \"../etc\"; } );",
			"b.conf:3: nodes.settings.timezone: \"../etc\" is not the name of a time" },
		{ "settings = ( { sysctl = [ \"vm.x\" ]; } );", "\"vm.x\" is not name=value" },
		{ "users = ( { name = \"a\"; uid = 0; } );", "nodes.users.uid: 0 is out of range" },
		{ "users = ( { name = \"a\"; uid = 1000; },\n{ name = \"b\"; uid = 1000; } );",
			"b.conf:3: nodes.users.[1].uid: b has it, and a" },
		{ "users = ( { name = \"a\"; uid = 1000; password = \"secret\"; } );",
			"is not a hash as `mkpasswd" },
		{ "mounts = ( { where = \"/a\"; source = \"nas\"; } );", "is neither shared" },
		{ "files = ( { path = \"/a/../b\"; } );", "is not an absolute path" },
		{ "files = ( { path = \"/a\"; }, { path = \"/a\"; } );",
			"nodes.files.[1].path: \"/a\" is there twice" },
		{ "files = ( { path = \"/a\"; lines = [ \"x\" ]; source = \"y\"; } );",
			"nodes.files.[0].source: there are lines already" },
		{ "units = ( { name = \"xyz\"; } );", "does not end in .service" },
		{ "units = ( { name = \"x.service\"; } );", "nothing is said of it" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct conf_error error = { "" };
		struct settings settings;
		char text[512];

		snprintf(text, sizeof(text), "lan = { interface = \"lo\"; };\nnodes = { %s };\n",
			mistakes[i].nodes);
		assert_int_not_equal(settings_parse("b.conf", text, &settings, &error), 0);
		if (!strstr(error.text, mistakes[i].message))
			fail_msg("%s\ninstead of %s", error.text, mistakes[i].message);
	}
}

/* Write bramble.conf (and what it names) where the world is, and read it. */
static int read_sources(
	struct world *world, const char *nodes, const char *file, struct conf_report *report)
{
	char path[160], text[2048];
	struct nodeconf_sources *sources = NULL;
	struct settings settings;
	int result;

	snprintf(path, sizeof(path), "%s/files", world->directory);
	assert_int_equal(file_make_directories(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/files/x", world->directory);
	assert_int_equal(file_replace(path, file, strlen(file), 0644), 0);
	snprintf(path, sizeof(path), "%s/b.conf", world->directory);
	snprintf(text, sizeof(text), "lan = { interface = \"lo\"; };\nnodes = {\n%s };\n", nodes);
	read_settings(&settings, nodes);
	report->count = 0;
	result = nodeconf_read_sources(path, text, &settings, &sources, report);
	nodeconf_free_sources(sources);
	return result;
}

static void a_template_without_its_variable_is_a_mistake_with_file_and_line(void **state)
{
	static const char with_role[] =
		"settings = ( { role = \"r\"; variables = [ \"v=1\" ]; } );\n"
		"files = ( { path = \"/a\"; source = \"x\"; template = true; %s } );";
	struct conf_report *report = calloc(1, sizeof(*report));
	struct world *world = *state;
	char nodes[256];

	assert_non_null(report);
	/* Defined for those who get it. */
	snprintf(nodes, sizeof(nodes), with_role, "role = \"r\";");
	assert_int_equal(read_sources(world, nodes, "\n{{v}} {{node}}", report), 0);
	/* Not for all. */
	snprintf(nodes, sizeof(nodes), with_role, "");
	assert_int_equal(read_sources(world, nodes, "\n{{v}} {{node}}", report), -EINVAL);
	assert_int_equal(report->count, 1);
	assert_non_null(strstr(report->errors[0].text, "b.conf:4: nodes.files.[0].source: "));
	assert_non_null(strstr(report->errors[0].text, "/files/x:2: undefined variable \"v\""));
	assert_int_equal(
		read_sources(world, "files = ( { path = \"/a\"; source = \"y\"; } );", "", report),
		-EINVAL);
	assert_non_null(strstr(report->errors[0].text, "can't be read: No such file"));
	assert_int_equal(read_sources(world, "files = ( { path = \"/a\"; source = \"x\"; } );",
				 "\x02", report),
		-EINVAL);
	free(report);
}

/* The node of board 1, joined; returns the token of its boot. */
static char *join(struct world *world)
{
	char body[128], *token;
	int status;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	token = world_fetch_token(world, "10.77.0.50", "00001001");
	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	cJSON_Delete(world_call(world, "10.77.0.50", IPC_POST, "/v1/join", body, &status));
	assert_int_equal(status, 200);
	return token;
}

static cJSON *beat(struct world *world, const char *token, const char *more)
{
	char body[512];
	int status;
	cJSON *json;

	snprintf(body, sizeof(body), "{\"token\":\"%s\"%s}", token, more);
	json = world_call(world, "10.77.0.50", IPC_POST, "/v1/heartbeat", body, &status);
	assert_int_equal(status, 200);
	return json;
}

static void assert_state(struct world *world, const char *state)
{
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, "/v1/nodes/rasp1", NULL, &status);

	assert_string_equal(
		world_text(cJSON_GetObjectItemCaseSensitive(json, "config"), "state"), state);
	cJSON_Delete(json);
}

static void a_node_is_told_its_document_in_parts_and_says_how_it_went(void **state)
{
	struct world *world = *state;
	char *token = join(world), body[256], more[128];
	cJSON *json, *part;
	int status;

	assert_state(world, "unknown");
	json = beat(world, token, "");
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"offset\":0}", token);
	part = world_call(world, "10.77.0.50", IPC_POST, "/v1/config", body, &status);
	assert_int_equal(status, 200);
	assert_string_equal(world_text(part, "hash"), world_text(json, "config"));
	assert_ptr_equal(strstr(world_text(part, "text"), DOCUMENT_HEAD), world_text(part, "text"));
	assert_non_null(strstr(world_text(part, "text"), "\\n10.77.0.50 rasp1.bramble rasp1\\n"));
	snprintf(more, sizeof(more), ",\"config\":\"%s\"", world_text(json, "config"));
	cJSON_Delete(beat(world, token, ",\"config\":\"0123456789abcdef\""));
	assert_state(world, "pending");
	cJSON_Delete(beat(world, token, more));
	assert_state(world, "applied");
	snprintf(more, sizeof(more),
		",\"config\":\"%s\",\"config_drifted\":1,\"config_text\":\"x\"",
		world_text(json, "config"));
	cJSON_Delete(beat(world, token, more));
	cJSON_Delete(beat(world, token, more));
	assert_state(world, "drift");
	assert_int_equal(world_count_events(world, "config.drift"), 1);
	/* Another round changes the hash, though not the document. */
	nodeconf_apply_again(&world->brambled);
	assert_state(world, "pending");
	cJSON_Delete(part);
	part = world_call(world, "10.77.0.99", IPC_POST, "/v1/config", body, &status);
	assert_int_equal(status, 403);
	cJSON_Delete(part);
	cJSON_Delete(json);
	free(token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_template_is_filled_in_or_refused),
		cmocka_unit_test(node_wins_over_role_over_all),
		cmocka_unit_test(apt_of_nodes_is_told_of_the_package_cache),
		cmocka_unit_test(a_document_says_the_same_to_the_agent),
		cmocka_unit_test(another_document_has_other_inputs),
		cmocka_unit_test(a_node_has_the_inputs_that_are_for_it),
		cmocka_unit_test(a_document_is_read_strictly),
		cmocka_unit_test(mistakes_name_the_setting),
		cmocka_unit_test_setup_teardown(
			a_template_without_its_variable_is_a_mistake_with_file_and_line, world_make,
			world_remove),
		cmocka_unit_test_setup_teardown(
			a_node_is_told_its_document_in_parts_and_says_how_it_went, world_make,
			world_remove),
	};

	return cmocka_run_group_tests_name("nodeconf", tests, NULL, NULL);
}
