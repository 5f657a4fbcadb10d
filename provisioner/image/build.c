/* SPDX-License-Identifier: ISC */
/* bramble-image build: from a recipe to a published version. */
#include "provisioner/image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/build.h"
#include "common/file.h"
#include "provisioner/image/apart.h"
#include "provisioner/image/job.h"
#include "provisioner/image/space.h"
#include "rootfs/cache.h"
#include "rootfs/contents.h"
#include "rootfs/files.h"
#include "rootfs/run.h"

struct build {
	const struct image_options *options;
	char share[WORKSHOP_PATH_SIZE]; /* absolute: tools run in other directories */
	struct workshop *shop;
	struct recipe *recipe;
	struct apt apt;
	struct base_layer base;
	struct kernel_layer kernel;
	char init[WORKSHOP_PATH_SIZE];
	char agent[WORKSHOP_PATH_SIZE]; /* "" none */
	char unit[WORKSHOP_PATH_SIZE];	/* the agent's, when none was given */
	char boot_hash[HASH_TEXT_SIZE];
	char key[HASH_TEXT_SIZE]; /* of everything that goes in */
	struct job job;
};

/* Where `make` and `make install` put a program for nodes: beside this one, or in its libexec. */
static bool find_beside(const char *name, bool pc, char out[static WORKSHOP_PATH_SIZE])
{
	static const char *const places[] = { "", "../libexec/bramble/node/", "../rootfs/agent/" };
	const char *folder = pc ? "pc/" : "";
	char self[WORKSHOP_PATH_SIZE];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return false;
	self[n] = '\0';
	*strrchr(self, '/') = '\0'; /* an absolute path has one */
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int length = snprintf(
			out, WORKSHOP_PATH_SIZE, "%s/%s%s%s", self, places[i], folder, name);

		if (length > 0 && length < WORKSHOP_PATH_SIZE && access(out, R_OK) == 0)
			return true;
	}
	return false;
}

static int find_program(struct build *build, const char *given, const char *name,
	const char *option, char out[static WORKSHOP_PATH_SIZE])
{
	/* A unit is the same for all. */
	bool pc = recipe_is_for_pcs(build->recipe) && !strchr(name, '.');

	if (given && str_copy(out, WORKSHOP_PATH_SIZE, given) && access(out, R_OK) == 0)
		return 0;
	if (given)
		return failure_set(&build->shop->failure, -errno, "%s %s can't be read: %s", option,
			given, strerror(errno));
	if (find_beside(name, pc, out))
		return 0;
	return failure_set(&build->shop->failure, -ENOENT,
		"%s%s is not beside bramble-image: build it (make node%s) or name it by %s FILE",
		pc ? "pc/" : "", name,
		pc ? ", which needs gcc-x86-64-linux-gnu on an arm64 machine" : "", option);
}

static int find_programs(struct build *build)
{
	const struct image_options *options = build->options;
	int result = find_program(build, options->init, "bramble-init", "--init", build->init);

	if (result == 0 && !(options->agent && options->agent[0] == '\0'))
		result = find_program(
			build, options->agent, "bramble-agent", "--agent", build->agent);
	if (result == 0 && build->agent[0] && options->unit_count == 0)
		result = find_program(build, NULL, "bramble-agent.service", "--unit", build->unit);
	return result;
}

/* Make a directory, if it isn't there, and say where it is from everywhere. */
static int make_absolute(struct build *build, const char *path, char out[static WORKSHOP_PATH_SIZE])
{
	int result = file_make_directories(path, 0755);
	char *absolute = result == 0 ? realpath(path, NULL) : NULL;

	if (result == 0 && !absolute)
		result = -errno;
	if (result == 0 && !str_copy(out, WORKSHOP_PATH_SIZE, absolute))
		result = -ENAMETOOLONG;
	free(absolute);
	return result == 0 ? 0
			   : failure_set(&build->shop->failure, result, "%s can't be used: %s",
				     path, strerror(-result));
}

