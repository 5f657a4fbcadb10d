/* SPDX-License-Identifier: ISC */
/* Fields of a Kubernetes object, two steps deep: metadata.name, spec.nodeName. */
#ifndef BRAMBLE_CLUSTERD_OBJECT_H
#define BRAMBLE_CLUSTERD_OBJECT_H

#include <cjson/cJSON.h>

/* NULL when it isn't there. */
const cJSON *object_get(const cJSON *object, const char *first, const char *second);
/* "" when it isn't there, or no text. */
const char *object_text(const cJSON *object, const char *first, const char *second);

#endif
