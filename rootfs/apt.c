/* SPDX-License-Identifier: ISC */
#include "rootfs/apt.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "rootfs/repositories.h"
#include "rootfs/run.h"

#define OUTPUT_SIZE (1u << 20)
#define RELEASE_LIMIT (1u << 20)
#define KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"

/* One line of `apt-get indextargets`, by the format below. */
struct target {
	char origin[64], codename[64], uri[256];
};

#define TARGET_FORMAT "$(ORIGIN)|$(CODENAME)|$(REPO_URI)"

static int run_apt(struct apt *apt, const char *const *arguments, char *output, size_t size)
{
	const struct run run = {
		.arguments = arguments,
		.directory = apt->root,
		.log = apt->shop->log,
		.output = output,
		.output_size = size,
		.progress = &apt->shop->progress,
	};

	return run_tool(&run, &apt->shop->failure);
}

static bool parse_target(const char *line, struct target *target)
{
	return sscanf(line, "%63[^|]|%63[^|]|%255[^|\n]", target->origin, target->codename,
		       target->uri) == 3;
}

/* The part of a code name behind the release: "" (bookworm), "-updates", "-security"; NULL for what
 * is not taken over, such as backports. */
static const char *pocket_of(const char *codename)
{
	static const char *const pockets[] = { "-updates", "-security" };
	const char *dash = strchr(codename, '-');

	if (!dash)
		return "";
	for (size_t i = 0; i < sizeof(pockets) / sizeof(pockets[0]); i++)
		if (strcmp(dash, pockets[i]) == 0)
			return pockets[i];
	return NULL;
}

static bool has_source(const struct apt *apt, const char *line)
{
	for (size_t i = 0; i < apt->source_count; i++)
		if (strcmp(apt->sources[i], line) == 0)
			return true;
	return false;
}

static void add_source(struct apt *apt, const struct target *target)
{
	const struct recipe *recipe = apt->shop->recipe;
	const char *pocket = pocket_of(target->codename);
	char line[APT_LINE_SIZE];
	size_t used;

	if (!pocket || strcmp(target->origin, "Debian") != 0 ||
		apt->source_count == APT_SOURCES_LIMIT)
		return;
	used = (size_t)snprintf(line, APT_LINE_SIZE, "deb [signed-by=" KEYRING "] %s %s%s",
		target->uri, recipe->suite, pocket);
	for (size_t i = 0; i < recipe->components.count && used < APT_LINE_SIZE; i++)
		used += (size_t)snprintf(
			line + used, APT_LINE_SIZE - used, " %s", recipe->components.items[i]);
	if (used < APT_LINE_SIZE && !has_source(apt, line))
		str_copy(apt->sources[apt->source_count++], APT_LINE_SIZE, line);
}

/* The host has Debian's archive configured, perhaps by a mirror; a node gets the same one. */
static int derive_sources(struct apt *apt)
{
	static const char *const arguments[] = { "apt-get", "indextargets", "--format",
		TARGET_FORMAT, "Identifier: Packages", NULL };
	char *output = malloc(OUTPUT_SIZE);
	const struct run run = {
		.arguments = arguments, .output = output, .output_size = OUTPUT_SIZE
	};
	struct target target;
	char *rest = output, *line;
	int result;

	if (!output)
		return failure_set(&apt->shop->failure, -ENOMEM, "out of memory");
	result = run_tool(&run, &apt->shop->failure);
	while (result == 0 && (line = strsep(&rest, "\n")) != NULL)
		if (parse_target(line, &target))
			add_source(apt, &target);
	free(output);
	if (result == 0 && apt->source_count == 0)
		result = failure_set(&apt->shop->failure, -ENOENT,
			"this machine's apt knows no Debian archive to take %s from: run apt-get "
			"update",
			apt->shop->recipe->suite);
	if (result == 0 && access(KEYRING, R_OK) != 0)
		result = failure_set(&apt->shop->failure, -ENOENT,
			KEYRING " is missing: apt-get install debian-archive-keyring");
	return result;
}

