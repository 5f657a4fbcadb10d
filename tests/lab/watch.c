/* SPDX-License-Identifier: ISC */
/*
 * lab-watch: shows live how boots go on, by the administrator's API. On a terminal it redraws a
 * block per boot; otherwise it prints a line whenever a boot reaches a stage.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"
#include "provisioner/cli/client.h"
#include "provisioner/cli/json.h"

#define BOOTS 8
#define STAGES 16
#define REFRESH_MS 200
#define CALL_MS 5000

struct stage {
	char name[16];
	double at_s; /* since the boot began */
	int64_t bytes;
};

struct boot {
	int64_t id, started_ms;
	char who[NODE_NAME_SIZE]; /* node, or MAC */
	char mac[MAC_TEXT_SIZE];
	char reason[160];
	struct stage stages[STAGES];
	size_t stage_count, shown_count;
	double seconds; /* so far, or in all */
	int64_t bytes, files;
	bool joined;
};

struct watch {
	struct client client;
	bool terminal;
	int64_t since_ms; /* boots that began earlier don't count */
	struct boot boots[BOOTS];
	size_t boot_count;
	unsigned drawn_lines;
};

/* Ask and parse. Returns NULL when brambled is away for the moment. */
static cJSON *ask(struct watch *watch, const char *path)
{
	struct client_answer answer;
	cJSON *json = NULL;

	if (client_call(&watch->client, IPC_GET, path, NULL, CALL_MS, &answer) != 0)
		return NULL;
	if (answer.status == 200)
		json = cJSON_Parse(answer.text);
	free(answer.text);
	return json;
}

static struct boot *find_boot(struct watch *watch, int64_t id)
{
	for (size_t i = 0; i < watch->boot_count; i++)
		if (watch->boots[i].id == id)
			return &watch->boots[i];
	if (watch->boot_count == BOOTS)
		return NULL;
	watch->boots[watch->boot_count] = (struct boot){ .id = id };
	return &watch->boots[watch->boot_count++];
}

static void take_step(struct boot *boot, const cJSON *step)
{
	const char *name = json_text(step, "stage");
	struct stage *stage = NULL;

	for (size_t i = 0; i < boot->stage_count && !stage; i++)
		if (strcmp(boot->stages[i].name, name) == 0)
			stage = &boot->stages[i];
	if (!stage) {
		if (boot->stage_count == STAGES)
			return;
		stage = &boot->stages[boot->stage_count++];
		*stage = (struct stage){ 0 };
		str_copy(stage->name, sizeof(stage->name), name);
		stage->at_s = (double)(json_integer(step, "at_ms") - boot->started_ms) / 1e3;
	}
	stage->bytes += json_integer(step, "bytes");
}

static void take_boot(struct watch *watch, struct boot *boot, const cJSON *json)
{
	const char *node = json_text(json, "node");
	int64_t end_ms;
	const cJSON *step;
	cJSON *details;
	char path[64];

	boot->started_ms = json_integer(json, "started_ms");
	boot->bytes = json_integer(json, "bytes");
	boot->files = json_integer(json, "files");
	boot->joined = strcmp(json_text(json, "stage"), "joined") == 0;
	str_copy(boot->mac, sizeof(boot->mac), json_text(json, "mac"));
	str_copy(boot->who, sizeof(boot->who), *node ? node : "unknown");
	str_copy(boot->reason, sizeof(boot->reason), json_text(json, "reason"));
	end_ms = boot->joined ? json_integer(json, "changed_ms") : clock_wall_ms();
	boot->seconds = (double)(end_ms - boot->started_ms) / 1e3;
	snprintf(path, sizeof(path), "/v1/boots/%" PRId64, boot->id);
	details = ask(watch, path);
	if (!details)
		return;
	boot->stage_count = 0;
	cJSON_ArrayForEach(step, json_member(details, "steps"))
	{
		take_step(boot, step);
	}
	cJSON_Delete(details);
}

static void refresh(struct watch *watch)
{
	cJSON *answer = ask(watch, "/v1/boots?limit=16");
	const cJSON *list = answer ? json_member(answer, "boots") : NULL;

	/* The newest comes first; the eldest is shown at the top. */
	for (int i = list ? cJSON_GetArraySize(list) - 1 : -1; i >= 0; i--) {
		const cJSON *json = cJSON_GetArrayItem(list, i);
		struct boot *boot;

		if (json_integer(json, "started_ms") < watch->since_ms)
			continue;
		boot = find_boot(watch, json_integer(json, "id"));
		if (boot)
			take_boot(watch, boot, json);
	}
	cJSON_Delete(answer);
}

