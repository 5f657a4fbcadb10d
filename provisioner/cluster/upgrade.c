/* SPDX-License-Identifier: ISC */
/* The way of an upgrade; plan.c says whether it may be gone. */
#include "provisioner/cluster/upgrade.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/str.h"
#include "provisioner/cluster/processes.h"
#include "provisioner/cluster/restore.h"
#include "provisioner/cluster/running.h"
#include "provisioner/cluster/upgrade_plan.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

#define KEPT_BEFORE_UPGRADES 3u
#define READY_NS (180 * NS_PER_S)
#define SETTLED_NS (10 * NS_PER_S)
#define ENDS_LIMIT 5u /* of one program: then it isn't going to be well */
#define MISSING_NS (30 * NS_PER_S)
#define LOOK_AGAIN_US 500000

/* The same settings with other programs; the caller frees them. */
static struct settings *with_programs(
	const struct settings *settings, const char *programs, struct failure *failure)
{
	struct settings *copy = malloc(sizeof(*copy));

	if (!copy) {
		failure_set(failure, -ENOMEM, "out of memory");
		return NULL;
	}
	memcpy(copy, settings, sizeof(*copy));
	(void)str_copy(copy->programs, sizeof(copy->programs), programs);
	return copy;
}

static int keep_snapshot(const struct settings *old, struct upgrade *upgrade,
	struct progress *progress, struct failure *failure)
{
	struct snapshot made;
	int result = 0;

	progress_begin(progress, "snapshot");
	if (!upgrade->snapshot[0]) {
		result = snapshot_make(old, "before-upgrade", progress, &made, failure);
		if (result == 0)
			result = snapshot_prune(
				old, "before-upgrade", KEPT_BEFORE_UPGRADES, failure);
		if (result == 0) {
			(void)str_copy(upgrade->snapshot, sizeof(upgrade->snapshot), made.name);
			result = upgrade_write_journal(old, upgrade, failure);
		}
	}
	if (result == 0)
		progress_end(progress, "%s", upgrade->snapshot);
	return result;
}

/* How often each program was seen to end, and since when it isn't there. */
struct watch {
	pid_t pids[PROCESSES_COUNT];
	unsigned ends[PROCESSES_COUNT];
	uint64_t missing_since_ns[PROCESSES_COUNT]; /* 0 = it is there */
	uint64_t well_since_ns;			    /* 0 = it isn't */
};

/* Has this one no future? brambled starts what ends anew, after five seconds at most. */
static bool is_hopeless(const struct settings *settings, struct watch *watch, size_t i)
{
	uint64_t now_ns = clock_monotonic_ns();
	pid_t pid = 0;

	if (running_read(settings, processes_names[i], &pid) != 0) {
		watch->well_since_ns = 0;
		if (watch->missing_since_ns[i] == 0)
			watch->missing_since_ns[i] = now_ns;
		return now_ns - watch->missing_since_ns[i] >= MISSING_NS;
	}
	watch->missing_since_ns[i] = 0;
	if (pid == watch->pids[i])
		return false;
	watch->ends[i] += watch->pids[i] != 0;
	watch->pids[i] = pid;
	watch->well_since_ns = 0;
	return watch->ends[i] >= ENDS_LIMIT;
}

/* Returns the name of a program that ends again and again, or NULL. */
static const char *watch_programs(const struct settings *settings, struct watch *watch)
{
	for (size_t i = 0; i < PROCESSES_COUNT; i++) {
		if (is_hopeless(settings, watch, i))
			return processes_names[i];
	}
	return NULL;
}

