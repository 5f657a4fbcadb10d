/* SPDX-License-Identifier: ISC */
/*
 * Each hook goes through the events at its own pace, one after another; four of them at once at
 * most, by name. A hook that was killed with us is run again for the same event.
 */
#include "provisioner/hooks/runner.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/str.h"
#include "provisioner/hooks/feed.h"
#include "provisioner/hooks/positions.h"
#include "provisioner/hooks/queue.h"

#define AT_ONCE 4
#define SCAN_TICKS 5

struct hook {
	struct runner *runner;
	struct hooks_file file;
	bool found;	  /* by the last scan */
	int64_t position; /* -1: begins with the next event */
	struct hooks_run *run;
	struct hooks_event event; /* that it runs for */
	bool failing, news;	  /* since its last run; brambled is to be told */
	bool skipped;		  /* some events, for good */
	unsigned runs, failures;
	int64_t ended_ms; /* its last run, 0 none */
	char text[HOOKS_TEXT_SIZE];
};

struct runner {
	struct event_base *base;
	const struct hooks_setup *setup;
	const char *path;
	struct feed *feed;
	struct event *tick;
	unsigned ticks, running;
	bool moved, changed; /* positions; what brambled should know */
	int64_t seen;	     /* the newest event that came; -1: none yet */
	struct hooks_positions positions;
	size_t n;
	struct hook *hooks[HOOKS_LIMIT];
	struct hooks_queue queue;
};

static void dispatch(struct runner *runner);

static void on_said(void *argument, const char *line)
{
	const struct hook *hook = argument;

	log_info("%s: %s", hook->file.name, line);
}

/* A run came to its end, or to no beginning. */
static void conclude(struct hook *hook, bool well, const char *text)
{
	const struct hooks_event *event = &hook->event;

	hook->position = event->id;
	hook->ended_ms = clock_wall_ms();
	hook->runs++;
	hook->failures += !well;
	snprintf(hook->text, sizeof(hook->text), "%.120s (%.31s %.63s)", text, event->kind,
		event->subject);
	if (!well)
		log_warning("hook %s: %s", hook->file.name, hook->text);
	else if (hook->failing)
		log_notice("hook %s works again", hook->file.name);
	hook->news = !well && (hook->news || !hook->failing);
	hook->failing = !well;
	hook->runner->moved = hook->runner->changed = true;
}

static void on_ended(void *argument, bool well, const char *text)
{
	struct hook *hook = argument;

	hook->run = NULL;
	hook->runner->running--;
	conclude(hook, well, text);
	dispatch(hook->runner);
}

static bool start_next(struct runner *runner, struct hook *hook)
{
	const int64_t before = hook->position;
	bool skipped = false;
	const struct hooks_event *event =
		hooks_queue_next(&runner->queue, &hook->file, &hook->position, &skipped);
	char reason[HOOKS_TEXT_SIZE];

	runner->moved |= hook->position != before;
	if (skipped && !hook->skipped)
		log_warning("hook %s is slower than events come: it misses some", hook->file.name);
	hook->skipped |= skipped;
	if (!event) {
		runner->moved |= hook->position < runner->seen;
		hook->position = runner->seen;
		return false;
	}
	hook->event = *event;
	log_debug("hook %s: %s %s", hook->file.name, event->kind, event->subject);
	hook->run = hooks_run_start(
		runner->base, runner->setup, &hook->file, event, on_said, on_ended, hook, reason);
	runner->changed = true;
	if (hook->run)
		runner->running++;
	else
		conclude(hook, false, reason);
	return true;
}

static void dispatch(struct runner *runner)
{
	bool started = true;

	while (started) {
		started = false;
		for (size_t i = 0; i < runner->n && runner->running < AT_ONCE; i++) {
			struct hook *hook = runner->hooks[i];

			if (!hook->run && hook->file.trouble[0] == '\0' && hook->position >= 0)
				started |= start_next(runner, hook);
		}
	}
}

/* --- which hooks there are --- */

static struct hook *find(struct runner *runner, const char *name)
{
	for (size_t i = 0; i < runner->n; i++) {
		if (strcmp(runner->hooks[i]->file.name, name) == 0)
			return runner->hooks[i];
	}
	return NULL;
}

static void drop(struct runner *runner, struct hook *hook)
{
	if (hook->run)
		runner->running--;
	hooks_run_free(hook->run);
	free(hook);
}

static struct hook *make(struct runner *runner, const struct hooks_file *file)
{
	struct hook *hook = calloc(1, sizeof(*hook));

	if (!hook)
		return NULL;
	hook->runner = runner;
	/* One that was there before a restart goes on where it was. */
	hook->position = hooks_positions_find(&runner->positions, file->name);
	if (hook->position < 0)
		hook->position = runner->seen;
	runner->changed = true;
	return hook;
}

static void scan(struct runner *runner)
{
	struct hooks_list list;
	struct hook *hooks[HOOKS_LIMIT];
	size_t n = 0;
	int result = hooks_find(runner->setup->directory, &list);

	if (result != 0) {
		log_warning("can't read %s: %s", runner->setup->directory, strerror(-result));
		return;
	}
	for (size_t i = 0; i < runner->n; i++)
		runner->hooks[i]->found = false;
	for (size_t i = 0; i < list.n; i++) {
		struct hook *hook = find(runner, list.files[i].name);

		if (!hook)
			hook = make(runner, &list.files[i]);
		if (!hook)
			continue;
		runner->changed |= strcmp(hook->file.trouble, list.files[i].trouble) != 0;
		hook->file = list.files[i];
		hook->found = true;
		hooks[n++] = hook;
	}
	for (size_t i = 0; i < runner->n; i++) {
		if (runner->hooks[i]->found)
			continue;
		drop(runner, runner->hooks[i]);
		runner->changed = runner->moved = true;
	}
	for (size_t i = 0; i < n; i++)
		runner->hooks[i] = hooks[i];
	runner->n = n;
}

