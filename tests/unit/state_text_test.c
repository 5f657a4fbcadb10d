/* SPDX-License-Identifier: ISC */
/* The registry as text: written, read, checked, compared. */
#include "tests/unit/test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provisioner/state/document.h"

#define HASH_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HASH_B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

/* One of everything, in the form in which it is written. */
static const char whole[] =
	"# What Bramble knows of boards and nodes: `bramble state import` reads it.\n"
	"state 1\n"
	"\tlast-node 9\n"
	"\n"
	"image base\n"
	"\tcurrent " HASH_A "\n"
	"\tprevious " HASH_B "\n"
	"\tpinned " HASH_B "\n"
	"\tpinned " HASH_A "\n"
	"\n"
	"former-node kiosk\n"
	"\thistory 2026-11-01T00:00:00.000Z dc:a6:32:00:00:02 \"joined by itself\"\n"
	"\n"
	"node rasp1\n"
	"\tid 1\n"
	"\taddress 10.77.0.50\n"
	"\trole node\n"
	"\timage base\n"
	"\tbooted " HASH_A "\n"
	"\tgood " HASH_A "\n"
	"\tavoids " HASH_B " \"3 boots in a row failed\"\n"
	"\tboard dc:a6:32:00:00:01\n"
	"\tcordoned\n"
	"\tnote \"top shelf, \\\"loud\\\" \\\\ caf\303\251 \\xff\"\n"
	"\tcreated 2026-11-24T16:27:51.123Z\n"
	"\thistory 2026-11-24T16:27:51.123Z dc:a6:32:00:00:02 \"joined by itself\"\n"
	"\thistory 2026-11-24T16:27:51.122Z dc:a6:32:00:00:01 \"replaced\"\n"
	"\n"
	"node rasp2\n"
	"\tid 9\n"
	"\taddress 10.77.0.51\n"
	"\twants-next-board\n"
	"\tcreated 1970-01-01T00:00:00.000Z\n"
	"\n"
	"board dc:a6:32:00:00:01\n"
	"\tserial 1a2b3c4d\n"
	"\tmodel pi4\n"
	"\trevision c03111\n"
	"\taddress 10.77.0.50\n"
	"\tfirst-seen 2026-11-24T16:27:50.000Z\n"
	"\n"
	"board dc:a6:32:00:00:02\n"
	"\tparked\n"
	"\tnote \"broken fan\"\n"
	"\tfirst-seen 2026-11-24T16:27:50.000Z\n"
	"\n"
	"device 00:11:22:33:44:55\n"
	"\taddress 10.77.0.99\n"
	"\n"
	"expected c0ffee01\n"
	"\tnode rasp3\n"
	"\trole node\n";

static void parse(const char *text, struct state_document *document)
{
	char error[STATE_ERROR_SIZE];

	if (state_parse(text, strlen(text), document, error) != 0)
		fail_msg("%s", error);
}

