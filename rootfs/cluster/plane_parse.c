/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>

#include "common/str.h"
#include "rootfs/cluster/member.h"
#include "rootfs/json.h"

#define SMALLEST_FILE 32

static int get_begin(const char *json, enum plane_begin *begin)
{
	static const char *const names[] = { "kept", "empty", "snapshot" };
	char text[16];

	if (json_get(json, "begin", text, sizeof(text)) != 0)
		return -EBADMSG;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*begin = (enum plane_begin)i;
			return 0;
		}
	}
	return -EBADMSG;
}

/* They go through a systemd unit (systemd.service(5), "Command lines"): each is one word there, and
 * nothing in it means anything else. */
static int take_arguments(char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_=./:,@+";
	const char *line = text;

	for (char *p = text; *p; p++) {
		if (p == line && strncmp(p, "--", 2) != 0)
			return -EBADMSG;
		if (*p == '\n') {
			*p = ' ';
			line = p + 1;
		} else if (!strchr(plain, *p)) {
			return -EBADMSG;
		}
	}
	return *text ? 0 : -EBADMSG;
}

static int get_word(const char *json, const char *name, const char *of, char *out, size_t size)
{
	return json_get(json, name, out, size) == 0 && *out && out[strspn(out, of)] == '\0'
		       ? 0
		       : -EBADMSG;
}

static int parse(const char *json, struct plane_document *document)
{
	int result = get_word(
		json, "store", "0123456789abcdef", document->store, sizeof(document->store));

	if (result == 0 && strlen(document->store) != PLANE_STORE_SIZE - 1)
		result = -EBADMSG;
	if (result == 0)
		result = get_word(json, "version", "v0123456789.+-abcdefghijklmnopqrstuvwxyz",
			document->version, sizeof(document->version));
	if (result == 0)
		result = get_begin(json, &document->begin);
	for (size_t i = 0; result == 0 && i < PLANE_PROGRAMS; i++) {
		result = json_get(json, plane_programs[i], document->arguments[i],
			sizeof(document->arguments[i]));
		if (result == 0)
			result = take_arguments(document->arguments[i]);
	}
	for (size_t i = 0; result == 0 && i < PLANE_FILES; i++) {
		result = json_get(
			json, plane_files[i], document->files[i], sizeof(document->files[i]));
		if (result == 0 && strlen(document->files[i]) < SMALLEST_FILE)
			result = -EBADMSG;
	}
	return result;
}

int plane_parse(const char *json, struct plane_document *document)
{
	memset(document, 0, sizeof(*document));
	if (parse(json, document) == 0)
		return 0;
	explicit_bzero(document, sizeof(*document));
	return -EBADMSG;
}

int plane_parse_part(
	const char *json, uint64_t offset, char *out, size_t size, size_t *length, uint64_t *whole)
{
	char text[PLANE_PART_SIZE + 1], number[24];
	uint64_t at;
	int decoded;

	if (json_get(json, "size", number, sizeof(number)) != 0 ||
		str_parse_u64(number, 1, PLANE_SNAPSHOT_LIMIT, whole) != 0 ||
		json_get(json, "offset", number, sizeof(number)) != 0 ||
		str_parse_u64(number, 0, PLANE_SNAPSHOT_LIMIT, &at) != 0 || at != offset ||
		json_get(json, "text", text, sizeof(text)) != 0)
		return -EBADMSG;
	decoded = member_decode(text, out, size);
	if (decoded < 0 || offset > *whole || (uint64_t)decoded > *whole - offset)
		return -EBADMSG;
	*length = (size_t)decoded;
	return 0;
}
