/* SPDX-License-Identifier: ISC */
#include "provisioner/api/plane.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "provisioner/cluster/kubeadm.h"
#include "provisioner/cluster/place.h"
#include "provisioner/cluster/processes.h"
#include "rootfs/cluster/plane.h"

#define PATH_SIZE (CLUSTER_PATH_SIZE + 64)
#define CONFIG_LIMIT 65536u
#define PART_SIZE 4500u /* as base64 in the 8 KiB that the agent takes */
#define PART_TEXT_SIZE (sodium_base64_ENCODED_LEN(PART_SIZE, sodium_base64_VARIANT_ORIGINAL))

bool api_plane_is_path(const char *path)
{
	return strcmp(path, API_PLANE) == 0 || strcmp(path, API_PLANE "/snapshot") == 0 ||
	       strcmp(path, API_PLANE "/begun") == 0;
}

/* Is it this node that carries a cluster that runs? */
static bool find_place(const struct brambled *brambled, const struct registry_node *node,
	struct cluster_paths *paths, struct place *place)
{
	cluster_find_paths(&brambled->settings, paths);
	return brambled->cluster_file != 0 && place_read(paths, place) == 0 &&
	       strcmp(place->node, node->name) == 0;
}

void api_plane_describe(
	const struct brambled *brambled, const struct registry_node *node, cJSON *json)
{
	struct cluster_paths paths;
	struct place place;

	cJSON_AddStringToObject(
		json, "plane", find_place(brambled, node, &paths, &place) ? place.store : "");
}

static int add_file(cJSON *json, const struct cluster_paths *paths, const char *name)
{
	char path[PATH_SIZE], *text;
	size_t size;
	int result;

	snprintf(path, sizeof(path), "%s/%s", paths->pki, name);
	result = file_read(path, PLANE_FILE_SIZE - 1, &text, &size);
	if (result != 0) {
		log_error("%s can't be read for the node of the control plane: %s", path,
			strerror(-result));
		return result;
	}
	cJSON_AddStringToObject(json, name, text);
	sodium_memzero(text, size);
	free(text);
	return 0;
}

/* Its arguments as lines, without the program. */
static int add_arguments(cJSON *json, const char *name, char *const *argv)
{
	char text[PLANE_ARGUMENTS_SIZE] = "";
	size_t used = 0;

	for (size_t i = 1; argv[i]; i++) {
		int n = snprintf(
			text + used, sizeof(text) - used, "%s%s", i > 1 ? "\n" : "", argv[i]);

		if (n < 0 || (size_t)n >= sizeof(text) - used)
			return -EMSGSIZE;
		used += (size_t)n;
	}
	cJSON_AddStringToObject(json, name, text);
	return 0;
}

static int add_programs(cJSON *json, const struct cluster_paths *paths)
{
	struct processes processes;
	char *text;
	size_t size;
	int result = file_read(paths->processes, PROCESSES_FILE_LIMIT, &text, &size);

	if (result != 0)
		return result;
	result = processes_parse(text, &processes);
	free(text);
	if (result != 0)
		return result;
	for (size_t i = 0; result == 0 && i < PLANE_PROGRAMS; i++)
		result = add_arguments(json, plane_programs[i], processes.argv[i]);
	processes_free(&processes);
	return result;
}

static int add_version(cJSON *json, const struct cluster_paths *paths)
{
	char version[PLANE_VERSION_SIZE], *text;
	size_t size;
	int result = file_read(paths->config, CONFIG_LIMIT, &text, &size);

	if (result != 0)
		return result;
	result = kubeadm_read_version(text, version, sizeof(version));
	free(text);
	cJSON_AddStringToObject(json, "version", version);
	return result;
}

/* NULL when something is missing; the caller wipes and frees it. */
static char *write_document(const struct cluster_paths *paths, const struct place *place)
{
	cJSON *json = cJSON_CreateObject();
	char *text = NULL;
	int result;

	cJSON_AddStringToObject(json, "store", place->store);
	cJSON_AddStringToObject(json, "begin",
		place_is_begun(paths, place) ? "kept"
		: place->snapshot[0]	     ? "snapshot"
					     : "empty");
	result = add_version(json, paths);
	if (result == 0)
		result = add_programs(json, paths);
	for (size_t i = 0; result == 0 && i < PLANE_FILES; i++)
		result = add_file(json, paths, plane_files[i]);
	if (result == 0)
		text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	return text;
}

