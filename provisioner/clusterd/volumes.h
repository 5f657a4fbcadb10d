/* SPDX-License-Identifier: ISC */
/* Claims of volumes (core/v1, PersistentVolumeClaim) of the class "bramble", and the volumes that
 * are made for them: directories of the share, which all nodes have at /shared. Pure.
 * https://kubernetes.io/docs/concepts/storage/persistent-volumes/ */
#ifndef BRAMBLE_CLUSTERD_VOLUMES_H
#define BRAMBLE_CLUSTERD_VOLUMES_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#define VOLUMES_PROVISIONER "bramble/share" /* as the class says */

/* Names that a directory and a volume can bear: of a namespace (RFC 1123 label), of a claim (DNS
 * subdomain), and a uid. They point into the claim. */
struct volume_claim {
	const char *space, *name, *uid;
};

/* Is one to be made for it? The controllers of the cluster have written into it that it waits for
 * Bramble. `why`, at least 96 bytes: "" , or what is asked for and can't be had. */
bool volumes_read_claim(const cJSON *claim, struct volume_claim *out, char *why);

/* The volume, which only this claim can have, of that directory on the nodes; the caller's. It is
 * retained: what is in it outlives the claim. */
cJSON *volumes_make(const cJSON *claim, const char *path);

#endif
