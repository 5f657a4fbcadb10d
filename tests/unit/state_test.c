/* SPDX-License-Identifier: ISC */
/* The registry as a whole, by the API: its backups, its text. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/registry/backups.h"

#define KILLS 30
#define MOST_KILLS 400
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

/* --- replacing it --- */

/* What the registry holds, as text; the caller frees it. */
static char *export(struct world *world)
{
	cJSON *json = ask(world, IPC_GET, "/v1/state/export", 200);
	char *text = strdup(world_text(json, "text"));

	assert_non_null(text);
	cJSON_Delete(json);
	return text;
}

static void an_export_comes_plain_as_well(void **state)
{
	struct world *world = *state;
	const struct api_call call = { .method = IPC_GET,
		.admin = true,
		.path = "/v1/state/export",
		.query = "plain=true",
		.body = "" };
	struct api_reply reply;
	char *text, *plain;

	world_discover(world, 1, 0x1001);
	assert_int_equal(world_commit(world), 0);
	text = export(world);
	api_answer(&world->brambled, &call, &reply);
	assert_int_equal(reply.status, 200);
	assert_true(reply.is_plain);
	plain = api_take_text(&reply);
	assert_non_null(strstr(plain, "\nnode rasp1\n\tid 1\n"));
	assert_string_equal(plain, text);
	free(plain);
	free(text);
}

static cJSON *import(struct world *world, const char *text, bool dry_run, int *status)
{
	int file = file_sealed("test", text, strlen(text));
	struct api_call call = { .method = IPC_POST,
		.admin = true,
		.path = "/v1/state/import",
		.query = "",
		.file = &file };
	struct api_reply reply;

	call.body = dry_run ? "{\"name\":\"rack\",\"dry_run\":true}" : "{\"name\":\"rack\"}";
	assert_true(file >= 0);
	api_answer(&world->brambled, &call, &reply);
	close(file);
	*status = reply.status;
	return reply.json;
}

static void expect_import(struct world *world, const char *text, int expected)
{
	int status;
	cJSON *json = import(world, text, false, &status);

	if (status != expected)
		fail_msg("%d: %s", status, world_text(json, "error"));
	cJSON_Delete(json);
}

static void expect_export(struct world *world, const char *expected)
{
	char *text = export(world);

	assert_string_equal(text, expected);
	free(text);
}

/* Make a backup; its name. */
static void keep(struct world *world, char name[static BACKUP_NAME_SIZE])
{
	cJSON *json = ask(world, IPC_POST, BACKUPS, 200);

	str_copy(name, BACKUP_NAME_SIZE, world_text(json, "name"));
	cJSON_Delete(json);
}

static cJSON *restore(struct world *world, const char *name, const char *body, int expected)
{
	char path[128];
	int status;
	cJSON *json;

	snprintf(path, sizeof(path), BACKUPS "/%.47s/restore", name);
	json = world_call(world, NULL, IPC_POST, path, body, &status);
	if (status != expected)
		fail_msg("%d: %s", status, world_text(json, "error"));
	return json;
}

/* Two nodes, one with a note and a history, an announced board, an image. */
static void furnish(struct world *world)
{
	int status;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1a2b3c4d);
	world_discover(world, 2, 0x1002);
	world_discover(world, 3, 0x1003);
	cJSON_Delete(world_call(world, NULL, IPC_POST, "/v1/nodes/rasp1/note",
		"{\"text\":\"top shelf \\\"loud\\\"\"}", &status));
	assert_int_equal(status, 200);
	cJSON_Delete(world_call(
		world, NULL, IPC_POST, "/v1/nodes/rasp2/cordon", "{\"cordoned\":true}", &status));
	cJSON_Delete(world_call(world, NULL, IPC_POST, "/v1/nodes/rasp1/replace",
		"{\"board\":\"00001003\"}", &status));
	assert_int_equal(status, 200);
	cJSON_Delete(world_call(world, NULL, IPC_POST, "/v1/admission/list",
		"{\"expected\":[{\"board\":\"c0ffee01\",\"node\":\"rasp9\"}]}", &status));
	assert_int_equal(status, 200);
	cJSON_Delete(ask(world, IPC_DELETE, "/v1/nodes/rasp3", 200));
	assert_int_equal(world_commit(world), 0);
}

static void an_export_is_imported_into_an_empty_registry(void **state)
{
	struct world *world = *state, *other;
	void *made;
	char *text;

	furnish(world);
	text = export(world);
	assert_non_null(strstr(text, "note \"top shelf \\\"loud\\\"\""));
	assert_non_null(strstr(text, "former-node rasp3\n\thistory "));
	assert_int_equal(world_make(&made), 0);
	other = made;
	world_make_image(other, FIRST_HASH);
	expect_import(other, text, 200);
	expect_export(other, text);
	world_crash(other);
	expect_export(other, text);
	assert_int_equal(world_count_events(other, "state.imported"), 1);
	world_remove(&made);
	free(text);
}

