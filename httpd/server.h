/* SPDX-License-Identifier: ISC */
/* The HTTP server: libevent, one thread, nothing blocks. */
#ifndef BRAMBLE_HTTPD_SERVER_H
#define BRAMBLE_HTTPD_SERVER_H

#include "httpd/exchange.h"

struct event_base;
struct server;

struct server_limits {
	unsigned connections; /* at once; a further one takes the place of one that sends no
				 request, else it waits in the kernel's queue */
	unsigned per_address; /* of these, from one address; further ones are closed */
	unsigned header_s;    /* from the connection, or the end of an answer, to the end of the
				 next request's header */
	unsigned body_s;      /* for the body of a request */
	unsigned transfer_s;  /* for each started 32 MiB of an answer */
};

/* Serve on `listening`, a bound and listening TCP socket (IPv4), which becomes the server's.
 * `source` is kept by reference. The process must ignore SIGPIPE. Returns NULL after a message. */
struct server *server_new(struct event_base *base, int listening, const struct source *source,
	const struct server_limits *limits);

/* Ends every connection. The source must still be there. */
void server_free(struct server *server);

#endif
