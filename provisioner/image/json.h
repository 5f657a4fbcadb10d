/* SPDX-License-Identifier: ISC */
#ifndef BRAMBLE_IMAGE_JSON_H
#define BRAMBLE_IMAGE_JSON_H

#include <cjson/cJSON.h>
#include <stdio.h>

/* Print it on standard output, and delete it. */
static inline void image_print_json(cJSON *json)
{
	char *text = cJSON_Print(json);

	puts(text ? text : "{}");
	cJSON_free(text);
	cJSON_Delete(json);
}

#endif
