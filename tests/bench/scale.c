/* SPDX-License-Identifier: ISC */
/*
 * How long each call of the administrator's API takes with many nodes: a registry of 10,000 nodes
 * and as many boards, and as much history as it keeps. `bench-scale [NODES]` prints a table. The
 * first column is what people wait for besides the start of `bramble` itself.
 */
#include "tests/unit/brambled_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provisioner/api/api.h"
#include "provisioner/nodeconf/force.h"
#include "tests/bench/scale_verbs.h"
#include "tests/unit/many.h"

#define GOAL_MS 100.0
#define ROUNDS 5

struct question {
	enum ipc_method method;
	const char *path, *body;
};

static const struct question questions[] = {
	{ IPC_GET, "/v1/status", "" },
	{ IPC_GET, "/v1/nodes", "" },
	{ IPC_GET, "/v1/nodes?brief=true", "" },
	{ IPC_GET, "/v1/nodes/rasp5000", "" },
	{ IPC_GET, "/v1/nodes/rasp5000/health", "" },
	{ IPC_GET, "/v1/nodes/rasp5000/health?hours=336", "" },
	{ IPC_POST, "/v1/nodes/rasp5000/cordon", "{\"cordoned\":true}" },
	{ IPC_POST, "/v1/nodes/rasp5000/cordon", "{\"cordoned\":false}" },
	{ IPC_POST, "/v1/nodes/rasp5000/note", "{\"text\":\"top shelf\"}" },
	{ IPC_POST, "/v1/nodes/rasp5000/orders", "{\"order\":\"identify\"}" },
	{ IPC_GET, "/v1/boards", "" },
	{ IPC_GET, "/v1/boards/dc:a6:32:00:13:88", "" },
	{ IPC_GET, "/v1/boards/dc:a6:32:00:13:88/rule", "" },
	{ IPC_GET, "/v1/rules", "" },
	{ IPC_GET, "/v1/admission", "" },
	{ IPC_GET, "/v1/boots?limit=1000", "" },
	{ IPC_GET, "/v1/boots?node=rasp5000", "" },
	{ IPC_GET, "/v1/events?limit=1000", "" },
	{ IPC_GET, "/v1/events?after=1&limit=100", "" },
	{ IPC_GET, "/v1/images", "" },
	{ IPC_GET, "/v1/hooks", "" },
	{ IPC_GET, "/v1/state/export", "" },
	{ IPC_POST, "/v1/nodes/rasp77/replace", "{\"next\":true}" },
	{ IPC_POST, "/v1/nodes/rasp77/undo", "" },
	{ IPC_POST, "/v1/boards/dc:a6:33:00:00:01/admit", "" },
	{ IPC_DELETE, "/v1/nodes/rasp78", "" },
};

/* Of this process: what the machine does besides doesn't count. */
static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void ask(struct world *world, const struct question *question, struct api_reply *reply)
{
	char path[IPC_PATH_SIZE], *query;
	struct api_call call = { .method = question->method,
		.admin = true,
		.path = path,
		.query = "",
		.body = question->body };

	str_copy(path, sizeof(path), question->path);
	query = strchr(path, '?');
	if (query) {
		*query = '\0';
		call.query = query + 1;
	}
	api_answer(&world->brambled, &call, reply);
}

static double measure(struct world *world, const struct question *question, size_t *bytes)
{
	double best = 1e9;
	const int rounds = question->method == IPC_GET ? ROUNDS : 1;

	for (int i = 0; i < rounds; i++) {
		double began = cpu_ms();
		struct api_reply reply;
		char *text;
		double ms;

		ask(world, question, &reply);
		text = api_take_text(&reply);
		ms = cpu_ms() - began;
		*bytes = text ? strlen(text) : 0;
		free(text);
		if (reply.status != 200)
			printf("%s: status %d\n", question->path, reply.status);
		best = ms < best ? ms : best;
	}
	return best;
}

static void measure_ticks(struct world *world)
{
	double began = cpu_ms();

	timeline_tick(&world->brambled);
	heartbeats_tick(&world->brambled);
	sightings_tick(&world->brambled);
	admission_tick(&world->brambled);
	(void)brambled_settle(&world->brambled);
	printf("%8.1f ms            what is due every second\n", cpu_ms() - began);
	began = cpu_ms();
	health_write(&world->brambled);
	printf("%8.1f ms            how nodes are, once a minute\n", cpu_ms() - began);
	began = cpu_ms();
	world->brambled.publish_due = true;
	brambled_publish(&world->brambled);
	printf("%8.1f ms            hosts for dnsmasq\n", cpu_ms() - began);
}

/* Nodes may all have another document now. */
static bool measure_new_configuration(struct world *world)
{
	static const struct question question = { IPC_GET, "/v1/nodes", "" };
	struct api_reply reply;
	double began, ms;

	nodeconf_apply_again(&world->brambled);
	began = cpu_ms();
	ask(world, &question, &reply);
	free(api_take_text(&reply));
	ms = cpu_ms() - began;
	printf("%8.1f ms            GET /v1/nodes, the first after a new configuration%s\n", ms,
		ms > GOAL_MS ? "   <-- slow" : "");
	return ms > GOAL_MS;
}

int main(int argc, char **argv)
{
	const unsigned nodes = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
	struct world *world;
	unsigned slow = 0;
	void *state;

	if (world_make(&state) != 0)
		return EXIT_FAILURE;
	world = state;
	many_fill(world, nodes);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		static const char *const methods[] = { "", "GET", "POST", "PUT", "DELETE" };
		size_t bytes;
		double ms = measure(world, &questions[i], &bytes);

		printf("%8.1f ms %9zu B %-6s %s%s\n", ms, bytes, methods[questions[i].method],
			questions[i].path, ms > GOAL_MS ? "   <-- slow" : "");
		fflush(stdout);
		slow += ms > GOAL_MS;
	}
	slow += measure_new_configuration(world);
	measure_ticks(world);
	printf("\n processor       wall\n");
	slow += scale_measure_verbs(world, GOAL_MS);
	printf("%u nodes, %u calls took longer than %.0f ms\n", nodes, slow, GOAL_MS);
	world_remove(&state);
	return EXIT_SUCCESS;
}