/* A board boots once more, joins, and its node is heard. */
static void boot_rasp2(struct world *world)
{
	char *token, body[128];
	int status;

	world_discover(world, 2, 0x1002);
	token = world_fetch_token(world, "10.77.0.51", "00001002");
	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	cJSON_Delete(world_call(world, "10.77.0.51", IPC_POST, "/v1/join", body, &status));
	assert_int_equal(status, 200);
	cJSON_Delete(world_call(world, "10.77.0.51", IPC_POST, "/v1/heartbeat", body, &status));
	assert_int_equal(status, 200);
	assert_int_equal(world_commit(world), 0);
	/* What is written now and then is written now. */
	heartbeats_stop(&world->brambled);
	assert_int_equal(heartbeats_start(&world->brambled), 0);
	free(token);
}

static void an_export_has_no_noise(void **state)
{
	struct world *world = *state;
	char *before;

	furnish(world);
	boot_rasp2(world);
	before = export(world);
	assert_null(strstr(before, "token"));
	boot_rasp2(world);
	expect_export(world, before);
	free(before);
}

static void a_mistake_in_a_text_changes_nothing(void **state)
{
	struct world *world = *state;
	char *before, *wrong, *place;
	int status;
	cJSON *json;

	furnish(world);
	before = export(world);
	wrong = strdup(before);
	place = strstr(wrong, "address 10.77.0.51");
	assert_non_null(place);
	place[17] = '0'; /* rasp1 has that one */
	json = import(world, wrong, false, &status);
	assert_int_equal(status, 400);
	assert_non_null(strstr(world_text(json, "error"), "rack:"));
	assert_non_null(
		strstr(world_text(json, "error"), "node address 10.77.0.50 is there twice"));
	cJSON_Delete(json);
	expect_export(world, before);
	cJSON_Delete(world_call(world, NULL, IPC_POST, "/v1/state/import", "{}", &status));
	assert_int_equal(status, 400);
	free(wrong);
	free(before);
}

static void a_dry_run_tells_the_change_and_makes_none(void **state)
{
	struct world *world = *state;
	char *before, *place, *after;
	int status;
	cJSON *json;

	furnish(world);
	before = export(world);
	after = strdup(before);
	place = strstr(after, "top shelf");
	assert_non_null(place);
	place[0] = 'T';
	json = import(world, after, true, &status);
	assert_int_equal(status, 200);
	assert_true(number(json, "changed") == 1);
	assert_true(number(json, "added") == 0);
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(json, "saved")));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "changes")), 3);
	cJSON_Delete(json);
	expect_export(world, before);
	expect_import(world, after, 200);
	expect_export(world, after);
	/* Once more: nothing differs, so that no backup is needed. */
	json = import(world, after, false, &status);
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(json, "saved")));
	cJSON_Delete(json);
	free(before);
	free(after);
}

static void path_of_data(struct world *world, const char *name, char path[static 192])
{
	snprintf(path, 192, "%s/share/nodes/%s", world->directory, name);
}

static void numbers_of_nodes_are_not_used_again(void **state)
{
	struct world *world = *state;
	char name[BACKUP_NAME_SIZE], *text;
	cJSON *json;

	keep(world, name);
	world_discover(world, 1, 0x1001);
	cJSON_Delete(restore(world, name, "", 200));
	text = export(world);
	assert_null(strstr(text, "node rasp"));
	assert_non_null(strstr(text, "last-node 1\n"));
	/* Which is no difference. */
	json = restore(world, name, "", 200);
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(json, "saved")));
	cJSON_Delete(json);
	world_discover(world, 1, 0x1001);
	free(text);
	text = export(world);
	assert_non_null(strstr(text, "node rasp1\n\tid 2\n"));
	free(text);
}

