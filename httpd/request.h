/* SPDX-License-Identifier: ISC */
/*
 * What a request says, and whether it may be said: request target, header fields that decide about
 * framing, conditions and ranges (RFC 9110, RFC 9112, RFC 3986). Pure; fuzzed.
 */
#ifndef BRAMBLE_HTTPD_REQUEST_H
#define BRAMBLE_HTTPD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ipc.h"

#define REQUEST_TARGET_SIZE 8192 /* longer ones: 414; RFC 9112 section 3 asks for 8000 bytes */
#define REQUEST_PATH_SIZE 1024	 /* decoded; longer ones: 414 */
#define REQUEST_TAG_FIELDS 4	 /* If-None-Match may be there so often */
#define REQUEST_BODY_LIMIT IPC_TEXT_LIMIT

enum request_method {
	REQUEST_GET,
	REQUEST_HEAD,
	REQUEST_POST,
	REQUEST_PUT,
	REQUEST_DELETE,
	REQUEST_OTHER,	 /* a method of RFC 9110 or RFC 5789 that nothing here has: 405 */
	REQUEST_UNKNOWN, /* 501 */
};

/* Method names are case-sensitive (RFC 9110 section 9.1). */
enum request_method request_parse_method(const char *name);

/* Why a request isn't served. */
struct request_refusal {
	unsigned status;    /* 0: it is served */
	const char *reason; /* for a person; constant */
};

/* The header fields that this server looks at; the pointers are the caller's. NULL = absent. */
struct request_headers {
	const char *host, *content_length, *transfer_encoding, *expect;
	const char *range, *if_range, *if_match, *if_modified_since, *if_unmodified_since;
	const char *if_none_match[REQUEST_TAG_FIELDS];
	bool close, keep_alive;		/* what Connection says */
	struct request_refusal refusal; /* the first field that is wrong by itself */
};

/* RFC 9110 section 5.6.2 */
bool request_is_token(const char *text);

/* Take notice of one field, without blanks around its value; start with a zeroed struct. Refused
 * are: names that aren't tokens ("Content-Length :"), control bytes in values, and those of the
 * fields above twice that aren't lists. */
void request_note_header(struct request_headers *headers, const char *name, const char *value);

/* May this request be served, as far as its framing tells (RFC 9112 sections 3.2, 6.1, 6.3)?
 * Content must come with one Content-Length: chunks are refused with 411, and what is ambiguous
 * with 400. *body_size is set when the refusal's status is 0. */
struct request_refusal request_judge(enum request_method method, bool is_1_0,
	const struct request_headers *headers, uint64_t *body_size);

struct request_target {
	const char *path; /* begins with '/'; points into the target */
	size_t path_length;
	const char *query; /* behind '?', up to the end; NULL absent */
};

/* Origin form, or absolute form (RFC 9112 section 3.2), whose authority must be there and is
 * ignored. Returns 0 or -EINVAL (also for blanks, control bytes, bytes that aren't ASCII, and a
 * fragment). */
int request_split_target(const char *target, struct request_target *out);

/* Decode a path into `out`, without the leading '/'. Refused are: incomplete escapes, control bytes
 * and NUL, "%2F", segments that are empty, "." or "..", and what isn't UTF-8 (RFC 3629, so no
 * overlong forms). Returns 0, -EINVAL, -ENAMETOOLONG, or -ENOENT: it ends with '/' and so names a
 * directory. */
int request_decode_path(const char *path, size_t length, char *out, size_t size);

struct request_range {
	uint64_t first, last; /* byte positions, both included */
};

enum request_range_kind {
	REQUEST_WHOLE, /* no range, or one that this server doesn't serve: the whole file */
	REQUEST_PART,
	REQUEST_UNSATISFIABLE, /* 416 */
};

/* "bytes=0-99", "bytes=100-", "bytes=-500" of a file of `size` bytes (RFC 9110 section 14.1.2).
 * `header` may be NULL. Several ranges at once, other units and malformed ones give the whole. */
enum request_range_kind request_parse_range(
	const char *header, uint64_t size, struct request_range *range);

/* Is `tag` (opaque text without quotes, "" = none) in a list like `"a", W/"b"`, or is the list "*"?
 * If-None-Match compares weakly, If-Match strongly (RFC 9110 section 8.8.3.2). */
bool request_tag_is_listed(const char *list, const char *tag, bool weakly);

/* Does If-Range name exactly this tag? A date never matches: what changes twice within a second
 * keeps its date (RFC 9110 section 8.8.2.2). */
bool request_if_range_holds(const char *header, const char *tag);

/* May this text stand between the quotes of an ETag? */
bool request_is_tag(const char *text);

#endif
