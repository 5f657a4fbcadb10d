/* SPDX-License-Identifier: ISC */
#include "tests/unit/verbs_world.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"
#include "provisioner/registry/private.h"

#define THIRD_HASH "3333333333333333333333333333333333333333333333333333333333333333"
#define WORDS_SIZE 512
#define WORDS_LIMIT 20

static struct world *present; /* the one that calls reach */
static FILE *listing;	      /* of verbs_describe() */

int __wrap_client_call(struct client *client, enum ipc_method method, const char *path,
	const char *body, unsigned timeout_ms, struct client_answer *answer);

int __wrap_client_call(struct client *client, enum ipc_method method, const char *path,
	const char *body, unsigned timeout_ms, struct client_answer *answer)
{
	char plain[IPC_PATH_SIZE], *query;
	struct api_call call = { .method = method,
		.admin = true,
		.query = "",
		.path = plain,
		.body = body ? body : "",
		.file = client->file >= 0 ? &client->file : NULL };
	struct api_reply reply;

	(void)timeout_ms;
	str_copy(plain, sizeof(plain), path);
	query = strchr(plain, '?');
	if (query) {
		*query = '\0';
		call.query = query + 1;
	}
	api_answer(&present->brambled, &call, &reply);
	answer->status = reply.status;
	answer->text = api_take_text(&reply);
	answer->size = strlen(answer->text);
	return 0;
}

/* Nobody pulls the plug here, and there are hundreds of worlds. */
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}

static void write_file(struct world *world, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", world->directory, name);
	assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
}

static void write_long_list(struct world *world)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fputs("serial,name\n", out);
	for (unsigned i = 0; i < VERBS_LONG_LIST; i++)
		fprintf(out, "%08x,shelf%u\n", 0x20000000 + i, i);
	fclose(out);
	write_file(world, "long.csv", text);
	free(text);
}

static void write_files(struct world *world)
{
	static char path[128];
	char text[1024];

	snprintf(text, sizeof(text),
		"lan = { interface = \"nosuch0\"; address = \"10.77.0.1/24\";"
		" range_first = \"10.77.0.50\"; range_last = \"10.77.0.60\"; };\n"
		"nodes = { join = \"approve\"; heartbeat_s = 2;\n"
		"  settings = ( { sysctl = [ \"vm.swappiness=1\" ]; } ); };\n"
		"kubernetes = { engine = \"kubeadm\"; };\n"
		"share = { path = \"%s/share\"; };\npaths = { run = \"%s/run\"; };\n",
		world->directory, world->directory);
	write_file(world, "bramble.conf", text);
	write_file(world, "list.csv", "serial,name\n12345678,kiosk\n");
	write_long_list(world);
	snprintf(path, sizeof(path), "%s/bramble.conf", world->directory);
	world->brambled.config_path = path;
}

static void join_first(struct world *world)
{
	char body[256], *token;
	int status;

	world_discover(world, 1, 0x1a2b3c01);
	token = world_fetch_token(world, "10.77.0.50", "1a2b3c01");
	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	cJSON_Delete(world_call(world, "10.77.0.50", IPC_POST, "/v1/join", body, &status));
	assert_int_equal(status, 200);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"uptime_s\":9,\"load1\":0.5}", token);
	cJSON_Delete(world_call(world, "10.77.0.50", IPC_POST, "/v1/heartbeat", body, &status));
	assert_int_equal(status, 200);
	free(token);
}

/* It fell back from version 3. */
static void let_avoid(struct world *world)
{
	struct registry_node node;

	assert_int_equal(registry_get_node(world->brambled.registry, "rasp1", &node), 0);
	str_copy(node.avoids, sizeof(node.avoids), THIRD_HASH);
	str_copy(node.good, sizeof(node.good), SECOND_HASH);
	assert_int_equal(registry_put_node(world->brambled.registry, &node), 0);
}

struct world *verbs_begin(void)
{
	void *state;
	struct world *world;
	struct registry_board board;
	struct registry_node node;
	char reason[NODES_REASON_SIZE];

