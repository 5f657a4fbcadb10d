/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/upkeep.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "provisioner/addons/addons.h"
#include "provisioner/cluster/anew.h"
#include "provisioner/cluster/certificates.h"
#include "provisioner/cluster/lock.h"
#include "provisioner/cluster/place.h"
#include "provisioner/cluster/renew.h"
#include "provisioner/cluster/restore.h"
#include "provisioner/cluster/store.h"
#include "provisioner/cluster/upgrade.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

#define MS_PER_HOUR (INT64_C(3600) * 1000)
#define MS_PER_DAY (24 * MS_PER_HOUR)
#define SCHEDULED "schedule"
#define PATH_SIZE 160
#define TOLD_LIMIT 8192u
#define SNAPSHOT_REST_S 600
#define STORE_REST_S 60
#define RENEWAL_REST_S 3600 /* each starts the API server anew */

struct round {
	const struct settings *settings;
	struct progress progress;
	struct cluster_paths paths;
	cJSON *warnings;
};

static void told_place(const struct round *round, char path[static PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%.107s/upkeep.json", round->settings->run);
}

/* Did the last round say so? Then it is in the log. */
static bool is_told(const struct round *round, const char *text)
{
	char path[PATH_SIZE], *old;
	const cJSON *item;
	cJSON *json;
	size_t size;
	bool told = false;

	told_place(round, path);
	if (file_read(path, TOLD_LIMIT, &old, &size) != 0)
		return false;
	json = cJSON_Parse(old);
	free(old);
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "warnings"))
	{
		told = told || (cJSON_IsString(item) && strcmp(item->valuestring, text) == 0);
	}
	cJSON_Delete(json);
	return told;
}

/* A text of several lines is told in one. */
static void add_warning(struct round *round, char *text)
{
	for (char *p = text; *p; p++) {
		if (*p == '\n')
			*p = ' ';
	}
	if (!is_told(round, text))
		log_warning("%s", text);
	cJSON_AddItemToArray(round->warnings, cJSON_CreateString(text));
}

__attribute__((format(printf, 2, 3))) static void warn(struct round *round, const char *format, ...)
{
	char text[UPKEEP_WARNING_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add_warning(round, text);
}

/* What failed rests for a while before it is tried again. */
static void resting_place(const struct round *round, const char *what, char path[static PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%.107s/upkeep.%.16s", round->settings->run, what);
}

static bool rests(const struct round *round, const char *what, time_t seconds)
{
	char path[PATH_SIZE];
	struct stat status;

	resting_place(round, what, path);
	return stat(path, &status) == 0 && time(NULL) - status.st_mtime < seconds;
}

static void remember(const struct round *round, const char *what, bool failed)
{
	char path[PATH_SIZE];

	resting_place(round, what, path);
	(void)unlink(path);
	if (failed)
		(void)file_replace(path, "", 0, 0600);
}

static void keep_snapshots(struct round *round)
{
	const struct settings *settings = round->settings;
	int64_t age_ms = clock_wall_ms() - snapshot_newest_ms(settings);
	int64_t period_ms = settings->snapshot_hours * MS_PER_HOUR;
	struct failure failure = { .text = "" };
	struct snapshot made;
	bool failed;

	if (period_ms == 0 || (age_ms >= 0 && age_ms < period_ms))
		return;
	if (age_ms > 2 * period_ms && snapshot_newest_ms(settings) > 0)
		warn(round,
			"the newest snapshot of the control plane is %" PRId64
			" h old; `bramble cluster snapshot` says what is in the way",
			age_ms / MS_PER_HOUR);
	if (rests(round, "snapshot", SNAPSHOT_REST_S))
		return;
	failed = snapshot_make(settings, SCHEDULED, &round->progress, &made, &failure) != 0;
	remember(round, "snapshot", failed);
	if (failed)
		log_warning("no snapshot of the control plane: %s", failure.text);
	else
		log_info(
			"snapshot %s of the control plane: %" PRId64 " keys", made.name, made.keys);
	failure.text[0] = '\0';
	if (snapshot_prune(settings, SCHEDULED, (unsigned)settings->snapshots_kept, &failure) != 0)
		warn(round, "old snapshots: %.200s", failure.text);
}

static void warn_of(struct round *round, const struct certificate *certificate, const char *why)
{
	int64_t days = (certificate->end_ms - clock_wall_ms()) / MS_PER_DAY;

	if (certificate->end_ms < clock_wall_ms())
		warn(round, "the certificate %s of the control plane has expired%.120s",
			certificate->name, why);
	else
		warn(round, "the certificate %s of the control plane ends in %" PRId64 " d%.120s",
			certificate->name, days, why);
}

/* The certificate that is to be renewed first, or NULL. */
static const struct certificate *find_due(const struct certificate *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (certificate_is_due(&list[i], clock_wall_ms()))
			return &list[i];
	}
	return NULL;
}

static void warn_of_worrying(struct round *round, const struct certificate *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!certificate_is_worrying(&list[i], clock_wall_ms()))
			continue;
		warn_of(round, &list[i],
			list[i].authority ? "; Bramble can't renew an authority: plan a new cluster"
					  : "; `bramble cluster renew` says what is in the way");
		break;
	}
}

/* A renewal that changes nothing counts as failed: what kubeadm doesn't know stays due. */
static int renew_certificates(
	struct round *round, struct certificate *list, size_t *n, struct failure *failure)
{
	struct failure renewal = { .text = "" };
	const struct certificate *left;
	bool failed = cluster_renew(round->settings, &round->progress, &renewal) != 0;
	int result = certificates_read(&round->paths, list, n, failure);