static bool answers_with(
	const struct settings *settings, const char *version, struct failure *failure)
{
	static const char *const ready[] = { "get", "--raw=/readyz", NULL };
	static const char *const ask[] = { "get", "--raw=/version", NULL };
	char answer[4096];
	const char *text;
	cJSON *json;
	bool same;

	if (cluster_ask(settings, ready, answer, sizeof(answer), failure) != 0 ||
		cluster_ask(settings, ask, answer, sizeof(answer), failure) != 0)
		return false;
	json = cJSON_Parse(answer);
	text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "gitVersion"));
	same = text && strcmp(text, version) == 0;
	if (!same)
		failure_set(failure, -EAGAIN, "the API server is %.60s", text ? text : "unknown");
	cJSON_Delete(json);
	return same;
}

static int wait_until_well(const struct settings *settings, const char *version,
	struct progress *progress, struct failure *failure)
{
	uint64_t deadline_ns = clock_monotonic_ns() + READY_NS;
	struct watch watch = { .well_since_ns = 0 };

	progress_begin(progress, "health");
	for (;;) {
		struct failure last = { .text = "" };
		const char *ends = watch_programs(settings, &watch);
		bool well = !ends && answers_with(settings, version, &last);
		uint64_t now_ns = clock_monotonic_ns();

		if (ends)
			return failure_set(failure, -EIO,
				"%s of %s ends again and again (journalctl -u bramble)", ends,
				version);
		if (!well)
			watch.well_since_ns = 0;
		else if (watch.well_since_ns == 0)
			watch.well_since_ns = now_ns;
		else if (now_ns - watch.well_since_ns >= SETTLED_NS)
			break;
		if (now_ns > deadline_ns)
			return failure_set(failure, -ETIMEDOUT, "it isn't well after %u s: %.500s",
				(unsigned)(READY_NS / NS_PER_S), last.text);
		progress_note(progress, well ? "watching the programs" : "waiting");
		usleep(LOOK_AGAIN_US);
	}
	progress_end(progress, "%s is ready, its programs stay", version);
	return 0;
}

static int go_forward(const struct settings *new, const struct upgrade *upgrade,
	struct progress *progress, struct failure *failure)
{
	int result = cluster_prepare(new, progress, failure);

	if (result == 0)
		result = wait_until_well(new, upgrade->to, progress, failure);
	return result == 0 ? cluster_apply_objects(new, failure) : result;
}

/* The snapshot, with the arguments and programs of before. Returns -ECANCELED when it is so. */
static int go_back(const struct settings *old, struct upgrade *upgrade, struct progress *progress,
	struct failure *failure)
{
	struct failure why = { .text = "" };
	struct restored restored;
	int result;

	(void)str_copy(why.text, sizeof(why.text), failure->text);
	upgrade->back = true;
	failure->text[0] = '\0';
	result = upgrade_write_journal(old, upgrade, failure);
	if (result == 0)
		result = cluster_restore(old, upgrade->snapshot, progress, &restored, failure);
	if (result == 0)
		result = upgrade_remove_journal(old, failure);
	if (result != 0)
		return result;
	return failure_set(failure, -ECANCELED,
		"%s isn't well, so the cluster is %s again, as it was in snapshot %s%s%.400s",
		upgrade->to, upgrade->from, upgrade->snapshot, why.text[0] ? ": " : "", why.text);
}

int cluster_upgrade(const struct settings *settings, struct upgrade *upgrade,
	struct progress *progress, struct failure *failure)
{
	struct settings *old = with_programs(settings, upgrade->old_programs, failure);
	struct settings *new = with_programs(settings, upgrade->new_programs, failure);
	int result = old && new ? 0 : -ENOMEM;

	if (result == 0 && !upgrade->back)
		result = keep_snapshot(old, upgrade, progress, failure);
	if (result == 0) {
		int gone = upgrade->back ? -ECANCELED : go_forward(new, upgrade, progress, failure);

		if (gone != 0)
			progress_break(progress);
		result = gone == 0 ? upgrade_remove_journal(new, failure)
				   : go_back(old, upgrade, progress, failure);
	}
	if (result != 0)
		progress_break(progress);
	free(old);
	free(new);
	return result;
}
