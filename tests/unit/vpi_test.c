/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/dhcp.h"
#include "tests/vpi/check.h"
#include "tests/vpi/config.h"
#include "tests/vpi/lease.h"
#include "tests/vpi/machine.h"
#include "tests/vpi/tree.h"
#include "tests/vpi/wire.h"

static struct config read_config(const char *model, const char *text)
{
	struct config config;

	config_read(&config, model_find(model), 0x89abcdef, text);
	return config;
}

static void config_values_are_read(void **state)
{
	struct config config = read_config("4b",
		"# comment\n\n  arm_64bit=1  \r\nupstream_kernel=1\nkernel=vmlinuz\n"
		"initramfs initrd.img followkernel\ncmdline=c.txt\ndtoverlay=vc4-kms-v3d,x=1\n"
		"dtoverlay=disable-bt\nos_prefix=new/\ndevice_tree=my.dtb\nnonsense\nunknown=1\n");

	(void)state;
	assert_true(config.arm_64bit);
	assert_true(config.upstream_kernel);
	assert_string_equal(config.kernel, "vmlinuz");
	assert_string_equal(config.initramfs, "initrd.img");
	assert_string_equal(config.cmdline, "c.txt");
	assert_string_equal(config.os_prefix, "new/");
	assert_string_equal(config.device_tree, "my.dtb");
	assert_int_equal(config.overlay_count, 2);
	assert_string_equal(config.overlays[0], "vc4-kms-v3d");
	assert_string_equal(config.overlays[1], "disable-bt");
	assert_int_equal(config.long_lines, 0);
}

static void an_empty_config_has_the_firmwares_defaults(void **state)
{
	struct config config = read_config("5", "");
	const char *names[4];

	(void)state;
	assert_string_equal(config.cmdline, "cmdline.txt");
	assert_string_equal(config.overlay_prefix, "overlays/");
	assert_string_equal(config.initramfs, "");
	config_kernels(&config, model_find("5"), names);
	assert_string_equal(names[0], "kernel_2712.img");
	assert_string_equal(names[1], "kernel8.img");
	assert_null(names[2]);
	config = read_config("4b", "arm_64bit=0\n");
	config_kernels(&config, model_find("4b"), names);
	assert_string_equal(names[0], "kernel7l.img");
}

