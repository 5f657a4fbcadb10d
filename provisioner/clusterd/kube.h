/* SPDX-License-Identifier: ISC */
/* Calls of a Kubernetes API server: HTTPS with a client's certificate, one at a time, bounded. */
#ifndef BRAMBLE_CLUSTERD_KUBE_H
#define BRAMBLE_CLUSTERD_KUBE_H

#include <cjson/cJSON.h>

#include "provisioner/clusterd/kubeconfig.h"

struct kube;

#define KUBE_ERROR_SIZE 256

enum kube_method { KUBE_GET, KUBE_POST, KUBE_DELETE, KUBE_PATCH };

/* Copies nothing: `config` must outlive it. NULL when memory is short. */
struct kube *kube_new(const struct kubeconfig *config);
void kube_free(struct kube *kube);

/* Call `path` ("/api/v1/nodes"); `body` is JSON, NULL = none; a PATCH is a merge patch (RFC 7386).
 * *answer: the parsed answer, the caller's, NULL when there is none; may be NULL. Returns 0,
 * -ENOENT (404), -EEXIST (409), -EACCES (401, 403), -EBUSY (429), -EBADMSG, -EPROTO (another
 * status), -ETIMEDOUT, -ECONNREFUSED (nobody answers) with what was wrong in `error`. */
int kube_call(struct kube *kube, enum kube_method method, const char *path, const cJSON *body,
	cJSON **answer, char error[static KUBE_ERROR_SIZE]);

#endif
