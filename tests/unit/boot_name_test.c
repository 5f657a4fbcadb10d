/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "boot/boot.h"

static void prefixes_are_told_from_directories(void **state)
{
	static const struct {
		const char *name, *serial, *mac, *leaf;
	} cases[] = {
		{ "bootcode.bin", "", NULL, "bootcode.bin" },
		{ "/bootcode.bin", "", NULL, "bootcode.bin" },
		{ "9dd3a2c1/start4.elf", "9dd3a2c1", NULL, "start4.elf" },
		{ "/9dd3a2c1/start4.elf", "9dd3a2c1", NULL, "start4.elf" },
		{ "9DD3A2C1/start4.elf", "9dd3a2c1", NULL, "start4.elf" },
		{ "9dd3a2c1/overlays/overlay_map.dtb", "9dd3a2c1", NULL,
			"overlays/overlay_map.dtb" },
		{ "dc-a6-32-01-36-c2/config.txt", "", "dc:a6:32:01:36:c2", "config.txt" },
		{ "DC-A6-32-01-36-C2/config.txt", "", "dc:a6:32:01:36:c2", "config.txt" },
		/* Not a prefix: the whole is the leaf. */
		{ "dc:a6:32:01:36:c2/config.txt", "", NULL, "dc:a6:32:01:36:c2/config.txt" },
		{ "dc-a6-32-01-36-cg/config.txt", "", NULL, "dc-a6-32-01-36-cg/config.txt" },
		{ "9dd3a2c/start4.elf", "", NULL, "9dd3a2c/start4.elf" },
		{ "9dd3a2c1f/start4.elf", "", NULL, "9dd3a2c1f/start4.elf" },
		{ "9dd3a2cg/start4.elf", "", NULL, "9dd3a2cg/start4.elf" },
		{ "overlays/overlay_map.dtb", "", NULL, "overlays/overlay_map.dtb" },
		{ "9dd3a2c1", "", NULL, "9dd3a2c1" },
		{ "...", "", NULL, "..." },
		{ "a..b/.c", "", NULL, "a..b/.c" },
		/* One prefix only. */
		{ "9dd3a2c1/9dd3a2c2/x", "9dd3a2c1", NULL, "9dd3a2c2/x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct boot_name name;
		char mac[MAC_TEXT_SIZE];

		assert_int_equal(boot_split_name(cases[i].name, &name), 0);
		assert_string_equal(name.serial, cases[i].serial);
		assert_string_equal(name.leaf, cases[i].leaf);
		assert_int_equal(name.has_mac, cases[i].mac != NULL);
		if (cases[i].mac) {
			str_format_mac(&name.mac, mac);
			assert_string_equal(mac, cases[i].mac);
		}
	}
}

static void tricks_are_refused(void **state)
{
	static const char *const names[] = { "", "/", "//x", "/../x", "..", ".", "./x", "x/..",
		"x/.", "x/", "x//y", "../../etc/shadow", "9dd3a2c1/", "9dd3a2c1/../x",
		"9dd3a2c1//x", "9dd3a2c1/x/../../y", "a\\b", "..\\..\\x", "a b", "a\nb", "a\x7f",
		"a\x01", "caf\xc3\xa9", "\xff", "a\t", "x/\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct boot_name name;

		if (boot_split_name(names[i], &name) != -EINVAL)
			fail_msg("accepted: \"%s\"", names[i]);
	}
}

static void names_tell_the_generation_that_asks_first(void **state)
{
	(void)state;
	assert_int_equal(boot_guess_model("bootcode.bin"), BOOT_MODEL_PI3);
	assert_int_equal(boot_guess_model("start4.elf"), BOOT_MODEL_PI4);
	assert_int_equal(boot_guess_model("start4cd.elf"), BOOT_MODEL_PI4);
	assert_int_equal(boot_guess_model("kernel_2712.img"), BOOT_MODEL_PI5);
	assert_int_equal(boot_guess_model("bcm2712-rpi-5-b.dtb"), BOOT_MODEL_PI5);
	assert_int_equal(boot_guess_model("bcm2710-rpi-3-b.dtb"), BOOT_MODEL_PI3);
	assert_int_equal(boot_guess_model("boot.ipxe"), BOOT_MODEL_PC);
	assert_int_equal(boot_guess_model("snponly.efi"), BOOT_MODEL_PC);
	assert_int_equal(boot_guess_model("start.elf"), BOOT_MODEL_UNKNOWN);
	assert_int_equal(boot_guess_model("config.txt"), BOOT_MODEL_UNKNOWN);
	assert_int_equal(boot_guess_model(""), BOOT_MODEL_UNKNOWN);
}

static void revision_codes_tell_the_generation(void **state)
{
	(void)state;
	assert_int_equal(boot_model_of_revision(0xa02082), BOOT_MODEL_PI3);	/* 3B 1.2 */
	assert_int_equal(boot_model_of_revision(0xa020d3), BOOT_MODEL_PI3);	/* 3B+ 1.3 */
	assert_int_equal(boot_model_of_revision(0xa22042), BOOT_MODEL_PI3);	/* 2B 1.2 */
	assert_int_equal(boot_model_of_revision(0xa01041), BOOT_MODEL_UNKNOWN); /* 2B 1.1 */
	assert_int_equal(boot_model_of_revision(0xc03112), BOOT_MODEL_PI4);	/* 4B 1.2 */
	assert_int_equal(boot_model_of_revision(0xd04170), BOOT_MODEL_PI5);	/* 5 1.0 */
	assert_int_equal(boot_model_of_revision(0x0010), BOOT_MODEL_UNKNOWN);	/* old style */
	assert_int_equal(boot_model_of_revision(0), BOOT_MODEL_UNKNOWN);
}

static void every_model_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(boot_model_name(BOOT_MODEL_PI3), "Raspberry Pi 3");
	assert_string_equal(boot_model_name(BOOT_MODEL_UNKNOWN), "unknown board");
	assert_non_null(boot_model_name((enum boot_model)99));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_told_from_directories),
		cmocka_unit_test(tricks_are_refused),
		cmocka_unit_test(names_tell_the_generation_that_asks_first),
		cmocka_unit_test(revision_codes_tell_the_generation),
		cmocka_unit_test(every_model_has_a_name),
	};

	return cmocka_run_group_tests_name("boot_name", tests, NULL, NULL);
}
