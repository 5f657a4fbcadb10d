/* SPDX-License-Identifier: ISC */
/* The JSON API of docs/api.md. One door for the administrator, one for nodes; both end here. */
#ifndef BRAMBLE_API_H
#define BRAMBLE_API_H

#include <cjson/cJSON.h>

#include "common/ipc.h"
#include "provisioner/brambled.h"

struct api_call {
	enum ipc_method method;
	bool admin;	     /* came over the administrator's door */
	bool cluster;	     /* came from bramble-clusterd */
	struct in_addr peer; /* HTTP client */
	const char *path;    /* without the query */
	const char *query;   /* "a=b&c=d", "" */
	const char *body;    /* NUL-terminated, "" */
	const int *file;     /* a descriptor that came along, the caller's; NULL = none */
};

struct api_reply {
	int status;  /* HTTP status */
	cJSON *json; /* the caller deletes it */
	char *text;  /* long answers are written at once, instead of `json`; the caller frees it */
	bool is_plain; /* the text is no JSON */
};

/* What the answer is as text, for the caller to free; NULL: out of memory. `reply` holds nothing
 * then. */
char *api_take_text(struct api_reply *reply);

/* "hash", "size", "offset" and "text": the part of a long text from the "offset" of `body` on, as
 * long as the agent can take. */
void api_add_part(cJSON *json, const cJSON *body, const char *text, const char *hash);

/* Answer a call. */
void api_answer(struct brambled *brambled, const struct api_call *call, struct api_reply *reply);

/* An error answer: {"error": text}. */
void api_fail(struct api_reply *reply, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A parameter of the query into out; false when absent. Values are plain (no %-escapes in this
 * API). */
bool api_query(const struct api_call *call, const char *name, char *out, size_t size);
/* … as a number within 0..max; `fallback` when absent or wrong. */
int64_t api_query_number(
	const struct api_call *call, const char *name, int64_t max, int64_t fallback);

/* The parts. Each returns false when the path isn't one of its own. */
bool api_node_call(struct brambled *brambled, const struct api_call *call, struct api_reply *reply);
bool api_cluster_call(
	struct brambled *brambled, const struct api_call *call, struct api_reply *reply);
bool api_admin_call(
	struct brambled *brambled, const struct api_call *call, struct api_reply *reply);

/* Records as JSON; the caller owns the result. */
cJSON *api_node_json(struct brambled *brambled, const struct registry_node *node);
cJSON *api_board_json(struct brambled *brambled, const struct registry_board *board);
cJSON *api_boot_json(struct brambled *brambled, const struct registry_boot *boot);
cJSON *api_events_json(struct brambled *brambled, int64_t after, unsigned limit);
/* "joined", "booting", … as docs/api.md says. */
const char *api_node_state(struct brambled *brambled, const struct registry_node *node);

/* GET /v1/events?after=N&wait=S: how long the answer may be held back, in seconds (0: answer now).
 */
int64_t api_wait_seconds(const struct api_call *call, int64_t *after);

#endif
