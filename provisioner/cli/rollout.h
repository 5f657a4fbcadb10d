/* SPDX-License-Identifier: ISC */
/* What the files of `bramble rollout` share. */
#ifndef BRAMBLE_CLI_ROLLOUT_H
#define BRAMBLE_CLI_ROLLOUT_H

#include "provisioner/cli/cli.h"

/* What somebody says of a roll-out; NULL: as it usually is. */
struct rollout_wish {
	const char *version;			      /* a hash or its beginning, "current" … */
	const char *waves, *max_unavailable, *within; /* as they were typed */
	bool no_watch;
};

/* Is it well typed? Else that was said. */
enum cli_exit rollout_check_wish(struct cli *cli, const struct rollout_wish *wish);

/* Begin one, tell it, and unless no_watch, with --json or --dry-run show it until its end. */
enum cli_exit rollout_start(struct cli *cli, const char *image, const struct rollout_wish *wish);

/* A roll-out as it is, with its nodes in a table. */
enum cli_exit rollout_print(struct cli *cli, const cJSON *json);

/* Print what happens until it has come to an end: CLI_OK when it is done. */
enum cli_exit rollout_watch(struct cli *cli, int64_t id);

#endif
