/* SPDX-License-Identifier: ISC */
/* The command line. */
#ifndef BRAMBLE_HTTPD_OPTIONS_H
#define BRAMBLE_HTTPD_OPTIONS_H

#include <netinet/in.h>

#include "common/log.h"
#include "httpd/server.h"

struct options {
	const char *root;   /* stand-alone: the directory; else NULL */
	const char *ipc;    /* brambled's socket; else NULL */
	const char *listen; /* as written; NULL: listen_fd */
	struct sockaddr_in address;
	int listen_fd;
	const char *user; /* NULL: not given */
	struct server_limits limits;
	unsigned answer_s; /* how long brambled may take */
	enum log_level level;
};

#define OPTIONS_GO_ON (-1)

/* Returns OPTIONS_GO_ON or, after help or a message, the exit status. */
int options_parse(int argc, char **argv, struct options *options);

#endif
