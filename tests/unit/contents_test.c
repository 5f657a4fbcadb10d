/* SPDX-License-Identifier: ISC */
/* What is in a root, as a text beside the version. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/cache.h"
#include "rootfs/contents.h"
#include "rootfs/kubelet_version.h"
#include "rootfs/tree.h"

#define STATUS                                                                                     \
	"Package: bash\nStatus: install ok installed\nArchitecture: arm64\nVersion: 5.2-1\n\n"     \
	"Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n\n"

struct world {
	char directory[64], root[96], text[96];
	int fd;
	struct contents contents;
	struct failure failure;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	snprintf(world->directory, sizeof(world->directory), "/tmp/contents_test.XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	snprintf(world->root, sizeof(world->root), "%s/root", world->directory);
	snprintf(world->text, sizeof(world->text), "%s/contents", world->directory);
	assert_int_equal(mkdir(world->root, 0755), 0);
	world->fd = open(world->root, O_PATH | O_DIRECTORY);
	assert_int_equal(
		tree_write(world->fd, "var/lib/dpkg/status", STATUS, strlen(STATUS), 0644), 0);
	assert_int_equal(tree_write(world->fd, "etc/a b", "x", 1, 0600), 0);
	assert_int_equal(
		tree_write(world->fd, "usr/lib/bramble/image", "kernel 6.1\n", 11, 0644), 0);
	assert_int_equal(tree_link(world->fd, "etc/line\nbreak", "a b"), 0);
	*state = world;
	return 0;
}

static int remove_world(void **state)
{
	struct world *world = *state;

	contents_free(&world->contents);
	close(world->fd);
	assert_int_equal(cache_remove_tree(world->directory), 0);
	free(world);
	return 0;
}

static void read_root(struct world *world, struct contents *contents)
{
	assert_int_equal(contents_write(world->root, world->text), 0);
	if (contents_read(world->text, contents, &world->failure) != 0)
		fail_msg("%s", world->failure.text);
}

static void a_root_is_listed_with_packages_and_hashes(void **state)
{
	struct world *world = *state;
	const struct contents_line *line;

	read_root(world, &world->contents);
	line = contents_find(&world->contents, CONTENTS_PACKAGE, "bash arm64");
	assert_non_null(line);
	assert_string_equal(line->value, "5.2-1");
	assert_null(contents_find(&world->contents, CONTENTS_PACKAGE, "gone all"));
	line = contents_find(&world->contents, CONTENTS_ABOUT, "kernel");
	assert_non_null(line);
	assert_string_equal(line->value, "6.1");
	line = contents_find(&world->contents, CONTENTS_PATH, "/etc/a b");
	assert_non_null(line);
	/* printf x | sha256sum */
	assert_string_equal(line->value,
		"file 0600 0 0 1 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
	assert_non_null(contents_find(&world->contents, CONTENTS_PATH, "/etc/line\\x0abreak"));
	assert_non_null(contents_find(&world->contents, CONTENTS_PATH, "/"));
}

static void remember(
	void *context, const struct contents_line *old, const struct contents_line *new)
{
	char *out = context;
	size_t used = strlen(out);

	snprintf(out + used, 512 - used, "%s%s ",
		!old   ? "+"
		: !new ? "-"
		       : "~",
		old ? old->name : new->name);
}

static void what_changed_is_found(void **state)
{
	struct world *world = *state;
	struct contents after;
	char changes[512] = "";

	read_root(world, &world->contents);
	assert_int_equal(tree_write(world->fd, "etc/a b", "y", 1, 0600), 0);
	assert_int_equal(tree_write(world->fd, "etc/new", "", 0, 0644), 0);
	assert_int_equal(tree_remove(world->fd, "etc/line\nbreak"), 0);
	read_root(world, &after);
	contents_compare(&world->contents, &after, remember, changes);
	contents_free(&after);
	assert_string_equal(changes, "~/etc/a b -/etc/line\\x0abreak +/etc/new ");
}

static void a_damaged_list_is_refused(void **state)
{
	static const char *const texts[] = { "", "bramble-contents 2\nend 0\n",
		"bramble-contents 1\n", "bramble-contents 1\nend 1\n",
		"bramble-contents 1\nend 0\nmore\n", "bramble-contents 1\npackage x y\nend 1\n",
		"bramble-contents 1\nfile 0644 0 0 1 - etc/x\nend 1\n",
		"bramble-contents 1\nabout kernel\nend 1\n",
		"bramble-contents 1\nwhat is this\nend 1\n" };
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct failure failure = { 0 };

		assert_int_equal(file_replace(world->text, texts[i], strlen(texts[i]), 0644), 0);
		assert_int_not_equal(contents_read(world->text, &world->contents, &failure), 0);
		assert_non_null(strstr(failure.text, "is damaged"));
		contents_free(&world->contents);
	}
}

static void what_a_kubelet_says_is_its_version(void **state)
{
	static const char *const wrong[] = { "", "v1.31.2", "Kubernetes", "Kubernetes \n",
		"Kubernetes 1.31.2\n", "Kubernetes v1.31.2\nmore\n", "Kubernetes v1.31 2\n",
		"Kubernetes v1.31.2;rm\n",
		"Kubernetes v1.31.2-0123456789012345678901234567890123456789\n" };
	char version[KUBELET_VERSION_SIZE];

	(void)state;
	assert_int_equal(kubelet_parse_version("Kubernetes v1.31.2\n", version), 0);
	assert_string_equal(version, "v1.31.2");
	assert_int_equal(kubelet_parse_version("Kubernetes v1.28.4+k3s1", version), 0);
	assert_string_equal(version, "v1.28.4+k3s1");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(kubelet_parse_version(wrong[i], version), -EBADMSG);
}

static void a_version_knows_its_kubelet_from_the_build_or_the_package(void **state)
{
	static const struct {
		const char *text, *version; /* "" none */
	} cases[] = {
		{ "bramble-contents 1\nabout kernel 6.1\nend 1\n", "" },
		{ "bramble-contents 1\nabout kubelet v1.31.2\nend 1\n", "v1.31.2" },
		{ "bramble-contents 1\npackage kubelet arm64 1.31.2-1.1\nend 1\n", "v1.31.2" },
		{ "bramble-contents 1\npackage kubelet-doc all 1.31.2-1.1\nend 1\n", "" },
		{ "bramble-contents 1\nabout kubelet v1.20.2\n"
		  "package kubelet arm64 1.20.5+really1.20.2-1\nend 2\n",
			"v1.20.2" },
		{ "bramble-contents 1\nabout kubelet none of ours\nend 1\n", "" },
		{ "bramble-contents 1\npackage kubelet arm64 x\nend 1\n", "" },
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char version[KUBELET_VERSION_SIZE] = "?";
		struct failure failure = { 0 };

		assert_int_equal(
			file_replace(world->text, cases[i].text, strlen(cases[i].text), 0644), 0);
		assert_int_equal(contents_read(world->text, &world->contents, &failure), 0);
		assert_int_equal(kubelet_find_version(&world->contents, version),
			cases[i].version[0] != '\0');
		assert_string_equal(version, cases[i].version);
		contents_free(&world->contents);
	}
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_root_is_listed_with_packages_and_hashes),
		IN_WORLD(what_changed_is_found),
		IN_WORLD(a_damaged_list_is_refused),
		cmocka_unit_test(what_a_kubelet_says_is_its_version),
		IN_WORLD(a_version_knows_its_kubelet_from_the_build_or_the_package),
	};

	return cmocka_run_group_tests_name("contents", tests, NULL, NULL);
}
