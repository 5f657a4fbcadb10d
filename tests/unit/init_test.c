/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/init/init.h"

static const char line[] =
	"bramble.router=10.77.0.1 bramble.node=rasp1 bramble.token=00ff "
	"bramble.image=/srv/bramble/images/base/x.squashfs"
	" bramble.hash=x bramble.data=/srv/bramble/nodes/rasp1 console=ttyAMA0,115200 panic=10\n";

static void reads_the_command_line(void **state)
{
	struct init_arguments arguments;
	char reason[INIT_REASON_SIZE], router[ADDRESS_TEXT_SIZE];

	(void)state;
	assert_int_equal(init_parse_arguments(line, &arguments, reason), 0);
	str_format_address(arguments.router, router);
	assert_string_equal(router, "10.77.0.1");
	assert_string_equal(arguments.node, "rasp1");
	assert_string_equal(arguments.token, "00ff");
	assert_string_equal(arguments.image, "/srv/bramble/images/base/x.squashfs");
	assert_string_equal(arguments.data, "/srv/bramble/nodes/rasp1");
	assert_string_equal(arguments.shared, "");
	assert_int_equal(arguments.patience_s, 600);
}

static void names_what_is_missing_or_wrong(void **state)
{
	static const struct {
		const char *from, *to, *named;
	} cases[] = {
		{ "bramble.router=10.77.0.1", "", "bramble.router" },
		{ "bramble.router=10.77.0.1", "bramble.router=10.77.0", "bramble.router" },
		{ "bramble.node=rasp1", "bramble.node=../x", "bramble.node" },
		{ "bramble.token=00ff", "xbramble.token=00ff", "bramble.token" },
		{ "bramble.image=/srv", "bramble.image=srv", "bramble.image" },
		{ "bramble.image=/srv", "bramble.image=/srv/../etc", "bramble.image" },
		/* A comma or colon would begin another mount option. */
		{ "bramble.data=/srv", "bramble.data=/srv,rw", "bramble.data" },
		{ "bramble.data=/srv", "bramble.shared=/a:b bramble.data=/srv", "bramble.shared" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct init_arguments arguments;
		char text[512], reason[INIT_REASON_SIZE] = "";
		const char *place = strstr(line, cases[i].from);

		assert_non_null(place);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(place - line), line, cases[i].to,
			place + strlen(cases[i].from));
		assert_int_equal(init_parse_arguments(text, &arguments, reason), -EINVAL);
		assert_non_null(strstr(reason, cases[i].named));
	}
}

static void the_last_of_two_values_counts(void **state)
{
	struct init_arguments arguments;
	char text[512], reason[INIT_REASON_SIZE];

	(void)state;
	snprintf(text, sizeof(text), "bramble.node=other bramble.patience=5 %s", line);
	assert_int_equal(init_parse_arguments(text, &arguments, reason), 0);
	assert_string_equal(arguments.node, "rasp1");
	assert_int_equal(arguments.patience_s, 5);
}

static void a_machine_id_is_made_once_and_kept(void **state)
{
	char directory[] = "/tmp/bramble-init-XXXXXX", path[64], first[33], second[33];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/machine-id", directory);
	assert_int_equal(init_keep_machine_id(directory, first), 0);
	assert_int_equal(strspn(first, "0123456789abcdef"), 32);
	assert_int_equal(init_keep_machine_id(directory, second), 0);
	assert_string_equal(first, second);
	/* A damaged one is replaced, not handed on. */
	chmod(path, 0600);
	file = fopen(path, "w");
	fputs("not a machine id\n", file);
	fclose(file);
	assert_int_equal(init_keep_machine_id(directory, second), 0);
	assert_string_not_equal(first, second);
	assert_int_equal(strspn(second, "0123456789abcdef"), 32);
	unlink(path);
	rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_command_line),
		cmocka_unit_test(names_what_is_missing_or_wrong),
		cmocka_unit_test(the_last_of_two_values_counts),
		cmocka_unit_test(a_machine_id_is_made_once_and_kept),
	};

	return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
