/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "provisioner/cluster/copy.h"
#include "provisioner/cluster/store.h"

#define ID "7b3ec7b1-3113-4883-9b9a-21b0400e2d57" /* "2" follows, of another field */

/* As etcd 3.4 answers what an API server 1.20.2 wrote. */
static const char real[] =
	"{\"header\":{\"cluster_id\":14537075681467705206,\"revision\":346,\"raft_term\":2},"
	"\"kvs\":[{\"key\":\"L3JlZ2lzdHJ5L25hbWVzcGFjZXMva3ViZS1zeXN0ZW0=\",\"create_revision\":21,"
	"\"value\":\"azhzAAoPCgJ2MRIJTmFtZXNwYWNlErYBCpsBCgtrdWJlLXN5c3RlbRIAGgAiACokN2IzZWM3YjEt"
	"MzExMy00ODgzLTliOWEtMjFiMDQwMGUyZDU3MgA4AEIICNmzq9gGEAB6AIoBTwoOa3ViZS1hcGlzZXJ2ZXISBl"
	"VwZGF0ZRoCdjEiCAjZs6vYBhAAMghGaWVsZHNWMTodCht7ImY6c3RhdHVzIjp7ImY6cGhhc2UiOnt9fX0SDAoK"
	"a3ViZXJuZXRlcxoICgZBY3RpdmUaACIA\"}],\"count\":1}";

static void the_uid_of_a_real_answer_is_found(void **state)
{
	char id[STORE_ID_SIZE];

	(void)state;
	assert_int_equal(store_parse_id(real, id), 0);
	assert_string_equal(id, ID);
}

static void an_empty_store_is_told_from_an_answer_that_is_none(void **state)
{
	static const struct {
		const char *answer;
		int result;
	} cases[] = { { "{\"header\":{\"revision\":1}}", -ENOENT },
		{ "{\"header\":{},\"kvs\":[]}", -EBADMSG }, { "", -EBADMSG }, { "{}", -EBADMSG },
		{ "Error: context deadline exceeded", -EBADMSG },
		{ "{\"header\":{},\"kvs\":[{\"value\":\"!\"}]}", -EBADMSG },
		{ "{\"header\":{},\"kvs\":[{\"value\":\"azhzAA==\"}]}", -EBADMSG },
		{ "{\"header\":{},\"kvs\":[{\"value\":7}]}", -EBADMSG } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char id[STORE_ID_SIZE] = "x";

		assert_int_equal(store_parse_id(cases[i].answer, id), cases[i].result);
		assert_string_equal(id, "");
	}
}

static void an_id_is_a_uuid_in_small_letters(void **state)
{
	(void)state;
	assert_true(store_is_id(ID));
	assert_false(store_is_id(""));
	assert_false(store_is_id(ID "2"));
	assert_false(store_is_id("7B3EC7B1-3113-4883-9b9a-21b0400e2d57"));
	assert_false(store_is_id("7b3ec7b1-3113-4883-9b9a-21b0400e2d5"));
	assert_false(store_is_id("7b3ec7b1x3113-4883-9b9a-21b0400e2d57"));
}

static void keep(const struct cluster_paths *paths, const char *id)
{
	char path[CLUSTER_PATH_SIZE + 16];

	snprintf(path, sizeof(path), "%s/identity", paths->base);
	assert_int_equal(file_replace(path, id, strlen(id), 0600), 0);
}

static void a_known_cluster_without_log_has_lost_its_store(void **state)
{
	char base[] = "/tmp/store_test.XXXXXX", path[CLUSTER_PATH_SIZE + 64], id[STORE_ID_SIZE];
	struct cluster_paths paths;

	(void)state;
	assert_non_null(mkdtemp(base));
	cluster_find_paths_in(base, &paths);
	assert_false(store_is_lost(&paths)); /* there was none yet */
	keep(&paths, "nonsense");
	assert_false(store_read_id(&paths, id));
	keep(&paths, ID);
	assert_true(store_read_id(&paths, id));
	assert_string_equal(id, ID);
	assert_true(store_is_lost(&paths));
	snprintf(path, sizeof(path), "%s/member/wal", paths.etcd);
	assert_int_equal(file_make_directories(path, 0700), 0);
	assert_true(store_is_lost(&paths)); /* a directory alone is no log */
	snprintf(path, sizeof(path), "%s/member/wal/0.tmp", paths.etcd);
	assert_int_equal(file_replace(path, "", 0, 0600), 0);
	assert_true(store_is_lost(&paths));
	snprintf(path, sizeof(path), "%s/member/wal/0-0.wal", paths.etcd);
	assert_int_equal(file_replace(path, "", 0, 0600), 0);
	assert_false(store_is_lost(&paths));
	assert_int_equal(copy_remove_tree(base), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_uid_of_a_real_answer_is_found),
		cmocka_unit_test(an_empty_store_is_told_from_an_answer_that_is_none),
		cmocka_unit_test(an_id_is_a_uuid_in_small_letters),
		cmocka_unit_test(a_known_cluster_without_log_has_lost_its_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
