/* SPDX-License-Identifier: ISC */
/* What differs between two texts that state_format() made: both name their things in the same
 * order. */
#include <string.h>

#include "provisioner/state/document.h"

#define SEARCHED 16384 /* bytes of lines that are searched for each other */

/* A part of a text, with the newline at its end. */
struct part {
	const char *text;
	size_t length;
};

struct comparison {
	struct state_changes *changes;
	int (*each)(void *argument, const char *line, size_t length);
	void *argument;
};

static struct part line_of(const char *text)
{
	const char *end = strchr(text, '\n');

	return (struct part){ text, end ? (size_t)(end - text) + 1 : strlen(text) };
}

/* A line that begins a thing and the indented ones behind it, without the blank line and comments
 * that follow. Length 0 at the end of the text. */
static struct part next_thing(const char *text)
{
	struct part line = line_of(text), thing;

	while (line.length > 0 && (*line.text == '\n' || *line.text == '#'))
		line = line_of(line.text + line.length);
	thing = line;
	while (line.length > 0) {
		line = line_of(line.text + line.length);
		if (line.length == 0 || *line.text != '\t')
			break;
		thing.length += line.length;
	}
	return thing;
}

static bool is_same(struct part a, struct part b)
{
	return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

/* In which order the kinds stand in a text. */
static int rank(const char *thing)
{
	static const char *const kinds[] = { "state ", "image ", "node ", "former-node ", "board ",
		"device ", "expected " };
	/* Nodes that are there and that were stand in one list. */
	static const int ranks[] = { 0, 1, 2, 2, 3, 4, 5 };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(thing, kinds[i], strlen(kinds[i])) == 0)
			return ranks[i];
	}
	return 6;
}

/* Which of two things stands first; 0: they are the same one. One that is at its end comes last. */
static int compare_things(struct part a, struct part b)
{
	struct part one = line_of(a.text), other = line_of(b.text);
	const char *x, *y;
	size_t m, n;
	int order;

	if (a.length == 0 || b.length == 0)
		return (a.length == 0) - (b.length == 0);
	order = rank(a.text) - rank(b.text);
	if (order != 0)
		return order;
	x = memchr(one.text, ' ', one.length);
	y = memchr(other.text, ' ', other.length);
	if (!x || !y)
		return (x == NULL) - (y == NULL);
	m = one.length - (size_t)(x - one.text) - 1;
	n = other.length - (size_t)(y - other.text) - 1;
	/* The newline counts as the end: less than anything else. */
	order = memcmp(x, y, m < n ? m : n);
	return order != 0 ? order : (m > n) - (m < n);
}

/* A sign, a blank unless the line is indented, the line. */
static int tell(const struct comparison *comparison, const char *sign, struct part line)
{
	char text[STATE_LINE_LIMIT + 8];
	size_t used = strlen(sign);

	if (line.length > 0 && line.text[line.length - 1] == '\n')
		line.length--;
	if (line.length > STATE_LINE_LIMIT)
		line.length = STATE_LINE_LIMIT;
	memcpy(text, sign, used);
	if (used > 0 && line.length > 0 && *line.text != '\t')
		text[used++] = ' ';
	memcpy(text + used, line.text, line.length);
	text[used + line.length] = '\0';
	return comparison->each(comparison->argument, text, used + line.length);
}

/* Is it one of the lines? They have an order of their own, so that none is missed by asking this.
 */
static bool holds(struct part lines, struct part line)
{
	const char *end = lines.text + lines.length;

	while (lines.text < end) {
		struct part next = line_of(lines.text);

		if (is_same(next, line))
			return true;
		lines.text += next.length;
	}
	return false;
}

/* Each line but those that `except` has, too. */
static int tell_lines(const struct comparison *comparison, const char *sign, struct part lines,
	struct part except)
{
	const char *end = lines.text + lines.length;
	int result = 0;

	/* Only the history of a node is long, and it grows at its end. */
	if (except.length > SEARCHED || lines.length > SEARCHED)
		except.length = 0;
	while (result == 0 && lines.text < end) {
		struct part line = line_of(lines.text);

		if (!holds(except, line))
			result = tell(comparison, sign, line);
		lines.text += line.length;
	}
	return result;
}

/* Take away what two parts have in common at their beginning: whole lines. */
static void skip_common(struct part *a, struct part *b)
{
	while (a->length > 0 && b->length > 0) {
		struct part one = line_of(a->text), other = line_of(b->text);

		if (!is_same(one, other))
			return;
		a->text += one.length;
		a->length -= one.length;
		b->text += other.length;
		b->length -= other.length;
	}
}

/* How long the last line is. */
static size_t last_line(struct part part)
{
	size_t length = 1;

	while (length < part.length && part.text[part.length - length - 1] != '\n')
		length++;
	return length;
}

static void skip_common_end(struct part *a, struct part *b)
{
	while (a->length > 0 && b->length > 0) {
		size_t one = last_line(*a), other = last_line(*b);

		if (one != other ||
			memcmp(a->text + a->length - one, b->text + b->length - other, one) != 0)
			return;
		a->length -= one;
		b->length -= other;
	}
}

static int tell_change(const struct comparison *comparison, struct part old, struct part new)
{
	int result = tell(comparison, "", line_of(old.text));

	comparison->changes->changed++;
	skip_common(&old, &new);
	skip_common_end(&old, &new);
	if (result == 0)
		result = tell_lines(comparison, "-", old, new);
	return result == 0 ? tell_lines(comparison, "+", new, old) : result;
}

int state_compare(const char *old, const char *new, struct state_changes *changes,
	int (*each)(void *argument, const char *line, size_t length), void *argument)
{
	const struct comparison comparison = { changes, each, argument };
	const struct part nothing = { "", 0 };
	struct part a = next_thing(old), b = next_thing(new);
	int result = 0;

	*changes = (struct state_changes){ 0 };
	while (result == 0 && (a.length > 0 || b.length > 0)) {
		int order = compare_things(a, b);

		if (order < 0) {
			changes->removed++;
			result = tell_lines(&comparison, "-", a, nothing);
		} else if (order > 0) {
			changes->added++;
			result = tell_lines(&comparison, "+", b, nothing);
		} else if (!is_same(a, b)) {
			result = tell_change(&comparison, a, b);
		}
		if (order <= 0)
			a = next_thing(a.text + a.length);
		if (order >= 0)
			b = next_thing(b.text + b.length);
	}
	return result;
}
