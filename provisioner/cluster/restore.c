/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"
#include "provisioner/cluster/copy.h"
#include "provisioner/cluster/own.h"
#include "provisioner/cluster/place.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

#define PATH_SIZE (CLUSTER_PATH_SIZE + SNAPSHOT_NAME_SIZE)
#define JOURNAL_LIMIT 256u
#define MARK "restored" /* in what was built whole, until the restore is over */

struct restoration {
	const struct settings *settings;
	struct cluster_paths paths; /* of the cluster */
	const char *name;
	char fresh[CLUSTER_PATH_SIZE];	 /* SHARE/cluster.new: what is to be; later what was */
	char journal[CLUSTER_PATH_SIZE]; /* SHARE/cluster.restoring: "NAME SAVED" */
	struct progress *progress;
	struct restored *restored;
	struct failure *failure;
	bool interrupted; /* an earlier call got as far as halt() */
	bool exchanged;	  /* and then further */
};

static void find_journal(const struct settings *settings, char out[static CLUSTER_PATH_SIZE])
{
	snprintf(out, CLUSTER_PATH_SIZE, "%.255s/cluster.restoring", settings->share);
}

/* "NAME SAVED\n"; SAVED is "-" when what was couldn't be snapshotted. */
static bool read_journal(
	const struct settings *settings, char name[static SNAPSHOT_NAME_SIZE], char *saved)
{
	char path[CLUSTER_PATH_SIZE], *text;
	size_t size;
	bool good;

	find_journal(settings, path);
	if (file_read(path, JOURNAL_LIMIT, &text, &size) != 0)
		return false;
	good = sscanf(text, "%39s %39s", name, saved) == 2;
	free(text);
	return good;
}

void cluster_restore_pending(const struct settings *settings, char name[static SNAPSHOT_NAME_SIZE])
{
	char saved[SNAPSHOT_NAME_SIZE];

	if (!read_journal(settings, name, saved))
		name[0] = '\0';
}

static bool has_cluster(const struct restoration *restoration)
{
	return access(restoration->paths.base, F_OK) == 0;
}

/* An interrupted restore has done so already, and what runs now may be neither. */
static int save_present(struct restoration *restoration)
{
	struct restored *restored = restoration->restored;
	struct failure failure = { .text = "" };
	struct snapshot made;
	int result;

	if (restoration->interrupted) {
		progress_end(restoration->progress, "going on with what was interrupted");
		return 0;
	}
	if (!has_cluster(restoration)) {
		progress_end(restoration->progress, "there is no cluster");
		return 0;
	}
	result = snapshot_make(
		restoration->settings, "before-restore", restoration->progress, &made, &failure);
	if (result == 0) {
		(void)str_copy(restored->saved, sizeof(restored->saved), made.name);
		progress_end(restoration->progress, "%s", made.name);
	} else {
		progress_end(restoration->progress, "not possible: %s; it will be put aside",
			result == -ESTALE ? "this isn't the cluster's store"
					  : "etcd doesn't answer");
	}
	return 0;
}

static bool is_made_anew(const char *path)
{
	return strcmp(path, SNAPSHOT_STORE) == 0 || strcmp(path, "snapshot.json") == 0 ||
	       strcmp(path, "processes.json") == 0;
}

/* Etcd's content: here, or the node is told to take it, which the router hands out. */
static int build_store(struct restoration *restoration, const char *store)
{
	char etcd[PATH_SIZE];
	struct cluster_paths paths;
	struct place place;
	int result = place_choose(
		restoration->settings, restoration->name, &place, restoration->failure);

	if (result != 0)
		return result;
	cluster_find_paths_in(restoration->fresh, &paths);
	if (place.node[0]) {
		result = place_drop_certificates(&paths);
		return result == 0 ? place_write(&paths, &place, restoration->failure) : result;
	}
	snprintf(etcd, sizeof(etcd), "%s/etcd", restoration->fresh);
	return snapshot_unpack(store, etcd, restoration->failure);
}

/* All but processes.json: nothing runs before the last step. */
static int build(struct restoration *restoration)
{
	char base[CLUSTER_PATH_SIZE], from[PATH_SIZE], store[PATH_SIZE + 16];
	char mark[PATH_SIZE];
	struct failure *failure = restoration->failure;
	struct cluster_paths paths;
	int result;

	if (restoration->exchanged) {
		progress_end(restoration->progress, "done before");
		return 0;
	}
	snapshot_base(restoration->settings, base);
	snprintf(from, sizeof(from), "%s/%s", base, restoration->name);
	snprintf(store, sizeof(store), "%s/" SNAPSHOT_STORE, from);
	snprintf(mark, sizeof(mark), "%s/" MARK, restoration->fresh);
	result = copy_remove_tree(restoration->fresh);
	if (result == 0)
		result = copy_tree(from, restoration->fresh, is_made_anew, failure);
	if (result == 0 && chmod(restoration->fresh, 0711) != 0)
		result = -errno;
	if (result == 0)
		result = build_store(restoration, store);
	if (result == 0) {
		cluster_find_paths_in(restoration->fresh, &paths);
		result = cluster_own(&paths, failure);
	}
	if (result == 0)
		result = file_replace(mark, "", 0, 0600);
	if (result == 0)
		progress_end(restoration->progress, "%s", restoration->fresh);
	return result == 0 ? 0
			   : failure_set(failure, result, "can't make %s: %s", restoration->fresh,
				     strerror(-result));
}