static int choose_cache(struct build *build)
{
	const struct image_options *options = build->options;
	struct workshop *shop = build->shop;
	const char *base = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (options->no_cache)
		return failure_path(
			&shop->failure, shop->cache, sizeof(shop->cache), "%s/cache", shop->work);
	if (options->cache)
		return make_absolute(build, options->cache, shop->cache);
	if (base && base[0] == '/')
		return failure_path(
			&shop->failure, shop->cache, sizeof(shop->cache), "%s/bramble", base);
	return failure_path(&shop->failure, shop->cache, sizeof(shop->cache), "%s/.cache/bramble",
		home && home[0] == '/' ? home : "/root");
}

static int add_units(struct build *build, struct cache_key *key)
{
	const struct image_options *options = build->options;
	int result = build->unit[0] ? cache_key_add_file(key, build->unit) : 0;

	for (size_t i = 0; result == 0 && i < options->unit_count; i++) {
		cache_key_add(key, options->units[i]);
		result = cache_key_add_file(key, options->units[i]);
		if (result != 0)
			failure_set(&build->shop->failure, result, "--unit %s can't be read: %s",
				options->units[i], strerror(-result));
	}
	return result;
}

/* The texts of the recipe, and everything that they name. */
static int add_recipe(struct build *build, struct cache_key *key)
{
	const struct recipe *recipe = build->recipe;
	int result = 0;

	for (size_t i = 0; result == 0 && i < recipe->input_count; i++)
		result = cache_key_add_file(key, recipe->inputs[i]);
	if (result == 0 && recipe->script[0])
		result = cache_key_add_file(key, recipe->script);
	return result == 0 ? files_add_to_key(build->shop, key) : result;
}

static int make_key(struct build *build)
{
	struct cache_key key;
	int result;

	cache_key_begin(&key, "image");
	cache_key_add(&key, BRAMBLE_VERSION);
	cache_key_add(&key, build->shop->recipe->name);
	cache_key_add(&key, build->options->mode == IMAGE_TREE ? "tree" : "squashfs");
	cache_key_add(&key, build->base.key);
	cache_key_add(&key, build->kernel.key);
	/* The builder's own tables (files, modules) change without any version. */
	result = cache_key_add_file(&key, "/proc/self/exe");
	if (result == 0)
		result = add_recipe(build, &key);
	if (result == 0)
		result = cache_key_add_file(&key, build->init);
	if (result == 0 && build->agent[0])
		result = cache_key_add_file(&key, build->agent);
	if (result == 0)
		result = add_units(build, &key);
	cache_key_end(&key, build->key);
	return result == 0 ? 0
			   : failure_set(&build->shop->failure, result,
				     "an input can't be read: %s", strerror(-result));
}

static int plan(struct build *build)
{
	struct workshop *shop = build->shop;
	int result;

	progress_begin(&shop->progress, "packages");
	result = apt_open(&build->apt, shop);
	if (result == 0)
		result = base_layer_find(&build->apt, &build->base);
	if (result == 0)
		result = kernel_layer_find(&build->apt, &build->kernel);
	if (result == 0)
		result = make_key(build);
	if (result == 0)
		progress_end(&shop->progress, "%zu packages of %s, %s %s", build->base.packages,
			shop->recipe->suite, build->kernel.kernel.name,
			build->kernel.kernel.version);
	return result;
}

static int run_cp(struct workshop *shop, const char *from, const char *to)
{
	const char *const arguments[] = { "cp", "-a", "--reflink=auto", from, to, NULL };
	const struct run run = {
		.arguments = arguments, .log = shop->log, .progress = &shop->progress
	};

	return run_tool(&run, &shop->failure);
}

/* In the kernel layer: the kernel as boards get it. */
static const char *kernel_name(const struct build *build)
{
	return recipe_is_for_pcs(build->recipe) ? "pc-kernel" : "kernel8.img";
}

