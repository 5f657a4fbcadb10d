/* SPDX-License-Identifier: ISC */
/* A tiny made-up boot set in a temporary directory. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/boot.h"
#include "boot/manifest.h"
#include "common/file.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const files[] = { "bootcode.bin", "start.elf", "fixup.dat", "start4.elf",
	"fixup4.dat", "kernel8.img", "initramfs8", "bcm2837-rpi-3-b.dtb", "bcm2711-rpi-4-b.dtb" };

#define FILES (sizeof(files) / sizeof(files[0]))

struct world {
	char directory[64];
	struct boot_manifest manifest;
};

static void path_in(const struct world *world, const char *name, char out[static 256])
{
	assert_true(snprintf(out, 256, "%s/%s", world->directory, name) < 256);
}

static void write_file(const struct world *world, const char *name, const char *content)
{
	char path[256];

	path_in(world, name, path);
	assert_int_equal(file_replace(path, content, strlen(content), 0644), 0);
}

static void write_manifest(const struct world *world)
{
	char *text = boot_manifest_format(&world->manifest, "made for a test");

	assert_non_null(text);
	write_file(world, BOOT_MANIFEST_NAME, text);
	free(text);
}

/* Every file holds its own name. */
static int make_set(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	strcpy(world->directory, "/tmp/boot_set_test.XXXXXX"); /* NOLINT: a constant that fits */
	assert_non_null(mkdtemp(world->directory));
	strcpy(world->manifest.kernel, "6.1.0-0-arm64"); /* NOLINT */
	strcpy(world->manifest.firmware, "1.2022");	 /* NOLINT */
	for (size_t i = 0; i < FILES; i++) {
		write_file(world, files[i], files[i]);
		assert_int_equal(
			boot_manifest_add_file(&world->manifest, files[i], strlen(files[i]), HASH),
			0);
	}
	assert_int_equal(
		boot_manifest_add_alias(&world->manifest, "kernel_2712.img", "kernel8.img"), 0);
	assert_int_equal(boot_manifest_add_alias(
				 &world->manifest, "bcm2710-rpi-3-b.dtb", "bcm2837-rpi-3-b.dtb"),
		0);
	write_manifest(world);
	*state = world;
	return 0;
}

static int remove_set(void **state)
{
	struct world *world = *state;
	char path[256];

	for (size_t i = 0; i < FILES; i++) {
		path_in(world, files[i], path);
		unlink(path);
	}
	path_in(world, BOOT_MANIFEST_NAME, path);
	unlink(path);
	assert_int_equal(rmdir(world->directory), 0);
	free(world);
	return 0;
}

static struct boot_set *open_set(const struct world *world)
{
	struct boot_set *set;
	char reason[BOOT_REASON_SIZE];

	if (boot_set_open(world->directory, &set, reason) != 0)
		fail_msg("%s", reason);
	return set;
}

static void expect_refused(const struct world *world, const char *expected)
{
	struct boot_set *set;
	char reason[BOOT_REASON_SIZE];

	assert_true(boot_set_open(world->directory, &set, reason) < 0);
	assert_null(set);
	if (!strstr(reason, expected))
		fail_msg("the reason is \"%s\", without \"%s\"", reason, expected);
}

static const struct boot_context context = {
	.model = BOOT_MODEL_PI3,
	.node = "rasp1",
	.token = "t",
	.image = "/i",
	.image_hash = "h",
	.data = "/d",
	.kernel_arguments = "",
	.config_lines = "",
};

static void expect_content(
	struct boot_set *set, const char *leaf, const char *content, enum boot_stage stage)
{
	struct boot_file file;
	char bytes[4096];
	ssize_t n;

	assert_int_equal(boot_set_resolve(set, &context, leaf, &file), 0);
	n = read(file.fd, bytes, sizeof(bytes) - 1);
	assert_int_equal(n, file.size);
	bytes[n] = '\0';
	assert_string_equal(bytes, content);
	assert_int_equal(file.stage, stage);
	assert_int_equal(strlen(file.key), 64);
	assert_int_equal(write(file.fd, "x", 1), -1);
	close(file.fd);
}

