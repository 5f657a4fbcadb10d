/* SPDX-License-Identifier: ISC */
/* bramble doctor: the control plane and the nodes that it knows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "provisioner/cli/doctor.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/text.h"
#include "provisioner/cluster/certificates.h"
#include "provisioner/cluster/etcd.h"
#include "provisioner/cluster/kubeadm.h"
#include "provisioner/cluster/snapshot.h"
#include "provisioner/cluster/store.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

#define ANSWER_SIZE (1u << 20)
#define MS_PER_HOUR (INT64_C(3600) * 1000)
#define ETCD_PATIENCE_S 10u
#define ETCD_QUOTA 2147483648.0 /* its default: https://etcd.io/docs/v3.5/dev-guide/limit/ */

static void flatten(char *text)
{
	for (char *p = text; *p; p++)
		*p = *p == '\n' ? ' ' : *p;
}

static void check_certificates(struct doctor *doctor, const struct cluster_paths *paths)
{
	struct certificate list[CERTIFICATES_LIMIT];
	struct failure failure = { .text = "" };
	char text[TEXT_UNIT_SIZE];
	bool well = true;
	size_t n;

	if (certificates_read(paths, list, &n, &failure) != 0) {
		doctor_say(doctor, "certificates", DOCTOR_WRONG, "bramble cluster snapshots",
			"%.300s", failure.text);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (!certificate_is_worrying(&list[i], clock_wall_ms()))
			continue;
		well = false;
		text_duration(list[i].end_ms - clock_wall_ms(), text);
		doctor_say(doctor, "certificates",
			list[i].end_ms < clock_wall_ms() ? DOCTOR_WRONG : DOCTOR_WARNING,
			list[i].authority ? "bramble cluster rebuild --new before it ends"
					  : "bramble cluster renew",
			"%s %s%s", list[i].name,
			list[i].end_ms < clock_wall_ms() ? "has expired" : "ends in ",
			list[i].end_ms < clock_wall_ms() ? "" : text);
	}
	if (well && n > 0) {
		text_duration(list[0].end_ms - clock_wall_ms(), text);
		doctor_say(doctor, "certificates", DOCTOR_WELL, "", "the first of %zu ends in %s",
			n, text);
	}
}

static void check_snapshots(struct doctor *doctor)
{
	static const char next[] = "bramble cluster snapshot";
	static char names[SNAPSHOTS_LISTED][SNAPSHOT_NAME_SIZE];
	struct failure failure = { .text = "" };
	struct snapshot snapshot;
	char age[TEXT_UNIT_SIZE];
	int64_t period_ms = doctor->settings->snapshot_hours * MS_PER_HOUR;
	size_t n = 0;

	if (snapshot_names(doctor->settings, names, &n, &failure) != 0) {
		doctor_say(doctor, "snapshot", DOCTOR_UNKNOWN, "run it as root", "%.300s",
			failure.text);
		return;
	}
	if (n == 0) {
		doctor_say(doctor, "snapshot", DOCTOR_WARNING, next, "there is none yet");
		return;
	}
	progress_note(doctor->progress, "reading the newest snapshot");
	text_age(snapshot_newest_ms(doctor->settings), clock_wall_ms(), age);
	if (!doctor->quick &&
		(snapshot_check(doctor->settings, names[n - 1], &snapshot, &failure) != 0 ||
			snapshot.wrong[0]))
		doctor_say(doctor, "snapshot", DOCTOR_WRONG, next,
			"the newest, %s, is damaged: %.200s", names[n - 1],
			failure.text[0] ? failure.text : snapshot.wrong);
	else if (period_ms > 0 &&
		 clock_wall_ms() - snapshot_newest_ms(doctor->settings) > 2 * period_ms)
		doctor_say(doctor, "snapshot", DOCTOR_WARNING, next, "the newest was made %s", age);
	else
		doctor_say(doctor, "snapshot", DOCTOR_WELL, "", "the newest was made %s%s", age,
			doctor->quick ? "" : ", and is sound");
}

/* Is there no store, or not this cluster's? */
static bool is_lost(struct doctor *doctor)
{
	struct failure failure = { .text = "" };
	struct cluster_paths paths;
	char id[STORE_ID_SIZE];

	cluster_find_paths(doctor->settings, &paths);
	if (store_is_lost(&paths)) {
		doctor_say(doctor, "etcd", DOCTOR_WRONG,
			"bramble cluster rebuild goes back to the newest snapshot",
			"its store is gone from %s, and isn't begun anew", paths.etcd);
		return true;
	}
	if (store_check(doctor->settings, id, &failure) != -ESTALE)
		return false;
	doctor_say(doctor, "etcd", DOCTOR_WRONG, "bramble cluster rebuild", "%.300s", failure.text);
	return true;
}

