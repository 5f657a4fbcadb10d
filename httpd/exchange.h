/* SPDX-License-Identifier: ISC */
/* One request and its answer. server.c leads it from the request line to the access log; files.c
 * and api.c find the answer. */
#ifndef BRAMBLE_HTTPD_EXCHANGE_H
#define BRAMBLE_HTTPD_EXCHANGE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/broker.h"
#include "common/ipc.h"
#include "httpd/request.h"

struct connection;

/* Where answers come from; one for all exchanges. */
struct source {
	struct broker *broker; /* brambled; NULL: stand-alone */
	int root;	       /* stand-alone: the directory that is served, O_PATH */
};

struct event;

struct exchange {
	const struct source *source;
	struct connection *connection;
	struct MHD_Connection *mhd;
	struct event *turn; /* makes libmicrohttpd look again: resuming alone doesn't */

	/* the request */
	struct in_addr peer;
	uint16_t peer_port; /* host byte order */
	uint64_t begun_ns;
	enum request_method method;
	char method_name[16];
	char target[REQUEST_TARGET_SIZE]; /* as it came; "" if it was too long or absent */
	struct request_headers headers;	  /* valid from the end of the headers on */
	bool judged;			  /* the headers are complete and were looked at */
	char *body;			  /* body_size bytes */
	size_t body_size, body_used;
	uint64_t discard_limit; /* bytes of an unwanted body that are still read */

	/* the way to the answer */
	int64_t question; /* open question to brambled; 0 none */
	bool suspended;

	/* the answer; its response is this exchange's */
	struct MHD_Response *response;
	unsigned status;
	uint64_t answer_bytes;
	bool queued;
	uint64_t acknowledged_before; /* TCP_INFO when the answer was queued */
	uint32_t retransmitted_before;
	char reason[IPC_REASON_SIZE]; /* for the log: why it was refused; "" */

	/* brambled's name for this transfer, and whether it wants to hear of its end */
	bool is_transfer;
	uint64_t transfer;
};

/* Answer with `size` bytes of the file `fd` from `offset` on, which is closed later. An exchange is
 * answered once. */
void exchange_answer_file(struct exchange *exchange, unsigned status, int fd, uint64_t offset,
	uint64_t size, const char *content_type);

/* Answer with a reason in words: JSON {"error": …} under /v1/, plain text elsewhere. */
void exchange_refuse(struct exchange *exchange, unsigned status, const char *reason);

/* Add a header field to the answer. */
void exchange_add_header(struct exchange *exchange, const char *name, const char *value);

/* The answer is complete: to be called once, after it was made and its header fields were added. */
void exchange_finish(struct exchange *exchange);

/* Refuse and finish. */
void exchange_end(struct exchange *exchange, unsigned status, const char *reason);

#endif
