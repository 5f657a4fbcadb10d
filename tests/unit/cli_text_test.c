/* SPDX-License-Identifier: ISC */
/* What the `bramble` command makes of numbers, texts, tables and options. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/cli/args.h"
#include "provisioner/cli/client.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"

static void bytes_have_a_unit_and_one_decimal(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = { { 0, "0 B" }, { 999, "999 B" }, { 1000, "1.0 kB" }, { 12345, "12.3 kB" },
		{ 999949, "999.9 kB" }, { 999950, "1.0 MB" }, { 33000000, "33.0 MB" },
		{ 1234567890, "1.2 GB" }, { 5000000000000, "5.0 TB" },
		{ UINT64_MAX, "18446744.1 TB" } };
	char text[TEXT_UNIT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_bytes(cases[i].bytes, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void durations_grow_coarser(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = { { -5, "0.00 s" }, { 420, "0.42 s" }, { 9994, "9.99 s" }, { 9995, "10.0 s" },
		{ 12345, "12.3 s" }, { 59949, "59.9 s" }, { 59950, "1 min 0 s" },
		{ 200000, "3 min 20 s" }, { 3599499, "59 min 59 s" }, { 3599500, "1 h 0 min" },
		{ 7500000, "2 h 5 min" }, { 86400000, "1 d 0 h" }, { 273600000, "3 d 4 h" } };
	char text[TEXT_UNIT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_duration(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void ages_are_told_in_one_unit(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = { { -60000, "just now" }, { 999, "just now" }, { 12000, "12 s ago" },
		{ 119999, "119 s ago" }, { 120000, "2 min ago" }, { 7199999, "119 min ago" },
		{ 7200000, "2 h ago" }, { 172799999, "47 h ago" }, { 172800000, "2 d ago" } };
	char text[TEXT_UNIT_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_age(1000000, 1000000 + cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void a_terminal_gets_nothing_that_it_would_obey(void **state)
{
	static const struct {
		const char *text, *visible;
		size_t columns;
	} cases[] = {
		{ "plain text", "plain text", 10 },
		{ "a\033[31mb\n\x7f", "a\\x1b[31mb\\x0a\\x7f", 18 },
		{ "already \\x1b", "already \\x1b", 12 },
		{ "caf\xc3\xa9 \xe2\x80\xa6", "caf\xc3\xa9 \xe2\x80\xa6", 6 },
		{ "\xc2\x9b"
		  "31m",
			"\\xc2\\x9b31m", 11 }, /* C1: control sequence introducer */
		{ "a\xe2\x80\xae"
		  "b",
			"a\\xe2\\x80\\xaeb", 14 },	   /* right-to-left override */
		{ "\xff\xc3", "\\xff\\xc3", 8 },	   /* not UTF-8 */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80", 12 }, /* surrogate */
		{ "\xc0\xaf\xe0\x80\xaf", "\\xc0\\xaf\\xe0\\x80\\xaf", 20 }, /* overlong */
	};
	char visible[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			text_visible(visible, sizeof(visible), cases[i].text), cases[i].columns);
		assert_string_equal(visible, cases[i].visible);
		assert_int_equal(text_columns(visible), cases[i].columns);
	}
	assert_int_equal(
		text_visible(visible, 6, "abc\xc3\xa9\xc3\xa9"), 4); /* no half characters */
	assert_string_equal(visible, "abc\xc3\xa9");
	assert_int_equal(text_visible(visible, 5, "ab\n"), 2);
	assert_int_equal(text_bytes_of_columns("\xc3\xa9\xc3\xa9x", 2), 4);
	assert_int_equal(text_bytes_of_columns("ab", 9), 2);
}

struct seen {
	char text[64];
};

static void see(void *argument, const cJSON *item, const char *text, size_t length)
{
	struct seen *seen = argument;
	const size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%s%.*s;", json_text(item, "n"),
		(int)length, text);
}

