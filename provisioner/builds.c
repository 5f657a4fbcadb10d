/* SPDX-License-Identifier: ISC */
#include "provisioner/builds.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"

#define BUILDS 8
#define PROCESS "build-" /* and the image's name */
#define PATH_SIZE 512

struct builds {
	size_t n;
	char names[BUILDS][NODE_NAME_SIZE]; /* of images that are being built */
};

static bool job_path(const struct brambled *brambled, const char *name, char out[static PATH_SIZE])
{
	int length = snprintf(out, PATH_SIZE, "%s/builds/%s.json", brambled->settings.run, name);

	return length > 0 && length < PATH_SIZE;
}

static bool process_name(const char *name, char out[static NODE_NAME_SIZE])
{
	return snprintf(out, NODE_NAME_SIZE, PROCESS "%s", name) < NODE_NAME_SIZE;
}

/* The recipe's name in bramble.conf's directory. */
static bool recipe_path(
	const struct brambled *brambled, const char *name, char out[static PATH_SIZE])
{
	const char *config = brambled->config_path, *slash = strrchr(config, '/');
	int length = snprintf(out, PATH_SIZE, "%.*simages/%s.conf",
		slash ? (int)(slash + 1 - config) : 0, config, name);

	return length > 0 && length < PATH_SIZE;
}

/* bramble-image is installed beside brambled. */
static bool program_path(char out[static PATH_SIZE])
{
	ssize_t length = readlink("/proc/self/exe", out, PATH_SIZE - sizeof("bramble-image"));

	if (length <= 0)
		return false;
	out[length] = '\0';
	snprintf(strrchr(out, '/') + 1, sizeof("bramble-image"), "bramble-image");
	return true;
}

struct paths {
	char process[NODE_NAME_SIZE], program[PATH_SIZE], recipe[PATH_SIZE], job[PATH_SIZE];
};

static bool find_paths(const struct brambled *brambled, const char *name, struct paths *paths)
{
	return str_is_node_name(name) && process_name(name, paths->process) &&
	       program_path(paths->program) && recipe_path(brambled, name, paths->recipe) &&
	       job_path(brambled, name, paths->job);
}

static void make_spec(
	const struct brambled *brambled, const struct paths *paths, struct supervise_spec *spec)
{
	const struct settings *settings = &brambled->settings;

	*spec = (struct supervise_spec){
		.name = paths->process,
		.once = true,
		.argv = { paths->program, "build", paths->recipe, "--share", settings->share,
			"--cache", settings->cache, "--job", paths->job, "--config",
			brambled->config_path },
	};
}

static void remember(struct builds *builds, const char *name)
{
	str_copy(builds->names[builds->n++], NODE_NAME_SIZE, name);
}

/* A build of an earlier brambled that goes on. */
static void adopt(struct brambled *brambled, const char *name)
{
	struct paths *paths = calloc(1, sizeof(*paths));
	struct supervise_spec spec;

	if (paths && brambled->builds->n < BUILDS && find_paths(brambled, name, paths)) {
		make_spec(brambled, paths, &spec);
		if (supervise_adopt(brambled->supervisor, &spec) == 0)
			remember(brambled->builds, name);
	}
	free(paths);
}

int builds_start(struct brambled *brambled)
{
	char path[PATH_SIZE];
	const struct dirent *entry;
	DIR *entries;
	int result;

	brambled->builds = calloc(1, sizeof(*brambled->builds));
	snprintf(path, sizeof(path), "%s/builds", brambled->settings.run);
	result = brambled->builds ? file_make_directories(path, 0755) : -ENOMEM;
	entries = result == 0 && brambled->supervisor ? opendir(path) : NULL;
	while (entries && (entry = readdir(entries))) {
		char name[NODE_NAME_SIZE];
		size_t length = strcspn(entry->d_name, ".");

		if (length >= sizeof(name) || strcmp(entry->d_name + length, ".json") != 0)
			continue;
		memcpy(name, entry->d_name, length);
		name[length] = '\0';
		adopt(brambled, name);
	}
	if (entries)
		closedir(entries);
	return result;
}

void builds_stop(struct brambled *brambled)
{
	free(brambled->builds);
	brambled->builds = NULL;
}

bool builds_is_running(const struct brambled *brambled, const char *name)
{
	for (size_t i = 0; i < brambled->builds->n; i++)
		if (strcmp(brambled->builds->names[i], name) == 0)
			return true;
	return false;
}

static int begin(struct brambled *brambled, const char *name, const struct paths *paths,
	char reason[static BUILDS_REASON_SIZE])
{
	struct supervise_spec spec;
	int result;

	make_spec(brambled, paths, &spec);
	if (unlink(paths->job) != 0 && errno != ENOENT)
		result = -errno;
	else
		result = supervise_add(brambled->supervisor, &spec);
	if (result == 0)
		remember(brambled->builds, name);
	else
		snprintf(reason, BUILDS_REASON_SIZE, "%.300s can't be started: %.60s",
			paths->program, strerror(-result));
	return result;
}

