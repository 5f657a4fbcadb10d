/* SPDX-License-Identifier: ISC */
/* The conversation with brambled: events come, a report goes. It never ends by itself. */
#ifndef BRAMBLE_HOOKS_FEED_H
#define BRAMBLE_HOOKS_FEED_H

#include <cjson/cJSON.h>

#include "provisioner/hooks/hooks.h"

struct event_base;
struct feed;

struct feed_calls {
	/* `newest` is the id of the newest event that there is, 0 none. Returns behind which one to
	 * go on. Called first, and whenever nothing has happened for a while. */
	int64_t (*begin)(void *argument, int64_t newest);
	void (*event)(void *argument, const struct hooks_event *event);
	void (*come)(void *argument); /* behind a few events */
	void (*reported)(void *argument);
	void *argument;
};

/* `ipc` is brambled's socket. NULL with errno. */
struct feed *feed_new(struct event_base *base, const char *ipc, const struct feed_calls *calls);
void feed_free(struct feed *feed);

/* Tell brambled how the hooks are; deletes the JSON. False: one report is still on its way. */
bool feed_report(struct feed *feed, cJSON *report);

/* One event of an answer; false: it is none. Pure. */
bool feed_parse_event(const cJSON *json, struct hooks_event *event);

#endif