	left = result == 0 ? find_due(list, *n) : NULL;
	remember(round, "renewal", failed || left);
	if (failed)
		log_error("the certificates can't be renewed: %s", renewal.text);
	else if (left)
		log_error("the certificates are renewed, but for %s", left->name);
	else
		log_notice("the certificates of the control plane are renewed");
	return result;
}

static void keep_certificates(struct round *round)
{
	struct certificate list[CERTIFICATES_LIMIT];
	struct failure failure = { .text = "" };
	const struct certificate *due;
	size_t n;
	int result = certificates_read(&round->paths, list, &n, &failure);

	if (result == 0 && find_due(list, n) && !rests(round, "renewal", RENEWAL_REST_S))
		result = renew_certificates(round, list, &n, &failure);
	if (result != 0) {
		warn(round, "%.200s; `bramble cluster restore` brings sound ones back",
			failure.text);
		return;
	}
	due = find_due(list, n);
	if (due && rests(round, "renewal", RENEWAL_REST_S))
		warn(round,
			"the certificate %s is to be renewed, and wasn't at the last try; the next "
			"is an hour after it. `bramble cluster renew` tries now and says why",
			due->name);
	warn_of_worrying(round, list, n);
}

/* A node's etcd and API server have their certificates from its boot. */
static void watch_node(struct round *round)
{
	struct place place;

	if (place_read(&round->paths, &place) == 0 && place.node[0] &&
		place_is_outdated(&round->paths))
		warn(round,
			"%s, which carries etcd and the API server, has certificates of before "
			"their renewal; `bramble node reboot %s` gives it the new ones",
			place.node, place.node);
}

/* After an upgrade of Bramble its programs may need other rights. */
static void keep_objects(struct round *round)
{
	struct failure failure = { .text = "" };

	if (cluster_has_objects(round->settings) || rests(round, "objects", SNAPSHOT_REST_S))
		return;
	remember(round, "objects", cluster_apply_objects(round->settings, &failure) != 0);
	if (failure.text[0])
		log_warning("what Bramble may do in the cluster can't be applied: %.300s",
			failure.text);
}

static void keep_addons(struct round *round)
{
	char warning[ADDON_WHY_SIZE];

	addons_upkeep(round->settings, &round->progress, warning);
	if (*warning)
		warn(round, "%.150s; `bramble addon apply` says more", warning);
}

/* Is what runs this cluster? A store that was lost is neither filled nor kept: what was good would
 * go for it. */
static bool is_our_store(struct round *round)
{
	struct failure failure = { .text = "" };
	int result;

	if (store_is_lost(&round->paths)) /* brambled says so */
		return false;
	if (rests(round, "store", STORE_REST_S))
		return true;
	result = store_take(round->settings, &failure);
	if (result == -ESTALE)
		warn(round, "%.200s", failure.text);
	remember(round, "store", result == 0);
	return result != -ESTALE;
}

static void finish_restore(struct round *round, const char *name)
{
	struct failure failure = { .text = "" };
	struct restored restored;

	log_notice("finishing the restore of %s, which was interrupted", name);
	if (cluster_restore(round->settings, name, &round->progress, &restored, &failure) != 0)
		warn(round,
			"the restore of snapshot %s was interrupted and can't be finished: %.100s",
			name, failure.text);
}

static void finish_anew(struct round *round)
{
	struct failure failure = { .text = "" };
	char kept[CLUSTER_PATH_SIZE];

	log_notice("finishing a new cluster that was begun");
	if (cluster_make_anew(round->settings, &round->progress, kept, &failure) != 0)
		warn(round, "a new cluster was begun and can't be finished: %.120s", failure.text);
}

/* Forward or back, as far as it came. */
static void finish_upgrade(struct round *round)
{
	struct failure failure = { .text = "" };
	struct upgrade upgrade;
	int result = cluster_plan_upgrade(round->settings, &upgrade, &failure);

	log_notice("finishing an upgrade of the control plane, which was interrupted");
	if (result == 0)
		result = cluster_upgrade(round->settings, &upgrade, &round->progress, &failure);
	if (result == -ECANCELED)
		log_error("the upgrade of the control plane: %s", failure.text);
	else if (result != 0)
		warn(round, "an upgrade was interrupted and can't be finished: %.140s",
			failure.text);
}

static void tell(const struct round *round)
{
	char path[PATH_SIZE], *text;
	cJSON *json = cJSON_CreateObject();

	told_place(round, path);
	cJSON_AddItemReferenceToObject(json, "warnings", round->warnings);
	text = cJSON_PrintUnformatted(json);
	if (text)
		(void)file_replace_if_different(path, text, strlen(text), 0600, NULL);
	free(text);
	cJSON_Delete(json);
}

void upkeep_round(struct settings *settings)
{
	struct round round = { .settings = settings, .warnings = cJSON_CreateArray() };
	struct failure failure = { .text = "" };
	char pending[SNAPSHOT_NAME_SIZE];
	int lock = cluster_lock(settings, false, &failure);

	if (lock >= 0) {
		cluster_find_paths(settings, &round.paths);
		cluster_follow_programs(settings);
		progress_init(&round.progress);
		cluster_restore_pending(settings, pending);
		if (cluster_upgrade_pending(settings))
			finish_upgrade(&round);
		else if (*pending)
			finish_restore(&round, pending);
		else if (cluster_is_made_anew(settings))
			finish_anew(&round);
		else if (access(round.paths.processes, F_OK) == 0) {
			bool ours = is_our_store(&round);

			if (ours) {
				keep_objects(&round);
				keep_snapshots(&round);
			}
			keep_certificates(&round);
			watch_node(&round);
			if (ours)
				keep_addons(&round);
		}
		tell(&round);
		close(lock);
	}
	cJSON_Delete(round.warnings);
}
