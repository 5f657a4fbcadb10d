/* SPDX-License-Identifier: ISC */
/*
 * Calls of the administrator's API (docs/api.md) over brambled's socket (common/ipc.h). One call at
 * a time. A question (GET) is asked again when brambled is restarted meanwhile; a change is not: it
 * may have been done.
 */
#ifndef BRAMBLE_CLI_CLIENT_H
#define BRAMBLE_CLI_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/ipc.h"

#define CLIENT_TIMEOUT_MS 30000
#define CLIENT_NOTICE_MS 2000 /* after this time without an answer, `waiting` is called once */

struct client {
	char path[128]; /* RUN/ipc.sock */
	enum ipc_role role;
	int socket; /* -1 not connected */
	uint32_t last_id;
	int file;	 /* goes along with calls; -1 none. The caller's */
	uint8_t *buffer; /* IPC_PACKET_SIZE bytes */
	void (*waiting)(void *argument);
	void *argument;
};

struct client_answer {
	int status; /* HTTP status */
	char *text; /* `size` bytes and NUL; the caller frees it */
	size_t size;
};

/* Nothing is connected yet. Returns 0, -ENOMEM or -ENAMETOOLONG. */
int client_init(struct client *client, const char *run, enum ipc_role role);
void client_free(struct client *client);

/* Ask `path` ("/v1/…", percent-encoded) with a JSON body (NULL none). Connects when that is needed,
 * for at most a second if nobody listens on the socket. Returns 0, -ENOENT or -ECONNREFUSED
 * (brambled isn't running), -EACCES (not root), -EPIPE (it went away before it answered),
 * -ETIMEDOUT, -EMSGSIZE (the call or the answer is too long), -EBADMSG (what came is no answer) or
 * -errno. */
int client_call(struct client *client, enum ipc_method method, const char *path, const char *body,
	unsigned timeout_ms, struct client_answer *answer);

/* Append `text` to the path in `out`, percent-encoding all but RFC 3986's unreserved characters and
 * ':'. Returns 0 or -EMSGSIZE. */
int client_append(char *out, size_t size, const char *text);

#endif
