/* SPDX-License-Identifier: ISC */
/* Questions to a cluster that exists, and its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/cluster/cluster.h"
#include "provisioner/cluster/place.h"
#include "provisioner/cluster/processes.h"
#include "rootfs/failure.h"
#include "rootfs/run.h"

#define WORDS 16
#define STOP_TRIES 300u
#define STOP_WAIT_US 100000

void cluster_use_programs(const struct settings *settings)
{
	char path[CLUSTER_PATH_SIZE + sizeof(RUN_SAFE_PATH)];

	snprintf(path, sizeof(path), "%s:" RUN_SAFE_PATH, settings->programs);
	setenv("PATH", path, 1);
}

int cluster_ask(const struct settings *settings, const char *const words[], char *out, size_t size,
	struct failure *failure)
{
	struct cluster_paths paths;
	char kubeconfig[CLUSTER_PATH_SIZE + 16], cache[CLUSTER_PATH_SIZE + 32];
	const char *arguments[WORDS + 1] = { "kubectl", kubeconfig, cache,
		"--request-timeout=10s" };
	const struct run run = { .arguments = arguments, .output = out, .output_size = size };
	size_t n = 4;

	cluster_find_paths(settings, &paths);
	snprintf(kubeconfig, sizeof(kubeconfig), "--kubeconfig=%s", paths.admin);
	snprintf(cache, sizeof(cache), "--cache-dir=%s/cache", paths.base);
	cluster_use_programs(settings);
	for (size_t i = 0; words[i]; i++) {
		if (n == WORDS)
			return -E2BIG;
		arguments[n++] = words[i];
	}
	return run_tool(&run, failure);
}

static int complain_about(const char *path, struct failure *failure)
{
	return errno == ENOENT
		       ? failure_set(
				 failure, -ENOENT, "there is no cluster: %s doesn't exist", path)
		       : failure_set(failure, -errno, "can't change %s: %s", path, strerror(errno));
}

int cluster_halt(const struct settings *settings, struct failure *failure)
{
	struct cluster_paths paths;

	cluster_find_paths(settings, &paths);
	if (access(paths.base, F_OK) != 0)
		return complain_about(paths.base, failure);
	/* Half a cluster has no such file. */
	if (unlink(paths.processes) != 0 && errno != ENOENT)
		return complain_about(paths.processes, failure);
	return file_sync_directory(paths.base);
}

static bool all_ended(const struct settings *settings)
{
	for (size_t i = 0; i <= PROCESSES_COUNT; i++) {
		char path[CLUSTER_PATH_SIZE];

		snprintf(path, sizeof(path), "%.107s/pids/%s", settings->run,
			i < PROCESSES_COUNT ? processes_names[i] : PLACE_FORWARDER);
		if (access(path, F_OK) == 0)
			return false;
	}
	return true;
}

int cluster_wait_until_ended(const struct settings *settings, struct failure *failure)
{
	for (unsigned tries = 0; !all_ended(settings); tries++) {
		if (tries == STOP_TRIES)
			return failure_set(failure, -ETIMEDOUT,
				"the processes of the control plane don't end; is brambled "
				"running (`bramble status`)? Then run this again");
		usleep(STOP_WAIT_US);
	}
	return 0;
}

int cluster_put_directory_aside(const struct settings *settings, const char *path,
	char kept[static CLUSTER_PATH_SIZE], struct failure *failure)
{
	const time_t now = time(NULL);
	struct cluster_paths paths;
	char stamp[32];
	struct tm utc;

	cluster_find_paths(settings, &paths);
	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	snprintf(kept, CLUSTER_PATH_SIZE, "%.280s.%s", paths.base, stamp);
	if (rename(path, kept) != 0)
		return complain_about(path, failure);
	return file_sync_directory(settings->share);
}

int cluster_put_aside(const struct settings *settings, struct failure *failure,
	char kept[static CLUSTER_PATH_SIZE])
{
	struct cluster_paths paths;

	cluster_find_paths(settings, &paths);
	return cluster_put_directory_aside(settings, paths.base, kept, failure);
}
