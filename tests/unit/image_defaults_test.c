/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

/* Something that listens where the package cache of this router does, and its configuration. */
static int listen_as_cache(struct world *world, char url[static 64])
{
	const unsigned place = (unsigned)getpid() % 65536; /* another one than other runs have */
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(3142) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	char text[256], router[16];

	snprintf(router, sizeof(router), "127.%u.%u.1", place / 256, place % 256);
	snprintf(url, 64, "http://%s:3142", router);
	snprintf(text, sizeof(text),
		"lan = { interface = \"eth0\"; address = \"%s/24\"; };\n"
		"packages = { cache = true; };\n",
		router);
	assert_int_equal(file_replace(world->config, text, strlen(text), 0644), 0);
	assert_int_equal(inet_pton(AF_INET, router, &address.sin_addr), 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

/* As brambled starts it: with a share and its own configuration. */
static void a_build_takes_packages_from_the_cache_also_with_a_given_share(void **state)
{
	struct world *world = *state;
	struct image_options options = { .config = world->config, .share = "/x", .target = "base" };
	char url[64];
	int fd = listen_as_cache(world, url);

	unsetenv("http_proxy");
	assert_int_equal(image_complete(&options, false, &world->defaults, &world->failure), 0);
	assert_null(getenv("http_proxy")); /* nothing is built */
	assert_int_equal(image_complete(&options, true, &world->defaults, &world->failure), 0);
	assert_string_equal(options.share, "/x");
	assert_non_null(getenv("http_proxy"));
	assert_string_equal(getenv("http_proxy"), url);
	unsetenv("http_proxy");
	close(fd);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(the_share_is_what_the_configuration_says),
		IN_WORLD(a_given_share_needs_no_configuration),
		IN_WORLD(a_configuration_that_was_named_must_be_valid),
		IN_WORLD(a_mere_name_is_a_recipe_beside_the_configuration),
		IN_WORLD(a_build_takes_packages_from_the_cache_also_with_a_given_share),
	};

	return cmocka_run_group_tests_name("image_defaults", tests, NULL, NULL);
}
