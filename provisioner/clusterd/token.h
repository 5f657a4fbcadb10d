/* SPDX-License-Identifier: ISC */
/* Bootstrap tokens: good for one certificate request of one node, for a few minutes. */
#ifndef BRAMBLE_CLUSTERD_TOKEN_H
#define BRAMBLE_CLUSTERD_TOKEN_H

#include <cjson/cJSON.h>
#include <stdint.h>

#define TOKEN_SIZE 24 /* "abcdef.0123456789abcdef", and NUL */
#define TOKEN_LIFE_S 900
/* Whom its bearer is one of: may ask for a certificate, and nothing else. */
#define TOKEN_GROUP "system:bootstrappers:bramble:nodes"
#define TOKEN_NODE_LABEL "bramble/node"

/* Random, [a-z0-9]{6}.[a-z0-9]{16}: 82 secret bits. */
void token_make(char out[static TOKEN_SIZE]);

/* The Secret by which the API server knows it, expiring TOKEN_LIFE_S after `now_s` (seconds since
 * 1970); the caller's. Pure. */
cJSON *token_secret(const char *token, const char *node, int64_t now_s);

/* The node for which it was minted, from its Secret; NULL when it isn't one of ours. Points into
 * `secret`. Pure. */
const char *token_node(const cJSON *secret);

#endif
