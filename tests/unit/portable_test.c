/* SPDX-License-Identifier: ISC */
/* An exported image is taken as it was made, or not at all: nothing that doesn't belong into it,
 * none of it elsewhere than where it goes. */
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
#include "provisioner/image/portable.h"
#include "rootfs/cache.h"

#define HASH "abababababababababababababababababababababababababababababababab"
#define HEADER "bramble-image 1\nimage base\nversion " HASH "\n"
#define TAR_SIZE (64u * 1024u)
#define CONTENT "content of a file"

/* An archive in memory. */
struct tar {
	char bytes[TAR_SIZE];
	size_t used;
	struct archive *archive;
};

static void begin(struct tar *tar)
{
	tar->archive = archive_write_new();
	assert_int_equal(archive_write_set_format_pax_restricted(tar->archive), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(tar->archive, 1);
	assert_int_equal(
		archive_write_open_memory(tar->archive, tar->bytes, sizeof(tar->bytes), &tar->used),
		ARCHIVE_OK);
}

/* `target`: of a symbolic ("@…") or hard link. */
static void add(struct tar *tar, const char *name, const char *content, const char *target)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_mode(entry, S_IFREG | 0444);
	archive_entry_set_size(entry, target ? 0 : (la_int64_t)strlen(content));
	if (target && target[0] == '@') {
		archive_entry_set_filetype(entry, AE_IFLNK);
		archive_entry_set_symlink(entry, target + 1);
	} else if (target) {
		archive_entry_set_hardlink(entry, target);
	}
	assert_int_equal(archive_write_header(tar->archive, entry), ARCHIVE_OK);
	if (!target)
		assert_int_equal(archive_write_data(tar->archive, content, strlen(content)),
			(int)strlen(content));
	archive_entry_free(entry);
}

static void end(struct tar *tar)
{
	assert_int_equal(archive_write_close(tar->archive), ARCHIVE_OK);
	archive_write_free(tar->archive);
}

static char world[64];

static int make_world(void **state)
{
	(void)state;
	snprintf(world, sizeof(world), "/tmp/portable_test.XXXXXX");
	return mkdtemp(world) ? 0 : -1;
}

static int remove_world(void **state)
{
	(void)state;
	return cache_remove_tree(world);
}

/* Unpack `size` bytes of it into WORLD/unpacked, made anew. */
static int unpack(const struct tar *tar, size_t size, struct failure *failure)
{
	struct archive *in = archive_read_new();
	struct progress progress = { 0 };
	struct portable portable;
	char work[80];
	int directory, result;

	snprintf(work, sizeof(work), "%s/unpacked", world);
	assert_int_equal(cache_remove_tree(work), 0);
	assert_int_equal(mkdir(work, 0755), 0);
	directory = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(directory >= 0);
	archive_read_support_format_tar(in);
	archive_read_support_filter_none(in);
	*failure = (struct failure){ 0 };
	result = archive_read_open_memory(in, tar->bytes, size) == ARCHIVE_OK ? 0 : -EINVAL;
	if (result == 0)
		result = portable_read_header(in, &portable, failure);
	if (result == 0)
		result = portable_read(in, directory, &progress, failure);
	close(directory);
	archive_read_free(in);
	return result;
}

static void expect_content(const char *name)
{
	char path[160], *text;
	size_t size;

	snprintf(path, sizeof(path), "%s/unpacked/%s", world, name);
	assert_int_equal(file_read(path, 1000, &text, &size), 0);
	assert_string_equal(text, CONTENT);
	free(text);
}

static void make_good(struct tar *tar)
{
	begin(tar);
	add(tar, PORTABLE_HEADER, HEADER, NULL);
	add(tar, "boot/manifest", CONTENT, NULL);
	add(tar, "boot/kernel8.img", CONTENT, NULL);
	add(tar, PORTABLE_ROOT, CONTENT, NULL);
	end(tar);
}

static void what_was_exported_is_taken(void **state)
{
	struct tar *tar = calloc(1, sizeof(*tar));
	struct failure failure;

	make_good(tar);
	if (unpack(tar, tar->used, &failure) != 0)
		fail_msg("%s", failure.text);
	expect_content("boot/manifest");
	expect_content("boot/kernel8.img");
	expect_content(PORTABLE_ROOT);
	free(tar);
	(void)state;
}

/* The end of a tar is two empty blocks; a file without them is one whose copy was interrupted, but
 * all that belongs to it may be there. */
static void a_cut_one_is_refused(void **state)
{
	struct tar *tar = calloc(1, sizeof(*tar));
	struct failure failure;

	make_good(tar);
	for (size_t size = 0; size < tar->used - 1024 - 512; size += 100)
		assert_true(unpack(tar, size, &failure) < 0);
	free(tar);
	(void)state;
}

static void what_does_not_belong_into_it_is_refused(void **state)
{
	static const struct {
		const char *name, *target;
		bool behind; /* the root */
	} cases[] = {
		{ "../escaped", NULL, false },
		{ "boot/../../escaped", NULL, false },
		{ "/tmp/escaped", NULL, false },
		{ "boot/.hidden", NULL, false },
		{ "boot/", NULL, false },
		{ "boot/sub/file", NULL, false },
		{ "other", NULL, false },
		{ PORTABLE_HEADER, NULL, false },
		{ "boot/manifest", NULL, false }, /* twice */
		{ "boot/link", "@/etc/passwd", false },
		{ "boot/link", "boot/manifest", false },
		{ "boot/late", NULL, true },
		{ PORTABLE_ROOT, NULL, true },
	};
	struct tar *tar = calloc(1, sizeof(*tar));
	struct failure failure;
	char path[80];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(tar);
		add(tar, PORTABLE_HEADER, HEADER, NULL);
		add(tar, "boot/manifest", CONTENT, NULL);
		if (!cases[i].behind)
			add(tar, cases[i].name, CONTENT, cases[i].target);
		add(tar, PORTABLE_ROOT, CONTENT, NULL);
		if (cases[i].behind)
			add(tar, cases[i].name, CONTENT, cases[i].target);
		end(tar);
		if (unpack(tar, tar->used, &failure) == 0)
			fail_msg("%s was taken", cases[i].name);
		assert_non_null(strstr(failure.text, "no exported image"));
		snprintf(path, sizeof(path), "%s/escaped", world);
		assert_int_equal(access(path, F_OK), -1);
	}
	free(tar);
	(void)state;
}

static void its_header_is_strict(void **state)
{
	static const char *const headers[] = { "",
		"bramble-image 2\nimage base\nversion " HASH "\n",
		"bramble-image 1\nimage base\nversion " HASH,
		"bramble-image 1\nimage base\nversion " HASH "\nmore\n",
		"bramble-image 1\nimage ../x\nversion " HASH "\n",
		"bramble-image 1\nimage base\nversion ab\n",
		"bramble-image 1\nversion " HASH "\nimage base\n" };
	struct portable portable;

	assert_int_equal(portable_parse(HEADER, &portable), 0);
	assert_string_equal(portable.name, "base");
	assert_string_equal(portable.hash, HASH);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_int_equal(portable_parse(headers[i], &portable), -EINVAL);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_exported_is_taken),
		cmocka_unit_test(a_cut_one_is_refused),
		cmocka_unit_test(what_does_not_belong_into_it_is_refused),
		cmocka_unit_test(its_header_is_strict),
	};

	return cmocka_run_group_tests_name("portable", tests, make_world, remove_world);
}
