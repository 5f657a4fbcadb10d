/* SPDX-License-Identifier: ISC */
#include "tests/conformance/report.h"

#include <stdio.h>
#include <string.h>

static const char *const status_words[] = {
	[STATUS_PASS] = "pass", [STATUS_FAIL] = "FAIL", [STATUS_NOT_APPLICABLE] = "n/a"
};
static const char *const level_words[] = {
	[LEVEL_MUST] = "MUST", [LEVEL_SHOULD] = "SHOULD", [LEVEL_PRACTICE] = "practice"
};

size_t report_count(const struct result *results, size_t n, enum status status)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += results[i].status == status;
	return count;
}

void report_table(const struct result *results, size_t n)
{
	const char *group = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct result *r = &results[i];

		if (r->group != group)
			printf("\n%s\n", group = r->group);
		printf("  %-4s %-12s %-8s %s\n", status_words[r->status], r->id,
			level_words[r->level], r->name);
		if (r->reason[0])
			printf("       %-12s %s\n", "", r->reason);
	}
	printf("\n%zu passed, %zu failed, %zu not applicable\n",
		report_count(results, n, STATUS_PASS), report_count(results, n, STATUS_FAIL),
		report_count(results, n, STATUS_NOT_APPLICABLE));
}

/* '#' begins a directive in TAP. */
static void print_tap_text(const char *text)
{
	for (; *text; text++)
		putchar(*text == '#' ? '.' : *text);
}

void report_tap(const struct result *results, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct result *r = &results[i];

		printf("%sok %zu - %s ", r->status == STATUS_FAIL ? "not " : "", i + 1, r->id);
		print_tap_text(r->name);
		if (r->status == STATUS_NOT_APPLICABLE)
			printf(" # SKIP %s", r->reason);
		printf("\n# %s\n", r->reason);
	}
	printf("1..%zu\n", n);
}

static void print_json_text(const char *name, const char *text, const char *behind)
{
	printf("\"%s\":\"", name);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	printf("\"%s", behind);
}

void report_json(const struct result *results, size_t n)
{
	printf("[\n");
	for (size_t i = 0; i < n; i++) {
		const struct result *r = &results[i];

		printf(" {");
		print_json_text("group", r->group, ",");
		print_json_text("id", r->id, ",");
		print_json_text("level", level_words[r->level], ",");
		print_json_text("name", r->name, ",");
		print_json_text("status", status_words[r->status], ",");
		print_json_text("reason", r->reason, ",");
		printf("\"milliseconds\":%u}%s\n", r->milliseconds, i + 1 < n ? "," : "");
	}
	printf("]\n");
}