int builds_begin(struct brambled *brambled, const char *name, bool dry_run,
	char reason[static BUILDS_REASON_SIZE])
{
	struct paths *paths = calloc(1, sizeof(*paths));
	int result = 0;

	builds_tick(brambled); /* one may have ended just now */
	if (!paths || !find_paths(brambled, name, paths)) {
		result = paths ? -EINVAL : -ENOMEM;
		snprintf(reason, BUILDS_REASON_SIZE, "no image can have the name %.80s", name);
	} else if (builds_is_running(brambled, name)) {
		result = -EALREADY;
		snprintf(reason, BUILDS_REASON_SIZE, "image %s is being built already", name);
	} else if (brambled->builds->n == BUILDS) {
		result = -EEXIST;
		snprintf(reason, BUILDS_REASON_SIZE, "%d images are being built already", BUILDS);
	} else if (access(paths->recipe, R_OK) != 0) {
		result = -ENOENT;
		snprintf(reason, BUILDS_REASON_SIZE, "there is no recipe %.300s: %.60s",
			paths->recipe, strerror(errno));
	} else if (!dry_run) {
		result = begin(brambled, name, paths, reason);
	}
	free(paths);
	return result;
}

int builds_cancel(
	struct brambled *brambled, const char *name, char reason[static BUILDS_REASON_SIZE])
{
	char process[NODE_NAME_SIZE];

	if (builds_is_running(brambled, name) && process_name(name, process) &&
		supervise_remove(brambled->supervisor, process) == 0)
		return 0;
	snprintf(reason, BUILDS_REASON_SIZE, "image %.64s isn't being built", name);
	return -ENOENT;
}

static cJSON *read_job(const struct brambled *brambled, const char *name)
{
	char path[PATH_SIZE];
	cJSON *json;
	char *text;
	size_t size;

	if (!job_path(brambled, name, path) || file_read(path, BUILDS_JOB_LIMIT, &text, &size) != 0)
		return NULL;
	json = cJSON_Parse(text);
	free(text);
	if (cJSON_IsObject(json))
		return json;
	cJSON_Delete(json);
	return NULL;
}

static const char *text_of(const cJSON *json, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

	return text ? text : "";
}

cJSON *builds_describe(const struct brambled *brambled, const char *name)
{
	bool running = builds_is_running(brambled, name);
	cJSON *json = str_is_node_name(name) ? read_job(brambled, name) : NULL;

	if (!json && running) { /* it has said nothing yet */
		json = cJSON_CreateObject();
		cJSON_AddStringToObject(json, "image", name);
		cJSON_AddStringToObject(json, "state", "running");
		cJSON_AddNullToObject(json, "step");
		cJSON_AddArrayToObject(json, "steps");
	}
	/* It has said its last, but is not gone: then another one can't begin. */
	if (json && running && strcmp(text_of(json, "state"), "running") != 0)
		cJSON_ReplaceItemInObject(json, "state", cJSON_CreateString("running"));
	if (!running && strcmp(text_of(json, "state"), "running") == 0) {
		cJSON_ReplaceItemInObject(json, "state", cJSON_CreateString("failed"));
		cJSON_ReplaceItemInObject(json, "step", cJSON_CreateNull());
		cJSON_ReplaceItemInObject(json, "error",
			cJSON_CreateString("the build was killed; nothing was published, and the "
					   "next build removes what is left of it"));
	}
	return json;
}

/* The first line: the rest are a tool's last words. */
static void tell_end(struct brambled *brambled, const char *name)
{
	cJSON *json = builds_describe(brambled, name);
	const char *state = text_of(json, "state"), *error = text_of(json, "error");

	if (strcmp(state, "done") == 0)
		brambled_event(brambled, "image.built", name,
			cJSON_IsTrue(cJSON_GetObjectItem(json, "existed"))
				? "image %s was built: nothing has changed, it is version %.12s"
				: "image %s was built: version %.12s",
			name, text_of(json, "hash"));
	else
		brambled_event(brambled, "image.not-built", name, "image %s wasn't built: %.*s",
			name, (int)strcspn(*error ? error : "it said nothing", "\n"),
			*error ? error : "it said nothing");
	cJSON_Delete(json);
	(void)brambled_commit(brambled);
}

void builds_tick(struct brambled *brambled)
{
	struct builds *builds = brambled->builds;

	for (size_t i = 0; i < builds->n;) {
		char process[NODE_NAME_SIZE], name[NODE_NAME_SIZE];

		if (process_name(builds->names[i], process) &&
			supervise_has(brambled->supervisor, process)) {
			i++;
			continue;
		}
		str_copy(name, sizeof(name), builds->names[i]);
		builds->n--;
		memmove(builds->names[i], builds->names[i + 1], (builds->n - i) * NODE_NAME_SIZE);
		tell_end(brambled, name);
	}
}
