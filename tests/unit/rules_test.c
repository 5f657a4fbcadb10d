/* SPDX-License-Identifier: ISC */
/* What boards become by nodes.rules and nodes.roles. */
#include "tests/unit/brambled_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/nodes/rules.h"

#define PI4_4GB 0xc03111 /* raspberrypi documentation, revision-codes */
#define PI4_8GB 0xd03114
#define PI5_8GB 0xd04170

static struct registry_board board(enum boot_model model, uint32_t revision)
{
	return (struct registry_board){
		.mac = { { 0xdc, 0xa6, 0x32, 1, 2, 3 } }, .model = model, .revision = revision
	};
}

static void read_settings(struct settings *settings, const char *nodes)
{
	struct conf_error error;
	char text[2048];

	snprintf(text, sizeof(text), "lan = { interface = \"lo\"; };\nnodes = { %s };\n", nodes);
	if (settings_parse("b.conf", text, settings, &error) != 0)
		fail_msg("%s", error.text);
}

/* The number of the rule, 0 for none. */
static size_t matching(const struct settings *settings, struct registry_board tried)
{
	bool undecided;
	const struct settings_rule *rule = rules_match(settings, &tried, &undecided);

	return rule ? (size_t)(rule - settings->rules) + 1 : 0;
}

static void the_first_rule_that_fits_wins(void **state)
{
	struct settings settings;

	(void)state;
	read_settings(&settings,
		"rules = ( { model = \"4\"; memory_min = 8192; }, { model = \"4\"; }, "
		"{ memory_max = 1024; }, { oui = \"B8:27:EB\"; } );");
	assert_int_equal(matching(&settings, board(BOOT_MODEL_PI4, PI4_8GB)), 1);
	assert_int_equal(matching(&settings, board(BOOT_MODEL_PI4, PI4_4GB)), 2);
	/* A Pi 3 tells no revision, but all have the same memory. */
	assert_int_equal(matching(&settings, board(BOOT_MODEL_PI3, 0)), 3);
	assert_int_equal(matching(&settings, board(BOOT_MODEL_PI5, PI5_8GB)), 0);
}

static void pcs_are_taken_where_a_rule_names_them(void **state)
{
	struct settings settings;
	struct registry_board pc = board(BOOT_MODEL_PC, 0);

	(void)state;
	read_settings(&settings, "image = \"x\"; rules = ( { }, { model = \"4\"; } );");
	assert_false(rules_take_pcs(&settings));
	assert_string_equal(rules_board_image(&settings, &pc), "x");
	read_settings(&settings, "rules = ( { model = \"pc\"; image = \"p\"; } );");
	assert_true(rules_take_pcs(&settings));
	assert_int_equal(matching(&settings, pc), 1);
	assert_int_equal(matching(&settings, board(BOOT_MODEL_PI4, 0)), 0);
	assert_string_equal(rules_board_image(&settings, &pc), "p");
	read_settings(&settings, "roles = ( { name = \"r\"; image = \"q\"; } ); "
				 "rules = ( { model = \"pc\"; role = \"r\"; } );");
	assert_string_equal(rules_board_image(&settings, &pc), "q");
}

static void a_prefix_of_the_mac_fits_in_either_case(void **state)
{
	struct settings settings;
	struct registry_board other = board(BOOT_MODEL_PI5, PI5_8GB);

	(void)state;
	other.mac.octet[0] = 0xb8;
	read_settings(&settings, "rules = ( { oui = \"DC:A6:32\"; } );");
	assert_int_equal(matching(&settings, board(BOOT_MODEL_PI5, PI5_8GB)), 1);
	assert_int_equal(matching(&settings, other), 0);
}

static void what_is_not_known_fits_no_rule_that_asks(void **state)
{
	struct settings settings;
	struct registry_board unknown = board(BOOT_MODEL_UNKNOWN, 0);
	bool undecided;

	(void)state;
	read_settings(&settings, "rules = ( { model = \"5\"; }, { memory_min = 1; }, { } );");
	assert_int_equal(matching(&settings, unknown), 3);
	assert_ptr_equal(rules_match(&settings, &unknown, &undecided), &settings.rules[2]);
	assert_true(undecided);
	unknown = board(BOOT_MODEL_PI5, PI5_8GB);
	(void)rules_match(&settings, &unknown, &undecided);
	assert_false(undecided);
}

static void memory_follows_from_the_revision(void **state)
{
	struct registry_board tried = board(BOOT_MODEL_PI4, PI4_4GB);

	(void)state;
	assert_int_equal(rules_memory(&tried), 4096);
	tried.revision = PI5_8GB;
	assert_int_equal(rules_memory(&tried), 8192);
	tried.revision = 0x000d; /* old style: says nothing */
	assert_int_equal(rules_memory(&tried), 0);
}

