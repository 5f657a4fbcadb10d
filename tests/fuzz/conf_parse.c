/* SPDX-License-Identifier: ISC */
/* Any text: conf_parse accepts it with every value inside its limits, or refuses it with a message
 * and leaves the caller's struct alone. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text it was reading when the grammar fails; ours to live with. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

#define ITEMS 3

struct item {
	char name[8];
	char lines[32];
	int64_t weight;
};

struct values {
	size_t n_items;
	struct item items[ITEMS];
	char name[16];
	char text[64];
	int64_t port, large;
	bool quick;
	int mode;
};

static const char *const modes[] = { "auto", "approve", "deny", NULL };

#define AT(member)                                                                                 \
	.offset = offsetof(struct values, member), .size = sizeof(((struct values *)0)->member)
#define IN(member)                                                                                 \
	.offset = offsetof(struct item, member), .size = sizeof(((struct item *)0)->member)

static const struct conf_setting item[] = {
	{ .path = "name", .type = CONF_STRING, IN(name), .min = 1 },
	{ .path = "lines", .type = CONF_LINES, IN(lines), .fallback = "" },
	{ .path = "weight", .type = CONF_INTEGER, IN(weight), .max = 9, .fallback = "0" },
	{ .path = NULL },
};

static const struct conf_setting table[] = {
	{ .path = "lan.name",
		.type = CONF_STRING,
		AT(name),
		.min = 1,
		.max = 15,
		.fallback = "eth0",
		.help = "a name" },
	{ .path = "lan.text", .type = CONF_STRING, AT(text), .fallback = "" },
	{ .path = "port",
		.type = CONF_INTEGER,
		AT(port),
		.min = 1,
		.max = 65535,
		.fallback = "69" },
	{ .path = "lan.deep.large",
		.type = CONF_INTEGER,
		AT(large),
		.min = INT64_MIN,
		.max = INT64_MAX,
		.fallback = "0" },
	{ .path = "lan.quick", .type = CONF_BOOLEAN, AT(quick), .fallback = "false" },
	{ .path = "lan.mode", .type = CONF_CHOICE, AT(mode), .choices = modes, .fallback = "auto" },
	{ .path = "lan.items",
		.type = CONF_LIST,
		.offset = offsetof(struct values, items),
		.size = sizeof(struct item),
		.max = ITEMS,
		.count_offset = offsetof(struct values, n_items),
		.items = item,
		.fallback = "" },
	{ .path = NULL },
};

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_values(const struct values *values)
{
	must(memchr(values->name, '\0', sizeof(values->name)) && values->name[0]);
	must(memchr(values->text, '\0', sizeof(values->text)) != NULL);
	must(values->port >= 1 && values->port <= 65535);
	must(values->mode >= 0 && values->mode <= 2);
	must(values->n_items <= ITEMS);
	for (size_t i = 0; i < values->n_items; i++) {
		const struct item *item_read = &values->items[i];
		size_t length = strnlen(item_read->lines, sizeof(item_read->lines));

		must(memchr(item_read->name, '\0', sizeof(item_read->name)) && item_read->name[0]);
		must(length < sizeof(item_read->lines));
		must(length == 0 || item_read->lines[length - 1] == '\n');
		must(item_read->weight >= 0 && item_read->weight <= 9);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct conf_error error = { "" };
	struct values values, before;

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	memset(&values, 0x5a, sizeof(values));
	before = values;
	if (conf_parse("fuzz", text, table, &values, sizeof(values), &error) == 0) {
		check_values(&values);
	} else {
		must(memcmp((const char *)&values, (const char *)&before, sizeof(values)) == 0);
		must(strncmp(error.text, "fuzz", 4) == 0);
		must(memchr(error.text, '\0', sizeof(error.text)) != NULL);
	}
	conf_explain("fuzz", text, "lan.name", "is odd", &error);
	free(text);
	return 0;
}
