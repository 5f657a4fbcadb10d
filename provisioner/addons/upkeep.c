/* SPDX-License-Identifier: ISC */
/* bramble-upkeep comes by every few seconds: the cluster is asked only when something has changed
 * here, or after a while. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/file.h"
#include "common/log.h"
#include "common/str.h"
#include "provisioner/addons/addons.h"
#include "provisioner/cluster/cluster.h"
#include "rootfs/failure.h"

#define LOOK_AGAIN_S 600 /* somebody may have taken the inventory away */
#define TRY_AGAIN_S 60	 /* what failed */
#define PATH_SIZE 160
#define STAMP_LIMIT 4096u

/* What is wanted, and in which incarnation of the control plane. */
static void identify(const struct settings *settings, struct addon_manifest *manifest,
	char key[static HASH_TEXT_SIZE])
{
	char names[ADDONS_LIMIT][ADDON_NAME_SIZE];
	size_t n = addons_listed(settings, names);
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	struct cluster_paths paths;
	struct stat status = { .st_ino = 0 };

	cluster_find_paths(settings, &paths);
	(void)stat(paths.processes, &status);
	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(
		&state, (const unsigned char *)&status.st_ino, sizeof(status.st_ino));
	crypto_hash_sha256_update(
		&state, (const unsigned char *)&status.st_mtim, sizeof(status.st_mtim));
	for (size_t i = 0; i < n; i++) {
		struct failure failure = { .text = "" };

		(void)addon_load(settings, names[i], manifest, &failure);
		crypto_hash_sha256_update(
			&state, (const unsigned char *)names[i], sizeof(names[i]));
		crypto_hash_sha256_update(
			&state, (const unsigned char *)manifest->hash, sizeof(manifest->hash));
		crypto_hash_sha256_update(
			&state, (const unsigned char *)failure.text, strlen(failure.text));
		addon_manifest_free(manifest);
	}
	crypto_hash_sha256_final(&state, hash);
	str_format_hex(hash, sizeof(hash), key);
}

/* Is the last look of this key, and young enough? Then `warning` is what it came to. */
static bool is_known(const char *path, const char *key, char warning[static ADDON_WHY_SIZE])
{
	struct stat status;
	bool known = false;
	time_t age;
	char *text;
	size_t size;

	if (stat(path, &status) != 0 || file_read(path, STAMP_LIMIT, &text, &size) != 0)
		return false;
	if (size >= HASH_TEXT_SIZE && strncmp(text, key, HASH_TEXT_SIZE - 1) == 0) {
		(void)str_copy(warning, ADDON_WHY_SIZE, text + HASH_TEXT_SIZE);
		age = time(NULL) - status.st_mtime;
		known = age >= 0 && age < (*warning ? TRY_AGAIN_S : LOOK_AGAIN_S);
	}
	free(text);
	return known;
}

static bool is_ready(const struct settings *settings)
{
	static const char *const words[] = { "get", "--raw=/readyz", NULL };
	struct failure failure = { .text = "" };
	char answer[4096];

	return cluster_ask(settings, words, answer, sizeof(answer), &failure) == 0;
}

void addons_upkeep(const struct settings *settings, struct progress *progress,
	char warning[static ADDON_WHY_SIZE])
{
	struct addon_manifest *manifest = calloc(1, sizeof(*manifest));
	struct failure failure = { .text = "" };
	char path[PATH_SIZE], key[HASH_TEXT_SIZE], stamp[HASH_TEXT_SIZE + ADDON_WHY_SIZE];
	unsigned applied;

	warning[0] = '\0';
	if (!settings->addons[0] || !manifest) {
		free(manifest);
		return;
	}
	identify(settings, manifest, key);
	free(manifest);
	snprintf(path, sizeof(path), "%.107s/upkeep.addons", settings->run);
	if (is_known(path, key, warning) || !is_ready(settings))
		return;
	warning[0] = '\0';
	if (addons_keep(settings, progress, &applied, &failure) > 0)
		(void)str_copy(warning, ADDON_WHY_SIZE, failure.text);
	if (applied > 0)
		log_notice("add-ons applied to the cluster: %u", applied);
	snprintf(stamp, sizeof(stamp), "%s\n%s", key, warning);
	(void)file_replace(path, stamp, strlen(stamp), 0600);
}