static void expect_text(const struct state_document *document, const char *expected)
{
	char *text = state_format(document);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void what_is_written_is_read_again(void **state)
{
	struct state_document document;

	(void)state;
	parse(whole, &document);
	assert_int_equal(document.last_node, 9);
	assert_int_equal(document.n_nodes, 2);
	assert_string_equal(document.nodes[0].node.note, "top shelf, \"loud\" \\ caf\303\251 \377");
	assert_int_equal(document.nodes[0].node.created_ms, 1795537671123);
	assert_true(document.nodes[0].node.has_board);
	assert_int_equal(document.boards[0].board.model, BOOT_MODEL_PI4);
	assert_int_equal(document.boards[0].board.revision, 0xc03111);
	assert_int_equal(document.n_bindings, 3);
	assert_int_equal(document.n_addresses, 2);
	expect_text(&document, whole);
	state_free(&document);
}

/* Whatever order a person writes it in, with other blanks, comments and line ends. */
static void order_and_blanks_do_not_matter(void **state)
{
	static const char text[] =
		"\r\n  # mine\n\nstate 1\r\n    last-node   3\r\n"
		"expected DC-A6-32-00-00-09\n"
		"node b\n\tcreated 2026-01-01T00:00:00.000Z\n# why\n\n\taddress 10.0.0.2\n\tid 3\n"
		"node a\n\tid \"2\"\n\tnote x\n\taddress 10.0.0.1\n\tcreated "
		"2026-01-01T00:00:00.000Z";
	static const char written[] =
		"# What Bramble knows of boards and nodes: `bramble state import` reads it.\n"
		"state 1\n\tlast-node 3\n"
		"\nnode a\n\tid 2\n\taddress 10.0.0.1\n\tnote \"x\"\n"
		"\tcreated 2026-01-01T00:00:00.000Z\n"
		"\nnode b\n\tid 3\n\taddress 10.0.0.2\n\tcreated 2026-01-01T00:00:00.000Z\n"
		"\nexpected dc:a6:32:00:00:09\n";
	struct state_document document;

	(void)state;
	parse(text, &document);
	expect_text(&document, written);
	state_free(&document);
}

#define HEAD "state 1\n\tlast-node 5\n"
#define SINCE "\tcreated 2026-01-01T00:00:00.000Z\n"
#define SEEN "\tfirst-seen 2026-01-01T00:00:00.000Z\n"
#define A "node a\n\tid 1\n\taddress 10.0.0.1\n" SINCE

static void a_mistake_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "", "0: there is nothing in it" },
		{ "node a\n", "1: the first line isn't \"state 1\"" },
		{ "SQLite format 3", "1: the first line isn't \"state 1\"" },
		{ "state 2\n", "1: format 2 isn't known" },
		{ "state 1\n", "1: before this, \"state\" lacks its \"last-node\"" },
		{ HEAD "state 1\n", "3: \"state\" stands only once" },
		{ HEAD "\tcolour red\n", "3: \"state\" has no \"colour\"" },
		{ HEAD "nodes a\n", "3: \"nodes\" is unknown" },
		{ HEAD "node a b\n", "3: behind \"node\" stands one word" },
		{ HEAD "node A\n", "3: \"A\" is no name" },
		{ HEAD "node a\n\tid 1\n\taddress 10.0.0.1\nnode b\n",
			"6: before this, \"node\" lacks its \"created\"" },
		{ HEAD "node a\n\tid 0\n", "4: \"0\" is no number from 1" },
		{ HEAD "node a\n\tid 1\n\tid 1\n", "5: \"id\" is there twice" },
		{ HEAD "node a\n\tid 1 2\n", "4: behind \"id\" stand 1 words, not 2" },
		{ HEAD "node a\n\taddress 10.0.0\n", "4: \"10.0.0\" is no IPv4 address" },
		{ HEAD "node a\n\tboard dc:a6\n", "4: \"dc:a6\" is no MAC address" },
		{ HEAD "node a\n\tbooted abc\n", "4: \"abc\" is no version of an image" },
		{ HEAD "node a\n\tavoids abc why\n", "4: \"abc\" is no version of an image" },
		{ HEAD "node a\n\tcreated 2026-02-30T00:00:00.000Z\n", "is no time" },
		{ HEAD "node a\n\tcreated 2026-02-03\n", "4: \"2026-02-03\" is no time" },
		{ HEAD "node a\n\tnote \"x\n", "4: the closing quote is missing" },
		{ HEAD "node a\n\tnote \"x\"y\n", "4: something follows the closing quote" },
		{ HEAD "node a\n\tnote \"\\n\"\n", "4: behind a \\ stands" },
		{ HEAD "node a\n\tnote \"\\x00\"\n", "4: behind a \\ stands" },
		{ HEAD "node a\n\tnote \"\\x0a\"\n", "4: the text holds a control byte" },
		{ HEAD "node a\n\tnote two words and some more\n", "4: too many words" },
		{ HEAD "board dc:a6:32:00:00:01\n\tserial xyz\n", "4: \"xyz\" is no serial" },
		{ HEAD "board dc:a6:32:00:00:01\n\tmodel pi9\n", "4: \"pi9\" is no model" },
		{ HEAD "board dc:a6:32:00:00:01\n\trevision 123456789\n", "is no revision" },
		{ HEAD "expected rasp1\n", "3: \"rasp1\" is no board" },
		{ HEAD "former-node a\n", "3: before this, \"former-node\" lacks its \"history\"" },
		{ HEAD A A, "7: node a is there twice: already on line 3" },
		{ HEAD A "node b\n\tid 1\n\taddress 10.0.0.2\n" SINCE,
			"7: node id 1 is there twice: already on line 3" },
		{ HEAD A "node b\n\tid 2\n\taddress 10.0.0.1\n" SINCE,
			"7: node address 10.0.0.1 is there twice: already on line 3" },
		{ HEAD "node a\n\tid 6\n\taddress 10.0.0.1\n" SINCE,
			"3: node a has id 6, but last-node is 5" },
		{ HEAD A "\tboard dc:a6:32:00:00:01\n", "3: node a is on board dc:a6:32:00:00:01, "
							"which isn't described" },
		{ HEAD A "\tboard dc:a6:32:00:00:01\nnode b\n\tid 2\n\taddress 10.0.0.2\n" SINCE
			 "\tboard dc:a6:32:00:00:01\nboard dc:a6:32:00:00:01\n" SEEN,
			"8: a node on board dc:a6:32:00:00:01 is there twice" },
		{ HEAD "board dc:a6:32:00:00:01\n" SEEN "board DC:A6:32:00:00:01\n" SEEN,
			"5: board dc:a6:32:00:00:01 is there twice" },
		{ HEAD "board dc:a6:32:00:00:01\n\taddress 10.0.0.9\n" SEEN
		       "device dc:a6:32:00:00:02\n\taddress 10.0.0.9\n",
			"7: address 10.0.0.9 is there twice: already on line 4" },
		{ HEAD "board dc:a6:32:00:00:01\n" SEEN "\taddress 10.0.0.8\n"
		       "device dc:a6:32:00:00:01\n\taddress 10.0.0.9\n",
			"7: an address of dc:a6:32:00:00:01 is there twice" },
		{ HEAD "expected c0ffee01\nexpected c0ffee01\n", "4: expected c0ffee01 is there" },
		{ HEAD "image a\n\tcurrent " HASH_A "\nimage a\n\tcurrent " HASH_A "\n",
			"5: image a is there twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct state_document document;
		char error[STATE_ERROR_SIZE];
		int result = state_parse(cases[i].text, strlen(cases[i].text), &document, error);

		if (result != -EINVAL || !strstr(error, cases[i].error))
			fail_msg("%s\n%d: \"%s\", not \"%s\"", cases[i].text, result, error,
				cases[i].error);
	}
}

