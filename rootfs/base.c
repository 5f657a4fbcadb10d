/* SPDX-License-Identifier: ISC */
#include "rootfs/base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/cache.h"
#include "rootfs/import.h"
#include "rootfs/mapped.h"
#include "rootfs/repositories.h"
#include "rootfs/run.h"

#define BINFMT "/proc/sys/fs/binfmt_misc/"
#define TOOL "mmdebstrap"
#define PLACE "/packages"
#define PLAN_SIZE (256u * 1024u)
#define INCLUDE_SIZE (RECIPE_LIST_LIMIT * (RECIPE_WORD_SIZE + 1) + 16)

/* A node is administered from its router: nobody reads manuals on it. Licences stay. */
static const char *const dpkg_options[] = { "--dpkgopt=path-exclude=/usr/share/man/*",
	"--dpkgopt=path-exclude=/usr/share/info/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
	"--dpkgopt=path-exclude=/usr/share/doc/*",
	"--dpkgopt=path-include=/usr/share/doc/*/copyright",
	"--dpkgopt=path-exclude=/usr/share/lintian/*" };

#define DPKG_OPTIONS (sizeof(dpkg_options) / sizeof(dpkg_options[0]))

int base_check_emulation(const char *architecture, struct failure *failure)
{
	bool pc = strcmp(architecture, "amd64") == 0;
	const char *handler = pc				   ? "qemu-x86_64"
			      : strcmp(architecture, "armhf") == 0 ? "qemu-arm"
								   : "qemu-aarch64";
	char path[sizeof(BINFMT) + 32];
	struct utsname host;
	char *state = NULL;
	size_t size;
	bool enabled;

	/* A 64-bit Pi runs 32-bit programs as well. */
	if (uname(&host) == 0 && strcmp(host.machine, pc ? "x86_64" : "aarch64") == 0)
		return 0;
	snprintf(path, sizeof(path), BINFMT "%s", handler);
	enabled = file_read(path, 4096, &state, &size) == 0 && strncmp(state, "enabled", 7) == 0;
	free(state);
	if (enabled)
		return 0;
	return failure_set(failure, -ENOEXEC,
		"this machine can't run %s programs, which building a root needs. As root:\n"
		"    apt-get install qemu-user-static binfmt-support\n"
		"    update-binfmts --enable %s",
		architecture, handler);
}

/* A root made elsewhere is its own layer. */
static int find_import(struct workshop *shop, struct base_layer *layer)
{
	struct cache_key key;
	int result;

	progress_note(&shop->progress, "hashing %.60s", shop->recipe->from);
	cache_key_begin(&key, "import");
	result = cache_key_add_file(&key, shop->recipe->from);
	cache_key_end(&key, layer->key);
	layer->from_cache = true;
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "%s can't be read: %s",
				     shop->recipe->from, strerror(-result));
}

int base_layer_find(struct apt *apt, struct base_layer *layer)
{
	struct workshop *shop = apt->shop;
	char *plan = malloc(PLAN_SIZE);
	struct cache_key key;
	char epoch[32];
	int result;

	memset(layer, 0, sizeof(*layer));
	if (shop->recipe->from[0]) {
		free(plan);
		return find_import(shop, layer);
	}
	if (!plan)
		return failure_set(&shop->failure, -ENOMEM, "out of memory");
	result = apt_plan(apt, plan, PLAN_SIZE, &layer->packages);
	cache_key_begin(&key, "root");
	if (result == 0)
		cache_key_add(&key, plan);
	free(plan);
	if (result != 0)
		return result;
	snprintf(epoch, sizeof(epoch), "%lld", shop->epoch);
	cache_key_add(&key, epoch);
	for (size_t i = 0; i < apt->source_count; i++)
		cache_key_add(&key, apt->sources[i]);
	for (size_t i = 0; i < DPKG_OPTIONS; i++)
		cache_key_add(&key, dpkg_options[i]);
	cache_key_add(&key, shop->recipe->architecture);
	result = repositories_add_to_key(shop, &key);
	if (result != 0)
		return result;
	cache_key_end(&key, layer->key);
	return cache_entry(shop, "root", layer->key, ".tar", layer->tar, sizeof(layer->tar),
		&layer->from_cache);
}

/* Progress of dpkg: each package is unpacked, then set up. */
struct count {
	struct progress *progress;
	size_t packages, done;
};

static void count_line(void *context, const char *line)
{
	struct count *count = context;
	char package[64];

	if (strncmp(line, "I: ", 3) == 0) {
		progress_note(count->progress, "%s", line + 3);
		return;
	}
	if (sscanf(line, "Unpacking %63s", package) != 1 &&
		sscanf(line, "Setting up %63s", package) != 1)
		return;
	count->done++;
	progress_note(count->progress, "%zu %%  %.60s",
		count->done >= 2 * count->packages ? 99 : 100 * count->done / (2 * count->packages),
		line);
}