static int make_kernel(struct build *build)
{
	struct workshop *shop = build->shop;
	char image[WORKSHOP_PATH_SIZE], compressed[WORKSHOP_PATH_SIZE];
	char reason[BOOT_REASON_SIZE];
	int result;

	progress_begin(&shop->progress, "kernel");
	result = kernel_layer_make(&build->apt, &build->kernel);
	if (result == 0)
		result = failure_path(&shop->failure, image, sizeof(image), "%s/vmlinuz",
			build->kernel.directory);
	if (result == 0)
		result = failure_path(&shop->failure, compressed, sizeof(compressed), "%s/%s",
			build->kernel.directory, kernel_name(build));
	if (result == 0 && access(compressed, R_OK) != 0) {
		progress_note(&shop->progress, "compressing");
		result = recipe_is_for_pcs(build->recipe)
				 ? boot_copy_pc_kernel(image, compressed, reason)
				 : boot_compress_kernel(image, compressed, reason);
		if (result != 0)
			failure_set(&shop->failure, result, "%s", reason);
	}
	if (result == 0)
		progress_end(&shop->progress, "%s, firmware %s%s", build->kernel.release,
			build->kernel.firmware.version,
			build->kernel.from_cache ? " (cached)" : "");
	return result;
}

static int make_base(struct build *build)
{
	struct progress *progress = &build->shop->progress;
	int result;

	progress_begin(progress, "root");
	result = base_layer_make(&build->apt, &build->base);
	if (result == 0 && build->recipe->from[0])
		progress_end(progress, "%s", build->recipe->from);
	else if (result == 0)
		progress_end(progress, "%zu packages%s", build->base.packages,
			build->base.from_cache ? " (cached)" : "");
	return result;
}

static int make_boot_set(struct build *build)
{
	struct workshop *shop = build->shop;
	char directory[WORKSHOP_PATH_SIZE], kernel[WORKSHOP_PATH_SIZE], modules[WORKSHOP_PATH_SIZE];
	char trees[WORKSHOP_PATH_SIZE], firmware[WORKSHOP_PATH_SIZE], manifest[WORKSHOP_PATH_SIZE];
	const char *layer = build->kernel.directory;
	const struct boot_parts parts = {
		.kernel = kernel,
		.kernel_release = build->kernel.release,
		.modules = modules,
		.device_trees = recipe_is_for_pcs(build->recipe) ? NULL : trees,
		.firmware = firmware,
		.firmware_version = build->kernel.firmware.version,
		.init = build->init,
	};
	char reason[BOOT_REASON_SIZE];
	int result = 0;

	progress_begin(&shop->progress, "boot set");
	if (failure_path(&shop->failure, directory, sizeof(directory), "%s/boot", shop->work) !=
			0 ||
		failure_path(&shop->failure, manifest, sizeof(manifest),
			"%s/boot/" BOOT_MANIFEST_NAME, shop->work) != 0 ||
		failure_path(&shop->failure, kernel, sizeof(kernel), "%s/%s", layer,
			kernel_name(build)) != 0 ||
		failure_path(&shop->failure, modules, sizeof(modules), "%s/lib/modules/%s", layer,
			build->kernel.release) != 0 ||
		failure_path(&shop->failure, trees, sizeof(trees), "%s/trees", layer) != 0 ||
		failure_path(&shop->failure, firmware, sizeof(firmware), "%s/firmware", layer) != 0)
		return -ENAMETOOLONG;
	if (mkdir(directory, 0755) != 0)
		return failure_set(
			&shop->failure, -errno, "%s can't be made: %s", directory, strerror(errno));
	result = boot_build(&parts, directory, reason);
	if (result != 0)
		return failure_set(&shop->failure, result, "boot set: %s", reason);
	result = image_hash_file(manifest, build->boot_hash);
	if (result == 0)
		progress_end(&shop->progress, "kernel, initramfs, firmware%s",
			parts.device_trees ? ", device trees" : "");
	return result;
}

