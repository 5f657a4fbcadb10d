/* SPDX-License-Identifier: ISC */
/* bramble-image import: a version that was exported comes onto a share, under the same hash. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provisioner/image/image.h"
#include "provisioner/image/json.h"
#include "provisioner/image/portable.h"
#include "provisioner/image/space.h"
#include "rootfs/cache.h"

#define SHORT_HASH 12

struct import {
	const struct image_options *options;
	struct portable portable; /* what it says that it is */
	struct recipe recipe;	  /* its name alone */
	struct workshop shop;
	struct image_version version;
	bool existed;
};

static int unpack(struct import *import, struct archive *in)
{
	struct workshop *shop = &import->shop;
	int directory = open(shop->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (directory < 0)
		return failure_set(&shop->failure, -errno, "%s can't be opened: %s", shop->work,
			strerror(errno));
	progress_begin(&shop->progress, "unpack");
	result = portable_read(in, directory, &shop->progress, &shop->failure);
	close(directory);
	if (result == 0)
		progress_end(&shop->progress, "%s %.*s", import->portable.name, SHORT_HASH,
			import->portable.hash);
	return result;
}

/* As thoroughly as a version on the share, before it becomes one. */
static int verify(struct import *import)
{
	struct workshop *shop = &import->shop;
	struct image_version version = { .mode = IMAGE_SQUASHFS };
	int result;

	str_copy(version.name, sizeof(version.name), import->portable.name);
	str_copy(version.hash, sizeof(version.hash), import->portable.hash);
	result = failure_path(&shop->failure, version.root, sizeof(version.root),
		"%s/" PORTABLE_ROOT, shop->work);
	if (result == 0)
		result = failure_path(
			&shop->failure, version.boot, sizeof(version.boot), "%s/boot", shop->work);
	if (result != 0)
		return result;
	progress_begin(&shop->progress, "verify");
	result = image_check(&version, &shop->failure);
	if (result == 0)
		progress_end(&shop->progress, "intact");
	return result;
}

static int publish(struct import *import)
{
	struct workshop *shop = &import->shop;
	int result;

	progress_begin(&shop->progress, "publish");
	result = image_publish(
		shop, import->options->share, IMAGE_SQUASHFS, &import->version, &import->existed);
	if (result == 0)
		progress_end(&shop->progress,
			import->existed ? "this version is there already" : "published");
	return result;
}

static int work(struct import *import, struct archive *in)
{
	const char *file = import->options->target;
	struct workshop *shop = &import->shop;
	struct stat status;
	int result = 0;

	shop->recipe = &import->recipe;
	str_copy(import->recipe.name, sizeof(import->recipe.name), import->portable.name);
	result = image_begin(shop, import->options->share);
	if (result == 0 && stat(file, &status) == 0 && S_ISREG(status.st_mode))
		result = space_check_bytes(shop, (uint64_t)status.st_size);
	if (result == 0)
		result = unpack(import, in);
	if (result == 0)
		result = verify(import);
	return result == 0 && !import->options->dry_run ? publish(import) : result;
}

static void tell(const struct import *import)
{
	cJSON *json;

	if (!import->options->json) {
		printf("%s %.*s %s%s\n", import->portable.name, SHORT_HASH, import->portable.hash,
			import->options->dry_run ? "is intact; nothing was published" : "is there",
			import->existed ? " already" : "");
		return;
	}
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "image", import->portable.name);
	cJSON_AddStringToObject(json, "hash", import->portable.hash);
	cJSON_AddBoolToObject(json, "existed", import->existed);
	cJSON_AddBoolToObject(json, "dry_run", import->options->dry_run);
	image_print_json(json);
}

int image_import(const struct image_options *options)
{
	struct import *import = calloc(1, sizeof(*import));
	struct archive *in = NULL;
	int result;

	if (!import) {
		fputs("bramble-image: out of memory\n", stderr);
		return 1;
	}
	import->options = options;
	progress_init(&import->shop.progress);
	in = portable_open(options->target, &import->portable, &import->shop.failure);
	result = in ? work(import, in) : -EINVAL;
	progress_break(&import->shop.progress);
	if (result == 0)
		tell(import);
	else
		fprintf(stderr, "bramble-image: %s: %s\n", options->target,
			import->shop.failure.text[0] ? import->shop.failure.text
						     : strerror(-result));
	if (result != 0)
		space_explain(&import->shop);
	if (import->shop.work[0])
		(void)cache_remove_tree(import->shop.work);
	archive_read_free(in);
	free(import);
	return result == 0 ? 0 : 1;
}
