/* SPDX-License-Identifier: ISC */
/* bramble-image list, verify. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "provisioner/image/image.h"
#include "provisioner/image/json.h"
#include "rootfs/progress.h"

#define SHORT_HASH 12

struct listing {
	unsigned count;
	cJSON *array; /* NULL: for people */
};

/* "complete", or what is wrong with the boot set; *kernel "?" when it isn't known. */
static void look_at_set(const struct image_version *version, char kernel[static BOOT_VERSION_SIZE],
	char reason[static BOOT_REASON_SIZE])
{
	struct boot_manifest *manifest = image_read_manifest(version, reason);
	struct boot_set *set = NULL;

	str_copy(kernel, BOOT_VERSION_SIZE, manifest ? manifest->kernel : "?");
	if (manifest && boot_set_open(version->boot, &set, reason) == 0)
		str_copy(reason, BOOT_REASON_SIZE, "complete");
	boot_set_close(set);
	free(manifest);
}

static const char *mode_name(enum image_mode mode)
{
	return mode == IMAGE_TREE ? "tree" : "squashfs";
}

static void print_version(const struct image_version *version, const struct stat *status,
	const char *kernel, const char *state)
{
	char built[32] = "?";
	struct tm when;

	if (localtime_r(&status->st_ctime, &when))
		strftime(built, sizeof(built), "%F %R", &when);
	printf("%-12s %.*s  %-8s %7.1f MB  %s  %-18s %s\n", version->name, SHORT_HASH,
		version->hash, mode_name(version->mode), (double)status->st_size / 1e6, built,
		kernel, state);
}

static cJSON *describe(const struct image_version *version)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "image", version->name);
	cJSON_AddStringToObject(json, "hash", version->hash);
	return json;
}

static void add_version(cJSON *array, const struct image_version *version,
	const struct stat *status, const char *kernel, const char *state)
{
	cJSON *json = describe(version);

	cJSON_AddStringToObject(json, "mode", mode_name(version->mode));
	cJSON_AddNumberToObject(json, "bytes", (double)status->st_size);
	cJSON_AddNumberToObject(json, "built_ms", (double)status->st_ctime * 1000);
	cJSON_AddStringToObject(json, "kernel", kernel);
	cJSON_AddStringToObject(json, "boot_set", state);
	cJSON_AddItemToArray(array, json);
}

static int list_one(void *context, const struct image_version *version)
{
	char kernel[BOOT_VERSION_SIZE], state[BOOT_REASON_SIZE] = "";
	struct listing *listing = context;
	struct stat status = { 0 };

	(void)lstat(version->root, &status);
	look_at_set(version, kernel, state);
	if (listing->array) {
		add_version(listing->array, version, &status, kernel, state);
		return 0;
	}
	if (listing->count++ == 0)
		printf("%-12s %-13s %-8s %10s  %-16s  %-18s %s\n", "IMAGE", "VERSION", "MODE",
			"SIZE", "BUILT", "KERNEL", "BOOT SET");
	print_version(version, &status, kernel, state);
	return 0;
}

static int explain_share(const char *share, int result)
{
	fprintf(stderr, "bramble-image: %s/images can't be read: %s\n", share, strerror(-result));
	return 1;
}

int image_list(const struct image_options *options)
{
	cJSON *json = options->json ? cJSON_CreateObject() : NULL;
	struct listing listing = { .array = cJSON_AddArrayToObject(json, "versions") };
	int result = image_each(options->share, NULL, list_one, &listing);

	if (result < 0)
		cJSON_Delete(json);
	else if (json)
		image_print_json(json);
	else if (listing.count == 0)
		printf("%s has no image yet: bramble-image build RECIPE --share %s\n",
			options->share, options->share);
	return result < 0 ? explain_share(options->share, result) : 0;
}

struct verification {
	const char *hash; /* beginning of the wanted one, "" all */
	unsigned checked, damaged;
	struct progress progress;
	cJSON *array;	/* NULL: for people */
	cJSON *details; /* of the present one */
};

static void tell_detail(void *context, const char *text)
{
	struct verification *verification = context;

	if (verification->array)
		cJSON_AddItemToArray(verification->details, cJSON_CreateString(text));
	else
		printf("    %s\n", text);
}

static void tell(
	struct verification *verification, const struct image_version *version, const char *problem)
{
	cJSON *json;

	if (!verification->array) {
		printf("%s/%.*s: %s\n", version->name, SHORT_HASH, version->hash,
			problem ? problem : "intact");
		fflush(stdout);
		return;
	}
	json = describe(version);
	cJSON_AddBoolToObject(json, "intact", problem == NULL);
	if (problem)
		cJSON_AddStringToObject(json, "problem", problem);
	else
		cJSON_AddNullToObject(json, "problem");
	verification->details = cJSON_AddArrayToObject(json, "details");
	cJSON_AddItemToArray(verification->array, json);
}

static int verify_one(void *context, const struct image_version *version)
{
	struct verification *verification = context;
	struct failure failure = { 0 };
	int result;

	if (strncmp(version->hash, verification->hash, strlen(verification->hash)) != 0)
		return 0;
	verification->checked++;
	if (verification->progress.terminal)
		progress_begin(&verification->progress, version->name);
	result = image_check(version, &failure);
	progress_break(&verification->progress);
	tell(verification, version, result == 0 ? NULL : failure.text);
	if (result == 0)
		return 0;
	verification->damaged++;
	if (image_check_root(version, &failure) != 0)
		image_find_rot(version, tell_detail, verification);
	return 0;
}

static int conclude(
	struct verification *verification, const struct image_options *options, int result)
{
	if (result < 0 && !(result == -ENOENT && options->target))
		return explain_share(options->share, result);
	if (verification->checked == 0) {
		fprintf(stderr, "bramble-image: %s has no such image: %s\n", options->share,
			options->target ? options->target : "(none at all)");
		return 1;
	}
	return verification->damaged > 0;
}

int image_verify(const struct image_options *options)
{
	struct verification verification = { .hash = "" };
	char name[NODE_NAME_SIZE];
	const char *slash = options->target ? strchr(options->target, '/') : NULL;
	cJSON *json = options->json ? cJSON_CreateObject() : NULL;
	int result;

	if (options->target) {
		size_t length = strcspn(options->target, "/");

		snprintf(name, sizeof(name), "%.*s", (int)length, options->target);
		if (length >= sizeof(name) || !str_is_node_name(name)) {
			fprintf(stderr, "bramble-image: \"%s\" is not NAME or NAME/HASH\n",
				options->target);
			cJSON_Delete(json);
			return 2;
		}
		verification.hash = slash ? slash + 1 : "";
	}
	progress_init(&verification.progress);
	verification.array = cJSON_AddArrayToObject(json, "versions");
	result = image_each(
		options->share, options->target ? name : NULL, verify_one, &verification);
	result = conclude(&verification, options, result);
	if (json)
		image_print_json(json);
	return result;
}
