/* SPDX-License-Identifier: ISC */
/* JSON against docs/schema.json: the part of JSON Schema that it uses, and strictly. What a schema
 * says that isn't understood here is a mistake, too. */
#ifndef BRAMBLE_TEST_SCHEMA_H
#define BRAMBLE_TEST_SCHEMA_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#define SCHEMA_ERROR_SIZE 256

/* The file, relative to the sources; NULL when it can't be read. The caller deletes it. */
cJSON *schema_read(const char *path);

/* Is `json` what the definition describes? If not, `error` says where not and why. */
bool schema_holds(const cJSON *schema, const char *definition, const cJSON *json,
	char error[static SCHEMA_ERROR_SIZE]);

/* The same for a text of one or several values one after another. Returns how many there were, or
 * -1. */
int schema_check_text(const cJSON *schema, const char *definition, const char *text,
	char error[static SCHEMA_ERROR_SIZE]);

#endif
