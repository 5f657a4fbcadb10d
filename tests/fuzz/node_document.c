/* SPDX-License-Identifier: ISC */
/* What the agent takes from the router: a part of the document, and the document, which survives
 * being written and read again. And templates, which brambled fills in. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/nodeconf/template.h"
#include "rootfs/agent/agent.h"
#include "rootfs/config/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* The call isn't made here: its answer is what is fuzzed. */
int agent_ask_part(const struct agent_boot *boot, const char *path, uint64_t offset,
	struct agent_config_part *part)
{
	(void)boot;
	(void)path;
	(void)offset;
	(void)part;
	return -1;
}

static void must(int condition)
{
	if (!condition)
		abort();
}

static void write_and_read(const struct document *document)
{
	static struct document again;
	static char out[DOCUMENT_LIMIT];
	size_t used = strlen(DOCUMENT_HEAD);
	unsigned line;

	memcpy(out, DOCUMENT_HEAD, used + 1);
	for (size_t i = 0; i < document->n; i++)
		must(document_append(out, sizeof(out), &used, &document->items[i]) == 0);
	must(document_parse(out, &again, &line) == 0);
	must(again.n == document->n && again.unknown == 0);
	for (size_t i = 0; i < document->n; i++)
		must(item_is_equal(&again.items[i], &document->items[i]));
}

static const char *look_up(void *argument, const char *name)
{
	(void)argument;
	return name[0] == 'a' ? "value" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct agent_config_part part;
	static struct document document;
	struct template_error error;
	char *text = malloc(length + 1), out[256];
	unsigned line;

	must(text != NULL);
	memcpy(text, bytes, length);
	text[length] = '\0';
	if (agent_parse_config_part(text, &part) == 0)
		must(part.length == strlen(part.text) && part.offset + part.length <= part.size &&
			part.size < DOCUMENT_LIMIT);
	if (template_render(text, look_up, NULL, out, sizeof(out), &error) == 0)
		must(strlen(out) < sizeof(out));
	if (document_parse(text, &document, &line) == 0)
		write_and_read(&document);
	free(text);
	return 0;
}
