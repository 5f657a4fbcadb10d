/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/upgrade_plan.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"
#include "provisioner/cluster/kubeadm.h"
#include "provisioner/cluster/place.h"
#include "provisioner/cluster/processes.h"
#include "rootfs/failure.h"

#define JOURNAL_LIMIT 1024u
#define FILE_LIMIT 65536u
#define ANSWER_SIZE (1u << 20)
#define PATH_SIZE 320

static void find_journal(const struct settings *settings, char out[static PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "%.255s/cluster.upgrading", settings->share);
}

bool cluster_upgrade_pending(const struct settings *settings)
{
	char path[PATH_SIZE];

	find_journal(settings, path);
	return access(path, F_OK) == 0;
}

static bool take_line(const char **text, char *out, size_t size)
{
	size_t length = strcspn(*text, "\n");

	if ((*text)[length] != '\n' || length >= size)
		return false;
	memcpy(out, *text, length);
	out[length] = '\0';
	*text += length + 1;
	return true;
}

int upgrade_parse_journal(const char *text, struct upgrade *upgrade)
{
	char way[16];

	memset(upgrade, 0, sizeof(*upgrade));
	if (!take_line(&text, way, sizeof(way)) ||
		!take_line(&text, upgrade->from, sizeof(upgrade->from)) ||
		!take_line(&text, upgrade->to, sizeof(upgrade->to)) ||
		!take_line(&text, upgrade->snapshot, sizeof(upgrade->snapshot)) ||
		!take_line(&text, upgrade->old_programs, sizeof(upgrade->old_programs)) ||
		!take_line(&text, upgrade->new_programs, sizeof(upgrade->new_programs)) ||
		upgrade->old_programs[0] != '/' || upgrade->new_programs[0] != '/' || *text)
		return -EBADMSG;
	upgrade->back = strcmp(way, "back") == 0;
	return upgrade->back || strcmp(way, "forward") == 0 ? 0 : -EBADMSG;
}

int upgrade_write_journal(
	const struct settings *settings, const struct upgrade *upgrade, struct failure *failure)
{
	char path[PATH_SIZE], text[JOURNAL_LIMIT];
	int result;

	find_journal(settings, path);
	snprintf(text, sizeof(text), "%s\n%s\n%s\n%s\n%s\n%s\n", upgrade->back ? "back" : "forward",
		upgrade->from, upgrade->to, upgrade->snapshot, upgrade->old_programs,
		upgrade->new_programs);
	result = file_replace(path, text, strlen(text), 0600);
	return result == 0 ? 0
			   : failure_set(failure, result, "can't write %s: %s", path,
				     strerror(-result));
}

int upgrade_remove_journal(const struct settings *settings, struct failure *failure)
{
	char path[PATH_SIZE];

	find_journal(settings, path);
	if (unlink(path) != 0 && errno != ENOENT)
		return failure_set(failure, -errno, "can't remove %s: %s", path, strerror(errno));
	return file_sync_directory(settings->share);
}

/* The directory of the controllers that run, which are on the router in any case, or "". */
static void find_running(const struct settings *settings, char out[static 256])
{
	struct cluster_paths paths;
	struct processes processes;
	char *text, *slash;
	size_t size;

	out[0] = '\0';
	cluster_find_paths(settings, &paths);
	if (file_read(paths.processes, PROCESSES_FILE_LIMIT, &text, &size) != 0)
		return;
	if (processes_parse(text, &processes) == 0) {
		if (str_copy(out, 256, processes.argv[PLACE_PROCESSES][0]) &&
			(slash = strrchr(out, '/')))
			*slash = '\0';
		processes_free(&processes);
	}
	free(text);
}

void cluster_follow_programs(struct settings *settings)
{
	char running[256], kubeadm[PATH_SIZE];

	find_running(settings, running);
	snprintf(kubeadm, sizeof(kubeadm), "%s/kubeadm", running);
	if (running[0] && access(kubeadm, X_OK) == 0)
		(void)str_copy(settings->programs, sizeof(settings->programs), running);
}

/* Which version is in a directory? */
static int ask_kubeadm(
	const char *programs, char version[static CLUSTER_VERSION_SIZE], struct failure *failure)
{
	char kubeadm[PATH_SIZE];

	snprintf(kubeadm, sizeof(kubeadm), "%s/kubeadm", programs);
	return cluster_ask_version(kubeadm, "version", "--output=short", version, failure);
}

/* What the cluster was made with, as kubeadm.yaml says. */
static int read_version(const struct settings *settings, char version[static CLUSTER_VERSION_SIZE],
	struct failure *failure)
{
	struct cluster_paths paths;
	char *text;
	size_t size;
	int result;