/* From here on there is a way forward only: whoever comes next finishes it. */
static int halt(struct restoration *restoration)
{
	char text[2 * SNAPSHOT_NAME_SIZE + 8];
	const char *saved = restoration->restored->saved;
	int result;

	snprintf(text, sizeof(text), "%s %s\n", restoration->name, *saved ? saved : "-");
	result = file_replace(restoration->journal, text, strlen(text), 0600);
	if (result != 0)
		return failure_set(restoration->failure, result, "can't write %s: %s",
			restoration->journal, strerror(-result));
	if (has_cluster(restoration) && !restoration->exchanged)
		result = cluster_halt(restoration->settings, restoration->failure);
	if (result != 0)
		return result;
	/* Nothing may still write into what is exchanged. */
	if (!restoration->exchanged)
		result = cluster_wait_until_ended(restoration->settings, restoration->failure);
	if (result != 0)
		return result;
	progress_end(restoration->progress, "the control plane is down");
	return 0;
}

/* The one step that counts. */
static int exchange(struct restoration *restoration)
{
	const char *base = restoration->paths.base, *fresh = restoration->fresh;
	int result = restoration->exchanged ? 0
		     : has_cluster(restoration)
			     ? renameat2(AT_FDCWD, fresh, AT_FDCWD, base, RENAME_EXCHANGE)
			     : rename(fresh, base);

	if (result != 0)
		return failure_set(restoration->failure, -errno, "can't rename %s to %s: %s", fresh,
			base, strerror(errno));
	progress_end(restoration->progress, "%s", base);
	return file_sync_directory(restoration->settings->share);
}

/* What was is in a snapshot, or stays where it can be found. */
static int finish(struct restoration *restoration)
{
	struct restored *restored = restoration->restored;
	char mark[PATH_SIZE];
	int result = 0;

	snprintf(mark, sizeof(mark), "%s/" MARK, restoration->paths.base);
	if (access(restoration->fresh, F_OK) == 0)
		result = restored->saved[0] ? copy_remove_tree(restoration->fresh)
					    : cluster_put_directory_aside(restoration->settings,
						      restoration->fresh, restored->kept,
						      restoration->failure);
	if (result == 0 && (unlink(mark) != 0 || unlink(restoration->journal) != 0))
		result = -errno;
	if (result != 0)
		return failure_set(restoration->failure, result,
			"the control plane is restored, but %s or %s can't be removed: %s",
			restoration->fresh, restoration->journal, strerror(-result));
	return file_sync_directory(restoration->settings->share);
}

/* How far did an earlier call come? */
static int find_earlier(struct restoration *restoration)
{
	char mark[PATH_SIZE], name[SNAPSHOT_NAME_SIZE], *saved = restoration->restored->saved;

	if (!read_journal(restoration->settings, name, saved))
		return 0;
	if (strcmp(name, restoration->name) != 0)
		return failure_set(restoration->failure, -EBUSY,
			"a restore of %s was interrupted; `bramble cluster restore %s` finishes it",
			name, name);
	if (strcmp(saved, "-") == 0)
		saved[0] = '\0';
	snprintf(mark, sizeof(mark), "%s/" MARK, restoration->paths.base);
	restoration->interrupted = true;
	restoration->exchanged = access(mark, F_OK) == 0;
	return 0;
}

static int check(struct restoration *restoration)
{
	struct snapshot snapshot;
	int result = find_earlier(restoration);

	if (result != 0)
		return result;
	result = snapshot_check(
		restoration->settings, restoration->name, &snapshot, restoration->failure);

	if (result == 0 && snapshot.wrong[0])
		return failure_set(restoration->failure, -EBADMSG,
			"snapshot %s is damaged (%s); `bramble cluster snapshots` shows which are "
			"sound",
			restoration->name, snapshot.wrong);
	if (result == 0)
		progress_end(restoration->progress, "%lld keys of %s", (long long)snapshot.keys,
			snapshot.kubernetes);
	return result;
}

int cluster_restore(const struct settings *settings, const char *name, struct progress *progress,
	struct restored *restored, struct failure *failure)
{
	static const struct {
		const char *name;
		int (*run)(struct restoration *restoration);
	} steps[] = { { "snapshot", check }, { "present", save_present }, { "unpack", build },
		{ "stop", halt }, { "exchange", exchange } };
	struct restoration restoration = { .settings = settings,
		.name = name,
		.progress = progress,
		.restored = restored,
		.failure = failure };
	int result = 0;

	memset(restored, 0, sizeof(*restored));
	cluster_find_paths(settings, &restoration.paths);
	find_journal(settings, restoration.journal);
	snprintf(restoration.fresh, sizeof(restoration.fresh), "%.255s/cluster.new",
		settings->share);
	cluster_use_programs(settings);
	umask(022);
	for (size_t i = 0; result == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		progress_begin(progress, steps[i].name);
		result = steps[i].run(&restoration);
		if (result != 0)
			progress_break(progress);
	}
	if (result == 0)
		result = cluster_create(settings, progress, failure);
	return result == 0 ? finish(&restoration) : result;
}
