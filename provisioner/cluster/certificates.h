/* SPDX-License-Identifier: ISC */
/* Until when the control plane's certificates are valid, and when they are renewed. */
#ifndef BRAMBLE_CLUSTER_CERTIFICATES_H
#define BRAMBLE_CLUSTER_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provisioner/cluster/cluster.h"

#define CERTIFICATES_LIMIT 32u
#define CERTIFICATE_NAME_SIZE 64

struct certificate {
	char name[CERTIFICATE_NAME_SIZE]; /* "etcd/server.crt", "admin.conf" */
	int64_t begin_ms, end_ms;	  /* since 1970 */
	bool authority;			  /* signs others: Bramble can't renew it */
};

/* One certificate as PEM. Returns 0 or -EBADMSG. */
int certificate_parse(const char *pem, size_t size, struct certificate *certificate);

/* The client's certificate in a kubeconfig as kubeadm writes it. The same; -ENOENT: it has none. */
int certificate_parse_kubeconfig(const char *text, size_t size, struct certificate *certificate);

/* All of the control plane, those that end first first. Returns 0 or -errno with `failure`. */
int certificates_read(const struct cluster_paths *paths,
	struct certificate list[static CERTIFICATES_LIMIT], size_t *n, struct failure *failure);

/* Is it to be renewed? In its last 30 days, or the last third of a shorter life. */
bool certificate_is_due(const struct certificate *certificate, int64_t now_ms);

/* Is a person to be told? It should have been renewed 10 days ago (in a shorter life: a tenth of
 * it), or it is an authority in its last year. */
bool certificate_is_worrying(const struct certificate *certificate, int64_t now_ms);

#endif
