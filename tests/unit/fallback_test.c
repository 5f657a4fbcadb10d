/* SPDX-License-Identifier: ISC */
/* Which version a node gets, which failed boots count, and when it goes back. */
#include "tests/unit/test.h"

#include <string.h>

#include "provisioner/nodes/fallback.h"
#include "provisioner/timeline/diagnosis.h"

#define OLD "1111111111111111111111111111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222222222222222222222222222"
#define NEWER "3333333333333333333333333333333333333333333333333333333333333333"

static struct registry_node node_of(const char *good, const char *assigned, const char *avoids)
{
	struct registry_node node = { .id = 1, .name = "rasp1" };

	str_copy(node.good, sizeof(node.good), good);
	str_copy(node.assigned, sizeof(node.assigned), assigned);
	str_copy(node.avoids, sizeof(node.avoids), avoids);
	return node;
}

static void a_node_gets_what_it_should_unless_it_avoids_that(void **state)
{
	static const struct {
		const char *good, *assigned, *avoids, *current, *gets;
		enum fallback_why why;
	} cases[] = {
		{ "", "", "", OLD, OLD, FALLBACK_CURRENT },
		{ OLD, "", "", NEW, NEW, FALLBACK_CURRENT },
		{ OLD, NEW, "", OLD, NEW, FALLBACK_ASSIGNED },
		{ OLD, "", NEW, NEW, OLD, FALLBACK_GOOD },
		{ OLD, NEW, NEW, OLD, OLD, FALLBACK_GOOD },
		/* A third one is promoted or rolled out: it is tried. */
		{ OLD, "", NEW, NEWER, NEWER, FALLBACK_CURRENT },
		{ OLD, NEWER, NEW, NEW, NEWER, FALLBACK_ASSIGNED },
		/* Nothing to go back to. */
		{ "", "", NEW, NEW, NEW, FALLBACK_CURRENT },
		{ OLD, "", "", "", "", FALLBACK_CURRENT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct registry_node node =
			node_of(cases[i].good, cases[i].assigned, cases[i].avoids);
		const char *hash;

		assert_int_equal(fallback_choose(&node, cases[i].current, &hash), cases[i].why);
		assert_string_equal(hash, cases[i].gets);
	}
}

static struct registry_boot boot_of(int64_t id, const char *hash, const char *cause)
{
	struct registry_boot boot = { .id = id, .node = "rasp1", .token = "00ff" };

	str_copy(boot.image_hash, sizeof(boot.image_hash), hash);
	str_copy(boot.cause, sizeof(boot.cause), cause);
	return boot;
}

static void only_what_a_version_may_cause_counts(void **state)
{
	static const char *const guilty[] = { "image-incomplete", "missing-file", "eeprom-old",
		"firmware-stopped", "kernel-silent", "no-network", "image-broken", "image-corrupt",
		"no-systemd", "agent-silent", "agent-failed", "started-over" };
	const struct fallback_scene well = { .servers_well = true, .others = 3, .heard = 1 };

	(void)state;
	for (const struct diagnosis_cause *cause = diagnosis_causes; cause->code; cause++) {
		struct registry_boot boot = boot_of(1, NEW, cause->code);
		bool counts = false;

		for (size_t i = 0; i < sizeof(guilty) / sizeof(guilty[0]); i++)
			counts |= strcmp(guilty[i], cause->code) == 0;
		if (counts != !fallback_excuse(&boot, &well))
			fail_msg("%s %s", cause->code, counts ? "should count" : "counts");
	}
}

static void the_router_and_the_power_are_not_blamed_on_a_version(void **state)
{
	static const struct {
		struct fallback_scene scene;
		bool counts;
	} cases[] = {
		{ { .servers_well = true }, true }, /* the only node */
		{ { .servers_well = true, .others = 4, .heard = 4 }, true },
		{ { .servers_well = true, .others = 4, .heard = 1 }, true },
		{ { .servers_well = true, .others = 4 }, false }, /* a power cut, a switch */
		{ { .servers_well = false, .others = 4, .heard = 4 }, false },
		{ { .servers_well = true, .interrupted = true, .others = 4, .heard = 4 }, false },
	};
	struct registry_boot boot = boot_of(1, NEW, CAUSE_STARTED_OVER);
	const struct fallback_scene well = { .servers_well = true };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(fallback_excuse(&boot, &cases[i].scene) == NULL, cases[i].counts);
	boot.token[0] = '\0'; /* switched off and on while it fetched its files */
	assert_non_null(fallback_excuse(&boot, &well));
	boot = boot_of(1, "", CAUSE_STARTED_OVER);
	assert_non_null(fallback_excuse(&boot, &well));
	boot = boot_of(1, NEW, CAUSE_STARTED_OVER);
	boot.node[0] = '\0';
	assert_non_null(fallback_excuse(&boot, &well));
}

static bool fails(struct registry_node *node, int64_t id, const char *hash, unsigned limit)
{
	struct registry_boot boot = boot_of(id, hash, "agent-silent");

	return fallback_count(node, &boot, limit);
}

static void the_last_failure_in_a_row_counts(void **state)
{
	struct registry_node node = node_of(OLD, "", "");

	(void)state;
	assert_false(fails(&node, 1, NEW, 3));
	assert_false(fails(&node, 2, NEW, 3));
	assert_false(fails(&node, 2, NEW, 3)); /* that boot again: it was given up, and went on */
	assert_true(fails(&node, 3, NEW, 3));
	assert_int_equal(node.failures, 3);
	/* Another version begins anew. */
	assert_false(fails(&node, 4, NEWER, 3));
	assert_int_equal(node.failures, 1);
	/* With its good one it only fails: there is nothing better. */
	for (int id = 5; id < 20; id++)
		assert_false(fails(&node, id, OLD, 3));
	assert_int_equal(node.failures, 1);
	/* Never, by the settings; and without a good one. */
	node = node_of(OLD, "", "");
	for (int id = 1; id < 20; id++)
		assert_false(fails(&node, id, NEW, 0));
	node = node_of("", "", "");
	for (int id = 1; id < 20; id++)
		assert_false(fails(&node, id, NEW, 3));
	/* It did already. */
	node = node_of(OLD, "", NEW);
	assert_false(fails(&node, 1, NEW, 1));
}

static void going_back_needs_another_good_version(void **state)
{
	struct registry_node node = node_of(OLD, "", "");

	(void)state;
	assert_false(fallback_avoid(&node, OLD, "why"));
	assert_true(fallback_avoid(&node, NEW, "why"));
	assert_string_equal(node.avoids, NEW);
	assert_string_equal(node.avoids_why, "why");
	node = node_of("", "", "");
	assert_false(fallback_avoid(&node, NEW, "why"));
	assert_string_equal(node.avoids, "");
}

static void being_well_makes_a_version_good(void **state)
{
	struct registry_node node = node_of("", "", "");

	(void)state;
	assert_true(fallback_is_well(&node, OLD));
	assert_string_equal(node.good, OLD);
	assert_false(fallback_is_well(&node, OLD));
	assert_false(fails(&node, 1, NEW, 3));
	/* Well with the old one again: what is known of the new one stays. */
	assert_true(fallback_avoid(&node, NEW, "why"));
	assert_false(fallback_is_well(&node, OLD));
	assert_string_equal(node.avoids, NEW);
	assert_int_equal(node.failures, 1);
	/* The new one works after all. */
	assert_true(fallback_is_well(&node, NEW));
	assert_string_equal(node.good, NEW);
	assert_string_equal(node.avoids, "");
	assert_string_equal(node.failing, "");
	assert_int_equal(node.failures, 0);
}

static void what_is_forgiven_is_tried_again(void **state)
{
	struct registry_node node = node_of(OLD, "", "");
	const char *hash;

	(void)state;
	assert_false(fails(&node, 1, NEW, 2));
	assert_true(fails(&node, 2, NEW, 2));
	assert_true(fallback_avoid(&node, NEW, "why"));
	fallback_forgive(&node);
	assert_int_equal(fallback_choose(&node, NEW, &hash), FALLBACK_CURRENT);
	assert_string_equal(hash, NEW);
	/* … and has its whole number of boots again. */
	assert_false(fails(&node, 3, NEW, 2));
	assert_true(fails(&node, 4, NEW, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_gets_what_it_should_unless_it_avoids_that),
		cmocka_unit_test(only_what_a_version_may_cause_counts),
		cmocka_unit_test(the_router_and_the_power_are_not_blamed_on_a_version),
		cmocka_unit_test(the_last_failure_in_a_row_counts),
		cmocka_unit_test(going_back_needs_another_good_version),
		cmocka_unit_test(being_well_makes_a_version_good),
		cmocka_unit_test(what_is_forgiven_is_tried_again),
	};

	return cmocka_run_group_tests_name("fallback", tests, NULL, NULL);
}
