/* SPDX-License-Identifier: ISC */
/* The registry as a whole, by the API: its backups. */
#include "tests/unit/brambled_world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "provisioner/registry/backups.h"

#define BACKUPS "/v1/state/backups"

static cJSON *ask(struct world *world, enum ipc_method method, const char *path, int expected)
{
	int status;
	cJSON *json = world_call(world, NULL, method, path, "", &status);

	assert_int_equal(status, expected);
	return json;
}

static double number(const cJSON *json, const char *name)
{
	return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, name));
}

static void a_backup_is_made_listed_and_verified(void **state)
{
	struct world *world = *state;
	char path[192], name[BACKUP_NAME_SIZE];
	cJSON *json;

	world_discover(world, 1, 0x1a2b3c4d);
	json = ask(world, IPC_POST, BACKUPS, 200);
	str_copy(name, sizeof(name), world_text(json, "name"));
	assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "verified")));
	assert_true(number(json, "boards") == 1);
	assert_true(number(json, "bytes") > 4096);
	cJSON_Delete(json);
	json = ask(world, IPC_GET, BACKUPS, 200);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "backups")), 2);
	cJSON_Delete(json);
	snprintf(path, sizeof(path), "%s/share/state/backups/%s.db", world->directory, name);
	assert_int_equal(truncate(path, 5000), 0);
	snprintf(path, sizeof(path), BACKUPS "/%s", name);
	json = ask(world, IPC_GET, path, 200);
	assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "verified")));
	cJSON_Delete(json);
	cJSON_Delete(ask(world, IPC_GET, BACKUPS "/2020-01-01T000000Z-daily", 404));
	cJSON_Delete(ask(world, IPC_GET, BACKUPS "/registry", 404));
}

static void nodes_may_not_ask_for_it(void **state)
{
	int status;

	cJSON_Delete(world_call(*state, "10.77.0.50", IPC_GET, BACKUPS, "", &status));
	assert_int_equal(status, 403);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_backup_is_made_listed_and_verified),
		TEST(nodes_may_not_ask_for_it),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
