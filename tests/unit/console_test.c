/* SPDX-License-Identifier: ISC */
/* What boards say of their boot over the network: pieces become lines, lines belong to a boot. */
#include "tests/unit/brambled_world.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/console_lines.h"

#define FIRST_WORDS "RPi: BOOTLOADER release VERSION:30de0ba5 DATE: 2023/10/30\n"

struct collected {
	unsigned n;
	char lines[8][CONSOLE_LINE_SIZE];
};

static void collect(void *argument, const char *line)
{
	struct collected *collected = argument;

	assert_in_range(collected->n, 0, 7);
	str_copy(collected->lines[collected->n++], CONSOLE_LINE_SIZE, line);
}

static void pieces_become_lines(void **state)
{
	struct console_lines lines = { .length = 0 };
	struct collected got = { .n = 0 };

	(void)state;
	console_lines_feed(&lines, "Boot mode: NET", 14, collect, &got);
	assert_int_equal(got.n, 0);
	console_lines_feed(&lines, "WORK (02)\r\n\r\n\tsecond\n", 22, collect, &got);
	assert_int_equal(got.n, 2);
	assert_string_equal(got.lines[0], "Boot mode: NETWORK (02)");
	assert_string_equal(got.lines[1], " second");
}

static void what_isnt_text_is_shown_as_such(void **state)
{
	struct console_lines lines = { .length = 0 };
	struct collected got = { .n = 0 };
	char piece[600];

	(void)state;
	console_lines_feed(&lines, "\033[2Jgone\n", 9, collect, &got);
	assert_null(strchr(got.lines[0], '\033'));
	memset(piece, 'x', sizeof(piece));
	console_lines_feed(&lines, piece, sizeof(piece), collect, &got);
	console_lines_end(&lines, collect, &got);
	assert_int_equal(got.n, 4); /* a line without end is several */
}

static void say(struct world *world, unsigned number, const char *text)
{
	struct ipc_console piece = { .mac = world_mac(number), .length = (uint16_t)strlen(text) };

	memcpy(piece.text, text, piece.length);
	console_hear(&world->brambled, &piece);
}

/* The lines of a boot, each behind a "|". The caller doesn't free it. */
static const char *console_of(struct world *world, unsigned boot)
{
	static char all[8192];
	char path[64];
	const cJSON *line;
	cJSON *json;
	int status;

	snprintf(path, sizeof(path), "/v1/boots/%u/console", boot);
	json = world_call(world, NULL, IPC_GET, path, NULL, &status);
	all[0] = '\0';
	if (status == 200)
		cJSON_ArrayForEach(line, cJSON_GetObjectItem(json, "lines"))
		{
			size_t used = strlen(all);

			snprintf(all + used, sizeof(all) - used, "|%s", world_text(line, "text"));
		}
	cJSON_Delete(json);
	return all;
}

/* It speaks before its first DISCOVER. */
static void firmware_is_heard_before_its_boot_is_known(void **state)
{
	struct world *world = *state;

	say(world, 1, FIRST_WORDS "Boot mode: NETWORK (02)\n");
	world_discover(world, 1, 0x1001);
	say(world, 1, "DHCP: 10.77.0.50\n");
	assert_int_equal(world_commit(world), 0);
	assert_string_equal(console_of(world, 1),
		"|RPi: BOOTLOADER release VERSION:30de0ba5 DATE: 2023/10/30"
		"|Boot mode: NETWORK (02)|DHCP: 10.77.0.50");
	assert_string_equal(console_of(world, 2), "");
	world_crash(world);
	assert_non_null(strstr(console_of(world, 1), "DHCP: 10.77.0.50"));
}

static void a_board_that_starts_anew_speaks_of_its_next_boot(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);

	world_discover(world, 1, 0x1001);
	say(world, 1, "Kernel panic - not syncing\n");
	say(world, 1, FIRST_WORDS);
	assert_string_equal(console_of(world, 1), "|Kernel panic - not syncing");
	timeline_end(&world->brambled, &mac, "switched off");
	world_discover(world, 1, 0x1001);
	assert_non_null(strstr(console_of(world, 2), "BOOTLOADER"));
}

static void nobodys_words_are_dropped(void **state)
{
	struct world *world = *state;

	world_discover(world, 1, 0x1001);
	for (unsigned i = 100; i < 400; i++)
		say(world, i, "I am a board, too\n");
	say(world, 1, "heard\n");
	assert_string_equal(console_of(world, 1), "|heard");
}

static void a_talkative_board_is_bounded(void **state)
{
	struct world *world = *state;
	unsigned lines;
	char text[32];

	world_discover(world, 1, 0x1001);
	assert_int_equal(world_commit(world), 0);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "line %u\n", i);
		say(world, 1, text);
	}
	assert_int_equal(registry_count_lines(world->brambled.registry, 1, &lines), 0);
	assert_in_range(lines, 1000, 1200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_become_lines),
		cmocka_unit_test(what_isnt_text_is_shown_as_such),
		TEST(firmware_is_heard_before_its_boot_is_known),
		TEST(a_board_that_starts_anew_speaks_of_its_next_boot),
		TEST(nobodys_words_are_dropped),
		TEST(a_talkative_board_is_bounded),
	};

	return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
