/* SPDX-License-Identifier: ISC */
/* What etcd says of the cluster that it holds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "provisioner/cluster/etcd.h"
#include "provisioner/cluster/store.h"
#include "rootfs/failure.h"

#define PATIENCE_S 30u
#define ANSWER_SIZE 16384u
#define PATH_SIZE (CLUSTER_PATH_SIZE + 32)

static int ask(
	const struct settings *settings, char id[static STORE_ID_SIZE], struct failure *failure)
{
	static const char *const words[] = { "--write-out=json", "get",
		"/registry/namespaces/kube-system", NULL };
	char *answer = calloc(1, ANSWER_SIZE);
	int result =
		answer ? cluster_ask_etcd(settings, PATIENCE_S, words, answer, ANSWER_SIZE, failure)
		       : failure_set(failure, -ENOMEM, "out of memory");

	id[0] = '\0';
	if (result == 0)
		result = store_parse_id(answer, id);
	free(answer);
	/* An encoding that isn't known here is no reason to keep nothing. */
	return result == -EBADMSG ? 0 : result;
}

int store_check(
	const struct settings *settings, char id[static STORE_ID_SIZE], struct failure *failure)
{
	struct cluster_paths paths;
	char known[STORE_ID_SIZE];
	int result = ask(settings, id, failure);

	cluster_find_paths(settings, &paths);
	(void)store_read_id(&paths, known);
	if (result == -ENOENT)
		return failure_set(failure, -ESTALE, "etcd's store is empty; %s",
			known[0] ? "`bramble cluster rebuild` brings the cluster back"
				 : "`bramble cluster create` fills it");
	if (result == 0 && id[0] && known[0] && strcmp(id, known) != 0)
		return failure_set(failure, -ESTALE,
			"etcd's store isn't that of this cluster (%.8s instead of %.8s): that was "
			"lost; `bramble cluster rebuild` brings it back",
			id, known);
	return result;
}

int store_take(const struct settings *settings, struct failure *failure)
{
	struct cluster_paths paths;
	char id[STORE_ID_SIZE], known[STORE_ID_SIZE], path[PATH_SIZE];
	int result = store_check(settings, id, failure);

	cluster_find_paths(settings, &paths);
	if (result != 0 || !id[0] || store_read_id(&paths, known))
		return result;
	snprintf(path, sizeof(path), "%s/identity", paths.base);
	result = file_replace(path, id, strlen(id), 0600);
	return result == 0 ? 0
			   : failure_set(failure, result, "can't write %s: %s", path,
				     strerror(-result));
}
