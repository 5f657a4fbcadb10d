/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/init/init.h"

/* In place of report.c: nothing is said in the host's kernel log. */
static unsigned complaints;

void init_say(const char *format, ...)
{
	(void)format;
}

void init_complain(const char *format, ...)
{
	(void)format;
	complaints++;
}

void init_report(
	const struct init_arguments *arguments, const char *stage, const char *detail, bool failed)
{
	(void)arguments;
	(void)stage;
	(void)detail;
	(void)failed;
}

static const char line[] = "bramble.router=10.77.0.1 bramble.node=rasp1 bramble.token=00ff "
			   "bramble.image=/srv/bramble/images/base/x.squashfs"
			   " bramble.hash=0abc bramble.data=/srv/bramble/nodes/rasp1 "
			   "console=ttyAMA0,115200 panic=10\n";

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
	assert_string_equal(arguments.hash, "0abc");
	assert_int_equal(arguments.patience_s, 600);
	assert_int_equal(arguments.port, 80);
}

static void available_memory_is_read_in_bytes(void **state)
{
	(void)state;
	assert_int_equal(init_parse_available("MemTotal:       1000 kB\nMemFree: 10 kB\n"
					      "MemAvailable:     345 kB\nBuffers: 1 kB\n"),
		345 * 1024);
	assert_int_equal(init_parse_available("MemTotal: 1000 kB\n"), 0);
}

