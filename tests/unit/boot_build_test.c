/* SPDX-License-Identifier: ISC */
/* The making of a boot set, from made-up modules, kernel and firmware in a temporary directory. */
#include "tests/unit/test.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "boot/boot.h"
#include "boot/build.h"
#include "common/file.h"

struct world {
	char directory[64];
};

static char *path_in(const struct world *world, const char *name)
{
	static char path[512];

	assert_true(snprintf(path, sizeof(path), "%s/%s", world->directory, name) < 512);
	return path;
}

static void write_file(const struct world *world, const char *name, const char *content)
{
	char *path = path_in(world, name);
	char *slash = strrchr(path, '/');

	*slash = '\0';
	assert_int_equal(file_make_directories(path, 0755), 0);
	*slash = '/';
	assert_int_equal(file_replace(path, content, strlen(content), 0644), 0);
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	snprintf(world->directory, sizeof(world->directory), "/tmp/boot_build_test.XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	*state = world;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static int remove_world(void **state)
{
	struct world *world = *state;

	assert_int_equal(nftw(world->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(world);
	return 0;
}

static void write_modules(const struct world *world, const char *dependencies, const char *soft)
{
	write_file(world, "modules.dep", dependencies);
	write_file(world, "modules.softdep", soft);
	write_file(world, "modules.builtin", "kernel/net/packet/af_packet.ko\n");
}

static void expect_order(const struct world *world, const char *const *wanted, const char *expected)
{
	struct boot_modules modules;
	char reason[BOOT_REASON_SIZE], order[1024] = "";

	if (boot_modules_resolve(world->directory, wanted, &modules, reason) != 0)
		fail_msg("%s", reason);
	for (size_t i = 0; i < modules.count; i++) {
		strncat(order, modules.paths[i], sizeof(order) - strlen(order) - 2);
		strcat(order, " "); /* NOLINT: room was left */
	}
	assert_string_equal(order, expected);
	boot_modules_free(&modules);
}

static void modules_come_after_what_they_need(void **state)
{
	const char *const nfs[] = { "nfsv4", NULL };
	const char *const twice[] = { "nfs", "nfsv4", "sunrpc", NULL };
	const char *const dashes[] = { "mdio_bcm-unimac", "?af_packet", "af_packet", NULL };
	const char *const optional[] = { "?rp1", "sunrpc", NULL };

	write_modules(*state,
		"k/nfsv4.ko: k/nfs.ko k/lockd.ko k/sunrpc.ko\n"
		"k/nfs.ko: k/lockd.ko k/sunrpc.ko\n"
		"k/lockd.ko: k/sunrpc.ko\n"
		"k/sunrpc.ko:\n"
		"k/mdio-bcm-unimac.ko.xz:\n",
		"# comment\n");
	expect_order(*state, nfs, "k/sunrpc.ko k/lockd.ko k/nfs.ko k/nfsv4.ko ");
	expect_order(*state, twice, "k/sunrpc.ko k/lockd.ko k/nfs.ko k/nfsv4.ko ");
	expect_order(*state, dashes, "k/mdio-bcm-unimac.ko.xz ");
	expect_order(*state, optional, "k/sunrpc.ko ");
}

static void soft_dependencies_come_before_as_far_as_they_exist(void **state)
{
	const char *const genet[] = { "genet", NULL };

	write_modules(*state,
		"k/genet.ko: k/libphy.ko\nk/libphy.ko:\nk/mdio-bcm-unimac.ko: k/of_mdio.ko\n"
		"k/of_mdio.ko:\nk/later.ko:\n",
		"softdep genet pre: mdio-bcm-unimac crypto-crc32c post: later\n"
		"softdep other pre: later\n");
	expect_order(*state, genet, "k/of_mdio.ko k/mdio-bcm-unimac.ko k/libphy.ko k/genet.ko ");
}

static void a_missing_module_is_named(void **state)
{
	const char *const wanted[] = { "overlay", NULL };
	struct boot_modules modules;
	char reason[BOOT_REASON_SIZE];

	write_modules(*state, "k/nfs.ko:\n", "");
	assert_int_equal(
		boot_modules_resolve(((struct world *)*state)->directory, wanted, &modules, reason),
		-ENOENT);
	assert_non_null(strstr(reason, "overlay"));
	boot_modules_free(&modules);
}

static void damaged_lists_end(void **state)
{
	static const char *const lists[] = { "k/a.ko: k/b.ko\nk/b.ko: k/a.ko\n", "k/a.ko: k/a.ko\n",
		"k/a.ko: k/gone.ko\n", "k/a.ko", "k/a.ko: .ko\n", "" };
	const char *const wanted[] = { "a", NULL };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct boot_modules modules;
		char reason[BOOT_REASON_SIZE] = "";

		write_modules(*state, lists[i], "");
		if (boot_modules_resolve(
			    ((struct world *)*state)->directory, wanted, &modules, reason) == 0)
			fail_msg("accepted: %s", lists[i]);
		assert_true(reason[0] != '\0');
		boot_modules_free(&modules);
	}
}

/* Modules and files that boot_make_initramfs asks for without '?'. */
static const char *const needed[] = { "nfsv4", "loop", "squashfs", "overlay", "dm-verity",
	"virtio_mmio", "virtio_pci", "virtio_net", "genet", "broadcom", "dwc2", "smsc95xx",
	"lan78xx", "smsc", "microchip", "cdc_ether", "macb" };

#define IMAGE_SIZE 4096

static void write_parts(const struct world *world)
{
	static const char *const firmware[] = { "bootcode.bin", "start.elf", "fixup.dat",
		"start_cd.elf", "fixup_cd.dat", "start4.elf", "fixup4.dat", "start4cd.elf",
		"fixup4cd.dat" };
	char list[2048] = "", name[128], image[IMAGE_SIZE] = { 0 };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		snprintf(name, sizeof(name), "k/%s.ko:\n", needed[i]);
		strncat(list, name, sizeof(list) - strlen(list) - 1);
		snprintf(name, sizeof(name), "k/%s.ko", needed[i]);
		write_file(world, name, needed[i]);
	}
	write_modules(world, list, "");
	for (size_t i = 0; i < sizeof(firmware) / sizeof(firmware[0]); i++) {
		snprintf(name, sizeof(name), "firmware/%s", firmware[i]);
		write_file(world, name, firmware[i]);
	}
	write_file(world, "trees/bcm2837-rpi-3-b.dtb", "pi3");
	write_file(world, "trees/bcm2711-rpi-4-b.dtb", "pi4");
	write_file(world, "trees/bcm2835-rpi-zero.dtb", "zero");
	write_file(world, "bramble-init",
		"\x7f"
		"ELF program");
	memcpy(image + 56, "ARM\x64", 4); /* NOLINT: no text */
	assert_int_equal(file_replace(path_in(world, "Image"), image, sizeof(image), 0644), 0);
}

struct parts {
	struct boot_parts parts;
	char kernel[128], trees[128], firmware[128], init[128], out[128];
};

static void set_parts(const struct world *world, struct parts *parts)
{
	strcpy(parts->kernel, path_in(world, "kernel8.img")); /* NOLINT: paths of this test */
	strcpy(parts->trees, path_in(world, "trees"));	      /* NOLINT */
	strcpy(parts->firmware, path_in(world, "firmware"));  /* NOLINT */
	strcpy(parts->init, path_in(world, "bramble-init"));  /* NOLINT */
	strcpy(parts->out, path_in(world, "out"));	      /* NOLINT */
	parts->parts = (struct boot_parts){
		.kernel = parts->kernel,
		.kernel_release = "6.1.0-test",
		.modules = world->directory,
		.device_trees = parts->trees,
		.firmware = parts->firmware,
		.firmware_version = "1.test",
		.init = parts->init,
	};
}

static void build_set(const struct world *world, struct parts *parts)
{
	char reason[BOOT_REASON_SIZE];

	write_parts(world);
	set_parts(world, parts);
	if (boot_compress_kernel(path_in(world, "Image"), parts->kernel, reason) != 0)
		fail_msg("%s", reason);
	assert_int_equal(mkdir(parts->out, 0755), 0);
	if (boot_build(&parts->parts, parts->out, reason) != 0)
		fail_msg("%s", reason);
}

static void a_built_set_opens_and_serves_both_names_of_a_tree(void **state)
{
	struct parts parts;
	struct boot_set *set;
	struct boot_file file;
	char reason[BOOT_REASON_SIZE];

	build_set(*state, &parts);
	if (boot_set_open(parts.out, &set, reason) != 0)
		fail_msg("%s", reason);
	assert_int_equal(boot_set_resolve(set, NULL, "bcm2710-rpi-3-b.dtb", &file), 0);
	close(file.fd);
	assert_int_equal(boot_set_resolve(set, NULL, "kernel_2712.img", &file), 0);
	close(file.fd);
	assert_int_equal(boot_set_resolve(set, NULL, "bcm2712-rpi-5-b.dtb", &file), -ENOENT);
	assert_int_equal(boot_set_resolve(set, NULL, "bcm2835-rpi-zero.dtb", &file), -ENOENT);
	boot_set_close(set);
}

#define PC_KERNEL_SIZE 0x400

static void write_pc_parts(const struct world *world, struct parts *parts)
{
	char kernel[PC_KERNEL_SIZE] = { 0 }, reason[BOOT_REASON_SIZE];

	write_parts(world);
	write_file(world, "firmware/undionly.kpxe", "bios");
	write_file(world, "firmware/snponly.efi", "uefi");
	memcpy(kernel + 0x202, "HdrS", 4); /* NOLINT: no text */
	assert_int_equal(file_replace(path_in(world, "bzImage"), kernel, sizeof(kernel), 0644), 0);
	set_parts(world, parts);
	parts->parts.device_trees = NULL;
	if (boot_copy_pc_kernel(path_in(world, "bzImage"), parts->kernel, reason) != 0)
		fail_msg("%s", reason);
	assert_int_equal(mkdir(parts->out, 0755), 0);
}

static void a_set_for_pcs_has_ipxe_and_no_name_of_a_pi(void **state)
{
	static const char *const there[] = { "vmlinuz", "initramfs", "undionly.kpxe",
		"snponly.efi" };
	static const char *const absent[] = { "kernel8.img", "kernel_2712.img", "initramfs8",
		"start4.elf", "cmdline.txt", "config.txt" };
	const struct boot_context context = { .model = BOOT_MODEL_PC,
		.waits_as = "52:54:00:00:00:01",
		.kernel_arguments = "",
		.config_lines = "" };
	struct parts parts;
	struct boot_set *set;
	struct boot_file file;
	char reason[BOOT_REASON_SIZE];

	write_pc_parts(*state, &parts);
	if (boot_build(&parts.parts, parts.out, reason) != 0)
		fail_msg("%s", reason);
	assert_int_equal(boot_set_open(parts.out, &set, reason), 0);
	assert_true(boot_set_is_for_pcs(set));
	for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
		assert_int_equal(boot_set_resolve(set, &context, there[i], &file), 0);
		close(file.fd);
	}
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		assert_int_equal(boot_set_resolve(set, &context, absent[i], &file), -ENOENT);
	assert_int_equal(boot_set_resolve(set, &context, "boot.ipxe", &file), 0);
	assert_int_equal(file.stage, BOOT_STAGE_CONFIG);
	close(file.fd);
	assert_int_equal(boot_set_resolve(set, NULL, "boot.ipxe", &file), -ENOENT);
	boot_set_close(set);
	assert_int_equal(unlink(path_in(*state, "out/snponly.efi")), 0);
	assert_true(boot_set_open(parts.out, &set, reason) < 0);
	assert_non_null(strstr(reason, "snponly.efi"));
}

static void a_kernel_that_ipxe_would_not_start_is_refused(void **state)
{
	struct parts parts;
	char reason[BOOT_REASON_SIZE];

	write_pc_parts(*state, &parts);
	assert_int_equal(
		boot_copy_pc_kernel(path_in(*state, "Image"), parts.kernel, reason), -ENOEXEC);
	assert_non_null(strstr(reason, "bzImage"));
	write_file(*state, "bzImage", "HdrS");
	assert_int_equal(
		boot_copy_pc_kernel(path_in(*state, "bzImage"), parts.kernel, reason), -ENOEXEC);
}

static void the_kernel_is_gzip_of_the_image(void **state)
{
	struct parts parts;
	char bytes[IMAGE_SIZE + 1], reason[BOOT_REASON_SIZE];
	gzFile in;

	build_set(*state, &parts);
	in = gzopen(path_in(*state, "out/kernel8.img"), "rb");
	assert_non_null(in);
	assert_int_equal(gzdirect(in), 0);
	assert_int_equal(gzread(in, bytes, sizeof(bytes)), IMAGE_SIZE);
	assert_memory_equal(bytes + 56, "ARM\x64", 4);
	gzclose(in);

	write_file(*state, "Image", "#!/bin/sh\n");
	assert_int_equal(
		boot_compress_kernel(path_in(*state, "Image"), parts.kernel, reason), -ENOEXEC);
	assert_non_null(strstr(reason, "neither"));
}

static void the_initramfs_holds_init_and_modules_in_load_order(void **state)
{
	struct parts parts;
	struct archive *in = archive_read_new();
	struct archive_entry *entry;
	char names[8192] = "", list[4096] = "";

	build_set(*state, &parts);
	archive_read_support_filter_zstd(in);
	archive_read_support_format_cpio(in);
	assert_int_equal(
		archive_read_open_filename(in, path_in(*state, "out/initramfs8"), 4096), 0);
	while (archive_read_next_header(in, &entry) == ARCHIVE_OK) {
		const char *name = archive_entry_pathname(entry);

		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s %o\n", name,
			archive_entry_mode(entry));
		assert_int_equal(archive_entry_uid(entry), 0);
		assert_int_equal(archive_entry_mtime(entry), 0);
		if (strcmp(name, "modules") == 0)
			assert_true(archive_read_data(in, list, sizeof(list) - 1) > 0);
	}
	archive_read_free(in);
	assert_non_null(strstr(names, "init 100755\n"));
	assert_non_null(strstr(names, "dev/console 20600\n"));
	assert_non_null(strstr(names, "\nproc 40755\n"));
	assert_non_null(strstr(names, "lib/modules/6.1.0-test/k/genet.ko 100644\n"));
	assert_ptr_equal(strstr(list, "/lib/modules/6.1.0-test/k/nfsv4.ko\n"), list);
	assert_non_null(strstr(list, "\n/lib/modules/6.1.0-test/k/overlay.ko\n"));
}

