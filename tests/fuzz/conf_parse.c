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

struct values {
	char name[16];
	char text[64];
	int64_t port, large;
	bool quick;
	int mode;
};

static const char *const modes[] = { "auto", "approve", "deny", NULL };

#define AT(member) offsetof(struct values, member), sizeof(((struct values *)0)->member)

static const struct conf_setting table[] = {
	{ "lan.name", CONF_STRING, AT(name), 1, 15, NULL, "eth0", NULL, "a name" },
	{ "lan.text", CONF_STRING, AT(text), 0, 0, NULL, "", NULL, NULL },
	{ "port", CONF_INTEGER, AT(port), 1, 65535, NULL, "69", NULL, NULL },
	{ "lan.deep.large", CONF_INTEGER, AT(large), INT64_MIN, INT64_MAX, NULL, "0", NULL, NULL },
	{ "lan.quick", CONF_BOOLEAN, AT(quick), 0, 0, NULL, "false", NULL, NULL },
	{ "lan.mode", CONF_CHOICE, AT(mode), 0, 0, modes, "auto", NULL, NULL },
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