static void a_running_node_does_not_notice_a_restore(void **state)
{
	struct world *world = *state;
	char *token, body[160], name[BACKUP_NAME_SIZE];
	int status;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1a2b3c4d);
	keep(world, name); /* before it joined, even before it got its token */
	token = world_fetch_token(world, "10.77.0.50", "1a2b3c4d");
	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	cJSON_Delete(world_call(world, "10.77.0.50", IPC_POST, "/v1/join", body, &status));
	assert_int_equal(status, 200);
	world_discover(world, 2, 0x1002);
	cJSON_Delete(restore(world, name, "", 200));
	world_expect_node(world, "rasp1", 1, "joined", "10.77.0.50");
	cJSON_Delete(world_call(world, "10.77.0.50", IPC_POST, "/v1/heartbeat", body, &status));
	assert_int_equal(status, 200);
	world_crash(world);
	world_expect_node(world, "rasp1", 1, "joined", "10.77.0.50");
	cJSON_Delete(world_call(world, "10.77.0.50", IPC_POST, "/v1/heartbeat", body, &status));
	assert_int_equal(status, 200);
	/* The other one is gone, and its history with it; what it was is kept. */
	cJSON_Delete(ask(world, IPC_GET, "/v1/nodes/rasp2", 404));
	assert_int_equal(world_count_events(world, "state.restored"), 1);
	free(token);
}

static void a_board_that_loses_its_node_begins_anew(void **state)
{
	struct world *world = *state;
	struct registry_order order = { .node = 2, .verb = "reboot", .expires_ms = INT64_MAX };
	const struct mac lost = world_mac(2), kept = world_mac(1);
	char name[BACKUP_NAME_SIZE];

	world_discover(world, 1, 0x1001);
	keep(world, name);
	world_discover(world, 2, 0x1002);
	assert_int_equal(registry_put_order(world->brambled.registry, &order), 0);
	assert_int_equal(world_commit(world), 0);
	assert_non_null(timeline_boot(&world->brambled, &lost));
	cJSON_Delete(restore(world, name, "", 200));
	assert_null(timeline_boot(&world->brambled, &lost));
	assert_non_null(timeline_boot(&world->brambled, &kept));
	/* Whoever gets its number doesn't get its orders. */
	assert_int_equal(registry_get_order(world->brambled.registry, order.id, &order), -ENOENT);
	/* It is a board like any other, and joins again. */
	world_discover(world, 2, 0x1002);
	world_expect_node(world, "rasp2", 2, "booting", "10.77.0.51");
}

static void nodes_come_and_go_with_their_data(void **state)
{
	struct world *world = *state;
	char name[BACKUP_NAME_SIZE], path[192], mark[256], *before;
	struct stat status;
	cJSON *json;

	furnish(world);
	before = export(world);
	keep(world, name);
	path_of_data(world, "rasp2", path);
	snprintf(mark, sizeof(mark), "%s/mark", path);
	assert_int_equal(file_replace(mark, "x", 1, 0600), 0);
	cJSON_Delete(ask(world, IPC_DELETE, "/v1/nodes/rasp2", 200));
	assert_int_not_equal(stat(path, &status), 0);
	/* It comes back, with its data, also when it should still have been put aside. */
	assert_int_equal(registry_put_forgotten(world->brambled.registry, "rasp2", 1), 0);
	json = restore(world, name, "", 200);
	snprintf(path, sizeof(path), "%s/share/state/registry.db.reading", world->directory);
	assert_int_not_equal(access(path, F_OK), 0);
	path_of_data(world, "rasp2", path);
	str_copy(name, sizeof(name), world_text(json, "saved"));
	cJSON_Delete(json);
	expect_export(world, before);
	world_crash(world);
	assert_int_equal(stat(mark, &status), 0);
	/* And goes again. */
	cJSON_Delete(restore(world, name, "", 200));
	cJSON_Delete(ask(world, IPC_GET, "/v1/nodes/rasp2", 404));
	assert_int_not_equal(stat(path, &status), 0);
	free(before);
}

static void another_nodes_data_is_not_taken(void **state)
{
	struct world *world = *state;
	char path[192], mark[256], *text, *created;
	struct stat status;

	furnish(world);
	text = export(world);
	path_of_data(world, "rasp2", path);
	snprintf(mark, sizeof(mark), "%s/mark", path);
	assert_int_equal(file_replace(mark, "x", 1, 0600), 0);
	cJSON_Delete(ask(world, IPC_DELETE, "/v1/nodes/rasp2", 200));
	/* A rasp2 that was made later than that one was forgotten. */
	created = strstr(strstr(text, "node rasp2"), "created 20");
	assert_non_null(created);
	created[8] = '9';
	expect_import(world, text, 200);
	assert_int_equal(stat(path, &status), 0);
	assert_int_not_equal(stat(mark, &status), 0);
	free(text);
}

static void only_sound_backups_are_restored(void **state)
{
	struct world *world = *state;
	char name[BACKUP_NAME_SIZE], path[192], *before;

	furnish(world);
	keep(world, name);
	cJSON_Delete(ask(world, IPC_DELETE, "/v1/nodes/rasp2", 200));
	before = export(world);
	snprintf(path, sizeof(path), "%s/share/state/backups/%s.db", world->directory, name);
	assert_int_equal(truncate(path, 8192), 0);
	cJSON_Delete(restore(world, name, "", 409));
	cJSON_Delete(restore(world, "2020-01-01T000000Z-daily", "", 404));
	cJSON_Delete(restore(world, "nonsense", "", 404));
	expect_export(world, before);
	snprintf(path, sizeof(path), "%s/share/state/registry.db.reading", world->directory);
	assert_int_not_equal(access(path, F_OK), 0);
	free(before);
}

