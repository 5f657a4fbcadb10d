/* SPDX-License-Identifier: ISC */
/*
 * Tables for a terminal: columns as wide as their content, two blanks between them, no blanks at
 * the end of a line. Where the whole is too wide, the last column goes on in further lines below
 * itself.
 */
#ifndef BRAMBLE_CLI_TABLE_H
#define BRAMBLE_CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS 12
#define TABLE_CELL_SIZE 512

enum table_color { TABLE_PLAIN, TABLE_GREEN, TABLE_YELLOW, TABLE_RED };

struct table_column {
	const char *title; /* "": no heading; when all are empty, no heading line */
	bool right;	   /* numbers stand on the right */
};

struct table;

/* `columns` ends with title == NULL and must live as long as the table. NULL when memory is short.
 */
struct table *table_new(const struct table_column *columns);
void table_free(struct table *table);

/* Begin a row, then fill its cells from left to right; missing ones stay empty. The text is made
 * visible (text_visible) and copied. Memory that is missing shows in table_print. */
void table_row(struct table *table);
void table_cell(struct table *table, const char *text);
void table_cell_colored(struct table *table, enum table_color color, const char *text);
void table_cellf(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Number of rows. */
size_t table_rows(const struct table *table);

/* `width` columns, 0: no limit. Returns 0, or -ENOMEM when a row was lost. */
int table_print(const struct table *table, FILE *out, size_t width, bool color);

/* Print a text, broken at blanks so that no line is wider than `width` (0: no limit); lines after
 * the first begin with `indent` blanks, which the first already has (it is in the middle of a
 * line). */
void table_print_wrapped(FILE *out, const char *visible, size_t indent, size_t width);

#endif
