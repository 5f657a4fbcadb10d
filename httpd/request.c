/* SPDX-License-Identifier: ISC */
#include "httpd/request.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/str.h"

enum request_method request_parse_method(const char *name)
{
	static const struct {
		const char *name;
		enum request_method method;
	} methods[] = {
		{ "GET", REQUEST_GET },
		{ "HEAD", REQUEST_HEAD },
		{ "POST", REQUEST_POST },
		{ "PUT", REQUEST_PUT },
		{ "DELETE", REQUEST_DELETE },
		{ "OPTIONS", REQUEST_OTHER },
		{ "PATCH", REQUEST_OTHER },
		{ "TRACE", REQUEST_OTHER },
		{ "CONNECT", REQUEST_OTHER },
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	}
	return REQUEST_UNKNOWN;
}

bool request_is_token(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text; text++) {
		bool alphanumeric = (*text >= '0' && *text <= '9') ||
				    (*text >= 'a' && *text <= 'z') ||
				    (*text >= 'A' && *text <= 'Z');

		if (!alphanumeric && !strchr("!#$%&'*+-.^_`|~", *text))
			return false;
	}
	return true;
}

static bool is_field_value(const char *text)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
			return false;
	}
	return true;
}

static void refuse(struct request_headers *headers, const char *reason)
{
	if (headers->refusal.status == 0)
		headers->refusal = (struct request_refusal){ 400, reason };
}

/* Is this word in a list (RFC 9110 section 5.6.1)? */
static bool is_listed(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (list += strspn(list, ", \t"); *list; list += strspn(list, ", \t")) {
		size_t item = strcspn(list, ", \t");

		if (item == length && strncasecmp(list, word, length) == 0)
			return true;
		list += item;
	}
	return false;
}

static void note_connection(struct request_headers *headers, const char *value)
{
	headers->close |= is_listed(value, "close");
	headers->keep_alive |= is_listed(value, "keep-alive");
}

/* A list may come in several fields (RFC 9110 section 5.3). */
static void note_tags(struct request_headers *headers, const char *value)
{
	for (size_t i = 0; i < REQUEST_TAG_FIELDS; i++) {
		if (!headers->if_none_match[i]) {
			headers->if_none_match[i] = value;
			return;
		}
	}
	refuse(headers, "If-None-Match is there too often");
}

void request_note_header(struct request_headers *headers, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **value;
		const char *twice;
	} known[] = {
		{ "Host", &headers->host, "Host is there twice" },
		{ "Content-Length", &headers->content_length, "Content-Length is there twice" },
		{ "Transfer-Encoding", &headers->transfer_encoding,
			"Transfer-Encoding is there twice" },
		{ "Range", &headers->range, "Range is there twice" },
		{ "If-Range", &headers->if_range, "If-Range is there twice" },
		{ "If-Match", &headers->if_match, "If-Match is there twice" },
		{ "If-Modified-Since", &headers->if_modified_since,
			"If-Modified-Since is there twice" },
		{ "If-Unmodified-Since", &headers->if_unmodified_since,
			"If-Unmodified-Since is there twice" },
		{ "Expect", &headers->expect, "Expect is there twice" },
	};

	if (!request_is_token(name) || !is_field_value(value)) {
		refuse(headers, "malformed header field");
		return;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcasecmp(known[i].name, name) != 0)
			continue;
		if (*known[i].value)
			refuse(headers, known[i].twice);
		*known[i].value = value;
		return;
	}
	if (strcasecmp(name, "Connection") == 0)
		note_connection(headers, value);
	else if (strcasecmp(name, "If-None-Match") == 0)
		note_tags(headers, value);
}

static bool takes_body(enum request_method method)
{
	return method == REQUEST_POST || method == REQUEST_PUT;
}

/* uri-host [ ":" port ] (RFC 9110 section 7.2, RFC 3986 section 3.2.2), or nothing. */
static bool is_host(const char *text)
{
	static const char marks[] = "-._~!$&'()*+,;=%";
	bool bracket = *text == '[';
	size_t length = 0;

	text += bracket;
	while ((text[length] >= '0' && text[length] <= '9') ||
		(text[length] >= 'a' && text[length] <= 'z') ||
		(text[length] >= 'A' && text[length] <= 'Z') || (bracket && text[length] == ':') ||
		(text[length] && strchr(marks, text[length])))
		length++;
	text += length;
	if (bracket && *text++ != ']')
		return false;
	if (*text == ':')
		text += 1 + strspn(text + 1, "0123456789");
	return *text == '\0';
}

