/* SPDX-License-Identifier: ISC */
#include "provisioner/nodeconf/template.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE 32

struct rendering {
	char *out;
	size_t size, used;
	unsigned line;
	struct template_error *error;
};

__attribute__((format(printf, 2, 3))) static int say(
	struct rendering *rendering, const char *format, ...)
{
	va_list arguments;

	rendering->error->line = rendering->line;
	va_start(arguments, format);
	vsnprintf(rendering->error->what, TEMPLATE_WHAT_SIZE, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int put(struct rendering *rendering, const char *text, size_t length)
{
	if (length >= rendering->size - rendering->used)
		return -ENOSPC;
	memcpy(rendering->out + rendering->used, text, length);
	rendering->used += length;
	rendering->out[rendering->used] = '\0';
	return 0;
}

/* A variable behind its "{{". Returns what follows it, or NULL with *result. */
static const char *put_variable(struct rendering *rendering, const char *text,
	template_lookup *lookup, void *argument, int *result)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
	char name[NAME_SIZE];
	const char *value;

	if (length == 0 || length >= sizeof(name) || strncmp(text + length, "}}", 2) != 0) {
		*result = say(rendering,
			"{{ is followed by no variable; a variable is {{name}}, and \\{{ stands "
			"for {{ itself");
		return NULL;
	}
	memcpy(name, text, length);
	name[length] = '\0';
	value = lookup(argument, name);
	if (!value) {
		*result = say(rendering, "undefined variable \"%s\"", name);
		return NULL;
	}
	*result = put(rendering, value, strlen(value));
	return *result == 0 ? text + length + 2 : NULL;
}

int template_render(const char *text, template_lookup *lookup, void *argument, char *out,
	size_t size, struct template_error *error)
{
	struct rendering rendering = { .out = out, .size = size, .line = 1, .error = error };
	int result = 0;

	out[0] = '\0';
	while (result == 0 && *text) {
		if (strncmp(text, "\\{{", 3) == 0) {
			result = put(&rendering, "{{", 2);
			text += 3;
		} else if (strncmp(text, "{{", 2) == 0) {
			text = put_variable(&rendering, text + 2, lookup, argument, &result);
		} else {
			rendering.line += *text == '\n';
			result = put(&rendering, text++, 1);
		}
	}
	return result;
}