static int write_sources(struct apt *apt)
{
	char path[WORKSHOP_PATH_SIZE],
		text[(APT_SOURCES_LIMIT + RECIPE_REPOSITORIES_LIMIT) * (APT_LINE_SIZE + 1)] = "";
	size_t used = 0;
	int result = failure_path(
		&apt->shop->failure, path, sizeof(path), "%s/etc/sources.list", apt->root);

	for (size_t i = 0; i < apt->source_count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n", apt->sources[i]);
	for (size_t i = 0; i < apt->shop->recipe->repository_count; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s\n", apt->repositories[i]);
	return result != 0 ? result : file_replace_if_different(path, text, used, 0644, NULL);
}

static int write_config(struct apt *apt)
{
	char text[4 * WORKSHOP_PATH_SIZE];
	int n = snprintf(text, sizeof(text),
		"Dir \"%s\";\n"
		"Dir::State \"state\";\n"
		"Dir::State::status \"status\";\n"
		"Dir::Cache \"cache\";\n"
		/* Containers often switch these off. */
		"Dir::Cache::pkgcache \"pkgcache.bin\";\n"
		"Dir::Cache::srcpkgcache \"srcpkgcache.bin\";\n"
		"Dir::Etc \"etc\";\n"
		"Dir::Etc::sourceparts \"-\";\n"
		"Dir::Etc::main \"-\";\n"
		"APT::Architecture \"%s\";\n"
		"APT::Architectures { \"%s\"; \"%s\"; };\n"
		"APT::Install-Recommends \"false\";\n"
		/* root's cache isn't readable by _apt; signatures are checked all the same. */
		"APT::Sandbox::User \"root\";\n"
		"Acquire::ForceHash \"SHA256\";\n"
		"Acquire::Languages \"none\";\n"
		"Acquire::Retries \"3\";\n"
		"#clear APT::Update::Pre-Invoke;\n"
		"#clear APT::Update::Post-Invoke;\n"
		"#clear APT::Update::Post-Invoke-Success;\n"
		"#clear DPkg::Post-Invoke;\n",
		apt->root, apt->shop->recipe->architecture, apt->shop->recipe->architecture,
		recipe_kernel_architecture(apt->shop->recipe));

	if (n < 0 || (size_t)n >= sizeof(text))
		return failure_set(
			&apt->shop->failure, -ENAMETOOLONG, "the cache's path is too long");
	return file_replace_if_different(apt->config, text, (size_t)n, 0644, NULL);
}

static int make_root(struct apt *apt)
{
	static const char *const directories[] = { "etc/preferences.d", "etc/trusted.gpg.d",
		"state/lists/partial", "cache/archives/partial" };
	char path[WORKSHOP_PATH_SIZE];
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(directories) / sizeof(directories[0]); i++) {
		result = failure_path(&apt->shop->failure, path, sizeof(path), "%s/%s", apt->root,
			directories[i]);
		if (result == 0)
			result = file_make_directories(path, 0755);
	}
	if (result == 0)
		result = failure_path(
			&apt->shop->failure, path, sizeof(path), "%s/state/status", apt->root);
	if (result == 0)
		result = file_replace_if_different(path, "", 0, 0644, NULL);
	if (result == 0)
		result = write_sources(apt);
	if (result == 0)
		result = write_config(apt);
	return result == 0 ? 0
			   : failure_set(&apt->shop->failure, result, "%s can't be made: %s",
				     apt->root, strerror(-result));
}

/* The signed release file of the suite itself; returns false when its lists aren't there. */
static bool find_release(const struct apt *apt, char *out, size_t size)
{
	char pattern[WORKSHOP_PATH_SIZE + 128];
	glob_t found;
	bool ok;

	snprintf(pattern, sizeof(pattern), "%s/state/lists/*_dists_%s_InRelease", apt->root,
		apt->shop->recipe->suite);
	ok = glob(pattern, 0, NULL, &found) == 0 && str_copy(out, size, found.gl_pathv[0]);
	globfree(&found);
	return ok;
}

/* An image is as old as the release that it is made of: the same input gives the same bytes. */
static int read_epoch(struct apt *apt)
{
	const char *given = getenv("SOURCE_DATE_EPOCH");
	char path[WORKSHOP_PATH_SIZE + 128];
	char *text = NULL, *date;
	size_t size;
	struct tm when = { 0 };
	uint64_t epoch;

	if (given && str_parse_u64(given, 1, UINT32_MAX, &epoch) == 0) {
		apt->shop->epoch = (long long)epoch;
		return 0;
	}
	if (!find_release(apt, path, sizeof(path)) ||
		file_read(path, RELEASE_LIMIT, &text, &size) != 0)
		return failure_set(&apt->shop->failure, -ENOENT,
			"the archive's release file for %s is missing below %s",
			apt->shop->recipe->suite, apt->root);
	date = strstr(text, "\nDate: ");
	if (date && strptime(date + strlen("\nDate: "), "%a, %d %b %Y %T", &when))
		apt->shop->epoch = timegm(&when);
	free(text);
	return apt->shop->epoch > 0 ? 0
				    : failure_set(&apt->shop->failure, -EINVAL,
					      "%s has no date that can be read", path);
}

static int update(struct apt *apt)
{
	const char *const arguments[] = { "apt-get", "-c", apt->config, "-q", "--error-on=any",
		"update", NULL };
	char complete[WORKSHOP_PATH_SIZE];
	int result = failure_path(
		&apt->shop->failure, complete, sizeof(complete), "%s/state/complete", apt->root);

	if (result != 0)
		return result;
	progress_note(&apt->shop->progress, "fetching the package lists");
	result = run_apt(apt, arguments, NULL, 0);
	if (result == 0)
		return file_replace_if_different(complete, "", 0, 0644, NULL);
	/* A part of its lists is no archive: an update must have come to its end before. */
	if (result == -ECHILD && access(complete, F_OK) == 0) {
		progress_break(&apt->shop->progress);
		log_warning("the package lists can't be refreshed, those of the last build are "
			    "used (%s)",
			apt->shop->log);
		apt->shop->failure.text[0] = '\0';
		progress_begin(&apt->shop->progress, "packages");
		result = 0;
	}
	return result;
}

int apt_open(struct apt *apt, struct workshop *shop)
{
	const struct recipe *recipe = shop->recipe;
	int result;

	memset(apt, 0, sizeof(*apt));
	apt->shop = shop;
	/* Lists of other repositories would go at each update. */
	result = failure_path(&shop->failure, apt->root, sizeof(apt->root), "%s/apt-%s-%s%s%s",
		shop->cache, recipe->suite, recipe->architecture,
		recipe->repository_count > 0 ? "-" : "",
		recipe->repository_count > 0 ? recipe->name : "");
	if (result == 0)
		result = failure_path(
			&shop->failure, apt->config, sizeof(apt->config), "%s/apt.conf", apt->root);
	if (result == 0)
		result = derive_sources(apt);
	if (result == 0)
		result = repositories_prepare(apt);
	if (result == 0)
		result = make_root(apt);
	if (result == 0)
		result = update(apt);
	return result == 0 ? read_epoch(apt) : result;
}

/* "'URI' FILE SIZE SHA256:HASH" of `apt-get --print-uris`. */
static bool parse_uri(
	const char *line, char file[static APT_NAME_SIZE], char hash[static HASH_TEXT_SIZE])
{
	return sscanf(line, "'%*[^']' %255s %*u SHA256:%64s", file, hash) == 2 &&
	       !strchr(file, '/') && strlen(hash) == HASH_TEXT_SIZE - 1;
}

static size_t keep_uris(char *output, char *out, size_t size, size_t *count)
{
	size_t used = 0;
	char *rest = output, *line;

	*count = 0;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char file[APT_NAME_SIZE], hash[HASH_TEXT_SIZE];

		if (!parse_uri(line, file, hash) || used >= size)
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s %s\n", file, hash);
		(*count)++;
	}
	return used;
}

