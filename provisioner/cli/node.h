/* SPDX-License-Identifier: ISC */
/* What the verbs of `bramble node` share. */
#ifndef BRAMBLE_CLI_NODE_H
#define BRAMBLE_CLI_NODE_H

#include "provisioner/cli/cli.h"
#include "provisioner/cli/text.h"

#define NODE_SHORT_HASH 8 /* of a version's hash, as tables show it */

/* cli_call of /v1/COLLECTION/ID + action ("/undo", "" none). `body` is deleted. */
enum cli_exit node_call(struct cli *cli, enum ipc_method method, const char *collection,
	const char *id, const char *action, cJSON *body, cJSON **json);

/* "1a2b3c4d (Pi 4)"; the MAC as long as the serial isn't known. */
void node_describe_board(const cJSON *board, char *out, size_t size);
/* How long ago the time is that a member tells, or "never". */
void node_describe_age(const cJSON *object, const char *name, char out[static TEXT_UNIT_SIZE]);

#endif
