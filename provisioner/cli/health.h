/* SPDX-License-Identifier: ISC */
/* What the files of `bramble node health` share. */
#ifndef BRAMBLE_CLI_HEALTH_H
#define BRAMBLE_CLI_HEALTH_H

#include "provisioner/cli/cli.h"

#define HEALTH_HOURS 336 /* that brambled keeps */

/* What the firmware says in "throttled" of a sample or an hour: "ok", "-" nothing … */
const char *health_describe_power(const cJSON *sample);

/* The last `n` hours of an answer: a curve of heat and one of load, and a line an hour. */
enum cli_exit health_print_hours(struct cli *cli, const cJSON *json, unsigned n);

#endif