int apt_plan(struct apt *apt, char *out, size_t size, size_t *count)
{
	const struct recipe_list *packages = &apt->shop->recipe->packages;
	char base[RECIPE_WORD_SIZE + 80];
	const char *arguments[RECIPE_LIST_LIMIT + 12] = { "apt-get", "-c", apt->config, "-q",
		"--print-uris", "install", base, "apt" };
	char *output = malloc(OUTPUT_SIZE);
	size_t n = 8;
	int result;

	if (!output)
		return failure_set(&apt->shop->failure, -ENOMEM, "out of memory");
	/* What mmdebstrap's variant minbase installs; of the kernel's architecture nothing. */
	snprintf(base, sizeof(base),
		"?narrow(?architecture(%s),?or(?essential,?priority(required)))",
		apt->shop->recipe->architecture);
	for (size_t i = 0; i < packages->count; i++)
		arguments[n++] = packages->items[i];
	result = run_apt(apt, arguments, output, OUTPUT_SIZE);
	if (result == 0 && keep_uris(output, out, size, count) >= size)
		result = failure_set(
			&apt->shop->failure, -E2BIG, "the recipe needs too many packages");
	free(output);
	if (result == 0 && *count == 0)
		result = failure_set(&apt->shop->failure, -EINVAL, "apt plans no package at all");
	return result;
}