static void format_bytes(int64_t bytes, char out[static 16])
{
	if (bytes < 1000)
		snprintf(out, 16, "%d B", (int)bytes);
	else if (bytes < 1000000)
		snprintf(out, 16, "%.0f kB", (double)bytes / 1e3);
	else
		snprintf(out, 16, "%.1f MB", (double)bytes / 1e6);
}

static int format_stage(const struct stage *stage, char *out, size_t size)
{
	char bytes[16];

	if (stage->bytes == 0)
		return snprintf(out, size, "%s %.1f s", stage->name, stage->at_s);
	format_bytes(stage->bytes, bytes);
	return snprintf(out, size, "%s %.1f s (%s)", stage->name, stage->at_s, bytes);
}

static int terminal_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 80;
}

/* Returns how many lines it took. */
static unsigned draw_stages(const struct boot *boot, int width)
{
	unsigned lines = 1;
	int column = 2;

	printf("\033[K  ");
	for (size_t i = 0; i < boot->stage_count; i++) {
		char text[64];
		int length = format_stage(&boot->stages[i], text, sizeof(text));

		if (column + 3 + length >= width) {
			printf("\n\033[K  ");
			column = 2;
			lines++;
		}
		printf("%s%s", i == 0 ? "" : " > ", text);
		column += (i == 0 ? 0 : 3) + length;
	}
	printf("\n");
	return lines;
}

/* A few lines per boot, drawn over the ones before. */
static void draw(struct watch *watch)
{
	int width = terminal_width();
	unsigned lines = 0;
	char bytes[16];

	if (watch->drawn_lines > 0)
		printf("\033[%uA", watch->drawn_lines);
	for (size_t i = 0; i < watch->boot_count; i++) {
		const struct boot *boot = &watch->boots[i];

		format_bytes(boot->bytes, bytes);
		printf("\033[K\033[1m%-8s\033[0m %s %5.1f s %8s in %2" PRId64 " files  %s\n",
			boot->who, boot->mac, boot->seconds, bytes, boot->files,
			boot->joined ? "\033[32mjoined\033[0m" : "");
		lines += 1 + draw_stages(boot, width);
		if (boot->reason[0]) {
			printf("\033[K  %.*s\n", width - 3, boot->reason);
			lines++;
		}
	}
	printf("\033[J");
	watch->drawn_lines = lines;
	fflush(stdout);
}

static void print_new(struct watch *watch)
{
	for (size_t i = 0; i < watch->boot_count; i++) {
		struct boot *boot = &watch->boots[i];

		for (; boot->shown_count < boot->stage_count; boot->shown_count++) {
			char text[64];

			format_stage(&boot->stages[boot->shown_count], text, sizeof(text));
			printf("  %-8s %s  %s\n", boot->who, boot->mac, text);
		}
	}
	fflush(stdout);
}

static unsigned count_joined(const struct watch *watch)
{
	unsigned count = 0;

	for (size_t i = 0; i < watch->boot_count; i++)
		count += watch->boots[i].joined;
	return count;
}

static int run(struct watch *watch, unsigned wanted, unsigned timeout_s)
{
	const struct timespec pause = { .tv_nsec = REFRESH_MS * 1000000L };
	uint64_t deadline = clock_monotonic_ns() + timeout_s * NS_PER_S;

	do {
		refresh(watch);
		if (watch->terminal)
			draw(watch);
		else
			print_new(watch);
		if (count_joined(watch) >= wanted)
			return 0;
		nanosleep(&pause, NULL);
	} while (clock_monotonic_ns() < deadline);
	fprintf(stderr, "lab-watch: %u of %u joined within %u s\n", count_joined(watch), wanted,
		timeout_s);
	return 1;
}

int main(int argc, char **argv)
{
	struct watch watch = { .terminal = isatty(STDOUT_FILENO) == 1 };
	uint64_t since_ms, wanted, timeout_s;
	int result;

	if (argc != 5 || str_parse_u64(argv[2], 0, INT64_MAX, &since_ms) != 0 ||
		str_parse_u64(argv[3], 1, BOOTS, &wanted) != 0 ||
		str_parse_u64(argv[4], 1, 100000, &timeout_s) != 0) {
		fprintf(stderr, "usage: lab-watch RUN SINCE_MS JOINED TIMEOUT_S\n"
				"Show boots that began after SINCE_MS (milliseconds since 1970) "
				"until JOINED of them have joined.\n");
		return 2;
	}
	if (client_init(&watch.client, argv[1]) != 0)
		return 1;
	watch.since_ms = (int64_t)since_ms;
	result = run(&watch, (unsigned)wanted, (unsigned)timeout_s);
	client_free(&watch.client);
	return result;
}
