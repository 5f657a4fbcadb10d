/* SPDX-License-Identifier: ISC */
/* What the checks of `bramble doctor` share. Each says what it found, and never nothing. */
#ifndef BRAMBLE_CLI_DOCTOR_H
#define BRAMBLE_CLI_DOCTOR_H

#include "provisioner/cli/cli.h"
#include "provisioner/settings/settings.h"

struct progress;

enum doctor_state {
	DOCTOR_WELL,
	DOCTOR_UNKNOWN, /* it couldn't be checked */
	DOCTOR_WARNING, /* goes on, but somebody should look */
	DOCTOR_WRONG,	/* doesn't work, or soon won't */
};

struct doctor {
	struct cli *cli;
	const struct settings *settings;
	struct progress *progress;
	const cJSON *status; /* brambled's; NULL: it doesn't answer */
	bool quick;	     /* without what reads much */
	cJSON *findings;     /* [{"check","state","text","next"}] */
};

/* `next`: what to do, "" when the text says so itself or nothing is to be done. */
void doctor_say(struct doctor *doctor, const char *check, enum doctor_state state, const char *next,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Is this process of brambled's running? */
bool doctor_process_runs(const struct doctor *doctor, const char *name);

/* doctor_router.c: clock, disk, backups, images. */
void doctor_check_router(struct doctor *doctor);
/* doctor_servers.c: DHCP, TFTP, HTTP and NFS, each asked on the LAN's address. */
void doctor_check_servers(struct doctor *doctor);
/* doctor_cluster.c: certificates, snapshots, etcd, API server, nodes. */
void doctor_check_cluster(struct doctor *doctor);

#endif