static void sections_apply_to_their_boards_only(void **state)
{
	static const struct {
		const char *model, *text, *kernel;
	} cases[] = {
		{ "4b", "[pi4]\nkernel=a\n[pi3]\nkernel=b\n", "a" },
		{ "3b", "[pi4]\nkernel=a\n[pi3]\nkernel=b\n", "b" },
		{ "3b", "[pi3+]\nkernel=a\n", "" },
		{ "3b+", "[pi3]\nkernel=a\n[pi3+]\nkernel=b\n", "b" },
		{ "5", "[pi4]\nkernel=a\n[all]\nkernel=b\n", "b" },
		{ "5", "[none]\nkernel=a\n", "" },
		{ "5", "[cm5]\nkernel=a\n", "" },
		{ "4b", "[0x89abcdef]\nkernel=a\n", "a" },
		{ "4b", "[0x89abcde0]\nkernel=a\n", "" },
		/* Filters of different kinds must all match. */
		{ "4b", "[0x89abcdef]\n[pi3]\nkernel=a\n", "" },
		{ "4b", "[tryboot]\nkernel=a\n[all]\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config config = read_config(cases[i].model, cases[i].text);

		assert_string_equal(config.kernel, cases[i].kernel);
	}
}

static void long_lines_are_cut_at_98_characters(void **state)
{
	char text[256] = "kernel=";
	struct config config;

	(void)state;
	memset(text + 7, 'x', 100);
	config = read_config("4b", text);
	assert_int_equal(config.long_lines, 1);
	assert_int_equal(strlen(config.kernel), CONFIG_LINE_LIMIT - 7);
}

static struct lease_client client_of(const char *model)
{
	struct lease_client client = {
		.model = model_find(model),
		.mac = { { 0xdc, 0xa6, 0x32, 0x01, 0x36, 0xc2 } },
		.serial = 0xb66c4c16,
	};

	return client;
}

static void a_discover_says_which_board_asks(void **state)
{
	static const struct {
		const char *model;
		unsigned generation;
		uint32_t revision, serial;
	} cases[] = {
		{ "3b", 3, 0, 0 },
		{ "4b", 4, 0xb03114, 0xb66c4c16 },
		{ "5", 5, 0xc04170, 0xb66c4c16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lease_client client = client_of(cases[i].model);
		uint8_t bytes[DHCP_PACKET_SIZE];
		struct dhcp_packet packet;
		struct dhcp_board board;
		size_t length = lease_build(&client, LEASE_ROM, 7, NULL, bytes);

		assert_int_equal(dhcp_parse(bytes, length, &packet), 0);
		assert_int_equal(packet.message, DHCP_DISCOVER);
		assert_int_equal(packet.xid, 7);
		assert_string_equal(packet.vendor_class, "PXEClient:Arch:00000:UNDI:002001");
		dhcp_identify_board(&packet, &board);
		assert_int_equal(board.generation, cases[i].generation);
		assert_int_equal(board.revision, cases[i].revision);
		assert_int_equal(board.serial, cases[i].serial);
	}
}

/* The lengths of captured packets: f#941 has 322 bytes with 14 parameters from bootcode.bin. */
static void bootcode_asks_for_two_parameters_more(void **state)
{
	struct lease_client client = client_of("3b");
	uint8_t bytes[DHCP_PACKET_SIZE];

	(void)state;
	assert_int_equal(lease_build(&client, LEASE_ROM, 1, NULL, bytes), 320);
	assert_int_equal(lease_build(&client, LEASE_BOOTCODE, 1, NULL, bytes), 322);
}

static void frames_come_back_as_they_were_built(void **state)
{
	static const uint8_t text[] = "ping!";
	const struct mac mac = { { 2, 0, 0, 0, 0, 1 } };
	uint8_t frame[WIRE_FRAME_SIZE];
	const uint8_t *payload;
	size_t length = wire_build(&mac, true, text, sizeof(text), frame);

	(void)state;
	/* It is addressed to the server; only what goes to port 68 is for a board. */
	assert_true(wire_parse(frame, length, &payload) < 0);
	frame[14 + 20 + 3] = DHCP_CLIENT_PORT;
	assert_int_equal(wire_parse(frame, length, &payload), sizeof(text));
	assert_memory_equal(payload, text, sizeof(text));
	for (size_t cut = 0; cut < length; cut++)
		assert_true(wire_parse(frame, cut, &payload) < 0);
	wire_build(&mac, false, text, sizeof(text), frame);
	assert_int_equal(frame[14 + 20 + 6] | frame[14 + 20 + 7], 0);
}

/* A device tree with compatible = "a,b", "c" and no child. */
static const uint8_t small_tree[] = { 0xd0, 0x0d, 0xfe, 0xed, 0, 0, 0, 0x63, 0, 0, 0, 0x28, 0, 0, 0,
	0x58, 0, 0, 0, 0x28, 0, 0, 0, 17, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0, 0x30,
	/* structure at 0x28 */ 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 6, 0, 0, 0,
	0, 'a', ',', 'b', 0, 'c', 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0,
	/* strings at 0x58 */ 'c', 'o', 'm', 'p', 'a', 't', 'i', 'b', 'l', 'e', 0 };

static void a_tree_must_be_for_the_board(void **state)
{
	(void)state;
	assert_null(check_tree(small_tree, sizeof(small_tree), "a,b"));
	assert_null(check_tree(small_tree, sizeof(small_tree), "c"));
	assert_non_null(check_tree(small_tree, sizeof(small_tree), "a"));
	for (size_t cut = 0; cut < sizeof(small_tree); cut++)
		assert_non_null(check_tree(small_tree, cut, "a,b"));
}

/* small_tree with reservations at its end. */
static void a_tree_takes_the_boards_properties(void **state)
{
	const struct tree_property properties[] = { { "serial-number", "00000000a1b2c3d4" },
		{ "compatible", "d" } };
	uint8_t in[sizeof(small_tree) + 16] = { 0 }, *out;
	size_t size;

	(void)state;
	memcpy(in, small_tree, sizeof(small_tree));
	in[19] = sizeof(small_tree);
	assert_int_equal(tree_add_properties(in, sizeof(in), properties, 2, &out, &size), 0);
	assert_null(check_tree(out, size, "d"));
	assert_non_null(check_tree(out, size, "c"));
	assert_non_null(memmem(out, size, "00000000a1b2c3d4", 17));
	assert_non_null(memmem(out, size, "serial-number", 14));
	free(out);
	for (size_t cut = 0; cut < sizeof(in); cut++)
		assert_int_equal(
			tree_add_properties(in, cut, properties, 2, &out, &size), -EBADMSG);
}

static void a_command_line_must_name_a_root_on_one_line(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "bramble.image=/srv/x quiet", true },
		{ "quiet root=/dev/nfs nfsroot=1.2.3.4:/x\n", true },
		{ "quiet", false },
		{ "", false },
		{ "xroot=/dev/nfs", false },
		{ "root=/dev/nfs\nquiet", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(check_cmdline((const uint8_t *)cases[i].text,
					 strlen(cases[i].text)) == NULL,
			cases[i].good);
}

static void a_kernel_is_an_image_plain_or_in_gzip(void **state)
{
	static const uint8_t magic[4] = { 'A', 'R', 'M', 0x64 };
	uint8_t image[64] = { 0 };

	(void)state;
	assert_non_null(check_kernel(image, sizeof(image)));
	memcpy(image + 56, magic, sizeof(magic));
	assert_null(check_kernel(image, sizeof(image)));
	assert_non_null(check_kernel(image, sizeof(image) - 1));
	assert_non_null(check_kernel((const uint8_t *)"\x1f\x8b\x08", 3));
}

static void serial0_becomes_the_uart(void **state)
{
	char out[64], small[8];

	(void)state;
	machine_command_line("a console=serial0,115200 b\n", "ttyAMA0", out, sizeof(out));
	assert_string_equal(out, "a console=ttyAMA0,115200 b");
	machine_command_line("console=serial0", "ttyAMA0", small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_values_are_read),
		cmocka_unit_test(an_empty_config_has_the_firmwares_defaults),
		cmocka_unit_test(sections_apply_to_their_boards_only),
		cmocka_unit_test(long_lines_are_cut_at_98_characters),
		cmocka_unit_test(a_discover_says_which_board_asks),
		cmocka_unit_test(bootcode_asks_for_two_parameters_more),
		cmocka_unit_test(frames_come_back_as_they_were_built),
		cmocka_unit_test(a_tree_must_be_for_the_board),
		cmocka_unit_test(a_tree_takes_the_boards_properties),
		cmocka_unit_test(a_command_line_must_name_a_root_on_one_line),
		cmocka_unit_test(a_kernel_is_an_image_plain_or_in_gzip),
		cmocka_unit_test(serial0_becomes_the_uart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
