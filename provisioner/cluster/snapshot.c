/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/snapshot.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/str.h"
#include "provisioner/cluster/copy.h"
#include "provisioner/cluster/etcd.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"
#include "rootfs/run.h"

#define PATH_SIZE (CLUSTER_PATH_SIZE + SNAPSHOT_NAME_SIZE + MANIFEST_PATH_SIZE)
#define MANIFEST_FILE "snapshot.json"
#define UNFINISHED "unfinished"
#define SCRATCH "scratch"
#define NAMES_A_SECOND 10u
#define SAVE_PATIENCE_S 120u

/* Of SHARE/cluster: etcd is asked for its content; the rest can be made anew. */
static bool is_left_out(const char *path)
{
	size_t length = strlen(path);

	return strcmp(path, "etcd") == 0 || strcmp(path, "cache") == 0 ||
	       strcmp(path, "place") == 0 || strcmp(path, "begun") == 0 ||
	       strcmp(path, "handed") == 0 || strcmp(path, "forwarder.cfg") == 0 ||
	       (length > 4 && strcmp(path + length - 4, ".log") == 0);
}

/* The store as etcd hands it out. */
static int save_store(const struct settings *settings, const char *path, struct failure *failure)
{
	const char *const words[] = { "snapshot", "save", path, NULL };

	return cluster_ask_etcd(settings, SAVE_PATIENCE_S, words, NULL, 0, failure);
}

/* What works on files left etcdctl: a tool of its own from etcd 3.5 on, the only one from 3.6 on.
 */
static const char *find_tool(void)
{
	return access("/usr/local/bin/etcdutl", X_OK) == 0 || access("/usr/bin/etcdutl", X_OK) == 0
		       ? "etcdutl"
		       : "etcdctl";
}

static int read_store(const char *path, struct manifest *manifest, struct failure *failure)
{
	const char *const arguments[] = { find_tool(), "--write-out=json", "snapshot", "status",
		path, NULL };
	char output[1024];
	const struct run run = {
		.arguments = arguments, .output = output, .output_size = sizeof(output)
	};
	const cJSON *revision, *keys;
	cJSON *json;
	int result = run_tool(&run, failure);

	if (result != 0)
		return result;
	json = cJSON_Parse(output);
	revision = cJSON_GetObjectItemCaseSensitive(json, "revision");
	keys = cJSON_GetObjectItemCaseSensitive(json, "totalKey");
	if (cJSON_IsNumber(revision) && cJSON_IsNumber(keys)) {
		manifest->revision = (int64_t)revision->valuedouble;
		manifest->keys = (int64_t)keys->valuedouble;
	} else {
		result = failure_set(failure, -EBADMSG,
			"what etcdctl says of %s can't be understood: %.200s", path, output);
	}
	cJSON_Delete(json);
	return result;
}

int snapshot_unpack(const char *store, const char *directory, struct failure *failure)
{
	char data[PATH_SIZE];
	/* As kubeadm_render() tells etcd to be. */
	const char *const arguments[] = { find_tool(), "snapshot", "restore", store, data,
		"--name=router", "--initial-cluster=router=https://127.0.0.1:2380",
		"--initial-advertise-peer-urls=https://127.0.0.1:2380", NULL };
	const struct run run = { .arguments = arguments };

	snprintf(data, sizeof(data), "--data-dir=%s", directory);
	return run_tool(&run, failure);
}

struct collection {
	const char *base;
	struct manifest *manifest;
	const char *wrong; /* the file at which it stopped */
};

