/* SPDX-License-Identifier: ISC */
/* What the files of `bramble rollout` share. */
#ifndef BRAMBLE_CLI_ROLLOUT_H
#define BRAMBLE_CLI_ROLLOUT_H

#include "provisioner/cli/cli.h"

/* A roll-out as it is, with its nodes in a table. */
enum cli_exit rollout_print(struct cli *cli, const cJSON *json);

/* Print what happens until it has come to an end: CLI_OK when it is done. */
enum cli_exit rollout_watch(struct cli *cli, int64_t id);

#endif
