/* SPDX-License-Identifier: ISC */
/* Whether an upgrade may be, and how far an interrupted one came. */
#ifndef BRAMBLE_CLUSTER_UPGRADE_PLAN_H
#define BRAMBLE_CLUSTER_UPGRADE_PLAN_H

#include "provisioner/cluster/upgrade.h"

/* SHARE/cluster.upgrading, a line each. Returns 0 or -EBADMSG. */
int upgrade_parse_journal(const char *text, struct upgrade *upgrade);

int upgrade_write_journal(
	const struct settings *settings, const struct upgrade *upgrade, struct failure *failure);
int upgrade_remove_journal(const struct settings *settings, struct failure *failure);

#endif