static int list_contents(struct workshop *shop, const char *root)
{
	char path[WORKSHOP_PATH_SIZE];
	int result = failure_path(
		&shop->failure, path, sizeof(path), "%s/boot/" CONTENTS_NAME, shop->work);

	progress_note(&shop->progress, "listing the contents");
	if (result == 0)
		result = contents_write(root, path);
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "%s can't be listed: %s", root,
				     strerror(-result));
}

static int make_root(struct build *build)
{
	const struct image_options *options = build->options;
	struct workshop *shop = build->shop;
	char root[WORKSHOP_PATH_SIZE], squashfs[WORKSHOP_PATH_SIZE];
	struct root_parts parts = {
		.apt = &build->apt,
		.base = &build->base,
		.kernel = &build->kernel,
		.agent = build->agent[0] ? build->agent : NULL,
		.unit_count = options->unit_count,
		.boot_hash = build->boot_hash,
	};
	int result = failure_path(&shop->failure, root, sizeof(root), "%s/root", shop->work);

	memcpy(parts.units, options->units, sizeof(parts.units));
	if (build->unit[0])
		parts.units[parts.unit_count++] = build->unit;
	if (result == 0)
		result = failure_path(&shop->failure, squashfs, sizeof(squashfs),
			"%s/image.squashfs", shop->work);
	if (result == 0 && mkdir(root, 0755) != 0)
		result = failure_set(
			&shop->failure, -errno, "%s can't be made: %s", root, strerror(errno));
	progress_begin(&shop->progress, "image");
	if (result == 0)
		result = root_make(shop, &parts, root);
	if (result == 0)
		result = list_contents(shop, root);
	if (result == 0 && options->mode == IMAGE_SQUASHFS)
		result = root_pack(shop, root, squashfs);
	if (result == 0)
		progress_end(
			&shop->progress, "%s", options->mode == IMAGE_TREE ? "tree" : "squashfs");
	return result;
}

/* The finished version of an earlier build with the same key, or -ENOENT. */
static int take_result(struct build *build)
{
	struct workshop *shop = build->shop;
	char entry[WORKSHOP_PATH_SIZE], contents[WORKSHOP_PATH_SIZE];
	bool there;
	int result = cache_entry(shop, "image", build->key, "", entry, sizeof(entry), &there);

	if (result == 0 && !there)
		return -ENOENT;
	if (result == 0)
		result = failure_path(&shop->failure, contents, sizeof(contents), "%s/.", entry);
	if (result != 0)
		return result;
	progress_begin(&shop->progress, "image");
	result = run_cp(shop, contents, shop->work);
	if (result == 0)
		progress_end(&shop->progress, "nothing has changed (cached)");
	return result;
}

/* Copies, not links: what happens to a file on the share must not reach the cache. */
static int keep_result(struct build *build)
{
	struct workshop *shop = build->shop;
	char entry[WORKSHOP_PATH_SIZE], temporary[WORKSHOP_PATH_SIZE], from[WORKSHOP_PATH_SIZE];
	bool there;
	int result;

	if (build->options->no_cache || build->options->mode == IMAGE_TREE)
		return 0;
	result = cache_entry(shop, "image", build->key, "", entry, sizeof(entry), &there);
	if (result == 0)
		result =
			failure_path(&shop->failure, temporary, sizeof(temporary), "%s.tmp", entry);
	if (result == 0)
		result = file_make_directories(temporary, 0755);
	if (result == 0)
		result = failure_path(
			&shop->failure, from, sizeof(from), "%s/image.squashfs", shop->work);
	if (result == 0)
		result = run_cp(shop, from, temporary);
	if (result == 0)
		result = failure_path(&shop->failure, from, sizeof(from), "%s/boot", shop->work);
	if (result == 0)
		result = run_cp(shop, from, temporary);
	return result == 0 ? cache_commit(shop, "image", entry) : result;
}

