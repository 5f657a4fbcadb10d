/* SPDX-License-Identifier: ISC */
/* Where a request ends (RFC 9112 sections 6 and 7). What is ambiguous must be refused and the
 * connection closed: a server that goes on may take for a request what another took for content. */
#include "tests/conformance/http/wire.h"

#define POST "POST /small HTTP/1.1" CRLF HOST
#define TE "Transfer-Encoding: chunked" CRLF
#define BYTES(text) .request = (text), .request_size = sizeof(text) - 1
#define REFUSED .statuses = { 400, NO_ANSWER }, .after = AFTER_CLOSED
/* The status says that POST is unwanted here, or that this coding is: what counts is that nothing
 * in or behind the content is taken for a request unless its end is certain. */
#define UNWANTED .statuses = { 400, 403, 404, 405, 411, 413, 501, NO_ANSWER }
#define CLOSED UNWANTED, .after = AFTER_CLOSED

static const struct http_case length_cases[] = {
	{ "9112.6.3", LEVEL_MUST, "Content-Length delimits the content",
		BYTES(POST "Content-Length: 40" CRLF CRLF CANARY), .statuses = { 403, 404, 405 } },
	{ "9110.8.6", LEVEL_MUST, "two different lengths",
		BYTES(POST "Content-Length: 0" CRLF "Content-Length: 40" CRLF CRLF CANARY),
		REFUSED },
	{ "9110.8.6", LEVEL_PRACTICE, "twice the same length",
		BYTES(POST "Content-Length: 40" CRLF "Content-Length: 40" CRLF CRLF CANARY),
		REFUSED },
	{ "9110.8.6", LEVEL_MUST, "two lengths in one field",
		BYTES(POST "Content-Length: 0, 40" CRLF CRLF CANARY), REFUSED },
	{ "9110.8.6", LEVEL_PRACTICE, "twice the same in one field",
		BYTES(POST "Content-Length: 40, 40" CRLF CRLF CANARY), REFUSED },
	{ "9112.6.3", LEVEL_MUST, "a negative length",
		BYTES(POST "Content-Length: -40" CRLF CRLF CANARY), REFUSED },
	{ "9112.6.3", LEVEL_MUST, "a length with a sign",
		BYTES(POST "Content-Length: +40" CRLF CRLF CANARY), REFUSED },
	{ "9112.6.3", LEVEL_MUST, "a hexadecimal length",
		BYTES(POST "Content-Length: 0x28" CRLF CRLF CANARY), REFUSED },
	{ "9112.6.3", LEVEL_MUST, "a length with a blank in it",
		BYTES(POST "Content-Length: 4 0" CRLF CRLF CANARY), REFUSED },
	{ "9112.6.3", LEVEL_MUST, "a length with a letter behind it",
		BYTES(POST "Content-Length: 40a" CRLF CRLF CANARY), REFUSED },
	{ "9112.6.3", LEVEL_MUST, "an empty length", BYTES(POST "Content-Length:" CRLF CRLF CANARY),
		REFUSED },
	{ "9112.6.3", LEVEL_MUST, "a length with a fraction",
		BYTES(POST "Content-Length: 40.0" CRLF CRLF CANARY), REFUSED },
	{ "9110.8.6", LEVEL_MUST, "a length that wraps to a small one",
		BYTES(POST "Content-Length: 18446744073709551656" CRLF CRLF CANARY),
		.statuses = { 400, 413, 405, NO_ANSWER }, .after = AFTER_CLOSED },
	{ "9112.6.3", LEVEL_MUST, "Content-Length with a blank before its colon",
		BYTES(POST "Content-Length : 40" CRLF CRLF CANARY), REFUSED },
	{ "9112.6.3", LEVEL_MUST, "two different lengths with GET",
		BYTES("GET /small HTTP/1.1" CRLF HOST "Content-Length: 0" CRLF
		      "Content-Length: 40" CRLF CRLF CANARY),
		REFUSED },
};