static void check_etcd(struct doctor *doctor)
{
	static const char *const alarms[] = { "alarm", "list", NULL };
	static const char *const state[] = { "--write-out=json", "endpoint", "status", NULL };
	static const char next[] =
		"journalctl -u bramble; bramble cluster rebuild goes back to the "
		"newest snapshot";
	struct failure failure = { .text = "" };
	char answer[4096];
	double bytes;
	cJSON *json;

	if (is_lost(doctor))
		return;
	if (cluster_ask_etcd(doctor->settings, ETCD_PATIENCE_S, alarms, answer, sizeof(answer),
		    &failure) != 0) {
		flatten(failure.text);
		doctor_say(
			doctor, "etcd", DOCTOR_WRONG, next, "doesn't answer: %.300s", failure.text);
		return;
	}
	flatten(answer);
	if (strstr(answer, "alarm:")) {
		doctor_say(doctor, "etcd", DOCTOR_WRONG,
			"etcdctl compact, defrag and alarm disarm make it writable again",
			"takes no writes: %.200s", answer);
		return;
	}
	if (cluster_ask_etcd(doctor->settings, ETCD_PATIENCE_S, state, answer, sizeof(answer),
		    &failure) != 0)
		answer[0] = '\0';
	json = cJSON_Parse(answer);
	bytes = (double)json_integer(json_member(cJSON_GetArrayItem(json, 0), "Status"), "dbSize");
	cJSON_Delete(json);
	doctor_say(doctor, "etcd", bytes > ETCD_QUOTA * 0.8 ? DOCTOR_WARNING : DOCTOR_WELL,
		bytes > ETCD_QUOTA * 0.8 ? "etcdctl compact and defrag make it smaller" : "",
		"answers; its store has %.1f MB", bytes / 1e6);
}

/* The parts of the API server that aren't well: "[-]etcd failed: …". */
static bool check_server(struct doctor *doctor)
{
	static const char *const words[] = { "get", "--raw=/readyz?verbose", NULL };
	struct failure failure = { .text = "" };
	char answer[16384], *bad;
	int result = cluster_ask(doctor->settings, words, answer, sizeof(answer), &failure);

	bad = strstr(failure.text, "[-]");
	if (result == 0)
		doctor_say(doctor, "API server", DOCTOR_WELL, "", "is ready");
	else if (bad)
		doctor_say(doctor, "API server", DOCTOR_WRONG, "journalctl -u bramble",
			"isn't ready: %.*s", (int)strcspn(bad, "\n"), bad);
	else {
		flatten(failure.text);
		doctor_say(doctor, "API server", DOCTOR_WRONG,
			"bramble cluster status; journalctl -u bramble", "doesn't answer: %.300s",
			failure.text);
	}
	return result == 0;
}

static bool is_ready(const cJSON *node)
{
	const cJSON *condition;

	cJSON_ArrayForEach(condition, json_member(json_member(node, "status"), "conditions"))
	{
		if (strcmp(json_text(condition, "type"), "Ready") == 0)
			return strcmp(json_text(condition, "status"), "True") == 0;
	}
	return false;
}

static void check_node(struct doctor *doctor, const cJSON *node, const char *server, int *bad)
{
	const char *name = json_text(json_member(node, "metadata"), "name");
	const char *kubelet =
		json_text(json_member(json_member(node, "status"), "nodeInfo"), "kubeletVersion");
	char next[128];

	if (!is_ready(node)) {
		snprintf(next, sizeof(next), "bramble node show %.60s; bramble boot latest", name);
		doctor_say(doctor, "nodes", DOCTOR_WARNING, next, "%.63s isn't Ready", name);
		++*bad;
	}
	if (!kubeadm_versions_fit(kubelet, server)) {
		doctor_say(doctor, "nodes", DOCTOR_WRONG,
			"an image with a kubelet that fits, and bramble rollout",
			"%.63s has kubelet %.30s, which doesn't go with API server %.30s", name,
			kubelet, server);
		++*bad;
	}
}

static void check_nodes(struct doctor *doctor)
{
	static const char *const ask_version[] = { "get", "--raw=/version", NULL };
	static const char *const ask_nodes[] = { "get", "nodes", "--output=json", NULL };
	struct failure failure = { .text = "" };
	char version[2048], *answer = calloc(1, ANSWER_SIZE);
	cJSON *server = NULL, *list = NULL;
	const cJSON *node;
	int bad = 0;

	if (answer &&
		cluster_ask(doctor->settings, ask_version, version, sizeof(version), &failure) ==
			0 &&
		cluster_ask(doctor->settings, ask_nodes, answer, ANSWER_SIZE, &failure) == 0) {
		server = cJSON_Parse(version);
		list = cJSON_Parse(answer);
		cJSON_ArrayForEach(node, json_member(list, "items"))
		{
			check_node(doctor, node, json_text(server, "gitVersion"), &bad);
		}
		if (bad == 0)
			doctor_say(doctor, "nodes", DOCTOR_WELL, "", "%d, all Ready",
				cJSON_GetArraySize(json_member(list, "items")));
	} else {
		doctor_say(doctor, "nodes", DOCTOR_UNKNOWN, "", "%.200s", failure.text);
	}
	cJSON_Delete(server);
	cJSON_Delete(list);
	free(answer);
}

void doctor_check_cluster(struct doctor *doctor)
{
	struct cluster_paths paths;

	cluster_find_paths(doctor->settings, &paths);
	if (access(paths.processes, F_OK) != 0) {
		doctor_say(doctor, "cluster", DOCTOR_UNKNOWN, "bramble cluster create",
			"there is none");
		return;
	}
	if (geteuid() != 0) {
		doctor_say(doctor, "cluster", DOCTOR_UNKNOWN, "run it as root",
			"its credentials belong to root");
		return;
	}
	cluster_use_programs(doctor->settings);
	check_certificates(doctor, &paths);
	check_snapshots(doctor);
	check_etcd(doctor);
	if (check_server(doctor))
		check_nodes(doctor);
}