static void the_same_parts_give_the_same_bytes(void **state)
{
	struct parts parts;
	char reason[BOOT_REASON_SIZE], *first, *second;
	size_t first_size, second_size;

	build_set(*state, &parts);
	assert_int_equal(file_read(path_in(*state, "out/manifest"), 65536, &first, &first_size), 0);
	strcpy(parts.out, path_in(*state, "again")); /* NOLINT */
	assert_int_equal(mkdir(parts.out, 0755), 0);
	assert_int_equal(boot_build(&parts.parts, parts.out, reason), 0);
	assert_int_equal(
		file_read(path_in(*state, "again/manifest"), 65536, &second, &second_size), 0);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void a_missing_part_is_named(void **state)
{
	static const struct {
		const char *file, *reason;
	} cases[] = {
		{ "firmware/start4.elf", "start4.elf" },
		{ "bramble-init", "/init" },
		{ "kernel8.img", "kernel" },
		{ "k/overlay.ko", "overlay" },
		{ "modules.dep", "modules.dep" },
	};
	struct parts parts;
	char reason[BOOT_REASON_SIZE], name[16];

	build_set(*state, &parts);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *kept = strdup(path_in(*state, "kept"));

		assert_int_equal(rename(path_in(*state, cases[i].file), kept), 0);
		snprintf(name, sizeof(name), "out%zu", i);
		strcpy(parts.out, path_in(*state, name)); /* NOLINT */
		assert_int_equal(mkdir(parts.out, 0755), 0);
		assert_true(boot_build(&parts.parts, parts.out, reason) < 0);
		if (!strstr(reason, cases[i].reason))
			fail_msg("without %s the reason is \"%s\"", cases[i].file, reason);
		assert_int_equal(rename(kept, path_in(*state, cases[i].file)), 0);
		free(kept);
	}
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(modules_come_after_what_they_need),
		IN_WORLD(soft_dependencies_come_before_as_far_as_they_exist),
		IN_WORLD(a_missing_module_is_named),
		IN_WORLD(damaged_lists_end),
		IN_WORLD(a_built_set_opens_and_serves_both_names_of_a_tree),
		IN_WORLD(a_set_for_pcs_has_ipxe_and_no_name_of_a_pi),
		IN_WORLD(a_kernel_that_ipxe_would_not_start_is_refused),
		IN_WORLD(the_kernel_is_gzip_of_the_image),
		IN_WORLD(the_initramfs_holds_init_and_modules_in_load_order),
		IN_WORLD(the_same_parts_give_the_same_bytes),
		IN_WORLD(a_missing_part_is_named),
	};

	return cmocka_run_group_tests_name("boot_build", tests, NULL, NULL);
}