/* "  Depends: linux-image-6.1.0-50-arm64" of a metapackage. */
static int follow_metapackage(struct apt *apt, const char *name, char *out)
{
	const char *const arguments[] = { "apt-cache", "-c", apt->config, "depends", name, NULL };
	char output[16384];
	const char *found;
	int result = run_apt(apt, arguments, output, sizeof(output));

	if (result != 0)
		return result;
	found = strstr(output, "\n  Depends: linux-image-");
	if (!found || sscanf(found, "\n  Depends: %255s", out) != 1)
		str_copy(out, APT_NAME_SIZE, name);
	return 0;
}

static bool parse_download(const char *line, struct apt_package *package)
{
	const char *first, *second;

	if (!parse_uri(line, package->file, package->hash))
		return false;
	first = strchr(package->file, '_');
	second = first ? strchr(first + 1, '_') : NULL;
	if (!second)
		return false;
	snprintf(package->version, sizeof(package->version), "%.*s", (int)(second - first - 1),
		first + 1);
	return true;
}

int apt_find(struct apt *apt, const char *name, struct apt_package *package)
{
	const char *const arguments[] = { "apt-get", "-c", apt->config, "--print-uris", "download",
		package->name, NULL };
	char output[4096];
	char qualified[APT_NAME_SIZE];
	int result;

	memset(package, 0, sizeof(*package));
	snprintf(qualified, sizeof(qualified), "%.128s:%s", name,
		recipe_kernel_architecture(apt->shop->recipe));
	result = follow_metapackage(apt, qualified, package->name);
	/* A package for all architectures counts as one of apt's own. */
	if (result == -ECHILD && follow_metapackage(apt, name, package->name) == 0) {
		apt->shop->failure.text[0] = '\0';
		result = 0;
	}
	if (result == 0)
		result = run_apt(apt, arguments, output, sizeof(output));
	if (result == 0 && !parse_download(output, package))
		result = failure_set(&apt->shop->failure, -ENOENT,
			"apt can't tell where %s is: %.200s", package->name, output);
	return result;
}

int apt_unpack(struct apt *apt, const struct apt_package *package, const char *directory,
	const char *target)
{
	const char *const download[] = { "apt-get", "-c", apt->config, "-q", "download",
		package->name, NULL };
	char path[WORKSHOP_PATH_SIZE + APT_NAME_SIZE];
	const char *const unpack[] = { "dpkg-deb", "-x", path, target, NULL };
	struct run run = {
		.arguments = download,
		.directory = directory,
		.log = apt->shop->log,
		.progress = &apt->shop->progress,
	};
	int result = failure_path(
		&apt->shop->failure, path, sizeof(path), "%s/%s", directory, package->file);

	progress_note(&apt->shop->progress, "fetching %s", package->name);
	if (result == 0)
		result = run_tool(&run, &apt->shop->failure);
	progress_note(&apt->shop->progress, "unpacking %s", package->name);
	run.arguments = unpack;
	if (result == 0)
		result = run_tool(&run, &apt->shop->failure);
	if (result == 0 && unlink(path) != 0)
		result = failure_set(
			&apt->shop->failure, -errno, "apt left no %s: %s", path, strerror(errno));
	return result;
}