static void tell_document(const struct cluster_paths *paths, const struct place *place,
	const cJSON *body, struct api_reply *reply)
{
	const cJSON *offset = cJSON_GetObjectItemCaseSensitive(body, "offset");
	char *text = write_document(paths, place), hash[17];
	unsigned char bytes[crypto_generichash_BYTES_MIN];

	/* Its certificates' age is known by that. */
	if (text && (!offset || offset->valuedouble < 1))
		(void)place_hand(paths);
	if (!text) {
		api_fail(reply, 503, "the control plane isn't complete: see the router's log");
		return;
	}
	crypto_generichash(
		bytes, sizeof(bytes), (const unsigned char *)text, strlen(text), NULL, 0);
	str_format_hex(bytes, sizeof(hash) / 2, hash);
	api_add_part(reply->json, body, text, hash);
	sodium_memzero(text, strlen(text));
	free(text);
}

static int read_part(
	const char *path, const cJSON *offset, unsigned char *bytes, size_t *length, double *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), result = 0;
	struct stat status;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (!cJSON_IsNumber(offset) || offset->valuedouble < 0 ||
		offset->valuedouble > (double)PLANE_SNAPSHOT_LIMIT)
		result = -EINVAL;
	if (result == 0)
		result = file_status(fd, &status);
	n = result == 0 ? pread(fd, bytes, PART_SIZE, (off_t)offset->valuedouble) : 0;
	if (result == 0 && n < 0)
		result = -errno;
	close(fd);
	if (result != 0)
		return result;
	*length = (size_t)n;
	*size = (double)status.st_size;
	return 0;
}

/* As long as the store isn't begun. */
static void tell_snapshot(struct brambled *brambled, const struct cluster_paths *paths,
	const struct place *place, const cJSON *body, struct api_reply *reply)
{
	const cJSON *offset = cJSON_GetObjectItemCaseSensitive(body, "offset");
	unsigned char bytes[PART_SIZE];
	char path[PATH_SIZE], text[PART_TEXT_SIZE];
	size_t length = 0;
	double size = 0;
	int result = place->snapshot[0] && !place_is_begun(paths, place) ? 0 : -ENOENT;

	snprintf(path, sizeof(path), "%.255s/cluster-snapshots/%s/etcd.db",
		brambled->settings.share, place->snapshot);
	if (result == 0)
		result = read_part(path, offset, bytes, &length, &size);
	if (result != 0) {
		api_fail(reply, 404, "there is no snapshot to begin with: %s", strerror(-result));
		return;
	}
	sodium_bin2base64(text, sizeof(text), bytes, length, sodium_base64_VARIANT_ORIGINAL);
	cJSON_AddNumberToObject(reply->json, "size", size);
	cJSON_AddNumberToObject(reply->json, "offset", offset->valuedouble);
	cJSON_AddStringToObject(reply->json, "text", text);
	sodium_memzero(bytes, sizeof(bytes));
	sodium_memzero(text, sizeof(text));
}

/* Once, for this store: whoever asks again without it has lost it. */
static void hear_begun(struct brambled *brambled, const struct cluster_paths *paths,
	const struct place *place, const cJSON *body, struct api_reply *reply)
{
	const char *store = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "store"));
	int result;

	if (!store || strcmp(store, place->store) != 0) {
		api_fail(reply, 409, "that isn't the store that this cluster has now");
		return;
	}
	result = place_begin(paths, place);
	if (result != 0) {
		api_fail(reply, 503, "what was begun can't be written down: %s", strerror(-result));
		return;
	}
	brambled_event(brambled, "cluster.begun", place->node, "etcd begins on %s%s%s", place->node,
		place->snapshot[0] ? " with snapshot " : "", place->snapshot);
}

void api_plane_answer(struct brambled *brambled, const char *path, const cJSON *body,
	const struct registry_node *node, const struct registry_boot *boot, struct api_reply *reply)
{
	struct cluster_paths paths;
	struct place place;

	/* As with bootstrap tokens: pods can read the boot's token. */
	if (!find_place(brambled, node, &paths, &place) || strcmp(boot->stage, "joined") != 0)
		api_fail(reply, 403,
			"this node doesn't carry the control plane, or this boot has what it "
			"needs; another boot may ask again");
	else if (strcmp(path, API_PLANE "/snapshot") == 0)
		tell_snapshot(brambled, &paths, &place, body, reply);
	else if (strcmp(path, API_PLANE "/begun") == 0)
		hear_begun(brambled, &paths, &place, body, reply);
	else
		tell_document(&paths, &place, body, reply);
}

void api_plane_hear(struct brambled *brambled, const struct registry_node *node, const char *detail,
	bool failed)
{
	struct cluster_paths paths;
	struct place place;

	if (!find_place(brambled, node, &paths, &place))
		return;
	if (failed)
		snprintf(brambled->cluster_warning, sizeof(brambled->cluster_warning),
			"%.40s is to carry etcd and the API server: %.170s", node->name, detail);
	else
		brambled->cluster_warning[0] = '\0';
}
