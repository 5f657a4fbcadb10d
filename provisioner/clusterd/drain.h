/* SPDX-License-Identifier: ISC */
/* Which pods leave a node that is to be rebooted, and how they are asked to. Pure. */
#ifndef BRAMBLE_CLUSTERD_DRAIN_H
#define BRAMBLE_CLUSTERD_DRAIN_H

#include <cjson/cJSON.h>

#define DRAIN_PATH_SIZE 640

enum drain_fate {
	DRAIN_STAYS, /* it has ended, or comes back with the node: of a DaemonSet or of the
			kubelet's own files, or without controller, so that nobody would make it
			anew elsewhere */
	DRAIN_GOES,  /* to be evicted */
	DRAIN_GOING, /* it was, and ends */
};

/* A Pod object of the API (core/v1) on that node. */
enum drain_fate drain_judge(const cJSON *pod);

/* The path to which its eviction is posted. Returns 0, or -EBADMSG for names that are none. */
int drain_format_path(const cJSON *pod, char out[static DRAIN_PATH_SIZE]);

/* The eviction, of policy/v1 (Kubernetes 1.22 and later) or policy/v1beta1; the caller's. */
cJSON *drain_eviction(const cJSON *pod, int minor);

/* The minor version of {"minor": "20+"} as the API server's /version says, or 0. */
int drain_parse_minor(const cJSON *version);

#endif
