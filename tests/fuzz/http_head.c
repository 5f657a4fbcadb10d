/* SPDX-License-Identifier: ISC */
/* Any bytes as the header section of a request: the first byte says how they arrive in pieces, the
 * rest is the stream. However they arrive, they mean the same; what is complete has no line end or
 * NUL but where the section's own rules put it, and its content ends where one length says. */
#include <stdlib.h>
#include <string.h>

#include "httpd/date.h"
#include "httpd/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static enum head_state feed(
	struct head *head, char *buffer, const uint8_t *data, size_t size, size_t step)
{
	enum head_state state = HEAD_INCOMPLETE;

	memset(head, 0, sizeof(*head));
	for (size_t used = 0; used < size && state == HEAD_INCOMPLETE;) {
		size_t n = size - used < step ? size - used : step;

		memcpy(buffer + used, data + used, n);
		used += n;
		state = head_read(head, buffer, used);
	}
	return state;
}

static void must_agree(const struct head *a, const struct head *b)
{
	must(a->length == b->length && a->refusal.status == b->refusal.status);
	must(!a->method == !b->method && (!a->method || strcmp(a->method, b->method) == 0));
	must(!a->target == !b->target && (!a->target || strcmp(a->target, b->target) == 0));
	must(a->fields_seen == b->fields_seen && a->fields.close == b->fields.close);
}

/* In the raw bytes: lines end with CR LF, none begins with a blank, the last is empty. */
static void must_be_clean(const uint8_t *data, size_t length)
{
	must(length >= 4 && memcmp(data + length - 4, "\r\n\r\n", 4) == 0);
	for (size_t i = 0; i < length; i++) {
		must(data[i] != 0 && data[i] != 0x7f);
		must((data[i] == '\r') == (i + 1 < length && data[i + 1] == '\n'));
		must(i < 2 || data[i - 1] != '\n' || (data[i] != ' ' && data[i] != '\t'));
	}
}

static void judge(const struct head *head)
{
	enum request_method method = request_parse_method(head->method);
	uint64_t body_size;
	struct request_refusal refusal =
		request_judge(method, head->is_1_0, &head->fields, &body_size);
	int64_t seconds;

	if (refusal.status == 0) {
		must(head->is_1_0 || head->fields.host);
		must(!head->fields.transfer_encoding && body_size <= REQUEST_BODY_LIMIT);
		must(body_size == 0 || head->fields.content_length);
	}
	if (head->fields.if_modified_since &&
		date_parse(head->fields.if_modified_since, &seconds) == 0) {
		char text[DATE_TEXT_SIZE];
		int64_t again;

		date_format(seconds, text);
		must(seconds < 0 || (date_parse(text, &again) == 0 && again == seconds));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char one[HEAD_SIZE], other[HEAD_SIZE];
	struct head whole, pieces;
	enum head_state state;
	size_t step;

	if (size < 1)
		return 0;
	step = data[0] % 64u + 1u;
	data++;
	size = size - 1 < HEAD_SIZE ? size - 1 : HEAD_SIZE;
	state = feed(&whole, one, data, size, HEAD_SIZE);
	must(feed(&pieces, other, data, size, step) == state);
	must((state == HEAD_REFUSED) == (whole.refusal.status != 0));
	must_agree(&whole, &pieces);
	if (state == HEAD_COMPLETE) {
		must(whole.length <= size && whole.method && whole.target);
		must_be_clean(data, whole.length);
		judge(&whole);
	}
	return 0;
}