	assert_int_equal(world_make(&state), 0);
	world = present = state;
	assert_int_equal(registry_execute(world->brambled.registry, "PRAGMA synchronous = OFF"), 0);
	write_files(world);
	world_use_image(world, FIRST_HASH);
	world_use_image(world, SECOND_HASH);
	world_make_image(world, THIRD_HASH);
	join_first(world);
	world_discover(world, 2, 0x1a2b3c02);
	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 3, 0x1a2b3c03);
	world_discover(world, 5, 0x1a2b3c05);
	assert_int_equal(registry_find_board(world->brambled.registry, "1a2b3c05", &board), 0);
	assert_int_equal(nodes_replace(&world->brambled, "rasp2", &board, &node, reason), 0);
	world_discover(world, 5, 0x1a2b3c05);
	let_avoid(world);
	assert_int_equal(world_commit(world), 0);
	return world;
}

void verbs_end(struct world *world)
{
	void *state = world;

	world_remove(&state);
}

/* The first backup that is kept; "none". */
static void find_backup(struct world *world, char *out, size_t size)
{
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, "/v1/state/backups", "", &status);
	const cJSON *first =
		cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "backups"), 0);

	str_copy(out, size, first ? world_text(first, "name") : "none");
	cJSON_Delete(json);
}

static void replace(struct world *world, const char *words, char out[static WORDS_SIZE])
{
	size_t used = 0;

	for (; *words && used + 2 < WORDS_SIZE; words++) {
		char value[128] = "";

		if (strncmp(words, "%L", 2) == 0)
			snprintf(value, sizeof(value), "%s/list.csv", world->directory);
		else if (strncmp(words, "%M", 2) == 0)
			snprintf(value, sizeof(value), "%s/long.csv", world->directory);
		else if (strncmp(words, "%S", 2) == 0)
			snprintf(value, sizeof(value), "%s/state.txt", world->directory);
		else if (strncmp(words, "%B", 2) == 0)
			find_backup(world, value, sizeof(value));
		if (*value) {
			used += (size_t)snprintf(out + used, WORDS_SIZE - used, "%s", value);
			words++;
		} else {
			out[used++] = *words;
		}
	}
	out[used] = '\0';
}

void verbs_run(struct world *world, const char *words, const char *input, struct ran *ran)
{
	struct cli cli = { .width = 80, .interactive = input != NULL };
	char line[WORDS_SIZE], *rest = line, *argv[WORDS_LIMIT + 1];
	size_t out_size, error_size;
	int argc = 3;

	replace(world, words, line);
	argv[0] = (char[]){ "bramble" };
	argv[1] = (char[]){ "--config" };
	argv[2] = (char *)(uintptr_t)world->brambled.config_path;
	while (argc < WORDS_LIMIT && (argv[argc] = strsep(&rest, " ")))
		argc++;
	argv[argc] = NULL;
	if (!input)
		input = "\n";
	cli.in = fmemopen((void *)(uintptr_t)input, strlen(input), "r");
	cli.out = open_memstream(&ran->out, &out_size);
	cli.error = open_memstream(&ran->error, &error_size);
	assert_true(cli.in && cli.out && cli.error);
	ran->code = (int)commands_run(&cli, argc, argv);
	fclose(cli.in);
	fclose(cli.out);
	fclose(cli.error);
}

void verbs_free(struct ran *ran)
{
	free(ran->out);
	free(ran->error);
}

static int list_file(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)ftw;
	/* What SQLite writes for itself, and what says that somebody is at work. */
	if (strstr(path, "/state/registry.db") || strstr(path, "lock"))
		return 0;
	fprintf(listing, "%s %lld\n", path, type == FTW_F ? (long long)status->st_size : 0LL);
	return 0;
}

char *verbs_describe(struct world *world)
{
	static const char *const calls[] = { "/v1/state/export", "/v1/nodes", "/v1/nodes/rasp1",
		"/v1/nodes/rasp2", "/v1/boards", "/v1/boots", "/v1/admission", "/v1/rollouts",
		"/v1/images", "/v1/events", "/v1/nodes/rasp1/config" };
	char *text, *answer, path[128];
	size_t size;
	int status;

	listing = open_memstream(&text, &size);
	assert_non_null(listing);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		cJSON *json = world_call(world, NULL, IPC_GET, calls[i], "", &status);

		answer = cJSON_Print(json);
		fprintf(listing, "%s %s\n", calls[i], answer);
		cJSON_free(answer);
		cJSON_Delete(json);
	}
	snprintf(path, sizeof(path), "%s/share", world->directory);
	nftw(path, list_file, 8, FTW_PHYS);
	fclose(listing);
	return text;
}
