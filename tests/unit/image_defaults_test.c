/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/image/image.h"

#define CONFIG                                                                                     \
	"lan = { interface = \"eth0\"; address = \"10.77.0.1/24\"; };\n"                           \
	"share = { path = \"/srv/elsewhere\"; };\n"

struct world {
	char config[64];
	struct image_defaults defaults;
	struct failure failure;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	snprintf(world->config, sizeof(world->config), "/tmp/image_defaults_test.XXXXXX");
	close(mkstemp(world->config));
	assert_int_equal(file_replace(world->config, CONFIG, strlen(CONFIG), 0644), 0);
	*state = world;
	return 0;
}

static int remove_world(void **state)
{
	struct world *world = *state;

	unlink(world->config);
	free(world);
	return 0;
}

static void the_share_is_what_the_configuration_says(void **state)
{
	struct world *world = *state;
	struct image_options options = { .config = world->config };

	if (image_complete(&options, false, &world->defaults, &world->failure) != 0)
		fail_msg("%s", world->failure.text);
	assert_string_equal(options.share, "/srv/elsewhere");
}

static void a_given_share_needs_no_configuration(void **state)
{
	struct world *world = *state;
	struct image_options options = { .config = "/nonexistent/bramble.conf", .share = "/x" };

	assert_int_equal(image_complete(&options, false, &world->defaults, &world->failure), 0);
	assert_string_equal(options.share, "/x");
}

static void a_configuration_that_was_named_must_be_valid(void **state)
{
	struct world *world = *state;
	struct image_options options = { .config = "/nonexistent/bramble.conf" };

	assert_int_equal(
		image_complete(&options, false, &world->defaults, &world->failure), -ENOENT);
	assert_non_null(strstr(world->failure.text, "/nonexistent/bramble.conf"));
}

static void a_mere_name_is_a_recipe_beside_the_configuration(void **state)
{
	static const struct {
		const char *given, *recipe;
	} cases[] = {
		{ "base", "/tmp/images/base.conf" },
		{ "base.conf", "base.conf" },
		{ "./base", "./base" },
		{ "etc/images/base.conf", "etc/images/base.conf" },
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_options options = {
			.config = world->config, .share = "/x", .target = cases[i].given
		};

		assert_int_equal(
			image_complete(&options, true, &world->defaults, &world->failure), 0);
		assert_string_equal(options.target, cases[i].recipe);
	}
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(the_share_is_what_the_configuration_says),
		IN_WORLD(a_given_share_needs_no_configuration),
		IN_WORLD(a_configuration_that_was_named_must_be_valid),
		IN_WORLD(a_mere_name_is_a_recipe_beside_the_configuration),
	};

	return cmocka_run_group_tests_name("image_defaults", tests, NULL, NULL);
}
