/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "provisioner/cli/inventory.h"

static struct inventory inventory;
static char error[INVENTORY_ERROR_SIZE];

static int parse(const char *text)
{
	inventory_free(&inventory);
	return inventory_parse(text, strlen(text), &inventory, error);
}

static int let_go(void **state)
{
	(void)state;
	inventory_free(&inventory);
	return 0;
}

static void a_csv_file_names_its_columns(void **state)
{
	(void)state;
	assert_int_equal(parse("# the lab\r\nName;Place;MAC;Role\r\nrasp3;\"desk \"\"7\"\"; "
			       "left\";dc:a6:32:01:02:03;storage\r\n\n;;DC-A6-32-01-02-04;\n"),
		0);
	assert_int_equal(inventory.n, 2);
	/* sorted by node */
	assert_string_equal(inventory.entries[0].board, "DC-A6-32-01-02-04");
	assert_string_equal(inventory.entries[0].node, "");
	assert_string_equal(inventory.entries[1].board, "dc:a6:32:01:02:03");
	assert_string_equal(inventory.entries[1].node, "rasp3");
	assert_string_equal(inventory.entries[1].role, "storage");
}

static void the_mac_counts_when_both_are_there(void **state)
{
	(void)state;
	assert_int_equal(parse("serial,mac\n10000000aabbccdd,\n1234abcd,b8:27:eb:34:ab:cd"), 0);
	assert_int_equal(inventory.n, 2);
	assert_string_equal(inventory.entries[0].board, "10000000aabbccdd");
	assert_string_equal(inventory.entries[1].board, "b8:27:eb:34:ab:cd");
}

static void an_ansible_inventory_is_read(void **state)
{
	(void)state;
	assert_int_equal(parse("[old]\nrasp1 ansible_host=10.0.0.1 mac=dc:a6:32:01:02:03\n; no\n"
			       "rasp2   serial=1234abcd role=edge\n[old:vars]\nansible_user=pi\n"),
		0);
	assert_int_equal(inventory.n, 2);
	assert_string_equal(inventory.entries[0].node, "rasp1");
	assert_string_equal(inventory.entries[1].board, "1234abcd");
	assert_string_equal(inventory.entries[1].role, "edge");
}

static void a_mistake_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text, *message;
	} wrong[] = {
		{ "mac,name\ndc:a6:32:01:02,rasp1", "2: \"dc:a6:32:01:02\" is neither" },
		{ "mac,name\n,rasp1", "2: rasp1 has neither" },
		{ "mac,name\ndc:a6:32:01:02:03", "2: has 1 fields, but there are 2" },
		{ "mac,name\n\"dc:a6:32:01:02:03,rasp1", "2: has 0 fields" },
		{ "mac,name\ndc:a6:32:01:02:03,Rasp_1", "2: \"Rasp_1\" is no name" },
		{ "mac,role\ndc:a6:32:01:02:03,a b", "2: \"a b\" is no name for a role" },
		{ "[all]\nrasp1 mac", "2: \"mac\" is not of the form" },
		{ "rasp1\n", "1: rasp1 has neither" },
		{ "mac\ndc:a6:32:01:02:03\nDC:A6:32:01:02:03", "is there twice" },
		{ "mac,name\ndc:a6:32:01:02:03,a\ndc:a6:32:01:02:04,a", "node a is there twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(parse(wrong[i].text), -EINVAL);
		assert_non_null(strstr(error, wrong[i].message));
		assert_int_equal(inventory.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_csv_file_names_its_columns),
		cmocka_unit_test(the_mac_counts_when_both_are_there),
		cmocka_unit_test(an_ansible_inventory_is_read),
		cmocka_unit_test(a_mistake_is_named_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, let_go);
}