static int hash_file(
	const char *base, const char *path, char hash[static MANIFEST_HASH_SIZE], int64_t *bytes)
{
	char whole[PATH_SIZE];
	struct stat status;
	int fd, result;

	snprintf(whole, sizeof(whole), "%s/%s", base, path);
	fd = open(whole, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	result = file_status(fd, &status);
	if (result == 0)
		result = file_hash(fd, hash);
	if (result == 0)
		*bytes += status.st_size;
	close(fd);
	return result;
}

static int collect_file(void *argument, const char *path)
{
	struct collection *collection = argument;
	struct manifest *manifest = collection->manifest;
	struct manifest_file *file = &manifest->files[manifest->n_files];

	if (manifest->n_files == MANIFEST_FILES)
		return -E2BIG;
	if (!str_copy(file->path, sizeof(file->path), path))
		return -ENAMETOOLONG;
	manifest->n_files++;
	return hash_file(collection->base, path, file->hash, &manifest->bytes);
}

static int write_manifest(const char *directory, struct manifest *manifest, struct failure *failure)
{
	struct collection collection = { .base = directory, .manifest = manifest };
	char path[PATH_SIZE], *text = NULL;
	int result = copy_each_file(directory, collect_file, &collection);

	snprintf(path, sizeof(path), "%.400s/" MANIFEST_FILE, directory);
	if (result == 0) {
		text = manifest_format(manifest);
		result = text ? file_replace(path, text, strlen(text), 0600) : -ENOMEM;
	}
	free(text);
	return result == 0 ? 0
			   : failure_set(failure, result, "can't write %s: %s", path,
				     strerror(-result));
}

/* etcdctl has synced its file, copy_tree() its own; here the names. */
static int fill(const struct settings *settings, const char *directory, const char *reason,
	struct progress *progress, struct manifest *manifest, struct failure *failure)
{
	struct cluster_paths paths;
	char store[PATH_SIZE], scratch[PATH_SIZE];
	int result;

	cluster_find_paths(settings, &paths);
	snprintf(store, sizeof(store), "%.400s/" SNAPSHOT_STORE, directory);
	snprintf(scratch, sizeof(scratch), "%.400s/" SCRATCH, directory);
	progress_note(progress, "asking etcd");
	result = store_check(settings, manifest->cluster, failure);
	if (result == 0)
		result = save_store(settings, store, failure);
	if (result == 0)
		result = read_store(store, manifest, failure);
	progress_note(progress, "restoring it, to see that it can be");
	if (result == 0)
		result = snapshot_unpack(store, scratch, failure);
	if (result == 0)
		result = copy_remove_tree(scratch);
	if (result == 0)
		result = copy_tree(paths.base, directory, is_left_out, failure);
	manifest->made_ms = clock_wall_ms();
	(void)str_copy(manifest->reason, sizeof(manifest->reason), reason);
	return result == 0 ? write_manifest(directory, manifest, failure) : result;
}

/* By the second; further ones of it get a letter, which sorts behind. */
static int publish(const char *base, const char *directory, char name[static SNAPSHOT_NAME_SIZE],
	struct failure *failure)
{
	const time_t now = time(NULL);
	char path[PATH_SIZE], stamp[32];
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
	for (unsigned i = 0; i < NAMES_A_SECOND; i++) {
		snprintf(name, SNAPSHOT_NAME_SIZE, i == 0 ? "%s" : "%s%c", stamp, (int)('a' + i));
		snprintf(path, sizeof(path), "%s/%s", base, name);
		if (renameat2(AT_FDCWD, directory, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
			return file_sync_directory(base);
		if (errno != EEXIST)
			break;
	}
	return failure_set(
		failure, -errno, "can't rename %s to %s: %s", directory, path, strerror(errno));
}

void snapshot_base(const struct settings *settings, char out[static CLUSTER_PATH_SIZE])
{
	snprintf(out, CLUSTER_PATH_SIZE, "%.255s/cluster-snapshots", settings->share);
}

static int ask_version(char version[static 32], struct failure *failure)
{
	const char *const arguments[] = { "kubeadm", "version", "--output=short", NULL };
	char output[256];
	const struct run run = {
		.arguments = arguments, .output = output, .output_size = sizeof(output)
	};
	int result = run_tool(&run, failure);

	if (result == 0)
		snprintf(version, 32, "%.*s", (int)strcspn(output, " \n"), output);
	return result;
}

static void describe(const struct manifest *manifest, struct snapshot *snapshot)
{
	snapshot->made_ms = manifest->made_ms;
	snapshot->revision = manifest->revision;
	snapshot->keys = manifest->keys;
	snapshot->bytes = manifest->bytes;
	(void)str_copy(snapshot->cluster, sizeof(snapshot->cluster), manifest->cluster);
	(void)str_copy(snapshot->kubernetes, sizeof(snapshot->kubernetes), manifest->kubernetes);
	(void)str_copy(snapshot->reason, sizeof(snapshot->reason), manifest->reason);
}

int snapshot_make(const struct settings *settings, const char *reason, struct progress *progress,
	struct snapshot *made, struct failure *failure)
{
	char base[CLUSTER_PATH_SIZE], directory[PATH_SIZE];
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	int result;

	if (!manifest)
		return failure_set(failure, -ENOMEM, "out of memory");
	memset(made, 0, sizeof(*made));
	snapshot_base(settings, base);
	snprintf(directory, sizeof(directory), "%s/" UNFINISHED, base);
	cluster_use_programs(settings);
	/* One that was interrupted. */
	result = copy_remove_tree(directory);
	if (result == 0)
		result = file_make_directories(base, 0700);
	if (result == 0 && mkdir(directory, 0700) != 0)
		result = -errno;
	if (result != 0)
		(void)failure_set(
			failure, result, "can't make %s: %s", directory, strerror(-result));
	if (result == 0)
		result = ask_version(manifest->kubernetes, failure);
	if (result == 0)
		result = fill(settings, directory, reason, progress, manifest, failure);
	if (result == 0)
		result = publish(base, directory, made->name, failure);
	if (result == 0)
		describe(manifest, made);
	else
		(void)copy_remove_tree(directory);
	free(manifest);
	return result;
}

/* Those that publish() gives: digits and letters alone. */
static bool is_name(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)name[i]))
			return false;
	}
	return length >= 16 && length < SNAPSHOT_NAME_SIZE && isdigit((unsigned char)name[0]);
}

