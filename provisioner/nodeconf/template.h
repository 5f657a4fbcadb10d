/* SPDX-License-Identifier: ISC */
/*
 * Templates: {{name}} stands for the value of a variable, \{{ for {{ itself. Nothing else is
 * special. A variable that doesn't exist is an error: no file is ever put in place with a hole.
 */
#ifndef BRAMBLE_NODECONF_TEMPLATE_H
#define BRAMBLE_NODECONF_TEMPLATE_H

#include <stddef.h>

#define TEMPLATE_WHAT_SIZE 160

struct template_error {
	unsigned line; /* 1 … */
	char what[TEMPLATE_WHAT_SIZE];
};

/* The value of a variable, or NULL when there is none of that name. */
typedef const char *template_lookup(void *argument, const char *name);

/* Render into out[size], NUL-terminated. Returns 0; -EINVAL with *error; -ENOSPC. Pure; fuzzed. */
int template_render(const char *text, template_lookup *lookup, void *argument, char *out,
	size_t size, struct template_error *error);

#endif
