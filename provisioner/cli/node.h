/* SPDX-License-Identifier: ISC */
/* What the verbs of `bramble node` share. */
#ifndef BRAMBLE_CLI_NODE_H
#define BRAMBLE_CLI_NODE_H

#include "provisioner/cli/cli.h"

/* cli_call of /v1/COLLECTION/ID + action ("/undo", "" none). `body` is deleted. */
enum cli_exit node_call(struct cli *cli, enum ipc_method method, const char *collection,
	const char *id, const char *action, cJSON *body, cJSON **json);

#endif