static struct request_refusal judge_coding(const struct request_headers *headers, bool is_1_0)
{
	const char *coding = headers->transfer_encoding, *last = strrchr(coding, ',');

	last = last ? last + 1 + strspn(last + 1, " \t") : coding;
	if (headers->content_length || is_1_0 || strcasecmp(last, "chunked") != 0)
		return (struct request_refusal){ 400, "the length of the body is ambiguous" };
	if (last != coding)
		return (struct request_refusal){ 501, "unknown transfer coding" };
	return (struct request_refusal){ 411, "send the body with a Content-Length" };
}

struct request_refusal request_judge(enum request_method method, bool is_1_0,
	const struct request_headers *headers, uint64_t *body_size)
{
	int result = 0;

	*body_size = 0;
	if (headers->refusal.status != 0)
		return headers->refusal;
	if (!headers->host && !is_1_0)
		return (struct request_refusal){ 400, "the Host field is missing" };
	if (headers->host && !is_host(headers->host))
		return (struct request_refusal){ 400, "malformed Host" };
	if (headers->transfer_encoding)
		return judge_coding(headers, is_1_0);
	if (headers->content_length)
		result = str_parse_u64(headers->content_length, 0, UINT64_MAX, body_size);
	if (result == -EINVAL)
		return (struct request_refusal){ 400, "malformed Content-Length" };
	if (*body_size > 0 && !takes_body(method))
		return (struct request_refusal){ 400, "this method has no body" };
	if (result == -ERANGE || *body_size > REQUEST_BODY_LIMIT)
		return (struct request_refusal){ 413, "a body has at most 65536 bytes" };
	return (struct request_refusal){ 0, "" };
}

int request_split_target(const char *target, struct request_target *out)
{
	static const char scheme[] = "http://";

	for (const char *p = target; *p; p++) {
		if (*p <= ' ' || *p >= 0x7f || *p == '#')
			return -EINVAL;
	}
	if (strncasecmp(target, scheme, sizeof(scheme) - 1) == 0) {
		target += sizeof(scheme) - 1;
		if (strcspn(target, "/?") == 0)
			return -EINVAL;
		target += strcspn(target, "/?");
		if (!*target)
			target = "/";
	}
	if (*target != '/')
		return -EINVAL;
	out->path = target;
	out->path_length = strcspn(target, "?");
	out->query = target[out->path_length] == '?' ? target + out->path_length + 1 : NULL;
	return 0;
}

/* Bytes of the UTF-8 character at `text` (which ends with NUL), or 0 if there is none (RFC 3629
 * section 4: no overlong forms, no surrogates, nothing above U+10FFFF). */
static size_t character_length(const unsigned char *text)
{
	unsigned char lowest = 0x80, highest = 0xbf;
	size_t length;

	if (text[0] < 0x80)
		return 1;
	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		length = 2;
	else if (text[0] >= 0xe0 && text[0] <= 0xef)
		length = 3;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (text[0] == 0xe0)
		lowest = 0xa0;
	else if (text[0] == 0xed)
		highest = 0x9f;
	else if (text[0] == 0xf0)
		lowest = 0x90;
	else if (text[0] == 0xf4)
		highest = 0x8f;
	if (text[1] < lowest || text[1] > highest)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	}
	return length;
}

static bool is_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t length = character_length(p);

		if (length == 0)
			return false;
		p += length;
	}
	return true;
}

/* One byte of a path, escaped or not. Returns how many bytes of `path` it took, or -EINVAL. */
static int decode_byte(const char *path, size_t length, char *out)
{
	int high, low;

	if (path[0] != '%') {
		*out = path[0];
		return 1;
	}
	high = length > 2 ? str_hex_value(path[1]) : -1;
	low = length > 2 ? str_hex_value(path[2]) : -1;
	if (high < 0 || low < 0)
		return -EINVAL;
	*out = (char)(unsigned char)(high << 4 | low);
	return *out == '/' ? -EINVAL : 3;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool has_odd_segment(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (path[length] == '\0' && length == 0)
			return false; /* behind the last '/': a directory */
		if (length == 0 || (length == 1 && path[0] == '.') ||
			(length == 2 && path[0] == '.' && path[1] == '.'))
			return true;
		if (path[length] == '\0')
			return false;
		path += length + 1;
	}
}