static void check_files(
	const char *directory, const struct manifest *manifest, struct snapshot *snapshot)
{
	bool store = false;

	for (size_t i = 0; i < manifest->n_files; i++) {
		const struct manifest_file *file = &manifest->files[i];
		char hash[MANIFEST_HASH_SIZE];
		int64_t bytes = 0;
		int result = hash_file(directory, file->path, hash, &bytes);

		store = store || strcmp(file->path, SNAPSHOT_STORE) == 0;
		if (result == 0 && strcmp(hash, file->hash) == 0)
			continue;
		snprintf(snapshot->wrong, sizeof(snapshot->wrong), "%.100s %s", file->path,
			result == 0 ? "isn't as it was written" : strerror(-result));
		return;
	}
	if (!store)
		snprintf(snapshot->wrong, sizeof(snapshot->wrong), "it lacks " SNAPSHOT_STORE);
}

int snapshot_check(const struct settings *settings, const char *name, struct snapshot *snapshot,
	struct failure *failure)
{
	char base[CLUSTER_PATH_SIZE], directory[PATH_SIZE], path[PATH_SIZE + 16], *text;
	struct manifest *manifest;
	size_t size;
	int result;

	memset(snapshot, 0, sizeof(*snapshot));
	snapshot_base(settings, base);
	snprintf(directory, sizeof(directory), "%s/%.39s", base, name);
	if (!is_name(name) || access(directory, F_OK) != 0)
		return failure_set(failure, -ENOENT,
			"there is no snapshot %.64s in %s; `bramble cluster snapshots` lists them",
			name, base);
	(void)str_copy(snapshot->name, sizeof(snapshot->name), name);
	snprintf(path, sizeof(path), "%.400s/" MANIFEST_FILE, directory);
	manifest = calloc(1, sizeof(*manifest));
	if (!manifest)
		return failure_set(failure, -ENOMEM, "out of memory");
	result = file_read(path, MANIFEST_LIMIT, &text, &size);
	if (result == 0) {
		result = strlen(text) == size ? manifest_parse(text, manifest) : -EBADMSG;
		free(text);
	}
	describe(manifest, snapshot);
	if (result == 0)
		check_files(directory, manifest, snapshot);
	else
		snprintf(snapshot->wrong, sizeof(snapshot->wrong), MANIFEST_FILE ": %s",
			result == -EBADMSG ? "isn't what Bramble writes" : strerror(-result));
	free(manifest);
	return 0;
}