static void a_version_that_is_gone_does_not_come_back(void **state)
{
	struct world *world = *state;
	char name[BACKUP_NAME_SIZE], path[192];
	cJSON *json;
	char *text;

	furnish(world);
	keep(world, name);
	world_use_image(world, SECOND_HASH);
	cJSON_Delete(ask(world, IPC_DELETE, "/v1/nodes/rasp2", 200));
	snprintf(path, sizeof(path), "%s/share/images/base/" FIRST_HASH ".squashfs",
		world->directory);
	assert_int_equal(unlink(path), 0);
	json = restore(world, name, "", 200);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "warnings")), 1);
	cJSON_Delete(json);
	text = export(world);
	assert_non_null(strstr(text, "current " SECOND_HASH));
	assert_non_null(strstr(text, "node rasp2"));
	free(text);
}

static void a_full_disk_changes_nothing(void **state)
{
	struct world *world = *state;
	char *before, *many;
	size_t used;

	furnish(world);
	before = export(world);
	many = malloc(strlen(before) + 200000);
	assert_non_null(many);
	used = (size_t)snprintf(many, strlen(before) + 1, "%s", before);
	for (unsigned i = 0; i < 2000; i++)
		used += (size_t)snprintf(many + used, 64,
			"device 00:11:22:33:%02x:%02x\n\taddress 10.1.%u.%u\n", i / 256, i % 256,
			i / 200, i % 200 + 1);
	world_fill_disk(world, true);
	expect_import(world, many, 507);
	expect_export(world, before);
	world_fill_disk(world, false);
	expect_import(world, many, 200);
	free(many);
	free(before);
}

/* In a process of its own: one and the other, in turn, until it is killed. */
static void replace_for_ever(struct world *world, const char *one, const char *other)
{
	int status;

	world_crash(world); /* a connection of its own */
	for (;;) {
		cJSON_Delete(import(world, one, false, &status));
		cJSON_Delete(import(world, other, false, &status));
		if (status != 200)
			_exit(1);
	}
}

static void killed_at_any_moment_it_is_the_old_or_the_new(void **state)
{
	struct world *world = *state;
	char *one, *other, *text;
	unsigned ones = 0, kills;

	furnish(world);
	one = export(world);
	cJSON_Delete(ask(world, IPC_DELETE, "/v1/nodes/rasp2", 200));
	cJSON_Delete(ask(world, IPC_DELETE, "/v1/nodes/rasp1", 200));
	other = export(world);
	/* Until both were met: on a busy machine a replacement takes longer than a life. */
	for (kills = 0; kills < KILLS || ((ones == 0 || ones == kills) && kills < MOST_KILLS);
		kills++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0)
			replace_for_ever(world, one, other);
		usleep(2000 + kills * 1500);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		world_crash(world);
		text = export(world);
		if (strcmp(text, one) == 0)
			ones++;
		else
			assert_string_equal(text, other);
		free(text);
	}
	assert_true(ones > 0 && ones < kills);
	free(one);
	free(other);
}

static void nodes_may_not_ask_for_it(void **state)
{
	int status;

	cJSON_Delete(world_call(*state, "10.77.0.50", IPC_GET, BACKUPS, "", &status));
	assert_int_equal(status, 403);
	cJSON_Delete(world_call(*state, "10.77.0.50", IPC_GET, "/v1/state/export", "", &status));
	assert_int_equal(status, 403);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_backup_is_made_listed_and_verified),
		TEST(nodes_may_not_ask_for_it),
		TEST(an_export_is_imported_into_an_empty_registry),
		TEST(an_export_has_no_noise),
		TEST(an_export_comes_plain_as_well),
		TEST(a_mistake_in_a_text_changes_nothing),
		TEST(a_dry_run_tells_the_change_and_makes_none),
		TEST(a_running_node_does_not_notice_a_restore),
		TEST(numbers_of_nodes_are_not_used_again),
		TEST(a_board_that_loses_its_node_begins_anew),
		TEST(nodes_come_and_go_with_their_data),
		TEST(another_nodes_data_is_not_taken),
		TEST(only_sound_backups_are_restored),
		TEST(a_version_that_is_gone_does_not_come_back),
		TEST(a_full_disk_changes_nothing),
		TEST(killed_at_any_moment_it_is_the_old_or_the_new),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