static const struct http_case coding_cases[] = {
	{ "9112.6.1", LEVEL_SHOULD, "a length and chunks",
		BYTES(POST "Content-Length: 5" CRLF TE CRLF "0" CRLF CRLF CANARY), CLOSED },
	{ "9112.6.1", LEVEL_SHOULD, "chunks and a length",
		BYTES(POST TE "Content-Length: 45" CRLF CRLF "0" CRLF CRLF CANARY), CLOSED },
	{ "9112.6.1", LEVEL_MUST, "chunks by HTTP/1.0",
		BYTES("POST /small HTTP/1.0" CRLF HOST TE CRLF "0" CRLF CRLF CANARY), CLOSED },
	{ "9112.7.1", LEVEL_MUST, "chunks are decoded, or refused with 411",
		BYTES(POST TE CRLF "5" CRLF "12345" CRLF "0" CRLF CRLF), UNWANTED },
	{ "9112.7", LEVEL_MUST, "codings are told apart without case",
		BYTES(POST "Transfer-Encoding: Chunked" CRLF CRLF "0" CRLF CRLF), UNWANTED },
	{ "9112.6.3", LEVEL_MUST, "chunked isn't the last coding",
		BYTES(POST "Transfer-Encoding: chunked, gzip" CRLF CRLF "0" CRLF CRLF CANARY),
		.statuses = { 400, 501, NO_ANSWER }, .after = AFTER_CLOSED },
	{ "9112.6.1", LEVEL_MUST, "chunked twice",
		BYTES(POST "Transfer-Encoding: chunked, chunked" CRLF CRLF "0" CRLF CRLF CANARY),
		.statuses = { 400, 501, NO_ANSWER }, .after = AFTER_CLOSED },
	{ "9112.6.1", LEVEL_MUST, "chunked in two fields",
		BYTES(POST TE TE CRLF "0" CRLF CRLF CANARY), .statuses = { 400, 501, NO_ANSWER },
		.after = AFTER_CLOSED },
	{ "9112.6.1", LEVEL_SHOULD, "an unknown coding",
		BYTES(POST "Transfer-Encoding: xchunked" CRLF CRLF "0" CRLF CRLF CANARY),
		.statuses = { 400, 501, NO_ANSWER }, .after = AFTER_CLOSED },
	{ "9112.7.2", LEVEL_MUST, "identity is no coding any more",
		BYTES(POST "Transfer-Encoding: identity" CRLF "Content-Length: 0" CRLF CRLF CANARY),
		.statuses = { 400, 501, NO_ANSWER }, .after = AFTER_CLOSED },
	{ "9112.5.1", LEVEL_MUST, "Transfer-Encoding with a blank before its colon",
		BYTES(POST "Transfer-Encoding : chunked" CRLF CRLF "0" CRLF CRLF CANARY), REFUSED },
	{ "9110.5.5", LEVEL_MUST, "a vertical tab before the value of Transfer-Encoding",
		BYTES(POST "Transfer-Encoding: \x0b"
			   "chunked" CRLF CRLF "0" CRLF CRLF CANARY),
		.statuses = { 400, 501, NO_ANSWER }, .after = AFTER_CLOSED },
	{ "9112.6.1", LEVEL_MUST, "Transfer-Encoding with its value in quotes",
		BYTES(POST "Transfer-Encoding: \"chunked\"" CRLF CRLF "0" CRLF CRLF CANARY),
		.statuses = { 400, 501, NO_ANSWER }, .after = AFTER_CLOSED },
	{ "9112.6.1", LEVEL_MUST, "an empty Transfer-Encoding",
		BYTES(POST "Transfer-Encoding:" CRLF CRLF "0" CRLF CRLF CANARY),
		.statuses = { 400, 501, NO_ANSWER }, .after = AFTER_CLOSED },
	{ "9112.7.1", LEVEL_MUST, "a chunk's size that isn't hexadecimal",
		BYTES(POST TE CRLF "xyz" CRLF "12345" CRLF "0" CRLF CRLF CANARY), CLOSED },
	{ "9112.7.1", LEVEL_MUST, "a chunk's size with a sign",
		BYTES(POST TE CRLF "-5" CRLF "12345" CRLF "0" CRLF CRLF CANARY), CLOSED },
	{ "9112.7.1", LEVEL_MUST, "a chunk's size with 0x",
		BYTES(POST TE CRLF "0x5" CRLF "12345" CRLF "0" CRLF CRLF CANARY), CLOSED },
	{ "9112.7.1", LEVEL_MUST, "a chunk's size that overflows",
		BYTES(POST TE CRLF "10000000000000005" CRLF "12345" CRLF "0" CRLF CRLF CANARY),
		CLOSED },
	{ "9112.7.1", LEVEL_MUST, "a chunk that is longer than its size",
		BYTES(POST TE CRLF "3" CRLF "12345" CRLF "0" CRLF CRLF CANARY), CLOSED },
	{ "9112.7.1", LEVEL_PRACTICE, "a chunk's size that ends with LF alone",
		BYTES(POST TE CRLF "5\n12345" CRLF "0" CRLF CRLF CANARY), CLOSED },
	{ "9112.7.1.1", LEVEL_PRACTICE, "LF alone in a chunk's extension",
		BYTES(POST TE CRLF "5;a=b\nc" CRLF "12345" CRLF "0" CRLF CRLF CANARY), CLOSED },
	{ "9110.6.5.1", LEVEL_MUST, "a length in a trailer means nothing",
		BYTES(POST TE CRLF "0" CRLF "Content-Length: 40" CRLF CRLF), UNWANTED },
};

GROUP(length_group, "Content-Length (RFC 9112 section 6, RFC 9110 section 8.6)", length_cases);
GROUP(coding_group, "Transfer-Encoding and chunks (RFC 9112 sections 6 and 7)", coding_cases);
