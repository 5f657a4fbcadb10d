/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/cli/text.h"

#define GAP 2
#define LEAST_LAST_COLUMN 16 /* narrower, wrapping makes it worse */

struct cell {
	char *text; /* NULL: empty */
	enum table_color color;
};

struct row {
	struct cell cells[TABLE_COLUMNS];
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	struct row *rows;
	size_t row_count, row_room;
	size_t next_cell;
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
	for (size_t i = 0; i < table->row_count; i++) {
		for (size_t j = 0; j < TABLE_COLUMNS; j++)
			free(table->rows[i].cells[j].text);
	}
	free(table->rows);
	free(table);
}

void table_row(struct table *table)
{
	table->next_cell = 0;
	if (table->row_count == table->row_room) {
		size_t room = table->row_room ? table->row_room * 2 : 16;
		struct row *rows = reallocarray(table->rows, room, sizeof(*rows));

		if (!rows) {
			table->lost = true;
			table->next_cell = TABLE_COLUMNS;
			return;
		}
		table->rows = rows;
		table->row_room = room;
	}
	table->rows[table->row_count++] = (struct row){ 0 };
}

void table_cell_colored(struct table *table, enum table_color color, const char *text)
{
	char visible[TABLE_CELL_SIZE];
	struct cell *cell;

	if (table->next_cell >= table->column_count)
		return;
	text_visible(visible, sizeof(visible), text);
	cell = &table->rows[table->row_count - 1].cells[table->next_cell++];
	cell->color = color;
	cell->text = strdup(visible);
	table->lost |= !cell->text;
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

static const char *text_of(const struct row *row, size_t column)
{
	return row->cells[column].text ? row->cells[column].text : "";
}

/* Widths of all columns but the last, which may wrap. Returns where the last one begins. */
static size_t measure(const struct table *table, size_t widths[static TABLE_COLUMNS])
{
	size_t begin = 0;

	for (size_t j = 0; j < table->column_count; j++) {
		widths[j] = text_columns(table->columns[j].title);
		for (size_t i = 0; i < table->row_count; i++) {
			size_t columns = text_columns(text_of(&table->rows[i], j));

			if (columns > widths[j])
				widths[j] = columns;
		}
		if (j + 1 < table->column_count)
			begin += widths[j] + GAP;
	}
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
		fprintf(out, "\n%*s", (int)indent, "");
	}
}

/* Is there anything in this column or to the right of it? */
static bool is_rest_empty(const struct row *row, size_t column, size_t count)
{
	for (; column < count; column++) {
		if (*text_of(row, column))
			return false;
	}
	return true;
}

static void print_cell(FILE *out, const struct table *table, const struct row *row, size_t j,
	size_t width, bool color)
{
	const struct cell *cell = &row->cells[j];
	const char *text = text_of(row, j);
	int padding = (int)(width - text_columns(text));
	bool is_last = is_rest_empty(row, j + 1, table->column_count);

	if (table->columns[j].right)
		fprintf(out, "%*s", padding, "");
	if (color && cell->color != TABLE_PLAIN)
		fprintf(out, "%s%s\033[0m", color_begin(cell->color), text);
	else
		fputs(text, out);
	if (!is_last)
		fprintf(out, "%*s", (table->columns[j].right ? 0 : padding) + GAP, "");
}

static void print_row(FILE *out, const struct table *table, const struct row *row,
	const size_t *widths, size_t last_begin, size_t width, bool color)
{
	size_t last = table->column_count - 1;

	for (size_t j = 0; j < last && !is_rest_empty(row, j, table->column_count); j++)
		print_cell(out, table, row, j, widths[j], color);
	if (*text_of(row, last) == '\0')
		; /* no blanks at the end of a line */
	else if (table->columns[last].right)
		print_cell(out, table, row, last, widths[last], color);
	else if (color && row->cells[last].color != TABLE_PLAIN)
		print_cell(out, table, row, last, text_columns(text_of(row, last)), color);
	else
		table_print_wrapped(out, text_of(row, last), last_begin, width);
	fputc('\n', out);
}

int table_print(const struct table *table, FILE *out, size_t width, bool color)
{
	struct row heading = { 0 };
	size_t widths[TABLE_COLUMNS];
	size_t last_begin = measure(table, widths);

	if (table->column_count == 0)
		return 0;
	for (size_t j = 0; j < table->column_count; j++)
		heading.cells[j].text = (char *)(uintptr_t)table->columns[j].title;
	if (!is_rest_empty(&heading, 0, table->column_count))
		print_row(out, table, &heading, widths, last_begin, 0, false);
	for (size_t i = 0; i < table->row_count; i++)
		print_row(out, table, &table->rows[i], widths, last_begin, width, color);
	return table->lost ? -ENOMEM : 0;
}