static void make_include(const struct recipe_list *packages, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "--include=");

	for (size_t i = 0; i < packages->count; i++)
		used += (size_t)snprintf(
			out + used, size - used, "%s%s", i > 0 ? "," : "", packages->items[i]);
}

/* Where it unpacks the root, as root of its namespace. */
static int make_place(struct workshop *shop)
{
	char path[WORKSHOP_PATH_SIZE];
	int result = failure_path(&shop->failure, path, sizeof(path), "%s" PLACE, shop->work);

	if (result == 0 && (mkdir(path, 0755) != 0 || chown(path, MAPPED_FIRST, MAPPED_FIRST) != 0))
		result = failure_set(
			&shop->failure, -errno, "%s can't be made: %s", path, strerror(errno));
	return result;
}

/* Keys lie in our work directory, which it sees elsewhere. */
static void map_paths(const struct workshop *shop, const char *line, char out[static APT_LINE_SIZE])
{
	const char *at = strstr(line, shop->work);

	snprintf(out, APT_LINE_SIZE, "%.*s%s%s", at ? (int)(at - line) : APT_LINE_SIZE, line,
		at ? MAPPED_WORK : "", at ? at + strlen(shop->work) : "");
}

static int run_mmdebstrap(struct apt *apt, const struct base_layer *layer, const char *include,
	const char *architecture, const char *tar)
{
	struct workshop *shop = apt->shop;
	char repositories[RECIPE_REPOSITORIES_LIMIT][APT_LINE_SIZE];
	const char *arguments[DPKG_OPTIONS + APT_SOURCES_LIMIT + RECIPE_REPOSITORIES_LIMIT + 20] = {
		"/proc/self/exe", MAPPED_WORD, shop->work, tar, TOOL, "--mode=root",
		"--variant=minbase", "--format=tar", "--verbose", "--skip=output/dev",
		"--aptopt=Acquire::Languages \"none\"", "--aptopt=Acquire::Retries \"3\"",
		architecture, include
	};
	struct count count = { .progress = &shop->progress, .packages = layer->packages };
	struct run run = {
		.arguments = arguments,
		.called = TOOL,
		.temporary = MAPPED_WORK PLACE,
		.log = shop->log,
		.epoch = shop->epoch,
		.line = count_line,
		.context = &count,
		.progress = &shop->progress,
	};
	size_t n = 14;

	for (size_t i = 0; i < DPKG_OPTIONS; i++)
		arguments[n++] = dpkg_options[i];
	arguments[n++] = shop->recipe->suite;
	arguments[n++] = "-";
	for (size_t i = 0; i < apt->source_count; i++)
		arguments[n++] = apt->sources[i];
	for (size_t i = 0; i < shop->recipe->repository_count; i++) {
		map_paths(shop, apt->repositories[i], repositories[i]);
		arguments[n++] = repositories[i];
	}
	return run_tool(&run, &shop->failure);
}

static int make(struct apt *apt, const struct base_layer *layer)
{
	const struct recipe *recipe = apt->shop->recipe;
	char temporary[WORKSHOP_PATH_SIZE] = "", architecture[RECIPE_WORD_SIZE + 32];
	char *include = malloc(INCLUDE_SIZE);
	int result = include ? 0 : -ENOMEM;

	if (result == 0)
		result = failure_path(
			&apt->shop->failure, temporary, sizeof(temporary), "%s.tmp", layer->tar);
	if (result == 0) {
		snprintf(architecture, sizeof(architecture), "--architectures=%s",
			recipe->architecture);
		make_include(&recipe->packages, include, INCLUDE_SIZE);
		result = make_place(apt->shop);
	}
	if (result == 0) {
		result = run_mmdebstrap(apt, layer, include, architecture, temporary);
	}
	free(include);
	if (result == 0)
		result = cache_commit(apt->shop, "root", layer->tar);
	else
		(void)unlink(temporary);
	return result == 0 ? 0
			   : failure_set(&apt->shop->failure, result, "the root can't be built: %s",
				     strerror(-result));
}

int base_layer_make(struct apt *apt, struct base_layer *layer)
{
	int result;

	if (layer->from_cache)
		return 0;
	if (access("/usr/bin/" TOOL, X_OK) != 0)
		return failure_set(&apt->shop->failure, -ENOENT,
			TOOL " is not installed: apt-get install " TOOL);
	result = base_check_emulation(apt->shop->recipe->architecture, &apt->shop->failure);
	return result == 0 ? make(apt, layer) : result;
}

int base_layer_unpack(struct workshop *shop, const struct base_layer *layer, const char *root)
{
	const char *const arguments[] = { "tar", "--directory", root, "--extract",
		"--preserve-permissions", "--numeric-owner", "--xattrs", "--xattrs-include=*",
		"--file", layer->tar, NULL };
	const struct run run = {
		.arguments = arguments, .log = shop->log, .progress = &shop->progress
	};

	if (shop->recipe->from[0])
		return import_unpack(shop, root);
	progress_note(&shop->progress, "unpacking");
	return run_tool(&run, &shop->failure);
}
