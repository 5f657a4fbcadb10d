/* SPDX-License-Identifier: ISC */
/* Any request target and any Range, If-Range, If-None-Match: the first 8 bytes are the file's size,
 * the rest is the text. A range stays within the file; a path has no way up and decodes to UTF-8
 * without control bytes; a tag is in the list that was made of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/date.h"
#include "httpd/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_range(const char *text, uint64_t size)
{
	struct request_range range;

	if (request_parse_range(text, size, &range) != REQUEST_PART)
		return;
	must(range.first <= range.last && range.last < size);
}

static void check_path(const char *text)
{
	struct request_target target;
	char path[256], second[256], again[3 * 256 + 2] = "/";
	size_t used = 1;

	if (request_split_target(text, &target) != 0)
		return;
	must(target.path[0] == '/' && target.path + target.path_length <= text + strlen(text));
	if (request_decode_path(target.path, target.path_length, path, sizeof(path)) != 0)
		return;
	must(*path && *path != '/' && path[strlen(path) - 1] != '/');
	must(strcmp(path, "..") != 0 && strncmp(path, "../", 3) != 0 && !strstr(path, "/../") &&
		!strstr(path, "//"));
	/* Every byte escaped but '/': the same path. */
	for (const char *p = path; *p; p++) {
		must((unsigned char)*p >= 0x20 && *p != 0x7f);
		used += (size_t)snprintf(again + used, sizeof(again) - used,
			*p == '/' ? "/" : "%%%02X", (unsigned char)*p);
	}
	must(request_decode_path(again, used, second, sizeof(second)) == 0);
	must(strcmp(path, second) == 0);
}

static void check_date(const char *text, uint64_t number)
{
	char shown[DATE_TEXT_SIZE];
	int64_t seconds, again;

	if (date_parse(text, &seconds) == 0) {
		date_format(seconds, shown);
		must(strlen(shown) == DATE_TEXT_SIZE - 1);
		must(date_parse(shown, &again) == 0);
		must(again == seconds || seconds < 0);
	}
	date_format((int64_t)number, shown);
	must(strlen(shown) == DATE_TEXT_SIZE - 1 && date_parse(shown, &again) == 0);
}

static void check_tags(const char *text)
{
	char list[512];

	(void)request_tag_is_listed(text, "a", true);
	(void)request_if_range_holds(text, "a");
	must(!request_tag_is_listed(text, "a", false) || request_tag_is_listed(text, "a", true));
	if (!request_is_tag(text) || strlen(text) > sizeof(list) - 16)
		return;
	snprintf(list, sizeof(list), "\"%s\"", text);
	must(request_if_range_holds(list, text));
	snprintf(list, sizeof(list), "\"\", W/\"%s\"", text);
	must(request_tag_is_listed(list, text, true));
}

static void check_headers(const char *text)
{
	struct request_headers headers = { 0 };
	uint64_t body_size;
	struct request_refusal refusal;

	request_note_header(&headers, "Host", text);
	request_note_header(&headers, text, text);
	request_note_header(&headers, "Content-Length", text);
	refusal = request_judge(REQUEST_POST, false, &headers, &body_size);
	must(refusal.status != 0 || body_size <= REQUEST_BODY_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t file_size;
	char *text;

	if (size < sizeof(file_size))
		return 0;
	memcpy(&file_size, data, sizeof(file_size));
	size -= sizeof(file_size);
	text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data + sizeof(file_size), size);
	text[size] = '\0';
	check_range(text, file_size);
	check_path(text);
	check_date(text, file_size);
	check_tags(text);
	check_headers(text);
	free(text);
	return 0;
}