static const char roles[] =
	"kernel_arguments = \"quiet\"; roles = ( { name = \"big\"; image = \"fat\"; "
	"kernel_arguments = \"cgroup_enable=memory\"; config_txt = [ \"gpu_mem=16\" ]; } ); "
	"rules = ( { memory_min = 8192; role = \"big\"; name = \"big%d\"; }, "
	"{ oui = \"00:00:00\"; image = \"odd\"; } );";

static void a_node_has_its_roles_image_and_arguments(void **state)
{
	struct registry_node node = { .role = "big" };
	char arguments[RULES_ARGUMENTS_SIZE];
	struct settings settings;

	(void)state;
	read_settings(&settings, roles);
	assert_string_equal(rules_image(&settings, &node), "fat");
	rules_kernel_arguments(&settings, &node, arguments);
	assert_string_equal(arguments, "quiet cgroup_enable=memory");
	str_copy(node.image, sizeof(node.image), "odd"); /* its own: by a rule */
	assert_string_equal(rules_image(&settings, &node), "odd");
	node = (struct registry_node){ .role = "node" };
	assert_string_equal(rules_image(&settings, &node), "base");
	rules_kernel_arguments(&settings, &node, arguments);
	assert_string_equal(arguments, "quiet");
}

static void a_root_in_memory_is_asked_for_by_all_role_or_node(void **state)
{
	const struct registry_node node = { .name = "rasp1", .role = "big" },
				   other = { .name = "rasp2", .role = "node" };
	struct settings settings;

	(void)state;
	read_settings(&settings, roles);
	assert_false(rules_root_in_memory(&settings, &node));
	read_settings(&settings, "roles = ( { name = \"big\"; } ); settings = ( "
				 "{ node = \"rasp1\"; root = \"nfs\"; }, "
				 "{ role = \"big\"; root = \"ram\"; } );");
	assert_false(rules_root_in_memory(&settings, &node));
	read_settings(&settings, "roles = ( { name = \"big\"; } ); settings = ( "
				 "{ role = \"big\"; root = \"ram\"; } );");
	assert_true(rules_root_in_memory(&settings, &node));
	assert_false(rules_root_in_memory(&settings, &other));
}

static void mistakes_name_the_element(void **state)
{
	static const struct {
		const char *nodes, *message;
	} mistakes[] = {
		{ "roles = ( { name = \"a\"; } );\nrules = ( { },\n{ role = \"b\"; } );",
			"b.conf:4: nodes.rules.[1].role: \"b\" is none of nodes.roles" },
		{ "roles = ( { name = \"a\"; },\n{ name = \"a\"; } );",
			"b.conf:3: nodes.roles.[1].name: \"a\" is there twice; keep one of them" },
		{ "rules = ( { memory_min = 2; memory_max = 1; } );",
			"b.conf:2: nodes.rules.[0].memory_max: is less than memory_min: no board "
			"fits" },
		{ "rules = ( { oui = \"dc-a6-32\"; } );",
			"b.conf:2: nodes.rules.oui: \"dc-a6-32\" is not the first half of a MAC" },
		{ "roles = ( { name = \"a\"; config_txt = [ \"kernel=x.img\" ]; } );",
			"b.conf:2: nodes.roles.config_txt: \"kernel=x.img\" is what Bramble sets "
			"itself" },
		{ "rules = ( { name = \"x\"; } );",
			"b.conf:2: nodes.rules.name: \"x\" must have %d exactly once" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct conf_error error = { "" };
		struct settings settings;
		char text[512];

		snprintf(text, sizeof(text), "lan = { interface = \"lo\"; };\nnodes = { %s };\n",
			mistakes[i].nodes);
		assert_int_not_equal(settings_parse("b.conf", text, &settings, &error), 0);
		if (strncmp(error.text, mistakes[i].message, strlen(mistakes[i].message)) != 0)
			fail_msg("%s\ninstead of %s", error.text, mistakes[i].message);
	}
}

/* The rules of the text, in a running brambled. */
static void use_rules(struct world *world, const char *nodes)
{
	struct settings *running = &world->brambled.settings, settings;

	read_settings(&settings, nodes);
	running->n_roles = settings.n_roles;
	running->n_rules = settings.n_rules;
	memcpy(running->roles, settings.roles, sizeof(running->roles));
	memcpy(running->rules, settings.rules, sizeof(running->rules));
}

static void expect_text(struct world *world, const char *path, const char *name, const char *text)
{
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, path, NULL, &status);

	assert_int_equal(status, 200);
	assert_string_equal(world_text(json, name), text);
	cJSON_Delete(json);
}

