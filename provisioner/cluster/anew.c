/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/anew.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

#define JOURNAL_LIMIT 512u

/* It holds the name that what was is to get: where that exists, it has it. */
static void find_journal(const struct settings *settings, char out[static CLUSTER_PATH_SIZE])
{
	snprintf(out, CLUSTER_PATH_SIZE, "%.255s/cluster.anew", settings->share);
}

bool cluster_is_made_anew(const struct settings *settings)
{
	char journal[CLUSTER_PATH_SIZE];

	find_journal(settings, journal);
	return access(journal, F_OK) == 0;
}

static int read_or_write_journal(const struct settings *settings, const char *journal,
	char kept[static CLUSTER_PATH_SIZE], struct failure *failure)
{
	const time_t now = time(NULL);
	struct tm utc;
	char stamp[32], *text;
	size_t size;
	int result = file_read(journal, JOURNAL_LIMIT, &text, &size);

	if (result == 0) {
		text[strcspn(text, "\n")] = '\0';
		result = str_copy(kept, CLUSTER_PATH_SIZE, text) ? 0 : -EBADMSG;
		free(text);
	} else if (result == -ENOENT) {
		gmtime_r(&now, &utc);
		strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
		snprintf(kept, CLUSTER_PATH_SIZE, "%.255s/cluster.%s", settings->share, stamp);
		result = file_replace(journal, kept, strlen(kept), 0600);
	}
	return result == 0 ? 0
			   : failure_set(failure, result, "can't read or write %s: %s", journal,
				     strerror(-result));
}

static int put_aside(const struct settings *settings, const char *kept, struct failure *failure)
{
	struct cluster_paths paths;
	int result;

	cluster_find_paths(settings, &paths);
	/* What is there then is already the new one. */
	if (access(kept, F_OK) == 0 || access(paths.base, F_OK) != 0)
		return 0;
	result = cluster_halt(settings, failure);
	if (result == 0)
		result = cluster_wait_until_ended(settings, failure);
	if (result != 0)
		return result;
	if (rename(paths.base, kept) != 0)
		return failure_set(failure, -errno, "can't rename %s to %s: %s", paths.base, kept,
			strerror(errno));
	return file_sync_directory(settings->share);
}

int cluster_make_anew(const struct settings *settings, struct progress *progress,
	char kept[static CLUSTER_PATH_SIZE], struct failure *failure)
{
	char journal[CLUSTER_PATH_SIZE];
	int result;

	find_journal(settings, journal);
	progress_begin(progress, "aside");
	result = read_or_write_journal(settings, journal, kept, failure);
	if (result == 0)
		result = put_aside(settings, kept, failure);
	if (result != 0) {
		progress_break(progress);
		return result;
	}
	if (access(kept, F_OK) != 0)
		kept[0] = '\0';
	progress_end(progress, "%s", kept[0] ? kept : "there was no cluster");
	result = cluster_create(settings, progress, failure);
	if (result == 0 && unlink(journal) != 0)
		result = failure_set(
			failure, -errno, "can't remove %s: %s", journal, strerror(errno));
	return result;
}
