/* SPDX-License-Identifier: ISC */
/* A small HTTP/1.1 client (RFC 9112): one request, one connection, bounded answer, absolute
 * deadline. */
#ifndef BRAMBLE_ROOTFS_HTTP_H
#define BRAMBLE_ROOTFS_HTTP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEADER_SIZE 2048
#define HTTP_BODY_SIZE 8192

struct http_answer {
	int status;		   /* HTTP status code */
	char body[HTTP_BODY_SIZE]; /* NUL-terminated */
};

/* Find status and body in what a server has sent so far; `closed`: nothing will follow. A body ends
 * where Content-Length says or, without one, where the connection ends (RFC 9112 section 6.3);
 * transfer codings are refused, as is anything ambiguous. Returns 0, -EAGAIN while more has to
 * come, -EMSGSIZE or -EBADMSG; *answer is only touched when it returns 0. Fuzzed. */
int http_parse(const char *bytes, size_t length, bool closed, struct http_answer *answer);

/* What the header of an answer says of its body. */
#define HTTP_LENGTH_LIMIT (UINT64_C(1) << 40)
struct http_head {
	int status;
	bool has_length, has_range;
	uint64_t length;       /* Content-Length */
	uint64_t first, whole; /* Content-Range: of the first byte, and of the whole thing */
};

/* Parse a header, up to and with its empty line. 0 or -EBADMSG. Pure; fuzzed with http_parse. */
int http_parse_head(const char *bytes, size_t length, struct http_head *head);

/* Send all of it. 0, -ETIMEDOUT at the deadline, or another -errno. */
int http_send(int fd, const char *data, size_t size, uint64_t deadline_ns);

/* POST `body` (JSON), or GET when body is NULL, http://ADDRESS:PORT/PATH. At most timeout_ms in
 * all. Returns 0 (whatever the status) or -errno (-ETIMEDOUT, -ECONNREFUSED, -EBADMSG, …). */
int http_call(struct in_addr address, uint16_t port, const char *path, const char *body,
	unsigned timeout_ms, struct http_answer *answer);

#endif