static void stored_files_and_their_other_names_resolve(void **state)
{
	struct boot_set *set = open_set(*state);

	expect_content(set, "bootcode.bin", "bootcode.bin", BOOT_STAGE_FIRMWARE);
	expect_content(set, "start4.elf", "start4.elf", BOOT_STAGE_FIRMWARE);
	expect_content(set, "kernel8.img", "kernel8.img", BOOT_STAGE_KERNEL);
	expect_content(set, "kernel_2712.img", "kernel8.img", BOOT_STAGE_KERNEL);
	expect_content(set, "initramfs8", "initramfs8", BOOT_STAGE_INITRAMFS);
	expect_content(set, "bcm2710-rpi-3-b.dtb", "bcm2837-rpi-3-b.dtb", BOOT_STAGE_TREE);
	boot_set_close(set);
}

static void texts_are_rendered_into_sealed_memory(void **state)
{
	struct boot_set *set = open_set(*state);
	struct boot_file first, second;
	char text[4096];
	int length;

	length = boot_render_config(&context, text, sizeof(text));
	assert_true(length > 0);
	expect_content(set, "config.txt", text, BOOT_STAGE_CONFIG);
	length = boot_render_cmdline(&context, text, sizeof(text));
	assert_true(length > 0);
	expect_content(set, "cmdline.txt", text, BOOT_STAGE_CONFIG);

	assert_int_equal(boot_set_resolve(set, &context, "config.txt", &first), 0);
	assert_int_equal(boot_set_resolve(set, &context, "config.txt", &second), 0);
	assert_string_equal(first.key, second.key);
	assert_int_equal(fcntl(first.fd, F_GET_SEALS),
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	close(first.fd);
	close(second.fd);
	assert_int_equal(boot_set_resolve(set, NULL, "config.txt", &first), -ENOENT);
	boot_set_close(set);
}

static void names_that_firmware_only_tries_are_not_found(void **state)
{
	static const char *const names[] = { "autoboot.txt", "recovery.elf", "bootsig.bin",
		"bcm2712-rpi-5-b.dtb", "overlays/overlay_map.dtb", "armstub8.bin", "manifest",
		"../manifest", "/etc/shadow", "", "pieeprom.sig" };
	struct boot_set *set = open_set(*state);
	struct boot_file file;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(boot_set_resolve(set, &context, names[i], &file), -ENOENT);
		assert_int_equal(file.fd, -1);
	}
	boot_set_close(set);
}

static void a_set_with_a_pcs_kernel_needs_what_pcs_need(void **state)
{
	struct world *world = *state;
	char path[256];

	write_file(world, "vmlinuz", "vmlinuz");
	assert_int_equal(
		boot_manifest_add_file(&world->manifest, "vmlinuz", strlen("vmlinuz"), HASH), 0);
	write_manifest(world);
	expect_refused(world, "doesn't list undionly.kpxe");
	path_in(world, "vmlinuz", path);
	unlink(path);
}

static void a_file_cut_after_opening_is_an_error_not_a_short_file(void **state)
{
	struct boot_set *set = open_set(*state);
	struct boot_file file;
	char path[256];

	path_in(*state, "kernel8.img", path);
	assert_int_equal(truncate(path, 3), 0);
	assert_int_equal(boot_set_resolve(set, &context, "kernel8.img", &file), -EIO);
	unlink(path);
	assert_int_equal(boot_set_resolve(set, &context, "kernel8.img", &file), -EIO);
	boot_set_close(set);
}

static void an_incomplete_set_says_what_is_missing(void **state)
{
	struct world *world = *state;
	char path[256];

	path_in(world, "start4.elf", path);
	assert_int_equal(truncate(path, 4), 0);
	expect_refused(world, "start4.elf has 4 bytes, not the 10 of the manifest");
	unlink(path);
	expect_refused(world, "start4.elf can't be opened: No such file");
	assert_int_equal(symlink("/etc/passwd", path), 0);
	expect_refused(world, "start4.elf can't be opened");
	unlink(path);
	write_file(world, "start4.elf", "start4.elf");

	world->manifest.count = 5;
	write_manifest(world);
	expect_refused(world, "doesn't list kernel8.img");

	path_in(world, BOOT_MANIFEST_NAME, path);
	assert_int_equal(truncate(path, 90), 0);
	expect_refused(world, "cut off after line 4");
	write_file(world, BOOT_MANIFEST_NAME, "hello\n");
	expect_refused(world, "doesn't begin with");
	unlink(path);
	expect_refused(world, "can't be read");
}

