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

static void a_recipe_for_pcs_has_their_kernel(void **state)
{
	struct world *world = *state;

	if (recipe_load("etc/images/pc.conf", &world->recipe, &world->failure) != 0)
		fail_msg("%s", world->failure.text);
	assert_true(recipe_is_for_pcs(&world->recipe));
	assert_string_equal(recipe_kernel_architecture(&world->recipe), "amd64");
	assert_int_equal(load(world, "base.conf", WORDS LISTS), 0);
	assert_false(recipe_is_for_pcs(&world->recipe));
	/* 32-bit programs, too, run under the kernel of arm64. */
	snprintf(world->recipe.architecture, sizeof(world->recipe.architecture), "armhf");
	assert_string_equal(recipe_kernel_architecture(&world->recipe), "arm64");
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
		{ WORDS "components = ( \"main\" );\n", "packages is missing" },
		{ WORDS LISTS "from = \"/etc/passwd\";\n", "brings its packages" },
		{ WORDS LISTS "from = \"/etc\";\n", "from is not valid" },
		{ LISTS, "suite is missing" },
		{ "suite = ", "base.conf:1: syntax error" },
		{ "suite = \"bookworm\";\narchitecture = \"mips\";\nkernel = \"k\";\nfirmware = "
		  "\"f\";\n" LISTS,
			"\"mips\" is not known" },
		{ WORDS LISTS "extends = \"../x\";\n", "base.conf:7: extends is not valid" },
		{ WORDS LISTS "extends = \"nothing\";\n", "nothing.conf can't be read" },
		{ WORDS LISTS "extends = \"base\";\n", "extends leads too far" },
		{ WORDS LISTS "script = \"nothing.sh\";\n",
			"base.conf:7: script: /tmp/recipe_test" },
		{ WORDS LISTS "repositories = ( { suite = \"x\"; } );\n", "has no valid url" },
		{ WORDS LISTS "repositories = ( { url = \"ftp://x/\"; suite = \"x\"; } );\n",
			"has no valid url" },
		{ WORDS LISTS "repositories = ( { url = \"http://x/ y\"; suite = \"x\"; } );\n",
			"has no valid url" },
		{ WORDS LISTS "repositories = (\n{ url = \"http://x/\"; suite = \"x\"; } );\n",
			"base.conf:8: an entry has wrong components" },
		{ WORDS LISTS "repositories = ( { url = \"http://x/\"; suite = \"/\"; } );\n",
			"has no valid key" },
		{ WORDS LISTS "repositories = ( { url = \"http://x/\"; suite = \"/\"; trusted = "
			      "true; } );\n",
			"trusted is not valid" },
		{ WORDS LISTS "repositories = ( { url = \"file:/x\"; suite = \"/\"; colour = 1; } "
			      ");\n",
			"colour is not known here" },
		{ WORDS LISTS "files = ( { path = \"/etc/x\"; } );\n", "has no source" },
		{ WORDS LISTS "files = ( { source = \"/etc/passwd\"; path = \"etc/x\"; } );\n",
			"has no valid path" },
		{ WORDS LISTS "files = ( { source = \"/etc/passwd\"; path = \"/../x\"; } );\n",
			"has no valid path" },
		{ WORDS LISTS "files = ( { source = \"/etc/passwd\"; path = \"/x/..\"; } );\n",
			"has no valid path" },
		{ WORDS LISTS "files = ( { source = \"/etc/passwd\"; path = \"/x\"; mode = 644; } "
			      ");\n",
			"mode is not valid" },
		{ WORDS LISTS "files = ( { source = \"/etc/passwd\"; path = \"/x\"; owner = "
			      "\"a b\"; } );\n",
			"owner is not valid" },
		{ WORDS LISTS "files = ( { source = \"/etc\"; path = \"/x\"; mode = \"0644\"; } "
			      ");\n",
			"has a mode for a directory" },
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_not_equal(load(world, "base.conf", cases[i].text), 0);
		if (!strstr(world->failure.text, cases[i].expected))
			fail_msg("\"%s\" without \"%s\"", world->failure.text, cases[i].expected);
	}
}

static void a_recipe_adds_to_the_one_that_it_extends(void **state)
{
	struct world *world = *state;
	const struct recipe *recipe = &world->recipe;
	char path[128];

	snprintf(path, sizeof(path), "%s/base.conf", world->directory);
	assert_int_equal(file_replace(path, WORDS LISTS, strlen(WORDS LISTS), 0644), 0);
	if (load(world, "more.conf",
		    "extends = \"base\";\nsuite = \"trixie\";\npackages = ( \"nfs-common\" );\n"
		    "repositories = ( { url = \"https://pkgs.example/deb/\"; suite = \"/\"; key = "
		    "\"/usr/share/keyrings/debian-archive-keyring.gpg\"; },\n"
		    "{ url = \"file:/srv/packages\"; suite = \"bookworm\"; components = ( \"a\", "
		    "\"b\" ); trusted = true; } );\n"
		    "files = ( { source = \"base.conf\"; path = \"/etc/x\"; mode = \"0640\"; owner "
		    "= "
		    "\"root:mail\"; } );\n") != 0)
		fail_msg("%s", world->failure.text);
	assert_int_equal(unlink(path), 0);
	assert_string_equal(recipe->name, "more");
	assert_string_equal(recipe->suite, "trixie");
	assert_int_equal(recipe->packages.count, 3);
	assert_string_equal(recipe->packages.items[0], "systemd");
	assert_string_equal(recipe->packages.items[2], "nfs-common");
	assert_int_equal(recipe->input_count, 2);
	assert_int_equal(recipe->repository_count, 2);
	assert_false(recipe->repositories[0].local);
	assert_string_equal(recipe->repositories[1].components, "a b");
	assert_string_equal(recipe->files[0].source, path);
	assert_int_equal(recipe->files[0].mode, 0640);
	assert_string_equal(recipe->files[0].group, "mail");
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
		IN_WORLD(a_recipe_for_pcs_has_their_kernel),
		IN_WORLD(what_is_wrong_is_named_with_its_line),
		IN_WORLD(a_recipe_adds_to_the_one_that_it_extends),
		IN_WORLD(a_file_that_cannot_name_an_image_is_refused),
		IN_WORLD(a_missing_recipe_is_said),
	};

	return cmocka_run_group_tests_name("recipe", tests, NULL, NULL);
}
