/* SPDX-License-Identifier: ISC */
#include "rootfs/kernel.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/cache.h"
#include "rootfs/run.h"

int kernel_layer_find(struct apt *apt, struct kernel_layer *layer)
{
	const struct recipe *recipe = apt->shop->recipe;
	struct cache_key key;
	int result;

	memset(layer, 0, sizeof(*layer));
	result = apt_find(apt, recipe->kernel, &layer->kernel);
	if (result == 0)
		result = apt_find(apt, recipe->firmware, &layer->firmware);
	if (result != 0)
		return result;
	cache_key_begin(&key, "kernel");
	cache_key_add(&key, layer->kernel.hash);
	cache_key_add(&key, layer->firmware.hash);
	for (size_t i = 0; i < recipe->exclude_modules.count; i++)
		cache_key_add(&key, recipe->exclude_modules.items[i]);
	cache_key_end(&key, layer->key);
	return cache_entry(apt->shop, "kernel", layer->key, "", layer->directory,
		sizeof(layer->directory), &layer->from_cache);
}

/* The only name below lib/modules. */
static int find_release(struct workshop *shop, const char *modules, char *out, size_t size)
{
	DIR *directory = opendir(modules);
	const struct dirent *entry;
	unsigned count = 0;

	if (!directory)
		return failure_set(&shop->failure, -errno,
			"the kernel package has no modules: %s: %s", modules, strerror(errno));
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.' && str_copy(out, size, entry->d_name))
			count++;
	closedir(directory);
	return count == 1 ? 0
			  : failure_set(&shop->failure, -EINVAL,
				    "%s holds %u kernel releases instead of one", modules, count);
}

static int move(struct workshop *shop, const char *from, const char *to)
{
	return rename(from, to) == 0
		       ? 0
		       : failure_set(&shop->failure, -errno,
				 "%s: the package has no such thing: %s", from, strerror(errno));
}

/* Debian 12 packages have lib/modules, Debian 13 usr/lib/modules. */
static int take_modules(struct workshop *shop, const char *unpacked, struct kernel_layer *layer,
	const char *layer_directory)
{
	char from[WORKSHOP_PATH_SIZE], lib[WORKSHOP_PATH_SIZE], to[WORKSHOP_PATH_SIZE];
	struct stat status;
	int result =
		failure_path(&shop->failure, from, sizeof(from), "%s/usr/lib/modules", unpacked);

	if (result == 0 && stat(from, &status) != 0)
		result = failure_path(
			&shop->failure, from, sizeof(from), "%s/lib/modules", unpacked);
	if (result == 0)
		result = failure_path(&shop->failure, lib, sizeof(lib), "%s/lib", layer_directory);
	if (result == 0)
		result = failure_path(&shop->failure, to, sizeof(to), "%s/modules", lib);
	if (result == 0)
		result = file_make_directories(lib, 0755);
	if (result == 0)
		result = move(shop, from, to);
	return result == 0 ? find_release(shop, to, layer->release, sizeof(layer->release))
			   : result;
}

static int take_file(struct workshop *shop, const char *unpacked, const char *name,
	const char *layer_directory, const char *new_name)
{
	char from[WORKSHOP_PATH_SIZE], to[WORKSHOP_PATH_SIZE];
	int result = failure_path(&shop->failure, from, sizeof(from), "%s/%s", unpacked, name);

	if (result == 0)
		result = failure_path(
			&shop->failure, to, sizeof(to), "%s/%s", layer_directory, new_name);
	return result == 0 ? move(shop, from, to) : result;
}

static int prune_modules(
	struct workshop *shop, const struct kernel_layer *layer, const char *directory)
{
	const struct recipe_list *excluded = &shop->recipe->exclude_modules;

	for (size_t i = 0; i < excluded->count; i++) {
		char path[WORKSHOP_PATH_SIZE];
		int result = failure_path(&shop->failure, path, sizeof(path),
			"%s/lib/modules/%s/kernel/%s", directory, layer->release,
			excluded->items[i]);

		if (result == 0)
			result = cache_remove_tree(path);
		if (result != 0)
			return failure_set(&shop->failure, result, "%s can't be left out: %s", path,
				strerror(-result));
	}
	return 0;
}

