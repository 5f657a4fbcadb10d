/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/etcd.h"

#include <errno.h>
#include <stdio.h>

#include "provisioner/cluster/place.h"
#include "rootfs/failure.h"
#include "rootfs/run.h"

#define PATH_SIZE (CLUSTER_PATH_SIZE + 64)
#define WORDS 16u

int cluster_ask_etcd(const struct settings *settings, unsigned patience_s,
	const char *const words[], char *out, size_t size, struct failure *failure)
{
	struct cluster_paths paths;
	struct place place;
	char endpoint[64], address[ADDRESS_TEXT_SIZE] = "127.0.0.1";
	char patience[32], ca[PATH_SIZE], certificate[PATH_SIZE], key[PATH_SIZE];
	const char *arguments[WORDS + 1] = { "etcdctl", endpoint, "--dial-timeout=5s", patience, ca,
		certificate, key };
	const struct run run = { .arguments = arguments, .output = out, .output_size = size };
	size_t n = 7;
	int result;

	cluster_find_paths(settings, &paths);
	result = place_read(&paths, &place);
	if (result != 0)
		return failure_set(failure, result, "%s/place can't be read", paths.base);
	if (place.node[0])
		str_format_address(place.address, address);
	snprintf(endpoint, sizeof(endpoint), "--endpoints=https://%s:2379", address);
	snprintf(patience, sizeof(patience), "--command-timeout=%us", patience_s);
	snprintf(ca, sizeof(ca), "--cacert=%s/etcd/ca.crt", paths.pki);
	snprintf(certificate, sizeof(certificate), "--cert=%s/etcd/healthcheck-client.crt",
		paths.pki);
	snprintf(key, sizeof(key), "--key=%s/etcd/healthcheck-client.key", paths.pki);
	for (size_t i = 0; words[i]; i++) {
		if (n == WORDS)
			return -E2BIG;
		arguments[n++] = words[i];
	}
	return run_tool(&run, failure);
}
