/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/recipe.h"

#define PATH_PATTERN "/tmp/recipe_test.XXXXXX"

#define WORDS                                                                                      \
	"suite = \"bookworm\";\narchitecture = \"arm64\";\n"                                       \
	"kernel = \"linux-image-arm64\";\nfirmware = \"raspi-firmware\";\n"
#define LISTS "components = ( \"main\" );\npackages = ( \"systemd\", \"openssh-server\" );\n"

struct world {
	char directory[sizeof(PATH_PATTERN)];
	struct recipe recipe;
	struct failure failure;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	memcpy(world->directory, PATH_PATTERN, sizeof(PATH_PATTERN));
	assert_non_null(mkdtemp(world->directory));
	*state = world;
	return 0;
}

static int remove_world(void **state)
{
	struct world *world = *state;

	assert_int_equal(rmdir(world->directory), 0);
	free(world);
	return 0;
}

static int load(struct world *world, const char *name, const char *text)
{
	char path[128];
	int result;

	snprintf(path, sizeof(path), "%s/%s", world->directory, name);
	assert_int_equal(file_replace(path, text, strlen(text), 0644), 0);
	memset(&world->failure, 0, sizeof(world->failure));
	result = recipe_load(path, &world->recipe, &world->failure);
	unlink(path);
	return result;
}

static void a_recipe_names_its_image_and_lists_what_goes_in(void **state)
{
	struct world *world = *state;
	const struct recipe *recipe = &world->recipe;

	if (load(world, "base.conf", WORDS LISTS "mask = [ \"apt-daily.timer\" ];\n") != 0)
		fail_msg("%s", world->failure.text);
	assert_string_equal(recipe->name, "base");
	assert_string_equal(recipe->suite, "bookworm");
	assert_int_equal(recipe->packages.count, 2);
	assert_string_equal(recipe->packages.items[1], "openssh-server");
	assert_int_equal(recipe->mask.count, 1);
	assert_int_equal(recipe->exclude_modules.count, 0);
}

static void the_default_recipe_is_valid(void **state)
{
	struct world *world = *state;

	if (recipe_load("etc/images/base.conf", &world->recipe, &world->failure) != 0)
		fail_msg("%s", world->failure.text);
	assert_string_equal(world->recipe.name, "base");
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ WORDS LISTS "colour = \"red\";\n", "base.conf:7: colour is not a setting" },
		{ WORDS LISTS "suite = \"trixie\";\n", "base.conf:7: duplicate" },
		{ WORDS "components = \"main\";\npackages = ();\n",
			"base.conf:5: components is not a list" },
		{ WORDS "components = ( \"main\" );\npackages = ( \"a\",\n\"rm -rf\" );\n",
			"base.conf:7: an entry is not valid" },
		{ WORDS "components = ( \"main\" );\npackages = ( \"--option\" );\n",
			"is not valid" },
		{ WORDS "components = ( 1 );\npackages = ();\n", "is not valid" },
		{ WORDS LISTS "exclude_modules = ( \"../../etc\" );\n", "is not valid" },
		{ WORDS LISTS "exclude_modules = ( \"/etc\" );\n", "is not valid" },
		{ WORDS LISTS "mask = ( \"\" );\n", "is not valid" },
		{ WORDS LISTS "mask = ( \"a/b\" );\n", "is not valid" },
		{ WORDS, "components is missing" },
		{ LISTS, "suite is missing" },
		{ "suite = ", "base.conf:1: syntax error" },
		{ "suite = \"bookworm\";\narchitecture = \"amd64\";\nkernel = \"k\";\nfirmware = "
		  "\"f\";\n" LISTS,
			"arm64 only" },
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(load(world, "base.conf", cases[i].text), -EINVAL);
		if (!strstr(world->failure.text, cases[i].expected))
			fail_msg("\"%s\" without \"%s\"", world->failure.text, cases[i].expected);
	}
}

static void a_file_that_cannot_name_an_image_is_refused(void **state)
{
	static const char *const names[] = { "Base.conf", "my image.conf", ".conf", "-x.conf" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(load(*state, names[i], WORDS LISTS), -EINVAL);
	assert_int_equal(load(*state, "edge-2.conf", WORDS LISTS), 0);
}

static void a_missing_recipe_is_said(void **state)
{
	struct world *world = *state;

	assert_int_equal(
		recipe_load("/nonexistent/base.conf", &world->recipe, &world->failure), -ENOENT);
	assert_non_null(strstr(world->failure.text, "/nonexistent/base.conf can't be read"));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_recipe_names_its_image_and_lists_what_goes_in),
		IN_WORLD(the_default_recipe_is_valid),
		IN_WORLD(what_is_wrong_is_named_with_its_line),
		IN_WORLD(a_file_that_cannot_name_an_image_is_refused),
		IN_WORLD(a_missing_recipe_is_said),
	};

	return cmocka_run_group_tests_name("recipe", tests, NULL, NULL);
}