static void long_lines_and_nul_bytes_are_refused(void **state)
{
	struct state_document document;
	char error[STATE_ERROR_SIZE], text[STATE_LINE_LIMIT + 64];

	(void)state;
	assert_int_equal(state_parse("state 1\0", 8, &document, error), -EINVAL);
	assert_non_null(strstr(error, "NUL"));
	memset(text, ' ', sizeof(text));
	assert_int_equal(state_parse(text, sizeof(text), &document, error), -EINVAL);
	assert_non_null(strstr(error, "longer than"));
}

static int gather(void *argument, const char *line, size_t length)
{
	char *out = argument;
	size_t used = strlen(out);

	assert_int_equal(strlen(line), length);
	snprintf(out + used, 2048 - used, "%s\n", line);
	return 0;
}

static void only_what_changed_is_told(void **state)
{
	struct state_document document;
	struct state_changes changes = { 0 };
	char told[2048] = "", *after;
	struct state_node *node;
	struct state_binding *binding;

	(void)state;
	parse(whole, &document);
	assert_int_equal(state_compare(whole, whole, &changes, gather, told), 0);
	assert_string_equal(told, "");
	node = state_find_node(&document, "rasp1");
	node->node.address.s_addr = htonl(0x0a4d0046);
	str_copy(node->node.note, sizeof(node->node.note), "");
	node->node.heartbeat_ms = 99; /* no part of it */
	node->node.joined = true;
	binding = state_add_binding(&document);
	str_copy(binding->node, sizeof(binding->node), "rasp1");
	str_copy(binding->text, sizeof(binding->text), "new");
	str_copy(state_find_node(&document, "rasp2")->node.name, NODE_NAME_SIZE, "rasp10");
	document.n_expected = 0;
	state_sort(&document);
	after = state_format(&document);
	assert_int_equal(state_compare(whole, after, &changes, gather, told), 0);
	assert_string_equal(told, "node rasp1\n"
				  "-\taddress 10.77.0.50\n"
				  "-\tnote \"top shelf, \\\"loud\\\" \\\\ caf\303\251 \\xff\"\n"
				  "+\taddress 10.77.0.70\n"
				  "+\thistory 1970-01-01T00:00:00.000Z 00:00:00:00:00:00 \"new\"\n"
				  "+ node rasp10\n"
				  "+\tid 9\n"
				  "+\taddress 10.77.0.51\n"
				  "+\twants-next-board\n"
				  "+\tcreated 1970-01-01T00:00:00.000Z\n"
				  "- node rasp2\n"
				  "-\tid 9\n"
				  "-\taddress 10.77.0.51\n"
				  "-\twants-next-board\n"
				  "-\tcreated 1970-01-01T00:00:00.000Z\n"
				  "- expected c0ffee01\n"
				  "-\tnode rasp3\n"
				  "-\trole node\n");
	assert_int_equal(changes.added, 1);
	assert_int_equal(changes.removed, 2);
	assert_int_equal(changes.changed, 1);
	free(after);
	state_free(&document);
}

/* --- with a registry --- */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void a_registry_gives_back_what_it_was_given(void **state)
{
	char directory[] = "/tmp/state_text_test.XXXXXX", path[64], note[REGISTRY_NOTE_SIZE];
	struct state_document document, again;
	struct registry *registry;
	struct registry_node node;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/registry.db", directory);
	parse(whole, &document);
	assert_int_equal(registry_open(path, &registry, note), 0);
	for (int i = 0; i < 2; i++) {
		/* Into an empty one, and in the place of itself. */
		assert_int_equal(state_store(registry, &document), 0);
		assert_int_equal(registry_commit(registry), 0);
		assert_int_equal(state_load(registry, &again), 0);
		expect_text(&again, whole);
		state_free(&again);
	}
	/* Numbers go on behind the highest that there ever was. */
	assert_int_equal(registry_get_node(registry, "rasp2", &node), 0);
	assert_int_equal(registry_delete_node(registry, "rasp2"), 0);
	node.id = 0;
	assert_int_equal(registry_put_node(registry, &node), 0);
	assert_int_equal(node.id, 10);
	registry_close(registry);
	nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	state_free(&document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(order_and_blanks_do_not_matter),
		cmocka_unit_test(a_mistake_is_named_with_its_line),
		cmocka_unit_test(long_lines_and_nul_bytes_are_refused),
		cmocka_unit_test(only_what_changed_is_told),
		cmocka_unit_test(a_registry_gives_back_what_it_was_given),
	};

	return cmocka_run_group_tests_name("state-text", tests, NULL, NULL);
}