static void a_list_is_read_item_by_item(void **state)
{
	static const struct {
		const char *text, *seen;
		int result;
	} cases[] = {
		{ "{\"list\":[]}", "", 0 },
		{ "{\"list\":[{\"n\":\"a\"},{\"n\":\"b\"}]}", "a{\"n\":\"a\"};b{\"n\":\"b\"};", 0 },
		{ "{\"list\":[7],\"more\":1}", "7;", -EBADMSG },
		{ " {\t\"list\" : [ {\"n\":\"]\"} , 7 ]\n}\n", "]{\"n\":\"]\"};7;", 0 },
		{ "{\"lists\":[]}", "", -EBADMSG },
		{ "{\"lis\":[]}", "", -EBADMSG },
		{ "{\"list\":{}}", "", -EBADMSG },
		{ "{\"list\":[1", "1;", -EBADMSG },
		{ "{\"list\":[1,", "1;", -EBADMSG },
		{ "{\"list\":[1,]}", "1;", -EBADMSG },
		{ "{\"list\":[1 2]}", "1;", -EBADMSG },
		{ "{\"list\":[{\"n\":]}", "", -EBADMSG },
		{ "{\"list\":[", "", -EBADMSG },
		{ "{\"list\"", "", -EBADMSG },
		{ "{\"list", "", -EBADMSG },
		{ "[]", "", -EBADMSG },
		{ "", "", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct seen seen = { "" };
		/* Without a NUL behind it: nothing beyond its end is looked at. */
		const size_t size = strlen(cases[i].text);
		char *text = malloc(size > 0 ? size : 1);

		assert_non_null(text);
		memcpy(text, cases[i].text, size);
		if (json_each_item(text, size, "list", see, &seen) != cases[i].result)
			fail_msg("%s", cases[i].text);
		if (cases[i].result == 0 || *cases[i].seen)
			assert_string_equal(seen.text, cases[i].seen);
		free(text);
	}
}

static char *printed(const struct table *table, size_t width, bool color)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(table_print(table, out, width, color), 0);
	fclose(out);
	return text;
}

static const struct table_column columns[] = { { "NAME", false }, { "SIZE", true },
	{ "WHAT", false }, { .title = NULL } };

static struct table *example(void)
{
	struct table *table = table_new(columns);

	assert_non_null(table);
	table_row(table);
	table_cell(table, "rasp1");
	table_cellf(table, "%d", 5);
	table_cell(table, "the quick brown fox jumps over the lazy dog");
	table_row(table);
	table_cell_colored(table, TABLE_RED, "a\n");
	table_cell(table, "12345");
	table_row(table);
	return table;
}

static void columns_are_as_wide_as_what_is_in_them(void **state)
{
	struct table *table = example();
	char *text = printed(table, 0, false);

	(void)state;
	assert_int_equal(table_rows(table), 3);
	assert_string_equal(text, "NAME    SIZE  WHAT\n"
				  "rasp1      5  the quick brown fox jumps over the lazy dog\n"
				  "a\\x0a  12345\n"
				  "\n");
	free(text);
	text = printed(table, 0, true);
	assert_non_null(strstr(text, "\n\033[31ma\\x0a\033[0m  12345\n"));
	free(text);
	table_free(table);
}

static void a_wide_last_column_goes_on_below_itself(void **state)
{
	struct table *table = example();
	char *text = printed(table, 40, false);

	(void)state;
	assert_string_equal(text, "NAME    SIZE  WHAT\n"
				  "rasp1      5  the quick brown fox jumps\n"
				  "              over the lazy dog\n"
				  "a\\x0a  12345\n"
				  "\n");
	free(text);
	/* Where there is no room for words, lines stay long. */
	text = printed(table, 20, false);
	assert_non_null(strstr(text, "the quick brown fox jumps over the lazy dog\n"));
	free(text);
	table_free(table);
}

static void a_word_longer_than_the_line_is_broken(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	table_print_wrapped(out, "x 0123456789012345678901234567890123456789", 2, 22);
	fclose(out);
	assert_string_equal(text, "x\n  01234567890123456789\n  01234567890123456789");
	free(text);
}

static void more_cells_than_columns_are_left_out(void **state)
{
	struct table *table = table_new(columns);
	char *text;

	(void)state;
	for (int i = 0; i < 100; i++) {
		table_row(table);
		for (int j = 0; j < 20; j++)
			table_cell(table, "x");
	}
	text = printed(table, 80, false);
	assert_int_equal(table_rows(table), 100);
	assert_non_null(strstr(text, "\nx        x  x\n"));
	free(text);
	table_free(table);
}

struct parsed {
	bool force;
	const char *limit;
	int words;
	char error[ARGS_ERROR_SIZE];
};

