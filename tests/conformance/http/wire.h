/* SPDX-License-Identifier: ISC */
/* Bytes over sockets, and the answers in them. Whatever doesn't come in time fails the test. */
#ifndef BRAMBLE_CONFORMANCE_HTTP_WIRE_H
#define BRAMBLE_CONFORMANCE_HTTP_WIRE_H

#include "tests/conformance/http/suite.h"

#define CRLF "\r\n"
#define HOST "Host: conformance" CRLF
#define GET(path, fields) "GET " path " HTTP/1.1" CRLF HOST fields CRLF
#define SMALL GET("/small", "") /* a file of SMALL_SIZE bytes, which every server serves */
#define SMALL_SIZE 10u
/* A request that must not be taken for one: hidden in another's content or behind one that can't be
 * understood. */
#define CANARY "GET /canary HTTP/1.1" CRLF "Host: smuggled" CRLF CRLF

#define ANSWER_LIMIT 65536u /* of the content, so much is kept */

struct answer {
	struct answer *next; /* of the same test */
	unsigned status;     /* NO_ANSWER: the connection was closed before any byte */
	char head[8192];     /* status line and header section */
	size_t head_size;
	bool has_length;
	uint64_t length; /* of Content-Length */
	uint64_t size;	 /* bytes of content that came */
	uint64_t wrong;	 /* position of the first byte that isn't the tree's, else UINT64_MAX */
	unsigned char content[ANSWER_LIMIT];
	bool whole; /* as many as Content-Length says */
};

/* A new connection. Servers on the loopback network see an address of its own for each case. */
int wire_connect(struct test *test);
/* The same from 127.64.`subnet`.1, where the server is on the loopback network. */
int wire_connect_from(struct test *test, unsigned subnet);

/* Send; the peer may have closed already. */
void wire_send(struct test *test, int socket, const void *bytes, size_t size);
void wire_say(struct test *test, int socket, const char *text);

/* Wait for bytes: true when some or the end are there. */
bool wire_wait(struct test *test, int socket, unsigned milliseconds);

/* Read one answer: to a HEAD (`head`) it has no content. `first` is the position in the tree's
 * files that its content begins with. A malformed one fails the test; 100 (Continue) is an answer,
 * too. */
void wire_read_answer(
	struct test *test, int socket, bool head, uint64_t first, struct answer *answer);

/* Memory for an answer; it is the test's, and lives as long. */
struct answer *wire_new_answer(struct test *test);

/* The value of a field, trimmed, or NULL. If the field is there twice: the first. */
const char *wire_field(const struct answer *answer, const char *name, char out[static 256]);

/* Ask on a new connection, and read the answer. */
struct answer *wire_ask(struct test *test, const char *request);
struct answer *wire_ask_on(struct test *test, int socket, const char *request, uint64_t first);

/* Does the server close within this time, saying nothing more? */
bool wire_is_closed_within(struct test *test, int socket, unsigned milliseconds, size_t *said);

/* The next request on this connection is answered with the small file. */
void wire_must_go_on(struct test *test, int socket);
/* The server is there and serves a new connection. */
void wire_must_serve(struct test *test);

/* Is it one of the case's statuses? */
bool wire_is_expected(const struct test *test, unsigned status);
void wire_expect_status(struct test *test, const struct answer *answer, unsigned status);

void wire_free_answers(struct test *test);

/* A line of a table. */
void wire_run_case(struct test *test);

#endif
