/* SPDX-License-Identifier: ISC */
/* Reading the API's JSON: a missing or null value, or one of another type, is its zero. */
#ifndef BRAMBLE_CLI_JSON_H
#define BRAMBLE_CLI_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "" when absent. Lives as long as the object. */
const char *json_text(const cJSON *object, const char *name);

/* 0 when absent; numbers beyond 2^53 are not exact (none of the API's is). */
int64_t json_integer(const cJSON *object, const char *name);

bool json_is_true(const cJSON *object, const char *name);

/* The member, or NULL when absent or null. */
const cJSON *json_member(const cJSON *object, const char *name);

/* An item of a list, as `length` bytes of text and as what they say; lives as long as the call. */
typedef void json_each(void *argument, const cJSON *item, const char *text, size_t length);

/* Call `each` with each item of {"NAME":[item, …]}, which is read item by item: a tree of 10,000
 * costs more than all that is done with it. Returns 0, or -EBADMSG where it isn't that, after the
 * items before. */
int json_each_item(
	const char *text, size_t size, const char *name, json_each *each, void *argument);

#endif
