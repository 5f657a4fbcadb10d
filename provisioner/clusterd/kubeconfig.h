/* SPDX-License-Identifier: ISC */
/* Credentials for an API server, as kubeadm writes them: one cluster, one user. */
#ifndef BRAMBLE_CLUSTERD_KUBECONFIG_H
#define BRAMBLE_CLUSTERD_KUBECONFIG_H

#include <stddef.h>

#define KUBECONFIG_LIMIT 65536u
#define KUBECONFIG_PEM_SIZE 16384

struct kubeconfig {
	char server[256]; /* "https://10.77.0.1:6443" */
	/* PEM, each with its size, and a NUL behind it */
	char authority[KUBECONFIG_PEM_SIZE], certificate[KUBECONFIG_PEM_SIZE],
		key[KUBECONFIG_PEM_SIZE];
	size_t authority_size, certificate_size, key_size;
};

/* Returns 0 or -EBADMSG. Pure; fuzzed. */
int kubeconfig_parse(const char *text, size_t size, struct kubeconfig *out);

#endif
