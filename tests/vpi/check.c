/* SPDX-License-Identifier: ISC */
#include "tests/vpi/check.h"

#include <stdbool.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#define IMAGE_MAGIC_AT 56

static bool is_arm64_image(const uint8_t *data, size_t size)
{
	return size >= 64 && memcmp(data + IMAGE_MAGIC_AT, "ARM\x64", 4) == 0;
}

static bool begins_with(const uint8_t *data, size_t size, const char *magic, size_t length)
{
	return size >= length && memcmp(data, magic, length) == 0;
}

static const char *check_gzip_kernel(const uint8_t *data, size_t size)
{
	z_stream stream = { .next_in = data, .avail_in = (uInt)size };
	uint8_t head[64] = { 0 }, sink[65536] = { 0 };
	bool first = true, is_image = false;
	int result;

	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return "no memory to unpack the kernel";
	do {
		stream.next_out = first ? head : sink;
		stream.avail_out = first ? sizeof(head) : sizeof(sink);
		result = inflate(&stream, Z_NO_FLUSH);
		if (first)
			is_image = is_arm64_image(head, sizeof(head) - stream.avail_out);
		first = false;
	} while (result == Z_OK);
	inflateEnd(&stream);
	if (result != Z_STREAM_END)
		return "the compressed kernel is damaged or cut off";
	return is_image ? NULL : "what the kernel file unpacks to isn't an arm64 Image";
}

const char *check_kernel(const uint8_t *data, size_t size)
{
	if (begins_with(data, size, "\x1f\x8b", 2))
		return check_gzip_kernel(data, size);
	return is_arm64_image(data, size) ? NULL : "the kernel is neither gzip nor an arm64 Image";
}

static uint32_t read_32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Is `wanted` one of the strings in a "compatible" property? */
static bool is_listed(const uint8_t *value, size_t length, const char *wanted)
{
	size_t at = 0;

	while (at < length) {
		size_t n = strnlen((const char *)value + at, length - at);

		if (n == strlen(wanted) && memcmp(value + at, wanted, n) == 0)
			return true;
		at += n + 1;
	}
	return false;
}

struct tree {
	const uint8_t *structure, *strings;
	size_t structure_size, strings_size;
};

enum { BEGIN_NODE = 1, END_NODE, PROPERTY, NOP, END };

/* Look through the properties of the root, which come before its first child. */
static bool root_is_compatible(const struct tree *tree, const char *wanted)
{
	size_t at = 8; /* BEGIN_NODE and the root's empty name */

	if (tree->structure_size < at || read_32(tree->structure) != BEGIN_NODE)
		return false;
	while (at + 4 <= tree->structure_size) {
		uint32_t token = read_32(tree->structure + at), length, name;

		at += 4;
		if (token == NOP)
			continue;
		if (token != PROPERTY || at + 8 > tree->structure_size)
			return false;
		length = read_32(tree->structure + at);
		name = read_32(tree->structure + at + 4);
		at += 8;
		if (length > tree->structure_size - at || name >= tree->strings_size)
			return false;
		if (strncmp((const char *)tree->strings + name, "compatible",
			    tree->strings_size - name) == 0)
			return is_listed(tree->structure + at, length, wanted);
		at += (length + 3u) & ~(size_t)3;
	}
	return false;
}

const char *check_tree(const uint8_t *data, size_t size, const char *compatible)
{
	uint32_t total, structure, strings, strings_size, structure_size;
	struct tree tree;

	if (size < 40 || read_32(data) != 0xd00dfeed)
		return "the device tree doesn't begin with d00dfeed";
	total = read_32(data + 4);
	structure = read_32(data + 8);
	strings = read_32(data + 12);
	strings_size = read_32(data + 32);
	structure_size = read_32(data + 36);
	if (total > size || structure > total || structure_size > total - structure ||
		strings > total || strings_size > total - strings)
		return "the device tree is cut off";
	tree = (struct tree){ data + structure, data + strings, structure_size, strings_size };
	return root_is_compatible(&tree, compatible) ? NULL
						     : "the device tree is for another board";
}

const char *check_initramfs(const uint8_t *data, size_t size)
{
	static const struct {
		const char *magic;
		size_t length;
	} known[] = { { "070701", 6 }, { "\x1f\x8b", 2 },
		{ "\xfd"
		  "7zXZ",
			5 },
		{ "\x28\xb5\x2f\xfd", 4 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (begins_with(data, size, known[i].magic, known[i].length))
			return NULL;
	return "the initramfs is neither cpio nor gzip, xz or zstd";
}

const char *check_cmdline(const uint8_t *data, size_t size)
{
	static const char *const roots[] = { "bramble.image=/",
		"bramble.wait=", "nfsroot=", "root=" };
	size_t line = strcspn((const char *)data, "\r\n");

	/* Only the first line counts (raspberrypi/documentation, cmdline.txt). */
	if (size > line + 1)
		return "cmdline.txt has more than one line";
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		const char *found = strstr((const char *)data, roots[i]);

		if (found && (found == (const char *)data || found[-1] == ' '))
			return NULL;
	}
	return "cmdline.txt names no root";
}

bool check_waits(const uint8_t *data, size_t size)
{
	return data && size > 0 && strstr((const char *)data, " bramble.wait=") != NULL;
}

const char *check_firmware(const uint8_t *data, size_t size)
{
	return begins_with(data, size,
		       "\x7f"
		       "ELF",
		       4)
		       ? NULL
		       : "the firmware file isn't an ELF program";
}