/* Split a line at blanks and parse it; argv is left in `argv`. */
static void parse_line(const char *line, bool stop, char *copy, char *argv[8], struct parsed *out)
{
	const struct args_option options[] = {
		{ "force", 'f', &out->force, NULL, "" },
		{ "limit", 'n', NULL, &out->limit, "" },
		{ .name = NULL },
	};
	int argc = 0;

	*out = (struct parsed){ 0 };
	for (char *p = copy; *line && argc < 8; argc++) {
		argv[argc] = p;
		while (*line && *line != ' ')
			*p++ = *line++;
		*p++ = '\0';
		line += *line == ' ';
	}
	out->words = args_parse(argc, argv, options, stop, out->error);
}

static void options_stand_anywhere_among_the_words(void **state)
{
	static const struct {
		const char *line, *limit, *first, *error;
		int words;
		bool stop, force;
	} cases[] = {
		{ "", NULL, NULL, NULL, 0, false, false },
		{ "a b", NULL, "a", NULL, 2, false, false },
		{ "--force a --limit 5 b", "5", "a", NULL, 2, false, true },
		{ "a -f b -n 5", "5", "a", NULL, 2, false, true },
		{ "--limit=5", "5", NULL, NULL, 0, false, false },
		{ "--limit=", "", NULL, NULL, 0, false, false },
		{ "--limit --force", "--force", NULL, NULL, 0, false, false },
		{ "-- --force -x", NULL, "--force", NULL, 2, false, false },
		{ "- a", NULL, "-", NULL, 2, false, false },
		{ "-f verb -n 5", NULL, "verb", NULL, 3, true, true },
		{ "--limit", NULL, NULL, "--limit needs a value", -1, false, false },
		{ "--limit 1 --limit 2", "1", NULL, "--limit is given twice", -1, false, false },
		{ "--force=yes", NULL, NULL, "--force takes no value", -1, false, true },
		{ "--fource", NULL, NULL, "unknown option --fource; did you mean --force?", -1,
			false, false },
		{ "-x", NULL, NULL, "unknown option -x", -1, false, false },
		{ "-fn", NULL, NULL, "unknown option -fn", -1, false, false },
		{ "--zebra\033", NULL, NULL, "unknown option --zebra\\x1b", -1, false, false },
		{ "--lim", NULL, NULL, "unknown option --lim; did you mean --limit?", -1, false,
			false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parsed parsed;
		char copy[256];
		char *argv[8] = { NULL };

		parse_line(cases[i].line, cases[i].stop, copy, argv, &parsed);
		assert_int_equal(parsed.words, cases[i].words);
		assert_int_equal(parsed.force, cases[i].force);
		if (cases[i].limit)
			assert_string_equal(parsed.limit, cases[i].limit);
		else
			assert_null(parsed.limit);
		if (cases[i].first)
			assert_string_equal(argv[0], cases[i].first);
		if (cases[i].error)
			assert_string_equal(parsed.error, cases[i].error);
	}
}

static void names_in_paths_are_percent_encoded(void **state)
{
	char path[33] = "/v1/nodes/";

	(void)state;
	assert_int_equal(client_append(path, sizeof(path), "dc:a6 /..?%\xc3"), 0);
	assert_string_equal(path, "/v1/nodes/dc:a6%20%2F..%3F%25%C3");
	assert_int_equal(client_append(path, sizeof(path), "x"), -EMSGSIZE);
	path[31] = '\0';
	assert_int_equal(client_append(path, sizeof(path), "/"), -EMSGSIZE);
	assert_int_equal(client_append(path, sizeof(path), "x"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_have_a_unit_and_one_decimal),
		cmocka_unit_test(durations_grow_coarser),
		cmocka_unit_test(ages_are_told_in_one_unit),
		cmocka_unit_test(a_terminal_gets_nothing_that_it_would_obey),
		cmocka_unit_test(a_list_is_read_item_by_item),
		cmocka_unit_test(columns_are_as_wide_as_what_is_in_them),
		cmocka_unit_test(a_wide_last_column_goes_on_below_itself),
		cmocka_unit_test(a_word_longer_than_the_line_is_broken),
		cmocka_unit_test(more_cells_than_columns_are_left_out),
		cmocka_unit_test(options_stand_anywhere_among_the_words),
		cmocka_unit_test(names_in_paths_are_percent_encoded),
	};

	return cmocka_run_group_tests_name("cli-text", tests, NULL, NULL);
}
