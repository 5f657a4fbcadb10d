/* SPDX-License-Identifier: ISC */
/* What the verbs share that let bramble-image look at versions. */
#ifndef BRAMBLE_CLI_IMAGE_TOOL_H
#define BRAMBLE_CLI_IMAGE_TOOL_H

#include "common/str.h"
#include "provisioner/cli/cli.h"

#define IMAGE_VERSION_SIZE (NODE_NAME_SIZE + 1 + HASH_TEXT_SIZE)

/* Run bramble-image to its end; `words` are the verb and what stands behind it, up to NULL, `out`
 * is its standard output. */
enum cli_exit image_run_program(struct cli *cli, const char *const *words, int out);

/* The same, and take the JSON that it prints; the caller frees *json, which is NULL unless the
 * answer is CLI_OK. */
enum cli_exit image_ask_program(struct cli *cli, const char *const *words, cJSON **json);

/* "base", "base/previous" and "base/1a2b3c4d" as NAME/HASH, `otherwise` being the version where
 * none is said; the hash of the latter is bramble-image's to find. */
enum cli_exit image_complete_version(struct cli *cli, const char *word, const char *otherwise,
	char out[static IMAGE_VERSION_SIZE]);

#endif