int request_decode_path(const char *path, size_t length, char *out, size_t size)
{
	size_t used = 0;

	if (length == 0 || path[0] != '/' || size == 0)
		return -EINVAL;
	for (size_t i = 1; i < length;) {
		char byte;
		int taken = decode_byte(path + i, length - i, &byte);

		if (taken < 0 || is_control(byte))
			return -EINVAL;
		if (used + 1 >= size)
			return -ENAMETOOLONG;
		out[used++] = byte;
		i += (size_t)taken;
	}
	out[used] = '\0';
	if (has_odd_segment(out) || !is_utf8(out))
		return -EINVAL;
	return used == 0 || out[used - 1] == '/' ? -ENOENT : 0;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Digits up to the first other byte; what doesn't fit counts as UINT64_MAX. Returns false without
 * one. */
static bool parse_position(const char **text, uint64_t *value)
{
	const char *p = *text;

	*value = 0;
	for (; *p >= '0' && *p <= '9'; p++) {
		unsigned digit = (unsigned)(*p - '0');

		*value = *value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *value * 10 + digit;
	}
	if (p == *text)
		return false;
	*text = p;
	return true;
}

static enum request_range_kind take_suffix(
	uint64_t length, uint64_t size, struct request_range *range)
{
	if (length == 0)
		return REQUEST_UNSATISFIABLE;
	if (size == 0)
		return REQUEST_WHOLE; /* satisfiable, but there is no way to write 0 bytes of 0 */
	range->first = length < size ? size - length : 0;
	range->last = size - 1;
	return REQUEST_PART;
}

enum request_range_kind request_parse_range(
	const char *header, uint64_t size, struct request_range *range)
{
	static const char unit[] = "bytes=";
	uint64_t first = 0, last = UINT64_MAX;
	bool has_first, has_last;

	if (!header || strncasecmp(header, unit, sizeof(unit) - 1) != 0)
		return REQUEST_WHOLE;
	header = skip_blanks(header + sizeof(unit) - 1);
	has_first = parse_position(&header, &first);
	if (*header++ != '-')
		return REQUEST_WHOLE;
	has_last = parse_position(&header, &last);
	if (!has_last)
		last = UINT64_MAX;
	if (*skip_blanks(header) != '\0' || (!has_first && !has_last) ||
		(has_first && last < first))
		return REQUEST_WHOLE;
	if (!has_first)
		return take_suffix(last, size, range);
	if (first >= size)
		return REQUEST_UNSATISFIABLE;
	range->first = first;
	range->last = last < size ? last : size - 1;
	return REQUEST_PART;
}

/* Is this exactly one quoted tag, `"tag"`, at *text? Moves behind any quoted text. */
static bool take_tag(const char **text, const char *tag, bool *same)
{
	const char *begin = *text + 1, *end;

	if (**text != '"')
		return false;
	end = strchr(begin, '"');
	if (!end)
		return false;
	*same = *tag && strlen(tag) == (size_t)(end - begin) &&
		memcmp(tag, begin, (size_t)(end - begin)) == 0;
	*text = end + 1;
	return true;
}

bool request_tag_is_listed(const char *list, const char *tag, bool weakly)
{
	const char *p = skip_blanks(list);

	if (*p == '*')
		return *skip_blanks(p + 1) == '\0';
	while (*p) {
		bool weak = strncmp(p, "W/", 2) == 0, same;

		if (weak)
			p += 2;
		if (!take_tag(&p, tag, &same))
			return false;
		if (same && (weakly || !weak))
			return true;
		p = skip_blanks(p);
		if (*p != ',' && *p != '\0')
			return false;
		p += strspn(p, ", \t");
	}
	return false;
}

bool request_if_range_holds(const char *header, const char *tag)
{
	const char *p = skip_blanks(header);
	bool same;

	return take_tag(&p, tag, &same) && same && *skip_blanks(p) == '\0';
}

bool request_is_tag(const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p <= ' ' || *p >= 0x7f || *p == '"')
			return false;
	}
	return *text != '\0';
}
