/* SPDX-License-Identifier: ISC */
/* What the verbs of `bramble boot` share: reading a boot of the API. */
#ifndef BRAMBLE_CLI_BOOT_H
#define BRAMBLE_CLI_BOOT_H

#include "provisioner/cli/cli.h"
#include "provisioner/cli/table.h"

bool boot_has_ended(const cJSON *boot);
bool boot_has_joined(const cJSON *boot);
enum table_color boot_color(const cJSON *boot);
/* From the first packet to its end, or until now. */
int64_t boot_duration_ms(const cJSON *boot);
/* Serial or, where that isn't known, MAC. */
const char *boot_board(const cJSON *boot);

#endif
