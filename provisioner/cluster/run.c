/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/str.h"
#include "provisioner/cluster/cluster.h"
#include "provisioner/cluster/place.h"
#include "provisioner/cluster/processes.h"
#include "provisioner/cluster/store.h"

/* setpriv(1) takes root away before the program starts. */
static const char *const launcher[] = { "/usr/bin/setpriv", "--reuid", CLUSTER_USER, "--regid",
	CLUSTER_USER, "--clear-groups", "--no-new-privs", "--bounding-set=-all",
	"--inh-caps=-all" };
#define CLUSTERD "clusterd"
#define LAUNCHER (sizeof(launcher) / sizeof(launcher[0]))

/* Has the file changed since it was last obeyed? 0 = there is none. */
static uint64_t identify(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return 0;
	return ((uint64_t)status.st_ino << 32) ^
	       ((uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec);
}

static void warn(struct brambled *brambled, const char *path, const char *what)
{
	char text[WARNING_SIZE];

	snprintf(text, sizeof(text), "%.150s: %.60s; `bramble cluster create` writes it anew", path,
		what);
	if (strcmp(text, brambled->cluster_warning) != 0)
		log_error("%s", text);
	str_copy(brambled->cluster_warning, sizeof(brambled->cluster_warning), text);
}

/* An empty store would make nodes end all that runs there: nothing of it is in the cluster then. */
static int prepare_etcd(void *argument, int fds[static SUPERVISE_FDS], char reason[static 160])
{
	const struct brambled *brambled = argument;
	struct cluster_paths paths;

	(void)fds;
	cluster_find_paths(&brambled->settings, &paths);
	if (!store_is_lost(&paths))
		return 0;
	snprintf(reason, 160, "its store is gone from %.120s", paths.etcd);
	return -ENODATA;
}

static int run_process(struct brambled *brambled, const char *name, char *const *argv)
{
	struct supervise_spec spec = { .name = name, .launcher = LAUNCHER, .argument = brambled };
	size_t n = LAUNCHER;

	if (strcmp(name, processes_names[0]) == 0) /* etcd */
		spec.prepare = prepare_etcd;

	memcpy(spec.argv, launcher, sizeof(launcher));
	for (size_t i = 0; argv[i]; i++) {
		if (n == SUPERVISE_ARGS - 1)
			return -E2BIG;
		spec.argv[n++] = argv[i];
	}
	return supervise_add(brambled->supervisor, &spec);
}

/* Told when it is seen: what runs may go on for long with a store whose files were removed. */
static void watch_store(struct brambled *brambled, const struct cluster_paths *paths)
{
	bool lost = store_is_lost(paths);

	if (lost == brambled->cluster_lost)
		return;
	brambled->cluster_lost = lost;
	brambled->cluster_warning[0] = '\0';
	if (lost)
		snprintf(brambled->cluster_warning, sizeof(brambled->cluster_warning),
			"etcd's store is gone from %.100s, and isn't begun anew; `bramble cluster "
			"rebuild` goes back to the newest snapshot",
			paths->etcd);
	brambled_event(brambled, lost ? "cluster.lost" : "cluster.found", "", "%s",
		lost ? brambled->cluster_warning : "etcd's store is there again");
}

/* It stands between the cluster and brambled. Other credentials are another process. */
static int run_clusterd(struct brambled *brambled)
{
	struct cluster_paths paths;
	char program[300], key[32];
	struct supervise_spec spec = { .name = CLUSTERD, .launcher = LAUNCHER, .fingerprint = key };

	cluster_find_paths(&brambled->settings, &paths);
	if (access(paths.own, F_OK) != 0)
		return -ENOENT;
	snprintf(program, sizeof(program), "%s/bramble-clusterd", brambled->settings.libexec);
	snprintf(key, sizeof(key), "%llx", (unsigned long long)identify(paths.own));
	memcpy(spec.argv, launcher, sizeof(launcher));
	memcpy(spec.argv + LAUNCHER,
		(const char *[]){ program, "--run", brambled->settings.run, "--kubeconfig",
			paths.own, "--log-level", log_level_name(), NULL },
		8 * sizeof(char *));
	return supervise_add(brambled->supervisor, &spec);
}

/* In the place of what runs on a node. */
static int run_forwarder(struct brambled *brambled)
{
	struct cluster_paths paths;
	char config[CLUSTER_PATH_SIZE + 16], key[32];
	struct supervise_spec spec = {
		.name = PLACE_FORWARDER, .launcher = LAUNCHER, .fingerprint = key
	};

	cluster_find_paths(&brambled->settings, &paths);
	snprintf(config, sizeof(config), "%s/forwarder.cfg", paths.base);
	snprintf(key, sizeof(key), "%llx", (unsigned long long)identify(config));
	memcpy(spec.argv, launcher, sizeof(launcher));
	memcpy(spec.argv + LAUNCHER, (const char *[]){ PLACE_PROXY, "-db", "-f", config, NULL },
		5 * sizeof(char *));
	return supervise_add(brambled->supervisor, &spec);
}

static int run_all(struct brambled *brambled, const struct processes *processes, bool away)
{
	int result = run_clusterd(brambled);

	if (away && result == 0)
		result = run_forwarder(brambled);
	for (size_t i = away ? PLACE_PROCESSES : 0; i < PROCESSES_COUNT; i++) {
		int added = run_process(brambled, processes_names[i], processes->argv[i]);

		if (added != 0)
			result = added;
	}
	return result;
}

/* Returns whether there were some, which may take a while to end. */
static bool remove_all(struct brambled *brambled)
{
	bool any = supervise_remove(brambled->supervisor, CLUSTERD) == 0;

	any = supervise_remove(brambled->supervisor, PLACE_FORWARDER) == 0 || any;
	for (size_t i = PROCESSES_COUNT; i > 0; i--)
		any = supervise_remove(brambled->supervisor, processes_names[i - 1]) == 0 || any;
	return any;
}

static int load(const char *path, struct processes *processes)
{
	char *text;
	size_t size;
	int result = file_read(path, PROCESSES_FILE_LIMIT, &text, &size);

	if (result != 0)
		return result;
	result = strlen(text) == size ? processes_parse(text, processes) : -EBADMSG;
	free(text);
	return result;
}

/* Also while there is no control plane: a restore may have to be finished. */
static void run_upkeep(struct brambled *brambled)
{
	char program[300];
	const struct supervise_spec spec = { .name = "upkeep",
		.argv = { program, "--config", brambled->config_path } };
	int result;

	if (brambled->cluster_upkeep || brambled->settings.kubernetes_engine != ENGINE_KUBEADM)
		return;
	snprintf(program, sizeof(program), "%s/bramble-upkeep", brambled->settings.libexec);
	result = supervise_add(brambled->supervisor, &spec);
	if (result != 0)
		log_error("can't keep %s running: %s", program, strerror(-result));
	brambled->cluster_upkeep = true;
}

void cluster_tick(struct brambled *brambled)
{
	struct processes processes;
	struct cluster_paths paths;
	uint64_t found;
	int result;

	brambled->cluster_ticked = true;
	run_upkeep(brambled);
	cluster_find_paths(&brambled->settings, &paths);
	found = brambled->settings.kubernetes_engine == ENGINE_KUBEADM ? identify(paths.processes)
								       : 0;
	if (found != 0)
		watch_store(brambled, &paths);
	if (found == brambled->cluster_file)
		return;
	/* The new ones when the last of the old ones has ended: at another tick. */
	if (remove_all(brambled))
		return;
	brambled->cluster_warning[0] = '\0';
	brambled->cluster_lost = false;
	result = found == 0 ? 0 : load(paths.processes, &processes);
	if (result == 0 && found != 0) {
		result = run_all(brambled, &processes, place_is_node(&paths));
		processes_free(&processes);
	}
	if (result != 0)
		warn(brambled, paths.processes,
			result == -EBADMSG ? "isn't what Bramble writes" : strerror(-result));
	brambled->cluster_file = found;
}