static void a_board_that_waits_needs_no_more_than_the_router(void **state)
{
	struct init_arguments arguments;
	char reason[INIT_REASON_SIZE];

	(void)state;
	assert_int_equal(
		init_parse_arguments("bramble.router=10.77.0.1 bramble.wait=1a2b3c4d panic=10",
			&arguments, reason),
		0);
	assert_string_equal(arguments.wait, "1a2b3c4d");
	assert_string_equal(arguments.token, "");
	assert_int_equal(init_parse_arguments("bramble.wait=1a2b", &arguments, reason), -EINVAL);
	assert_int_equal(init_parse_arguments(
				 "bramble.router=10.77.0.1 bramble.wait=$(x)", &arguments, reason),
		-EINVAL);
	assert_int_equal(init_parse_arguments(line, &arguments, reason), 0);
	assert_string_equal(arguments.wait, "");
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
		{ "bramble.image=/srv/bramble/images/base/x.squashfs", "bramble.image=/srv/..",
			"bramble.image" },
		{ "bramble.image=/srv/bramble/images/base/x.squashfs", "bramble.image=/srv/",
			"bramble.image" },
		{ "bramble.image=/srv/bramble/images/base/x.squashfs",
			"bramble.image=", "bramble.image" },
		{ "bramble.token=00ff", "bramble.token=00f\"", "bramble.token" },
		{ "panic=10", "bramble.patience=0", "bramble.patience" },
		{ "panic=10", "bramble.patience=10s", "bramble.patience" },
		{ "panic=10", "bramble.join=-1", "bramble.join" },
		{ "panic=10", "bramble.port=65536", "bramble.port" },
		{ "panic=10", "bramble.verity=22215:004c", "bramble.verity" },
		{ "panic=10", "bramble.root=disk", "bramble.root" },
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

static void a_value_that_doesnt_fit_is_wrong(void **state)
{
	struct init_arguments arguments;
	char text[1024], reason[INIT_REASON_SIZE] = "";

	(void)state;
	snprintf(text, sizeof(text), "%s bramble.image=/%0*d", line, INIT_PATH_SIZE - 1, 0);
	assert_int_equal(init_parse_arguments(text, &arguments, reason), -EINVAL);
	assert_non_null(strstr(reason, "bramble.image"));
	text[strlen(text) - 1] = '\0';
	assert_int_equal(init_parse_arguments(text, &arguments, reason), 0);
}

static void modules_are_listed_one_on_a_line(void **state)
{
	char text[] = "/lib/a.ko\n\n# why\n  /lib/b.ko # \nrelative.ko\n/lib/c.ko\r\n/lib/d.ko",
	     *rest = text;

	(void)state;
	complaints = 0;
	assert_string_equal(init_next_module(&rest), "/lib/a.ko");
	assert_string_equal(init_next_module(&rest), "/lib/b.ko");
	assert_int_equal(complaints, 0);
	assert_string_equal(init_next_module(&rest), "/lib/c.ko");
	assert_int_equal(complaints, 1);
	assert_string_equal(init_next_module(&rest), "/lib/d.ko");
	assert_null(init_next_module(&rest));
	assert_null(init_next_module(&rest));
}

static struct dhcp_packet offer(void)
{
	return (struct dhcp_packet){ .reply = true,
		.xid = 7,
		.message = DHCP_OFFER,
		.mac = { { 2, 0, 0, 0, 0, 1 } },
		.yiaddr = { 50 },
		.server = { 1 } };
}

static void only_our_routers_answer_to_us_counts(void **state)
{
	const struct in_addr router = { 1 };
	const struct dhcp_packet sent = offer();
	struct dhcp_packet answer = offer();

	(void)state;
	assert_int_equal(init_judge_answer(&sent, &answer, DHCP_OFFER, router), 0);
	assert_int_equal(init_judge_answer(&sent, &answer, DHCP_ACK, router), -EAGAIN);
	answer.server.s_addr = 2;
	assert_int_equal(init_judge_answer(&sent, &answer, DHCP_OFFER, router), -EPERM);
	answer.message = DHCP_NAK;
	assert_int_equal(init_judge_answer(&sent, &answer, DHCP_OFFER, router), -EPERM);
	answer.server.s_addr = 1;
	assert_int_equal(init_judge_answer(&sent, &answer, DHCP_OFFER, router), -EACCES);
	answer = offer();
	answer.xid++;
	assert_int_equal(init_judge_answer(&sent, &answer, DHCP_OFFER, router), -EAGAIN);
	answer = offer();
	answer.mac.octet[5]++;
	assert_int_equal(init_judge_answer(&sent, &answer, DHCP_OFFER, router), -EAGAIN);
	answer = offer();
	answer.reply = false;
	assert_int_equal(init_judge_answer(&sent, &answer, DHCP_OFFER, router), -EAGAIN);
	answer = offer();
	answer.yiaddr.s_addr = 0;
	assert_int_equal(init_judge_answer(&sent, &answer, DHCP_OFFER, router), -EAGAIN);
}

static void a_machine_id_that_cant_be_read_or_kept_is_no_reason_for_another(void **state)
{
	char directory[] = "/tmp/bramble-init-XXXXXX", path[64], id[33];

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/machine-id", directory);
	assert_int_equal(symlink("machine-id", path), 0); /* a loop */
	assert_int_equal(init_keep_machine_id(directory, id), -ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0); /* nothing is left in it */
	assert_int_equal(init_keep_machine_id(directory, id), -ENOENT);
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

static void the_vigil_ends_when_the_agent_has_joined_or_somebody_says_so(void **state)
{
	static const char *const names[] = { INIT_JOINED, INIT_STAY };
	char path[] = "/tmp/init_test.XXXXXX";
	int directory;

	(void)state;
	assert_non_null(mkdtemp(path));
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(directory >= 0);
	assert_false(init_keep_vigil(directory, 0));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fd = openat(directory, names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		assert_true(fd >= 0);
		close(fd);
		assert_true(init_keep_vigil(directory, 0));
		assert_int_equal(unlinkat(directory, names[i], 0), 0);
	}
	close(directory);
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_command_line),
		cmocka_unit_test(available_memory_is_read_in_bytes),
		cmocka_unit_test(the_vigil_ends_when_the_agent_has_joined_or_somebody_says_so),
		cmocka_unit_test(names_what_is_missing_or_wrong),
		cmocka_unit_test(the_last_of_two_values_counts),
		cmocka_unit_test(a_value_that_doesnt_fit_is_wrong),
		cmocka_unit_test(modules_are_listed_one_on_a_line),
		cmocka_unit_test(only_our_routers_answer_to_us_counts),
		cmocka_unit_test(a_machine_id_is_made_once_and_kept),
		cmocka_unit_test(a_machine_id_that_cant_be_read_or_kept_is_no_reason_for_another),
		cmocka_unit_test(a_board_that_waits_needs_no_more_than_the_router),
	};

	return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
