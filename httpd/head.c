/* SPDX-License-Identifier: ISC */
#include "httpd/head.h"

#include <string.h>

#define LINE_LIMIT (REQUEST_TARGET_SIZE + 64u) /* of the request line */

static enum head_state refuse(struct head *head, unsigned status, const char *reason)
{
	head->refusal = (struct request_refusal){ status, reason };
	return HEAD_REFUSED;
}

/* "HTTP/1.1": RFC 9112 section 2.3. Returns the major version, or -1. */
static int read_version(const char *text, bool *is_1_0)
{
	if (strncmp(text, "HTTP/", 5) != 0 || strlen(text) != 8 || text[6] != '.' ||
		text[5] < '0' || text[5] > '9' || text[7] < '0' || text[7] > '9')
		return -1;
	*is_1_0 = text[7] == '0';
	return text[5] - '0';
}

/* Exactly one blank between the three words; a target of visible ASCII (RFC 9112 section 3). */
static enum head_state read_request_line(struct head *head, char *line)
{
	char *target = strchr(line, ' '), *version;
	int major;

	if (!target)
		return refuse(head, 400, "malformed request line");
	*target++ = '\0';
	version = strchr(target, ' ');
	if (!version || version == target || !request_is_token(line))
		return refuse(head, 400, "malformed request line");
	*version++ = '\0';
	for (const char *p = target; *p; p++) {
		if (*p <= ' ' || *p >= 0x7f)
			return refuse(head, 400, "malformed request line");
	}
	major = read_version(version, &head->is_1_0);
	if (major < 0)
		return refuse(head, 400, "malformed request line");
	head->method = line;
	head->target = target;
	if (major != 1)
		return refuse(head, 505, "this server speaks HTTP/1.1");
	if (strlen(target) >= REQUEST_TARGET_SIZE)
		return refuse(head, 414, "the path is too long");
	return HEAD_INCOMPLETE;
}

static enum head_state read_field(struct head *head, char *line)
{
	char *colon = strchr(line, ':'), *value, *end;

	if (*line == ' ' || *line == '\t')
		return refuse(head, 400, "a header field is folded");
	if (!colon)
		return refuse(head, 400, "a header field has no colon");
	if (++head->fields_seen > HEAD_FIELDS)
		return refuse(head, 431, "there are too many header fields");
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	request_note_header(&head->fields, line, value);
	if (head->fields.refusal.status != 0)
		return refuse(head, head->fields.refusal.status, head->fields.refusal.reason);
	return HEAD_INCOMPLETE;
}

/* A whole line, ended by NUL. */
static enum head_state read_line(struct head *head, char *line)
{
	if (!head->method && !*line) {
		if (++head->empty_lines > HEAD_EMPTY_LINES)
			return refuse(head, 400, "there are too many empty lines");
		return HEAD_INCOMPLETE;
	}
	if (!head->method)
		return read_request_line(head, line);
	if (!*line)
		return HEAD_COMPLETE;
	return read_field(head, line);
}

/* RFC 9112 section 2.2: a line ends with CR LF; alone, neither has a place in it. */
static enum head_state check_byte(struct head *head, const char *buffer, size_t at)
{
	unsigned char byte = (unsigned char)buffer[at];
	bool behind_cr = at > head->line && buffer[at - 1] == '\r';

	if (behind_cr && byte != '\n')
		return refuse(head, 400, "a line has CR in it");
	if (!behind_cr && byte == '\n')
		return refuse(head, 400, "a line ends with LF alone");
	if ((byte < 0x20 && !strchr("\t\r\n", byte)) || byte == 0 || byte == 0x7f)
		return refuse(head, 400, "there is a control byte in the header");
	if (!head->method && at - head->line >= LINE_LIMIT)
		return refuse(head, 414, "the request line is too long");
	return HEAD_INCOMPLETE;
}

enum head_state head_read(struct head *head, char *buffer, size_t used)
{
	enum head_state state = HEAD_INCOMPLETE;

	for (; state == HEAD_INCOMPLETE && head->scanned < used; head->scanned++) {
		size_t at = head->scanned;

		state = check_byte(head, buffer, at);
		if (state != HEAD_INCOMPLETE || buffer[at] != '\n')
			continue;
		buffer[at - 1] = '\0';
		state = read_line(head, buffer + head->line);
		head->line = at + 1;
	}
	if (state == HEAD_COMPLETE)
		head->length = head->line;
	if (state == HEAD_INCOMPLETE && used == HEAD_SIZE)
		return refuse(head, 431, "the header is too long");
	return state;
}
