/* SPDX-License-Identifier: ISC */
/* One request and its answer. connection.c leads it from the header to the access log; route.c,
 * files.c and api.c find the answer. */
#ifndef BRAMBLE_HTTPD_EXCHANGE_H
#define BRAMBLE_HTTPD_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/broker.h"
#include "common/ipc.h"
#include "httpd/head.h"

#define EXCHANGE_HEADER_SIZE 1024 /* of an answer */
#define EXCHANGE_TEXT_SIZE 512	  /* of a refusal */

struct connection;

/* Where answers come from; one for all exchanges. */
struct source {
	struct broker *broker; /* brambled; NULL: stand-alone */
	int root;	       /* stand-alone: the directory that is served, O_PATH */
};

/* How an exchange ends. */
enum exchange_ending {
	EXCHANGE_DONE,	  /* all was sent */
	EXCHANGE_BROKEN,  /* by the peer */
	EXCHANGE_STALLED, /* the peer takes nothing */
	EXCHANGE_CUT,	  /* a deadline has passed */
	EXCHANGE_SHORT,	  /* the file has become shorter than it was */
	EXCHANGE_CROWDED, /* before it was a request, others needed its place */
	EXCHANGE_STOPPED, /* the program ends */
};

struct exchange {
	const struct source *source;
	struct connection *connection;

	/* the request */
	struct in_addr peer;
	uint16_t peer_port; /* host byte order */
	uint64_t begun_ns;
	struct head head;
	enum request_method method;
	char path[REQUEST_PATH_SIZE]; /* decoded, without its first '/' */
	const char *query;	      /* NULL none; in the head */
	char *body;		      /* body_size bytes, of which body_used are there */
	size_t body_size, body_used;

	/* the way to the answer */
	int64_t question; /* open question to brambled; 0 none */
	bool finished;	  /* the answer is complete */
	bool waiting;	  /* who finishes it must say so to the connection */

	/* the answer */
	unsigned status; /* 0: none yet */
	char fields[EXCHANGE_HEADER_SIZE];
	char text[EXCHANGE_TEXT_SIZE]; /* content when file is -1 */
	int file;
	uint64_t offset, size;	      /* of the content: where in the file, how many bytes */
	uint64_t left;		      /* bytes of the file to be sent, from `offset` on */
	bool queued;		      /* sending has begun */
	uint64_t acknowledged_before; /* TCP_INFO at that time */
	uint32_t retransmitted_before;
	char reason[IPC_REASON_SIZE]; /* for the log: why it was refused; "" */

	/* brambled's name for this transfer, and whether it wants to hear of its end */
	bool is_transfer;
	uint64_t transfer;
	uint64_t told_ns; /* when it heard last that this goes on; 0 never */
};

/* Begin. */
void exchange_init(
	struct exchange *exchange, const struct source *source, struct connection *connection);

/* Answer with `size` bytes of the file `fd` from `offset` on, which is closed later. An exchange is
 * answered once. */
void exchange_answer_file(struct exchange *exchange, unsigned status, int fd, uint64_t offset,
	uint64_t size, const char *content_type);

/* Answer without content: 304, 412. */
void exchange_answer_empty(struct exchange *exchange, unsigned status);

/* Answer with a reason in words: JSON {"error": …} under /v1/, plain text elsewhere. */
void exchange_refuse(struct exchange *exchange, unsigned status, const char *reason);

/* Add a header field to the answer. */
void exchange_add_header(struct exchange *exchange, const char *name, const char *value);

/* The answer is complete: to be called once, after it was made and its header fields were added. */
void exchange_finish(struct exchange *exchange);

/* Refuse and finish. */
void exchange_end(struct exchange *exchange, unsigned status, const char *reason);

/* Has the answer content on the wire, apart from what Content-Length says? */
bool exchange_sends_content(const struct exchange *exchange);

/* Write status line and header section (RFC 9112 section 4). `now`: seconds since 1970. Returns the
 * number of bytes. */
size_t exchange_write_header(
	const struct exchange *exchange, int64_t now, bool close, char *out, size_t size);

/* Close the file, free the body, forget the question. */
void exchange_free(struct exchange *exchange);

#endif
