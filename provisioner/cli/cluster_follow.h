/* SPDX-License-Identifier: ISC */
/* Which nodes of a cluster run another kubelet than its control plane's version, and how they come
 * to it. */
#ifndef BRAMBLE_CLI_CLUSTER_FOLLOW_H
#define BRAMBLE_CLI_CLUSTER_FOLLOW_H

#include "provisioner/cli/rollout.h"

struct followers {
	unsigned nodes; /* of the cluster, all */
	size_t n;	/* images that bring another kubelet */
	struct follower *images;
};

/* Ask brambled, and the images' versions on `share` which kubelet each has. `version`: "v1.31.2",
 * as the API server says it. What failed was said; free it in any case. */
enum cli_exit followers_find(
	struct cli *cli, const char *share, const char *version, struct followers *followers);
void followers_free(struct followers *followers);

/* "behind" of docs/schema.json. */
void followers_add(const struct followers *followers, cJSON *json);
/* For a person: who, and what to do. */
void followers_print(struct cli *cli, const struct followers *followers, const char *version);

/* Is there a version with that kubelet of each image? If not it says what to build. */
enum cli_exit followers_check(
	struct cli *cli, const struct followers *followers, const char *version);
/* Roll out the newest version of each image that has it, one after the other; then it says whether
 * all run that kubelet, unless it doesn't watch. With --json it only begins, and prints nothing. */
enum cli_exit followers_bring(struct cli *cli, const struct followers *followers, const char *share,
	const char *version, const struct rollout_wish *wish);

#endif
