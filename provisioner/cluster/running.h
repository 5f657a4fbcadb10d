/* SPDX-License-Identifier: ISC */
/* The processes that brambled keeps running for the cluster, as others find them. */
#ifndef BRAMBLE_CLUSTER_RUNNING_H
#define BRAMBLE_CLUSTER_RUNNING_H

#include <sys/types.h>

#include "provisioner/settings/settings.h"

/* The process that brambled last started under this name, by RUN/pids. Returns 0, -ESRCH (none) or
 * -errno. */
int running_read(const struct settings *settings, const char *name, pid_t *pid);

#endif