static void a_rule_names_the_node_and_its_role_renders_its_texts(void **state)
{
	struct world *world = *state;
	struct registry_node node;
	char *content;

	world_use_image(world, FIRST_HASH);
	use_rules(world, "roles = ( { name = \"quiet\"; kernel_arguments = \"loglevel=3\"; "
			 "config_txt = [ \"gpu_mem=16\", \"dtparam=audio=off\" ]; } ); "
			 "rules = ( { role = \"quiet\"; name = \"calm%d\"; } );");
	world_discover(world, 1, 0x1001);
	assert_int_equal(registry_get_node(world->brambled.registry, "calm1", &node), 0);
	assert_string_equal(node.role, "quiet");
	content = world_read(world, "10.77.0.50", "00001001/config.txt");
	assert_non_null(strstr(content, "\ngpu_mem=16\ndtparam=audio=off\n"));
	free(content);
	content = world_read(world, "10.77.0.50", "00001001/cmdline.txt");
	assert_non_null(strstr(content, " loglevel=3"));
	free(content);
	/* The role follows the configuration. */
	use_rules(world, "roles = ( ); rules = ( );");
	content = world_read(world, "10.77.0.50", "00001001/config.txt");
	assert_null(strstr(content, "gpu_mem"));
	free(content);
}

/* 00001002 doesn't say what it is; start4.elf is what a Pi 4 asks for. */
static void a_board_that_rules_cannot_judge_waits_for_its_first_file(void **state)
{
	struct world *world = *state;
	struct registry_board seen;
	struct registry_node node;
	struct mac mac = world_mac(2);

	world_use_image(world, FIRST_HASH);
	use_rules(world, "rules = ( { model = \"4\"; name = \"four%d\"; } );");
	world_discover(world, 2, 0);
	assert_int_equal(registry_get_board(world->brambled.registry, &mac, &seen), 0);
	assert_int_equal(seen.model, BOOT_MODEL_UNKNOWN);
	assert_int_not_equal(registry_node_of_board(world->brambled.registry, &mac, &node), 0);
	free(world_read(world, "10.77.0.50", "00001002/start4.elf"));
	assert_int_equal(registry_node_of_board(world->brambled.registry, &mac, &node), 0);
	assert_string_equal(node.name, "four1");
}

static void a_test_of_the_rules_says_what_would_be(void **state)
{
	struct world *world = *state;

	world->brambled.settings.join = JOIN_APPROVE;
	use_rules(world, "roles = ( { name = \"big\"; image = \"fat\"; } ); "
			 "rules = ( { model = \"5\"; }, { role = \"big\"; name = \"big%d\"; } );");
	world_discover(world, 1, 0x1001);
	expect_text(world, "/v1/boards/00001001/rule", "role", "big");
	expect_text(world, "/v1/boards/00001001/rule", "image", "fat");
	expect_text(world, "/v1/boards/00001001/rule", "name", "big1");
	/* What the administrator admits by hand follows the rules, too. */
	cJSON_Delete(
		world_call(world, NULL, IPC_POST, "/v1/boards/00001001/admit", "{}", &(int){ 0 }));
	expect_text(world, "/v1/nodes/big1", "role", "big");
	expect_text(world, "/v1/nodes/big1", "image", "fat");
	expect_text(world, "/v1/boards/00001001/rule", "name", "big2");
	expect_text(world, "/v1/boards/00001001/rule", "node", "big1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_rule_that_fits_wins),
		cmocka_unit_test(pcs_are_taken_where_a_rule_names_them),
		cmocka_unit_test(a_prefix_of_the_mac_fits_in_either_case),
		cmocka_unit_test(what_is_not_known_fits_no_rule_that_asks),
		cmocka_unit_test(memory_follows_from_the_revision),
		cmocka_unit_test(a_node_has_its_roles_image_and_arguments),
		cmocka_unit_test(a_root_in_memory_is_asked_for_by_all_role_or_node),
		cmocka_unit_test(mistakes_name_the_element),
		cmocka_unit_test_setup_teardown(
			a_rule_names_the_node_and_its_role_renders_its_texts, world_make,
			world_remove),
		cmocka_unit_test_setup_teardown(
			a_board_that_rules_cannot_judge_waits_for_its_first_file, world_make,
			world_remove),
		cmocka_unit_test_setup_teardown(
			a_test_of_the_rules_says_what_would_be, world_make, world_remove),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
