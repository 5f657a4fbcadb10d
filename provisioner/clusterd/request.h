/* SPDX-License-Identifier: ISC */
/* Certificate signing requests: whose are they, and what becomes of them. Pure. */
#ifndef BRAMBLE_CLUSTERD_REQUEST_H
#define BRAMBLE_CLUSTERD_REQUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/str.h"

#define REQUEST_TOKEN_ID_SIZE 7 /* six characters of a bootstrap token, and NUL */
#define REQUEST_REASON_SIZE 160

/* Is the PEM of a PKCS #10 request (RFC 2986) that of node `node`: subject exactly
 * O=system:nodes, CN=system:node:NODE, no other name, a sound signature by its own key? Returns 0,
 * or -EBADMSG or -EACCES with `reason`. Fuzzed. */
int request_check(
	const char *pem, size_t size, const char *node, char reason[static REQUEST_REASON_SIZE]);

/* A CertificateSigningRequest object of the API (certificates.k8s.io/v1). */
struct request {
	const char *name;		   /* of the object; points into the JSON */
	char token[REQUEST_TOKEN_ID_SIZE]; /* whose bootstrap token asked */
	bool approved, decided;
};

/* Read one that a bootstrap token made for the client certificate of a kubelet. Returns false for
 * all others: they are not ours to decide. */
bool request_read(const cJSON *object, struct request *out);

/* What to do about a request, made with the token that was minted for `node`, when `used` says that
 * the token has been good for another one: true to approve, else to deny, with `reason`. */
bool request_judge(
	const cJSON *object, const char *node, bool used, char reason[static REQUEST_REASON_SIZE]);

/* The merge patch of the approval subresource; the caller's. */
cJSON *request_verdict(bool approve, const char *reason);

#endif
