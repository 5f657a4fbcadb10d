/* SPDX-License-Identifier: ISC */
/* Layers of OCI images: what one takes away and puts into a root; and that none of them reaches out
 * of it. */
#include "tests/unit/test.h"

#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/cache.h"
#include "rootfs/layer.h"

#define TAR_SIZE (64u * 1024u)

/* What a test writes: "f PATH CONTENT", "d PATH", "l PATH TARGET", "h PATH TARGET", "c PATH" (a
 * device), "s PATH CONTENT" (a file with set-user-ID of user 8). */
struct line {
	char kind;
	const char *path, *text;
};

struct world {
	char directory[64];
	int root;
	struct failure failure;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	char path[80];

	snprintf(world->directory, sizeof(world->directory), "/tmp/layer_test.XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	snprintf(path, sizeof(path), "%s/root", world->directory);
	assert_int_equal(mkdir(path, 0755), 0);
	world->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(world->root >= 0);
	/* What must not be reached. */
	snprintf(path, sizeof(path), "%s/outside", world->directory);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/outside/kept", world->directory);
	assert_int_equal(file_replace(path, "kept", 4, 0644), 0);
	*state = world;
	return 0;
}

static int remove_world(void **state)
{
	struct world *world = *state;
	char path[80], *text;
	size_t size;

	snprintf(path, sizeof(path), "%s/outside/kept", world->directory);
	assert_int_equal(file_read(path, 10, &text, &size), 0);
	assert_string_equal(text, "kept");
	free(text);
	snprintf(path, sizeof(path), "%s/outside/new", world->directory);
	assert_int_equal(access(path, F_OK), -1);
	close(world->root);
	assert_int_equal(cache_remove_tree(world->directory), 0);
	free(world);
	return 0;
}

static void add(struct archive *out, const struct line *line)
{
	struct archive_entry *entry = archive_entry_new();
	bool file = line->kind == 'f' || line->kind == 's';

	archive_entry_set_pathname(entry, line->path);
	archive_entry_set_mode(entry, line->kind == 'd'	  ? S_IFDIR | 0750
				      : line->kind == 'l' ? S_IFLNK | 0777
				      : line->kind == 'c' ? S_IFCHR | 0600
				      : line->kind == 's' ? S_IFREG | 04755
							  : S_IFREG | 0640);
	archive_entry_set_uid(entry, line->kind == 's' ? 8 : 0);
	archive_entry_set_size(entry, file ? (la_int64_t)strlen(line->text) : 0);
	if (line->kind == 'l')
		archive_entry_set_symlink(entry, line->text);
	if (line->kind == 'h')
		archive_entry_set_hardlink(entry, line->text);
	assert_int_equal(archive_write_header(out, entry), ARCHIVE_OK);
	if (file)
		assert_int_equal(archive_write_data(out, line->text, strlen(line->text)),
			(int)strlen(line->text));
	archive_entry_free(entry);
}

static int pass(struct world *world, const char *bytes, size_t size,
	int (*run)(
		struct archive *in, int root, struct progress *progress, struct failure *failure))
{
	struct archive *in = archive_read_new();
	struct progress progress = { 0 };
	int result;