static int make_all(struct build *build)
{
	bool warm = build->kernel.from_cache && build->base.from_cache;
	int result = space_check(build->shop, warm, !build->options->no_cache);

	if (result == 0)
		result = make_kernel(build);
	if (result == 0)
		result = make_base(build);
	if (result == 0)
		result = make_boot_set(build);
	if (result == 0)
		result = make_root(build);
	return result == 0 ? keep_result(build) : result;
}

static int publish(struct build *build)
{
	struct image_version version;
	bool existed;
	int result;

	progress_begin(&build->shop->progress, "publish");
	result = image_publish(build->shop, build->share, build->options->mode, &version, &existed);
	if (result != 0)
		return result;
	progress_end(
		&build->shop->progress, existed ? "this version is there already" : "published");
	job_succeed(&build->job, version.hash, existed);
	printf("%s\n", version.root);
	return 0;
}

static int work(struct build *build)
{
	int result = find_programs(build);

	if (result == 0)
		result = plan(build);
	if (result == 0)
		result = take_result(build);
	if (result == -ENOENT && build->shop->failure.text[0] == '\0')
		result = make_all(build);
	return result == 0 ? publish(build) : result;
}

static int begin(struct build *build)
{
	struct workshop *shop = build->shop;
	int result = apart_enter(&shop->failure);

	if (result == 0)
		result = make_absolute(build, build->options->share, build->share);
	if (result == 0)
		result = image_begin(shop, build->share);
	if (result == 0)
		result = choose_cache(build);
	if (result == 0)
		result = cache_open(shop);
	if (result == 0)
		result = failure_path(
			&shop->failure, shop->log, sizeof(shop->log), "%s/build.log", shop->cache);
	if (result == 0)
		(void)unlink(shop->log); /* of the last build */
	return result;
}

static void explain(struct build *build, int result)
{
	struct workshop *shop = build->shop;
	const char *text = shop->failure.text[0] ? shop->failure.text : strerror(-result);

	progress_break(&shop->progress);
	fprintf(stderr, "bramble-image: %s\n", text);
	space_explain(shop);
	job_fail(&build->job, text);
}

static int work_apart(void *context)
{
	struct build *build = context;
	int result = work(build);

	if (result != 0)
		explain(build, result);
	return result != 0;
}

static void explain_signal(const struct build *build, int number)
{
	bool asked = number == SIGTERM || number == SIGINT || number == SIGHUP;

	fprintf(stderr, "\nbramble-image: ended by signal %d; nothing was published\n", number);
	job_end_for(build->options->job, asked ? "cancelled" : "failed",
		asked ? "it was told to end; nothing was published"
		      : "it was killed; nothing was published");
}

/* Returns an exit status. */
static int run(struct build *build)
{
	struct workshop *shop = build->shop;
	int result = recipe_load(build->options->target, build->recipe, &shop->failure);

	job_begin(&build->job, build->options->job, build->recipe->name);
	if (result == 0)
		result = begin(build);
	if (result != 0) {
		explain(build, result);
		result = 1;
	} else {
		result = apart_run(work_apart, build);
	}
	if (shop->work[0])
		(void)cache_remove_tree(shop->work);
	if (result > 128)
		explain_signal(build, result - 128);
	job_free(&build->job);
	return result < 0 ? 1 : result;
}

int image_build(const struct image_options *options)
{
	struct build *build = calloc(1, sizeof(*build));
	int result = 1;

	if (build) {
		build->shop = calloc(1, sizeof(*build->shop));
		build->recipe = calloc(1, sizeof(*build->recipe));
	}
	if (build && build->shop && build->recipe && sodium_init() >= 0) {
		build->options = options;
		build->shop->recipe = build->recipe;
		progress_init(&build->shop->progress);
		build->shop->progress.changed = job_follow;
		build->shop->progress.context = &build->job;
		result = run(build);
	} else {
		fputs("bramble-image: out of memory\n", stderr);
	}
	if (build) {
		free(build->recipe);
		free(build->shop);
	}
	free(build);
	return result;
}