static void manifests_are_read_strictly(void **state)
{
#define HEAD "bramble-boot-set 1\nkernel 6.1\nfirmware 1\n"
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{ HEAD "file " HASH " 12 a\nalias b a\nend 2\n", NULL },
		{ HEAD "note any words  at all\nend 0\n", NULL },
		{ HEAD "file " HASH " 12 a\nend 2\n", "line 5" },
		{ HEAD "file " HASH " 12 a\n", "cut off" },
		{ HEAD "end 0\nfile " HASH " 12 a\n", "line 5" },
		{ HEAD "end 0", "cut off" },
		{ HEAD "file " HASH " -1 a\nend 1\n", "line 4" },
		{ HEAD "file " HASH " 12 ../a\nend 1\n", "line 4" },
		{ HEAD "file " HASH " 12 /a\nend 1\n", "line 4" },
		{ HEAD "file " HASH " 12 9dd3a2c1/a\nend 1\n", "line 4" },
		{ HEAD "file " HASH "0 12 a\nend 1\n", "line 4" },
		{ HEAD "file " HASH " 12 a b\nend 1\n", "line 4" },
		{ HEAD "file " HASH " 12 a\nfile " HASH " 12 a\nend 2\n", "line 5" },
		{ HEAD "alias b a\nend 1\n", "line 4" },
		{ HEAD "colour red\nend 0\n", "line 4" },
		{ HEAD "\nend 0\n", "line 4" },
		{ "bramble-boot-set 1\nend 0\n", "cut off" },
		{ "bramble-boot-set 2\n", "doesn't begin" },
		{ "", "doesn't begin" },
	};
	struct boot_manifest *manifest = malloc(sizeof(*manifest));

	(void)state;
	assert_non_null(manifest);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char reason[BOOT_REASON_SIZE] = "";
		char *text = strdup(cases[i].text);
		int result = boot_manifest_parse(text, manifest, reason);

		free(text);
		if (!cases[i].reason && result != 0)
			fail_msg("refused: %s\n%s", reason, cases[i].text);
		if (cases[i].reason && (result == 0 || !strstr(reason, cases[i].reason)))
			fail_msg("result %d, reason \"%s\" for\n%s", result, reason, cases[i].text);
	}
	free(manifest);
}

static void a_manifest_holds_a_bounded_number_of_files(void **state)
{
	struct boot_manifest *manifest = calloc(1, sizeof(*manifest));
	char name[32];

	(void)state;
	assert_non_null(manifest);
	for (unsigned i = 0; i < BOOT_ENTRY_LIMIT; i++) {
		snprintf(name, sizeof(name), "file%u", i);
		assert_int_equal(boot_manifest_add_file(manifest, name, 1, HASH), 0);
	}
	assert_int_equal(boot_manifest_add_file(manifest, "one-more", 1, HASH), -ENOSPC);
	assert_int_equal(boot_manifest_add_alias(manifest, "other", "file0"), -ENOSPC);
	free(manifest);
}

#define WITH_SET(test) cmocka_unit_test_setup_teardown(test, make_set, remove_set)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SET(stored_files_and_their_other_names_resolve),
		WITH_SET(texts_are_rendered_into_sealed_memory),
		WITH_SET(names_that_firmware_only_tries_are_not_found),
		WITH_SET(a_file_cut_after_opening_is_an_error_not_a_short_file),
		WITH_SET(an_incomplete_set_says_what_is_missing),
		WITH_SET(a_set_with_a_pcs_kernel_needs_what_pcs_need),
		cmocka_unit_test(manifests_are_read_strictly),
		cmocka_unit_test(a_manifest_holds_a_bounded_number_of_files),
	};

	return cmocka_run_group_tests_name("boot_set", tests, NULL, NULL);
}