	archive_read_support_format_tar(in);
	assert_int_equal(archive_read_open_memory(in, bytes, size), ARCHIVE_OK);
	result = run(in, world->root, &progress, &world->failure);
	archive_read_free(in);
	return result;
}

/* A layer of these lines, up to one without kind. */
static int apply(struct world *world, const struct line *lines)
{
	struct archive *out = archive_write_new();
	char *bytes = malloc(TAR_SIZE);
	size_t used;
	int result;

	assert_int_equal(archive_write_set_format_gnutar(out), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(out, bytes, TAR_SIZE, &used), ARCHIVE_OK);
	for (; lines->kind; lines++)
		add(out, lines);
	assert_int_equal(archive_write_close(out), ARCHIVE_OK);
	archive_write_free(out);
	world->failure = (struct failure){ 0 };
	result = pass(world, bytes, used, layer_remove);
	if (result == 0)
		result = pass(world, bytes, used, layer_unpack);
	free(bytes);
	return result;
}

#define APPLY(world, ...)                                                                          \
	assert_int_equal(apply(world, (const struct line[]){ __VA_ARGS__, { 0, NULL, NULL } }), 0)
#define REFUSE(world, ...)                                                                         \
	assert_true(apply(world, (const struct line[]){ __VA_ARGS__, { 0, NULL, NULL } }) < 0)

/* `content` NULL: it must not be there. */
static void expect(const struct world *world, const char *path, const char *content)
{
	char whole[1200], *text;
	size_t size;
	int result;

	snprintf(whole, sizeof(whole), "%s/root/%s", world->directory, path);
	if (!content) {
		if (access(whole, F_OK) == 0)
			fail_msg("%s is there", path);
		return;
	}
	result = file_read(whole, 1000, &text, &size);
	if (result != 0)
		fail_msg("%s: %s", path, strerror(-result));
	assert_string_equal(text, content);
	free(text);
}

static void the_upper_one_wins(void **state)
{
	struct world *world = *state;
	struct stat status;

	APPLY(world, { 'd', "etc/", NULL }, { 'f', "etc/a", "old" }, { 'f', "./etc/b", "b" },
		{ 'd', "opt/dir", NULL }, { 'f', "opt/dir/x", "x" }, { 's', "opt/tool", "t" });
	APPLY(world, { 'f', "/etc/a", "new" }, { 'f', "opt/dir", "a file now" },
		{ 'h', "etc/c", "etc/b" }, { 'c', "etc/device", NULL }, { 'f', "dev/null", "x" });
	expect(world, "etc/a", "new");
	expect(world, "etc/b", "b");
	expect(world, "etc/c", "b");
	expect(world, "opt/dir", "a file now");
	expect(world, "etc/device", NULL);
	expect(world, "dev/null", NULL);
	assert_int_equal(fstatat(world->root, "opt/tool", &status, 0), 0);
	assert_int_equal(status.st_uid, 8);
	assert_int_equal(status.st_mode & 07777, 04755);
	assert_int_equal(fstatat(world->root, "etc", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0750);
}

/* In whatever order a layer is written: what it brings itself stays. */
static void what_it_takes_away_is_below_it(void **state)
{
	struct world *world = *state;

	APPLY(world, { 'f', "a/one", "1" }, { 'f', "a/two", "2" }, { 'f', "b/deep/er", "x" },
		{ 'f', "c/old", "x" });
	APPLY(world, { 'f', "a/one", "new" }, { 'f', "a/.wh.one", "" }, { 'f', "a/.wh.two", "" },
		{ 'f', ".wh.b", "" }, { 'f', "c/new", "y" }, { 'f', "c/.wh..wh..opq", "" },
		{ 'f', "none/.wh.x", "" }, { 'f', "a/.wh..wh.aufs", "" });
	expect(world, "a/one", "new");
	expect(world, "a/two", NULL);
	expect(world, "b", NULL);
	expect(world, "c/old", NULL);
	expect(world, "c/new", "y");
	expect(world, "c/.wh..wh..opq", NULL);
	expect(world, "a/.wh.two", NULL);
	expect(world, "a/.wh..wh.aufs", NULL);
	APPLY(world, { 'f', ".wh..wh..opq", "" }, { 'f', "last", "z" });
	expect(world, "a", NULL);
	expect(world, "last", "z");
}

/* "lib" is a link in the layer below, as in every Debian since 2019. */
static void links_in_a_path_stay_inside(void **state)
{
	struct world *world = *state;
	char outside[80];

	snprintf(outside, sizeof(outside), "%s/outside", world->directory);
	APPLY(world, { 'd', "usr/lib", NULL }, { 'l', "lib", "usr/lib" },
		{ 'l', "absolute", "/usr/lib" }, { 'l', "up", "../../../../usr/lib" },
		{ 'l', "out", outside });
	APPLY(world, { 'f', "lib/a", "a" }, { 'f', "absolute/b", "b" }, { 'f', "up/c", "c" });
	expect(world, "usr/lib/a", "a");
	expect(world, "usr/lib/b", "b");
	expect(world, "usr/lib/c", "c");
	/* The root has no such directory: neither is written there nor anything removed. */
	REFUSE(world, { 'f', "out/new", "x" });
	APPLY(world, { 'f', "out/.wh.kept", "" });
	APPLY(world, { 'f', "out/.wh..wh..opq", "" });
	REFUSE(world, { 'h', "name", "out/kept" });
	/* A link goes, not what it leads to. */
	APPLY(world, { 'f', ".wh.lib", "" }, { 'f', "absolute", "a file now" });
	expect(world, "usr/lib/a", "a");
	expect(world, "absolute", "a file now");
}

static void paths_that_lead_out_are_refused(void **state)
{
	static const char *const paths[] = { "..", "../outside/new", "a/../../outside/new",
		"a/.wh...", "/../outside/new" };
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		REFUSE(world, { 'f', paths[i], "x" });
		assert_non_null(strstr(world->failure.text, "path that can't be"));
	}
	REFUSE(world, { 'h', "name", "../outside/kept" });
}

static void paths_are_cleaned(void **state)
{
	static const struct {
		const char *path;
		int kind;
		const char *clean;
	} cases[] = {
		{ "./etc//passwd", LAYER_FILE, "etc/passwd" },
		{ "/etc/", LAYER_FILE, "etc" },
		{ ".", LAYER_IGNORE, "" },
		{ "", LAYER_IGNORE, "" },
		{ "etc/.wh.a", LAYER_REMOVE, "etc/a" },
		{ ".wh.a", LAYER_REMOVE, "a" },
		{ "etc/.wh..wh..opq", LAYER_OPAQUE, "etc" },
		{ ".wh..wh..opq", LAYER_OPAQUE, "" },
		{ "etc/.wh..wh.plnk", LAYER_IGNORE, NULL },
		{ "etc/.wh.", -EINVAL, NULL },
		{ "etc/.wh..", -EINVAL, NULL },
		{ "etc/..", -EINVAL, NULL },
		{ "..a/b..", LAYER_FILE, "..a/b.." },
	};
	char out[LAYER_PATH_SIZE], path[LAYER_PATH_SIZE * 2] = "";

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(layer_read_path(cases[i].path, out), cases[i].kind);
		if (cases[i].clean)
			assert_string_equal(out, cases[i].clean);
	}
	for (size_t i = 0; i < LAYER_PATH_SIZE + 1; i++)
		path[i] = i % 100 == 99 ? '/' : 'x';
	assert_int_equal(layer_read_path(path, out), -EINVAL);
	(void)state;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_upper_one_wins),
		TEST(what_it_takes_away_is_below_it),
		TEST(links_in_a_path_stay_inside),
		TEST(paths_that_lead_out_are_refused),
		TEST(paths_are_cleaned),
	};

	return cmocka_run_group_tests_name("layer", tests, NULL, NULL);
}
