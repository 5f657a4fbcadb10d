/* SPDX-License-Identifier: ISC */
/* bramble-image show, diff: what is in a version, by the contents that its build left beside it. */
#include "provisioner/image/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define UNITS "/etc/systemd/system/"
#define SHOWN_VALUE 80

static int complain(const struct failure *failure)
{
	fprintf(stderr, "bramble-image: %s\n", failure->text);
	return 1;
}

static bool ends(const char *text, size_t length, const char *with)
{
	size_t size = strlen(with);

	return length >= size && strncmp(text + length - size, with, size) == 0;
}

const char *show_enabled_unit(const struct contents_line *line)
{
	const char *slash = strrchr(line->name, '/');
	size_t length = slash ? (size_t)(slash - line->name) : 0;

	if (line->kind != CONTENTS_PATH || strncmp(line->name, UNITS, strlen(UNITS)) != 0 ||
		!(ends(line->name, length, ".wants") || ends(line->name, length, ".requires")))
		return NULL;
	return slash + 1;
}

static int open_version(const char *share, const char *word, struct image_version *version,
	struct contents *contents, struct failure *failure)
{
	char path[WORKSHOP_PATH_SIZE + 16];
	int result = image_find(share, word, version, failure);

	memset(contents, 0, sizeof(*contents));
	if (result != 0)
		return result;
	snprintf(path, sizeof(path), "%s/" CONTENTS_NAME, version->boot);
	return contents_read(path, contents, failure);
}

/* "file MODE USER GROUP SIZE HASH" */
static uint64_t size_of(const struct contents_line *line)
{
	char digits[24] = "";
	uint64_t size = 0;

	(void)sscanf(line->value, "file %*s %*s %*s %23s", digits);
	return str_parse_u64(digits, 0, UINT64_MAX, &size) == 0 ? size : 0;
}

void show_sum_up(const struct image_version *version, const struct contents *contents,
	struct show_summary *summary)
{
	struct stat status = { 0 };

	*summary = (struct show_summary){ 0 };
	if (lstat(version->root, &status) == 0)
		summary->size_bytes = (uint64_t)status.st_size;
	for (size_t i = 0; i < contents->count; i++) {
		const struct contents_line *line = &contents->lines[i];

		summary->packages += line->kind == CONTENTS_PACKAGE;
		summary->files +=
			line->kind == CONTENTS_PATH && strncmp(line->value, "file ", 5) == 0;
		summary->unpacked_bytes += line->kind == CONTENTS_PATH ? size_of(line) : 0;
	}
}

static void print_summary(const struct image_version *version, const struct contents *contents)
{
	struct show_summary summary;

	show_sum_up(version, contents, &summary);
	printf("%-10s %s\n%-10s %s\n", "Image", version->name, "Version", version->hash);
	printf("%-10s %.1f MB, unpacked %.1f MB in %zu files\n%-10s %zu\n", "Size",
		(double)summary.size_bytes / 1e6, (double)summary.unpacked_bytes / 1e6,
		summary.files, "Packages", summary.packages);
}

static void print_contents(const struct contents *contents)
{
	for (size_t i = 0; i < contents->count; i++) {
		const struct contents_line *line = &contents->lines[i];

		if (line->kind == CONTENTS_ABOUT)
			printf("%-10s %s\n", line->name, line->value);
	}
	for (size_t i = 0; i < contents->count; i++)
		if (show_enabled_unit(&contents->lines[i]))
			printf("%-10s %s\n", "unit", show_enabled_unit(&contents->lines[i]));
	for (size_t i = 0; i < contents->count; i++) {
		const struct contents_line *line = &contents->lines[i];

		if (line->kind == CONTENTS_PACKAGE)
			printf("%-10s %.*s %s\n", "package", (int)strcspn(line->name, " "),
				line->name, line->value);
	}
}

int image_show(const struct image_options *options)
{
	struct image_version *version = calloc(1, sizeof(*version));
	struct failure failure = { 0 };
	struct contents contents = { 0 };
	int result = version ? open_version(options->share, options->target, version, &contents,
				       &failure)
			     : failure_set(&failure, -ENOMEM, "out of memory");

	if (version && result == 0 && options->json) {
		show_print_json(version, &contents);
	} else if (version && result == 0) {
		print_summary(version, &contents);
		print_contents(&contents);
	}
	contents_free(&contents);
	free(version);
	return result == 0 ? 0 : complain(&failure);
}

struct comparison {
	enum contents_kind kind;
	bool units; /* only them, else all other paths */
	size_t count;
};

static void print_words(char sign, const struct contents_line *line, const char *before,
	const char *arrow, const char *after)
{
	bool package = line->kind == CONTENTS_PACKAGE;

	printf("%c %s%.*s %.*s%s%.*s\n", sign, package ? "package " : "",
		(int)(package ? strcspn(line->name, " ") : strlen(line->name)), line->name,
		SHOWN_VALUE, before, arrow, SHOWN_VALUE, after);
}

static void print_change(
	void *context, const struct contents_line *old, const struct contents_line *new)
{
	struct comparison *comparison = context;
	const struct contents_line *one = old ? old : new;
	char sign = '~';
	const char *unit;

	if (!one || one->kind != comparison->kind)
		return;
	unit = show_enabled_unit(one);
	if ((unit != NULL) != comparison->units)
		return;
	if (!old || !new)
		sign = old ? '-' : '+';
	comparison->count++;
	if (one->kind == CONTENTS_PATH)
		printf("%c %s %s\n", sign, unit ? "unit" : "file", unit ? unit : one->name);
	else if (old && new)
		print_words(sign, one, old->value, " -> ", new->value);
	else
		print_words(sign, one, one->value, "", "");
}

static void compare(const struct contents *before, const struct contents *after)
{
	struct comparison parts[] = {
		{ CONTENTS_ABOUT, false, 0 },
		{ CONTENTS_PACKAGE, false, 0 },
		{ CONTENTS_PATH, true, 0 },
		{ CONTENTS_PATH, false, 0 },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		contents_compare(before, after, print_change, &parts[i]);
	printf("%zu packages, %zu units, %zu files differ\n", parts[1].count, parts[2].count,
		parts[3].count);
}

int image_diff(const struct image_options *options)
{
	struct image_version *versions = calloc(2, sizeof(*versions));
	struct contents before = { 0 }, after = { 0 };
	struct failure failure = { 0 };
	int result = versions ? open_version(options->share, options->target, &versions[0], &before,
					&failure)
			      : failure_set(&failure, -ENOMEM, "out of memory");

	if (result == 0)
		result = open_version(
			options->share, options->other, &versions[1], &after, &failure);
	if (versions && result == 0 && options->json)
		show_print_json_difference(versions, &before, &after);
	else if (result == 0)
		compare(&before, &after);
	contents_free(&before);
	contents_free(&after);
	free(versions);
	return result == 0 ? 0 : complain(&failure);
}
