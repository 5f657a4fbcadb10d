/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "boot/boot.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct boot_context example(enum boot_model model)
{
	struct boot_context context = {
		.model = model,
		.node = "rasp1",
		.token = "00112233445566778899aabbccddeeff",
		.image = "/srv/bramble/images/base/" HASH ".squashfs",
		.image_hash = HASH,
		.data = "/srv/bramble/nodes/rasp1",
		.kernel_arguments = "",
		.config_lines = "",
	};

	inet_pton(AF_INET, "10.77.0.50", &context.address);
	inet_pton(AF_INET, "10.77.0.1", &context.router);
	return context;
}

#define CONFIG                                                                                     \
	"# Rendered by Bramble for node rasp1; lines are added in bramble.conf.\n"                 \
	"[all]\narm_64bit=1\nenable_uart=1\nupstream_kernel=1\nkernel=kernel8.img\n"               \
	"initramfs initramfs8 followkernel\n"

static void config_names_kernel_and_initramfs_for_each_model(void **state)
{
	static const struct {
		enum boot_model model;
		const char *lines, *expected;
	} cases[] = {
		{ BOOT_MODEL_PI3, "", CONFIG },
		{ BOOT_MODEL_PI4, "", CONFIG },
		{ BOOT_MODEL_UNKNOWN, "", CONFIG },
		{ BOOT_MODEL_PI5, "", CONFIG "os_check=0\n" },
		{ BOOT_MODEL_PI3, "gpu_mem=16", CONFIG "gpu_mem=16\n" },
		{ BOOT_MODEL_PI3, "gpu_mem=16\n[pi4]\narm_boost=1\n",
			CONFIG "gpu_mem=16\n[pi4]\narm_boost=1\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct boot_context context = example(cases[i].model);
		char text[1024];

		context.config_lines = cases[i].lines;
		assert_int_equal(boot_render_config(&context, text, sizeof(text)),
			strlen(cases[i].expected));
		assert_string_equal(text, cases[i].expected);
	}
}

#define CMDLINE_START                                                                              \
	"bramble.router=10.77.0.1 bramble.node=rasp1 "                                             \
	"bramble.token=00112233445566778899aabbccddeeff "                                          \
	"bramble.image=/srv/bramble/images/base/" HASH ".squashfs bramble.hash=" HASH              \
	" bramble.data=/srv/bramble/nodes/rasp1"
#define CMDLINE_END " console=serial0,115200 console=tty1 panic=10"

static void cmdline_is_one_line_that_says_who_and_where(void **state)
{
	struct boot_context context = example(BOOT_MODEL_PI4);
	char text[2048];
	int length;

	(void)state;
	length = boot_render_cmdline(&context, text, sizeof(text));
	assert_int_equal(length, strlen(text));
	assert_string_equal(text, CMDLINE_START CMDLINE_END);

	context.shared = "/srv/bramble/shared";
	context.kernel_arguments = "quiet cma=64M";
	length = boot_render_cmdline(&context, text, sizeof(text));
	assert_int_equal(length, strlen(text));
	assert_string_equal(text,
		CMDLINE_START " bramble.shared=/srv/bramble/shared" CMDLINE_END " quiet cma=64M");
	assert_null(strpbrk(text, "\r\n"));
}

static void cmdline_brings_the_root_of_the_hash_tree(void **state)
{
	struct boot_context context = example(BOOT_MODEL_PI4);
	char text[2048];

	(void)state;
	context.verity = "22215:" HASH;
	boot_render_cmdline(&context, text, sizeof(text));
	assert_string_equal(text, CMDLINE_START " bramble.verity=22215:" HASH CMDLINE_END);
	context.in_memory = true;
	boot_render_cmdline(&context, text, sizeof(text));
	assert_string_equal(
		text, CMDLINE_START " bramble.verity=22215:" HASH " bramble.root=ram" CMDLINE_END);
	context.in_memory = false;
	context.verity = "";
	boot_render_cmdline(&context, text, sizeof(text));
	assert_string_equal(text, CMDLINE_START CMDLINE_END);
	context.verity = "22215:x init=/bin/sh";
	assert_int_equal(boot_render_cmdline(&context, text, sizeof(text)), -EINVAL);
}

static void cmdline_names_a_port_that_isnt_80(void **state)
{
	struct boot_context context = example(BOOT_MODEL_PI4);
	char text[2048];

	(void)state;
	context.http_port = 80;
	boot_render_cmdline(&context, text, sizeof(text));
	assert_string_equal(text, CMDLINE_START CMDLINE_END);
	context.http_port = 8080;
	boot_render_cmdline(&context, text, sizeof(text));
	assert_non_null(strstr(text, " bramble.port=8080 "));
}

static void cmdline_refuses_values_that_would_begin_another(void **state)
{
	struct boot_context context = example(BOOT_MODEL_PI4);
	char text[2048];

	(void)state;
	context.data = "/srv/bramble/nodes/rasp1 init=/bin/sh";
	assert_int_equal(boot_render_cmdline(&context, text, sizeof(text)), -EINVAL);
	context = example(BOOT_MODEL_PI4);
	context.kernel_arguments = "quiet\ninit=/bin/sh";
	assert_int_equal(boot_render_cmdline(&context, text, sizeof(text)), -EINVAL);
	context = example(BOOT_MODEL_PI4);
	context.shared = "/a\tb";
	assert_int_equal(boot_render_cmdline(&context, text, sizeof(text)), -EINVAL);
}

static void what_does_not_fit_is_refused_whole(void **state)
{
	struct boot_context context = example(BOOT_MODEL_PI3);
	char text[4096], arguments[2048];

	(void)state;
	for (size_t size = 0; size < strlen(CONFIG) + 1; size++)
		assert_int_equal(boot_render_config(&context, text, size), -ENOSPC);
	assert_int_equal(boot_render_config(&context, text, strlen(CONFIG) + 1), strlen(CONFIG));
	for (size_t size = 0; size < strlen(CMDLINE_START CMDLINE_END) + 1; size++)
		assert_int_equal(boot_render_cmdline(&context, text, size), -ENOSPC);

	/* The kernel would cut the line at 2047 bytes without a word. */
	memset(arguments, 'a', sizeof(arguments));
	arguments[2047 - strlen(CMDLINE_START CMDLINE_END " ")] = '\0';
	context.kernel_arguments = arguments;
	assert_int_equal(boot_render_cmdline(&context, text, sizeof(text)), 2047);
	arguments[2047 - strlen(CMDLINE_START CMDLINE_END " ")] = 'a';
	arguments[2048 - strlen(CMDLINE_START CMDLINE_END " ")] = '\0';
	assert_int_equal(boot_render_cmdline(&context, text, sizeof(text)), -ENOSPC);
}

static void a_board_that_waits_learns_nothing_of_nodes(void **state)
{
	struct boot_context context = example(BOOT_MODEL_PI4);
	char text[1024];

	(void)state;
	context.waits_as = "1a2b3c4d";
	context.shared = "/srv/bramble/shared";
	context.kernel_arguments = "cma=64M";
	assert_true(boot_render_cmdline(&context, text, sizeof(text)) > 0);
	assert_string_equal(text, "bramble.router=10.77.0.1 bramble.wait=1a2b3c4d "
				  "console=serial0,115200 console=tty1 panic=10 cma=64M");
	assert_true(boot_render_config(&context, text, sizeof(text)) > 0);
	assert_null(strstr(text, "rasp1"));
	assert_non_null(strstr(text, "\nkernel=kernel8.img\ninitramfs initramfs8"));
	context.waits_as = "a b";
	assert_int_equal(boot_render_cmdline(&context, text, sizeof(text)), -EINVAL);
}

static void a_pc_gets_a_script_with_its_command_line(void **state)
{
	struct boot_context context = example(BOOT_MODEL_PC);
	char text[4096];
	int length;

	(void)state;
	context.kernel_arguments = "quiet";
	length = boot_render_ipxe(&context, text, sizeof(text));
	assert_int_equal(length, strlen(text));
	assert_ptr_equal(strstr(text, "#!ipxe\n"), text);
	assert_non_null(
		strstr(text, "\nkernel vmlinuz initrd=initramfs " CMDLINE_START
			     " console=ttyS0,115200 console=tty1 panic=10 quiet || goto again\n"
			     "initrd initramfs || goto again\nboot || goto again\n:again\n"));
	for (int size = 0; size <= length; size++)
		assert_int_equal(boot_render_ipxe(&context, text, (size_t)size), -ENOSPC);
	context.waits_as = "52:54:00:00:00:01";
	assert_true(boot_render_ipxe(&context, text, sizeof(text)) > 0);
	assert_non_null(strstr(text, " bramble.wait=52:54:00:00:00:01 "));
	assert_null(strstr(text, "rasp1"));
}

/* In a script they would be iPXE's. */
static void a_script_holds_no_argument_that_ipxe_would_read(void **state)
{
	static const char *const arguments[] = { "a=${net0/mac}", "quiet || shell", "a && b",
		"a #b", "a\nshell" };
	struct boot_context context = example(BOOT_MODEL_PC);
	char text[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
		context.kernel_arguments = arguments[i];
		assert_int_equal(boot_render_ipxe(&context, text, sizeof(text)), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_names_kernel_and_initramfs_for_each_model),
		cmocka_unit_test(cmdline_is_one_line_that_says_who_and_where),
		cmocka_unit_test(cmdline_brings_the_root_of_the_hash_tree),
		cmocka_unit_test(cmdline_names_a_port_that_isnt_80),
		cmocka_unit_test(cmdline_refuses_values_that_would_begin_another),
		cmocka_unit_test(what_does_not_fit_is_refused_whole),
		cmocka_unit_test(a_board_that_waits_learns_nothing_of_nodes),
		cmocka_unit_test(a_pc_gets_a_script_with_its_command_line),
		cmocka_unit_test(a_script_holds_no_argument_that_ipxe_would_read),
	};

	return cmocka_run_group_tests_name("boot_render", tests, NULL, NULL);
}
