/* SPDX-License-Identifier: ISC */
/* A small HTTP/1.1 client (RFC 9112): one request, one connection, bounded answer, absolute
 * deadline. */
#ifndef BRAMBLE_ROOTFS_HTTP_H
#define BRAMBLE_ROOTFS_HTTP_H

#include <netinet/in.h>
#include <stddef.h>

#define HTTP_ANSWER_SIZE 8192

struct http_answer {
	int status;		     /* HTTP status code */
	char body[HTTP_ANSWER_SIZE]; /* NUL-terminated */
};

/* Find status and body in what a server sent before it closed the connection. Returns 0 or
 * -EBADMSG. Fuzzed. */
int http_parse(const char *bytes, size_t length, struct http_answer *answer);

/* POST `body` (JSON), or GET when body is NULL, http://ADDRESS:80PATH. At most timeout_ms in all.
 * Returns 0 (whatever the status) or -errno (-ETIMEDOUT, -ECONNREFUSED, -EBADMSG, -EMSGSIZE …). */
int http_call(struct in_addr address, const char *path, const char *body, unsigned timeout_ms,
	struct http_answer *answer);

#endif