	cluster_find_paths(settings, &paths);
	result = file_read(paths.config, FILE_LIMIT, &text, &size);
	if (result == 0) {
		result = kubeadm_read_version(text, version, CLUSTER_VERSION_SIZE);
		free(text);
	}
	if (result == -ENOENT)
		return failure_set(
			failure, result, "there is no cluster; `bramble cluster create` makes one");
	return result == 0 ? 0
			   : failure_set(failure, result, "%s can't be read: %s", paths.config,
				     strerror(-result));
}

/* A kubelet that doesn't go with the new API server. */
static int check_kubelets(
	const struct settings *settings, const char *version, struct failure *failure)
{
	static const char *const words[] = { "get", "nodes", "--output=json", NULL };
	char *answer = calloc(1, ANSWER_SIZE);
	const cJSON *node;
	cJSON *json;
	int result = answer ? cluster_ask(settings, words, answer, ANSWER_SIZE, failure) : -ENOMEM;

	json = result == 0 ? cJSON_Parse(answer) : NULL;
	cJSON_ArrayForEach(node, cJSON_GetObjectItemCaseSensitive(json, "items"))
	{
		const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
			cJSON_GetObjectItemCaseSensitive(node, "metadata"), "name"));
		const char *kubelet = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
			cJSON_GetObjectItemCaseSensitive(
				cJSON_GetObjectItemCaseSensitive(node, "status"), "nodeInfo"),
			"kubeletVersion"));

		if (result == 0 && name && kubelet && !kubeadm_versions_fit(kubelet, version))
			result = failure_set(failure, -EEXIST,
				"the kubelet %.40s of %.63s wouldn't go with %s; give its node a "
				"newer image before",
				kubelet, name, version);
	}
	cJSON_Delete(json);
	free(answer);
	return result;
}

static int check_old_programs(const struct upgrade *upgrade, struct failure *failure)
{
	char version[CLUSTER_VERSION_SIZE] = "";
	struct failure unused = { .text = "" };

	if (ask_kubeadm(upgrade->old_programs, version, &unused) == 0 &&
		strcmp(version, upgrade->from) == 0)
		return 0;
	return failure_set(failure, -ENOENT,
		"the programs of %s are no longer in %s, so that there would be no way back; put "
		"another version into a directory of its own (kubernetes.programs)",
		upgrade->from, upgrade->old_programs);
}

static int read_journal(
	const struct settings *settings, struct upgrade *upgrade, struct failure *failure)
{
	char path[PATH_SIZE], *text;
	size_t size;
	int result;

	find_journal(settings, path);
	result = file_read(path, JOURNAL_LIMIT, &text, &size);
	if (result == 0) {
		result = strlen(text) == size ? upgrade_parse_journal(text, upgrade) : -EBADMSG;
		free(text);
	}
	return result == 0 ? 0
			   : failure_set(failure, result, "%s can't be read: %s", path,
				     strerror(-result));
}

/* Its API server is in its image, and changes with that. */
static int check_place(const struct settings *settings, struct failure *failure)
{
	struct cluster_paths paths;

	cluster_find_paths(settings, &paths);
	if (!place_is_node(&paths))
		return 0;
	return failure_set(failure, -ENOTSUP,
		"the control plane is on a node, and is upgraded on the router alone: take "
		"kubernetes.control_plane out of bramble.conf, run `bramble cluster rebuild`, then "
		"this; afterwards `bramble cluster rebuild` moves it back, with an image that has "
		"the new kube-apiserver");
}

int cluster_plan_upgrade(
	const struct settings *settings, struct upgrade *upgrade, struct failure *failure)
{
	int result;

	memset(upgrade, 0, sizeof(*upgrade));
	if (cluster_upgrade_pending(settings))
		return read_journal(settings, upgrade, failure);
	(void)str_copy(upgrade->new_programs, sizeof(upgrade->new_programs), settings->programs);
	find_running(settings, upgrade->old_programs);
	result = read_version(settings, upgrade->from, failure);
	if (result == 0 && !upgrade->old_programs[0])
		result = failure_set(failure, -ENOENT,
			"the cluster isn't complete; `bramble cluster create` finishes it");
	if (result == 0)
		result = ask_kubeadm(settings->programs, upgrade->to, failure);
	if (result != 0 || strcmp(upgrade->from, upgrade->to) == 0)
		return result;
	result = check_place(settings, failure);
	if (result != 0)
		return result;
	if (!kubeadm_may_upgrade(upgrade->from, upgrade->to))
		return failure_set(failure, -EINVAL,
			"%s can't follow %s: neither an older one nor one that skips a minor "
			"version can",
			upgrade->to, upgrade->from);
	result = check_old_programs(upgrade, failure);
	return result == 0 ? check_kubelets(settings, upgrade->to, failure) : result;
}
