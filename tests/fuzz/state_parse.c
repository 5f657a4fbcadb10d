/* SPDX-License-Identifier: ISC */
/* Any text: it is refused with the line and the cause, or it is a document whose text, read again,
 * is the same. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/state/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static int ignore(void *argument, const char *line, size_t length)
{
	(void)argument;
	assert(strlen(line) == length);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char empty[] = "state 1\n\tlast-node 0\n";
	struct state_document document, again;
	struct state_changes changes = { 0 };
	char error[STATE_ERROR_SIZE], *text, *second;
	int result = state_parse((const char *)bytes, length, &document, error);

	assert((result == 0) == (error[0] == '\0'));
	if (result != 0) {
		assert(error[0] >= '0' && error[0] <= '9' && strstr(error, ": "));
		return 0;
	}
	text = state_format(&document);
	assert(text);
	result = state_parse(text, strlen(text), &again, error);
	assert(result == 0);
	second = state_format(&again);
	assert(second && strcmp(text, second) == 0);
	assert(state_compare(text, second, &changes, ignore, NULL) == 0);
	assert(changes.added + changes.removed + changes.changed == 0);
	assert(state_compare(empty, text, &changes, ignore, NULL) == 0);
	assert(changes.removed == 0);
	assert(state_compare(text, empty, &changes, ignore, NULL) == 0);
	assert(changes.added == 0);
	free(text);
	free(second);
	state_free(&document);
	state_free(&again);
	return 0;
}
