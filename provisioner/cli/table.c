/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/cli/text.h"

#define GAP 2
#define LEAST_LAST_COLUMN 16 /* narrower, wrapping makes it worse */

/* There may be 10,000 rows: texts stand one behind the other, each measured once. */
struct cell {
	size_t text; /* where it begins in `texts` */
	size_t columns;
	enum table_color color;
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	struct cell *cells; /* row by row, column_count each */
	size_t row_count, row_room;
	size_t next_cell;
	char *texts;
	size_t text_used, text_room;
	bool lost; /* memory was short */
};

struct table *table_new(const struct table_column *columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	while (table->column_count < TABLE_COLUMNS && columns[table->column_count].title)
		table->column_count++;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	free(table->cells);
	free(table->texts);
	free(table);
}

void table_row(struct table *table)
{
	table->next_cell = 0;
	if (table->row_count == table->row_room) {
		size_t room = table->row_room ? table->row_room * 2 : 16;
		struct cell *cells =
			reallocarray(table->cells, room * table->column_count + 1, sizeof(*cells));

		if (!cells) {
			table->lost = true;
			table->next_cell = TABLE_COLUMNS;
			return;
		}
		table->cells = cells;
		table->row_room = room;
	}
	memset(&table->cells[table->row_count++ * table->column_count], 0,
		table->column_count * sizeof(*table->cells));
}

/* Is there room for one more text? */
static bool has_room(struct table *table)
{
	const size_t room = table->text_room ? 2 * table->text_room : 16 * TABLE_CELL_SIZE;
	char *grown;

	if (table->text_room - table->text_used >= TABLE_CELL_SIZE)
		return true;
	grown = realloc(table->texts, room);
	if (!grown) {
		table->lost = true;
		return false;
	}
	table->texts = grown;
	table->text_room = room;
	return true;
}

void table_cell_colored(struct table *table, enum table_color color, const char *text)
{
	struct cell *cell;
	char *visible;

	if (table->next_cell >= table->column_count)
		return;
	cell = &table->cells[(table->row_count - 1) * table->column_count + table->next_cell++];
	cell->color = color;
	if (!has_room(table))
		return;
	visible = table->texts + table->text_used;
	cell->text = table->text_used;
	cell->columns = text_visible(visible, TABLE_CELL_SIZE, text);
	table->text_used += strlen(visible) + 1;
}

void table_cell(struct table *table, const char *text)
{
	table_cell_colored(table, TABLE_PLAIN, text);
}