static int run_depmod(
	struct workshop *shop, const struct kernel_layer *layer, const char *directory)
{
	const char *const arguments[] = { "depmod", "-b", directory, layer->release, NULL };
	const struct run run = {
		.arguments = arguments, .log = shop->log, .progress = &shop->progress
	};

	progress_note(&shop->progress, "depmod");
	return run_tool(&run, &shop->failure);
}

static int take_trees(struct workshop *shop, const char *unpacked, const struct kernel_layer *layer,
	const char *directory)
{
	char name[WORKSHOP_PATH_SIZE];
	int result = failure_path(&shop->failure, name, sizeof(name),
		"usr/lib/linux-image-%s/broadcom", layer->release);

	return result == 0 ? take_file(shop, unpacked, name, directory, "trees") : result;
}

static int take_kernel(struct apt *apt, struct kernel_layer *layer, const char *directory)
{
	struct workshop *shop = apt->shop;
	char unpacked[WORKSHOP_PATH_SIZE], name[WORKSHOP_PATH_SIZE];
	int result = failure_path(
		&shop->failure, unpacked, sizeof(unpacked), "%s/kernel-package", directory);

	if (result == 0)
		result = apt_unpack(apt, &layer->kernel, directory, unpacked);
	if (result == 0)
		result = take_modules(shop, unpacked, layer, directory);
	if (result == 0)
		result = failure_path(
			&shop->failure, name, sizeof(name), "boot/vmlinuz-%s", layer->release);
	if (result == 0)
		result = take_file(shop, unpacked, name, directory, "vmlinuz");
	if (result == 0 && !recipe_is_for_pcs(shop->recipe))
		result = take_trees(shop, unpacked, layer, directory);
	if (result == 0)
		result = cache_remove_tree(unpacked);
	if (result == 0)
		result = prune_modules(shop, layer, directory);
	return result == 0 ? run_depmod(shop, layer, directory) : result;
}

static int take_firmware(struct apt *apt, const struct kernel_layer *layer, const char *directory)
{
	struct workshop *shop = apt->shop;
	char unpacked[WORKSHOP_PATH_SIZE];
	int result = failure_path(
		&shop->failure, unpacked, sizeof(unpacked), "%s/firmware-package", directory);

	if (result == 0)
		result = apt_unpack(apt, &layer->firmware, directory, unpacked);
	if (result == 0)
		result = take_file(shop, unpacked,
			recipe_is_for_pcs(shop->recipe) ? "usr/lib/ipxe" : "usr/lib/raspi-firmware",
			directory, "firmware");
	return result == 0 ? cache_remove_tree(unpacked) : result;
}

static int make(struct apt *apt, struct kernel_layer *layer)
{
	struct workshop *shop = apt->shop;
	char temporary[WORKSHOP_PATH_SIZE];
	int result = failure_path(
		&shop->failure, temporary, sizeof(temporary), "%s.tmp", layer->directory);

	if (result == 0)
		result = file_make_directories(temporary, 0755);
	if (result == 0)
		result = take_kernel(apt, layer, temporary);
	if (result == 0)
		result = take_firmware(apt, layer, temporary);
	if (result == 0)
		result = cache_commit(shop, "kernel", layer->directory);
	else
		(void)cache_remove_tree(temporary);
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "%s can't be made: %s", temporary,
				     strerror(-result));
}

int kernel_layer_make(struct apt *apt, struct kernel_layer *layer)
{
	struct workshop *shop = apt->shop;
	char modules[WORKSHOP_PATH_SIZE];
	int result;

	if (!layer->from_cache)
		return make(apt, layer);
	result = failure_path(
		&shop->failure, modules, sizeof(modules), "%s/lib/modules", layer->directory);
	return result == 0 ? find_release(shop, modules, layer->release, sizeof(layer->release))
			   : result;
}
