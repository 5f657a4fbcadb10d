/* SPDX-License-Identifier: ISC */
/* What bramble doctor judges by numbers alone. */
#include "tests/unit/test.h"

#include "provisioner/space.h"

#define GB (UINT64_C(1) << 30)

static void room_is_judged_by_share_and_size(void **state)
{
	(void)state;
	assert_int_equal(space_of(100 * GB, 1000 * GB), SPACE_ENOUGH);
	/* Little of a large disk is still much. */
	assert_int_equal(space_of(5 * GB, 1000 * GB), SPACE_ENOUGH);
	assert_int_equal(space_of(1 * GB, 100 * GB), SPACE_SCARCE);
	assert_int_equal(space_of(GB / 8, 100 * GB), SPACE_NONE);
	/* And much of a small one is enough. */
	assert_int_equal(space_of(GB / 8, GB), SPACE_ENOUGH);
	assert_int_equal(space_of(0, GB), SPACE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(room_is_judged_by_share_and_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