void table_cellf(struct table *table, const char *format, ...)
{
	char text[TABLE_CELL_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	table_cell(table, text);
}

size_t table_rows(const struct table *table)
{
	return table->row_count;
}

static const struct cell *row_of(const struct table *table, size_t i)
{
	return &table->cells[i * table->column_count];
}

static const char *text_of(const struct table *table, const struct cell *cell)
{
	return cell->columns > 0 ? table->texts + cell->text : "";
}

/* Widths of all columns but the last, which may wrap. Returns where the last one begins. */
static size_t measure(const struct table *table, size_t widths[static TABLE_COLUMNS])
{
	size_t begin = 0;

	for (size_t j = 0; j < table->column_count; j++)
		widths[j] = text_columns(table->columns[j].title);
	for (size_t i = 0; i < table->row_count; i++) {
		const struct cell *row = row_of(table, i);

		for (size_t j = 0; j < table->column_count; j++) {
			if (row[j].columns > widths[j])
				widths[j] = row[j].columns;
		}
	}
	for (size_t j = 0; j + 1 < table->column_count; j++)
		begin += widths[j] + GAP;
	return begin;
}

static const char *color_begin(enum table_color color)
{
	switch (color) {
	case TABLE_PLAIN:
		return "";
	case TABLE_GREEN:
		return "\033[32m";
	case TABLE_YELLOW:
		return "\033[33m";
	case TABLE_RED:
		return "\033[31m";
	}
	return "";
}

/* Bytes of `text` that fit into `room` columns, broken after a blank if there is one. */
static size_t piece(const char *text, size_t room)
{
	size_t bytes = text_bytes_of_columns(text, room), end;

	if (text[bytes] == '\0' || text[bytes] == ' ')
		return bytes;
	for (end = bytes; end > 0 && text[end - 1] != ' '; end--)
		;
	return end > 0 ? end : bytes;
}

static void put_blanks(FILE *out, size_t n)
{
	static const char blanks[] = "                                                            ";

	for (; n >= sizeof(blanks); n -= sizeof(blanks) - 1)
		fwrite(blanks, 1, sizeof(blanks) - 1, out);
	fwrite(blanks, 1, n, out);
}

void table_print_wrapped(FILE *out, const char *visible, size_t indent, size_t width)
{
	size_t room = width > indent + LEAST_LAST_COLUMN ? width - indent : 0;

	for (;;) {
		size_t bytes = room == 0 ? strlen(visible) : piece(visible, room);
		size_t shown = bytes;

		while (shown > 0 && visible[shown - 1] == ' ')
			shown--;
		fwrite(visible, 1, shown, out);
		visible += bytes;
		visible += strspn(visible, " ");
		if (*visible == '\0' || bytes == 0)
			return;
		fputc('\n', out);
		put_blanks(out, indent);
	}
}

/* What one cell prints. */
struct printed {
	const char *text;
	size_t columns;
	enum table_color color;
	bool right;
};

static void put_cell(FILE *out, const struct printed *cell, size_t width, bool is_last)
{
	const size_t padding = width - cell->columns;

	if (cell->right)
		put_blanks(out, padding);
	if (cell->color != TABLE_PLAIN)
		fprintf(out, "%s%s\033[0m", color_begin(cell->color), cell->text);
	else
		fputs(cell->text, out);
	if (!is_last)
		put_blanks(out, (cell->right ? 0 : padding) + GAP);
}

/* No blanks at the end of a line: the row ends with its last cell that isn't empty. */
static void put_row(FILE *out, const struct table *table, const struct printed *row,
	const size_t *widths, size_t last_begin, size_t width)
{
	const size_t last = table->column_count - 1;
	size_t end = table->column_count;

	while (end > 0 && row[end - 1].columns == 0)
		end--;
	for (size_t j = 0; j < end && j < last; j++)
		put_cell(out, &row[j], widths[j], j + 1 == end);
	if (end <= last)
		; /* it ended before */
	else if (row[last].right)
		put_cell(out, &row[last], widths[last], true);
	else if (row[last].color != TABLE_PLAIN)
		put_cell(out, &row[last], row[last].columns, true);
	else
		table_print_wrapped(out, row[last].text, last_begin, width);
	fputc('\n', out);
}

static void print_headings(
	FILE *out, const struct table *table, const size_t *widths, size_t last_begin)
{
	struct printed row[TABLE_COLUMNS];
	size_t columns = 0;

	for (size_t j = 0; j < table->column_count; j++) {
		row[j] = (struct printed){ .text = table->columns[j].title,
			.columns = text_columns(table->columns[j].title),
			.right = table->columns[j].right };
		columns += row[j].columns;
	}
	if (columns > 0)
		put_row(out, table, row, widths, last_begin, 0);
}

int table_print(const struct table *table, FILE *out, size_t width, bool color)
{
	struct printed row[TABLE_COLUMNS];
	size_t widths[TABLE_COLUMNS];
	size_t last_begin = measure(table, widths);

	if (table->column_count == 0)
		return 0;
	print_headings(out, table, widths, last_begin);
	for (size_t i = 0; i < table->row_count; i++) {
		for (size_t j = 0; j < table->column_count; j++) {
			const struct cell *cell = &row_of(table, i)[j];

			row[j] = (struct printed){ .text = text_of(table, cell),
				.columns = cell->columns,
				.color = color ? cell->color : TABLE_PLAIN,
				.right = table->columns[j].right };
		}
		put_row(out, table, row, widths, last_begin, width);
	}
	return table->lost ? -ENOMEM : 0;
}
