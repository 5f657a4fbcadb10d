/* SPDX-License-Identifier: ISC */
#include "rootfs/config/document.h"

#include <errno.h>
#include <string.h>

static const struct item_kind_traits traits[ITEM_KINDS] = {
	[ITEM_HOSTS] = { "hosts", 1, false, true, false },
	[ITEM_TIMEZONE] = { "timezone", 1, false, true, true },
	[ITEM_LOCALE] = { "locale", 1, false, true, true },
	[ITEM_MODULE] = { "module", 1, true, true, false },
	[ITEM_SYSCTL] = { "sysctl", 2, true, true, true },
	[ITEM_SCRATCH] = { "scratch", 2, false, false, false },
	[ITEM_SWAP] = { "swap", 2, false, true, true },
	[ITEM_GROUP] = { "group", 2, true, true, true },
	[ITEM_USER] = { "user", 8, true, true, true },
	[ITEM_MOUNT] = { "mount", 3, true, true, true },
	[ITEM_WIFI] = { "wifi", 4, false, true, false },
	[ITEM_FILE] = { "file", 4, true, true, true },
	[ITEM_UNIT] = { "unit", 2, true, true, true },
	[ITEM_KERNEL] = { "kernel", 1, false, false, false },
	[ITEM_FIRMWARE] = { "firmware", 1, false, false, false },
	[ITEM_ROOT] = { "root", 1, false, false, false },
};

const struct item_kind_traits *item_traits(enum item_kind kind)
{
	return &traits[kind];
}

bool item_is_same_thing(const struct item *a, const struct item *b)
{
	return a->kind == b->kind &&
	       (!traits[a->kind].named || strcmp(a->values[0], b->values[0]) == 0);
}

bool item_is_equal(const struct item *a, const struct item *b)
{
	if (a->kind != b->kind)
		return false;
	for (unsigned i = 0; i < traits[a->kind].values; i++) {
		if (strcmp(a->values[i], b->values[i]) != 0)
			return false;
	}
	return true;
}

const struct item *document_find(const struct document *document, const struct item *like)
{
	for (size_t i = 0; i < document->n; i++) {
		if (item_is_same_thing(&document->items[i], like))
			return &document->items[i];
	}
	return NULL;
}

/* Undo the escapes of a value in place. */
static bool unescape(char *value)
{
	char *out = value;

	for (; *value; value++) {
		if ((unsigned char)*value < 0x20 || *value == 0x7f)
			return false;
		if (*value != '\\') {
			*out++ = *value;
			continue;
		}
		value++;
		if (*value != 'n' && *value != 't' && *value != '\\')
			return false;
		*out++ = *value == 'n' ? '\n' : *value == 't' ? '\t' : '\\';
	}
	*out = '\0';
	return true;
}

static int find_kind(const char *word)
{
	for (int kind = 0; kind < ITEM_KINDS; kind++) {
		if (strcmp(traits[kind].word, word) == 0)
			return kind;
	}
	return -1;
}

static bool is_word(const char *word)
{
	return *word && strspn(word, "abcdefghijklmnopqrstuvwxyz") == strlen(word);
}

/* One line without its newline. */
static bool take_line(char *line, struct document *document)
{
	char *rest = line, *word = strsep(&rest, "\t"), *value;
	int kind = find_kind(word);
	struct item item = { .values = { "" } };
	unsigned n = 0;

	if (kind < 0) {
		document->unknown++;
		return is_word(word);
	}
	item.kind = (enum item_kind)kind;
	while ((value = strsep(&rest, "\t"))) {
		if (n == traits[kind].values || !unescape(value))
			return false;
		item.values[n++] = value;
	}
	if (n != traits[kind].values || document->n == DOCUMENT_ITEMS ||
		document_find(document, &item))
		return false;
	document->items[document->n++] = item;
	return true;
}

int document_parse(char *text, struct document *document, unsigned *line)
{
	size_t head = strlen(DOCUMENT_HEAD);
	char *end;

	document->n = 0;
	document->unknown = 0;
	*line = 1;
	if (strncmp(text, DOCUMENT_HEAD, head) != 0)
		return -EBADMSG;
	for (text += head; *text; text = end + 1) {
		++*line;
		end = strchr(text, '\n');
		if (!end)
			return -EBADMSG;
		*end = '\0';
		if (!take_line(text, document))
			return -EBADMSG;
	}
	return 0;
}

static bool append_byte(char *out, size_t size, size_t *used, char byte)
{
	if (*used + 1 >= size)
		return false;
	out[(*used)++] = byte;
	return true;
}

static bool append_value(char *out, size_t size, size_t *used, const char *value)
{
	bool fits = append_byte(out, size, used, '\t');

	for (; fits && *value; value++) {
		char byte = *value;

		if (byte == '\n' || byte == '\t' || byte == '\\') {
			fits = append_byte(out, size, used, '\\');
			byte = byte == '\n' ? 'n' : byte == '\t' ? 't' : '\\';
		}
		fits = fits && append_byte(out, size, used, byte);
	}
	return fits;
}

int document_append(char *out, size_t size, size_t *used, const struct item *item)
{
	size_t before = *used;
	bool fits = true;

	for (const char *p = traits[item->kind].word; fits && *p; p++)
		fits = append_byte(out, size, used, *p);
	for (unsigned i = 0; fits && i < traits[item->kind].values; i++)
		fits = append_value(out, size, used, item->values[i]);
	fits = fits && append_byte(out, size, used, '\n');
	if (!fits)
		*used = before;
	out[*used] = '\0';
	return fits ? 0 : -ENOSPC;
}