/* --- what brambled says and hears --- */

static int64_t on_begin(void *argument, int64_t newest)
{
	struct runner *runner = argument;
	int64_t after = newest;

	if (newest == runner->seen)
		return newest;
	for (size_t i = 0; i < runner->n; i++) {
		struct hook *hook = runner->hooks[i];

		if (hook->position < 0 || hook->position > newest) {
			hook->position = newest;
			runner->moved = true;
		}
		if (hook->position < after)
			after = hook->position;
	}
	/* Everything that it still holds is among what comes. */
	runner->queue.n = 0;
	runner->queue.lost = 0;
	runner->seen = after;
	return after;
}

static void on_event(void *argument, const struct hooks_event *event)
{
	struct runner *runner = argument;
	bool wanted = false;

	runner->seen = event->id;
	for (size_t i = 0; !wanted && i < runner->n; i++)
		wanted = hooks_wants(&runner->hooks[i]->file, event->kind);
	if (wanted)
		hooks_queue_push(&runner->queue, event);
}

static void on_come(void *argument)
{
	dispatch(argument);
}

static void on_reported(void *argument)
{
	struct runner *runner = argument;

	for (size_t i = 0; i < runner->n; i++)
		runner->hooks[i]->news = false;
}

static const char *state_of(const struct hook *hook)
{
	if (hook->file.trouble[0])
		return "unusable";
	if (hook->run)
		return "running";
	return hook->failing ? "failing" : "idle";
}

static cJSON *hook_json(const struct hook *hook)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", hook->file.name);
	cJSON_AddStringToObject(json, "kind", hook->file.kind);
	cJSON_AddStringToObject(json, "state", state_of(hook));
	cJSON_AddStringToObject(
		json, "text", hook->file.trouble[0] ? hook->file.trouble : hook->text);
	cJSON_AddNumberToObject(json, "runs", hook->runs);
	cJSON_AddNumberToObject(json, "failures", hook->failures);
	cJSON_AddBoolToObject(json, "skipped", hook->skipped);
	cJSON_AddNumberToObject(json, "ended_ms", (double)hook->ended_ms);
	cJSON_AddBoolToObject(json, "news", hook->news);
	return json;
}

static void report(struct runner *runner)
{
	cJSON *json = cJSON_CreateObject(), *array = cJSON_AddArrayToObject(json, "hooks");

	for (size_t i = 0; i < runner->n; i++)
		cJSON_AddItemToArray(array, hook_json(runner->hooks[i]));
	runner->changed = !feed_report(runner->feed, json);
}

static void write_positions(struct runner *runner)
{
	struct hooks_positions *positions = &runner->positions;
	int result;

	positions->n = 0;
	for (size_t i = 0; i < runner->n; i++) {
		if (runner->hooks[i]->position < 0)
			continue;
		positions->entries[positions->n].id = runner->hooks[i]->position;
		str_copy(positions->entries[positions->n++].name, HOOKS_NAME_SIZE,
			runner->hooks[i]->file.name);
	}
	result = hooks_positions_write(runner->path, positions);
	if (result != 0)
		log_warning("can't write %s: %s; after a restart hooks may run twice for an event",
			runner->path, strerror(-result));
	runner->moved = false;
}

static void on_tick(evutil_socket_t fd, short what, void *argument)
{
	struct runner *runner = argument;

	(void)fd;
	(void)what;
	if (runner->ticks++ % SCAN_TICKS == 0)
		scan(runner);
	dispatch(runner);
	if (runner->moved)
		write_positions(runner);
	if (runner->changed)
		report(runner);
}

struct runner *runner_new(struct event_base *base, const struct hooks_setup *setup, const char *ipc,
	const char *positions)
{
	const struct timeval second = { .tv_sec = 1 };
	struct runner *runner = calloc(1, sizeof(*runner));
	const struct feed_calls calls = { .begin = on_begin,
		.event = on_event,
		.come = on_come,
		.reported = on_reported,
		.argument = runner };

	if (!runner)
		return NULL;
	runner->base = base;
	runner->setup = setup;
	runner->path = positions;
	runner->seen = -1;
	hooks_positions_read(positions, &runner->positions);
	scan(runner);
	runner->feed = feed_new(base, ipc, &calls);
	runner->tick = event_new(base, -1, EV_PERSIST, on_tick, runner);
	if (!runner->feed || !runner->tick || event_add(runner->tick, &second) != 0) {
		runner_free(runner);
		errno = ENOMEM;
		return NULL;
	}
	return runner;
}

void runner_free(struct runner *runner)
{
	if (!runner)
		return;
	if (runner->moved && runner->tick)
		write_positions(runner);
	for (size_t i = 0; i < runner->n; i++)
		drop(runner, runner->hooks[i]);
	feed_free(runner->feed);
	if (runner->tick)
		event_free(runner->tick);
	free(runner);
}
