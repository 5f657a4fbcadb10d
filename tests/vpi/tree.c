/* SPDX-License-Identifier: ISC */
#include "tests/vpi/tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC 0xd00dfeedu

enum { BEGIN_NODE = 1, PROPERTY = 3, NOP = 4 };

/* Offsets in the header. */
enum {
	AT_TOTAL = 4,
	AT_STRUCTURE = 8,
	AT_STRINGS = 12,
	AT_RESERVED = 16,
	AT_STRINGS_SIZE = 32,
	AT_STRUCTURE_SIZE = 36,
	HEADER_SIZE = 40,
};

struct area {
	size_t at, size;
};

struct writer {
	uint8_t *bytes;
	size_t used;
};

static uint32_t read_32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void write_32(uint8_t *p, size_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static size_t align_4(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static void put(struct writer *writer, const void *data, size_t size)
{
	memcpy(writer->bytes + writer->used, data, size);
	writer->used += size;
}

static void put_32(struct writer *writer, size_t value)
{
	write_32(writer->bytes + writer->used, value);
	writer->used += 4;
}

static bool is_inside(struct area area, size_t size)
{
	return area.at <= size && area.size <= size - area.at;
}

/* The reservations end with sixteen zero bytes. */
static bool find_reservations(const uint8_t *in, size_t size, struct area *area)
{
	static const uint8_t end[16] = { 0 };

	area->at = read_32(in + AT_RESERVED);
	for (size_t at = area->at; at <= size && size - at >= sizeof(end); at += sizeof(end)) {
		if (memcmp(in + at, end, sizeof(end)) == 0) {
			area->size = at + sizeof(end) - area->at;
			return true;
		}
	}
	return false;
}

static bool find_areas(const uint8_t *in, size_t size, struct area *reserved,
	struct area *structure, struct area *strings)
{
	if (size < HEADER_SIZE || size > TREE_SIZE_LIMIT || read_32(in) != MAGIC ||
		read_32(in + AT_TOTAL) > size || !find_reservations(in, size, reserved))
		return false;
	*structure = (struct area){ read_32(in + AT_STRUCTURE), read_32(in + AT_STRUCTURE_SIZE) };
	*strings = (struct area){ read_32(in + AT_STRINGS), read_32(in + AT_STRINGS_SIZE) };
	/* BEGIN_NODE and the root's empty name. */
	return is_inside(*structure, size) && is_inside(*strings, size) && structure->size >= 8 &&
	       read_32(in + structure->at) == BEGIN_NODE && read_32(in + structure->at + 4) == 0;
}

static size_t extra_size(const struct tree_property *properties, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += 12 + align_4(strlen(properties[i].value) + 1) + strlen(properties[i].name) +
			1;
	return size;
}

/* The names are appended to the strings in the same order. */
static void put_properties(
	struct writer *writer, const struct tree_property *properties, size_t count, size_t name_at)
{
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(properties[i].value) + 1;

		put_32(writer, PROPERTY);
		put_32(writer, length);
		put_32(writer, name_at);
		put(writer, properties[i].value, length);
		writer->used += align_4(length) - length; /* calloc zeroed it */
		name_at += strlen(properties[i].name) + 1;
	}
}

static bool is_replaced(
	const struct tree_property *properties, size_t count, const char *name, size_t limit)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(name, properties[i].name, limit) == 0)
			return true;
	return false;
}

/* Copy the root's own properties but those that are replaced. Returns where its children begin, or
 * 0 if that isn't inside the structure. */
static size_t put_root_properties(struct writer *writer, const uint8_t *in, struct area structure,
	struct area strings, const struct tree_property *properties, size_t count)
{
	const uint8_t *p = in + structure.at;
	size_t at = 8;

	while (at + 4 <= structure.size) {
		size_t length, name;

		if (read_32(p + at) == NOP) {
			at += 4;
			continue;
		}
		if (read_32(p + at) != PROPERTY)
			return at;
		if (structure.size - at < 12)
			return 0;
		length = 12 + align_4((size_t)read_32(p + at + 4));
		name = read_32(p + at + 8);
		if (length > structure.size - at || name >= strings.size)
			return 0;
		if (!is_replaced(properties, count, (const char *)in + strings.at + name,
			    strings.size - name))
			put(writer, p + at, length);
		at += length;
	}
	return 0;
}

static void write_header(struct writer *writer, size_t structure_at, size_t strings_at)
{
	uint8_t *header = writer->bytes;

	write_32(header + AT_TOTAL, writer->used);
	write_32(header + AT_RESERVED, HEADER_SIZE);
	write_32(header + AT_STRUCTURE, structure_at);
	write_32(header + AT_STRUCTURE_SIZE, strings_at - structure_at);
	write_32(header + AT_STRINGS, strings_at);
	write_32(header + AT_STRINGS_SIZE, writer->used - strings_at);
}

int tree_add_properties(const uint8_t *in, size_t size, const struct tree_property *properties,
	size_t count, uint8_t **out, size_t *out_size)
{
	struct area reserved, structure, strings;
	struct writer writer = { 0 };
	size_t structure_at, strings_at, children;

	if (!find_areas(in, size, &reserved, &structure, &strings))
		return -EBADMSG;
	writer.bytes = calloc(1, HEADER_SIZE + reserved.size + structure.size + strings.size +
					 extra_size(properties, count));
	if (!writer.bytes)
		return -ENOMEM;
	put(&writer, in, HEADER_SIZE);
	put(&writer, in + reserved.at, reserved.size);
	structure_at = writer.used;
	put(&writer, in + structure.at, 8);
	put_properties(&writer, properties, count, strings.size);
	children = put_root_properties(&writer, in, structure, strings, properties, count);
	if (children == 0) {
		free(writer.bytes);
		return -EBADMSG;
	}
	put(&writer, in + structure.at + children, structure.size - children);
	strings_at = writer.used;
	put(&writer, in + strings.at, strings.size);
	for (size_t i = 0; i < count; i++)
		put(&writer, properties[i].name, strlen(properties[i].name) + 1);
	write_header(&writer, structure_at, strings_at);
	*out = writer.bytes;
	*out_size = writer.used;
	return 0;
}
