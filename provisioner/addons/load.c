/* SPDX-License-Identifier: ISC */
/* From directories of templates to manifests. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/str.h"
#include "provisioner/addons/addons.h"
#include "provisioner/nodeconf/template.h"
#include "rootfs/failure.h"

#define PATH_SIZE 512
#define FILE_LIMIT (256u << 10)
#define CLUSTER_DNS 10 /* kubeadm's choice among the addresses of the services' network */

/* What templates may name. */
struct variables {
	const struct settings *settings;
	char router[ADDRESS_TEXT_SIZE], dns[ADDRESS_TEXT_SIZE];
};

static void collect_variables(const struct settings *settings, struct variables *variables)
{
	struct in_addr address = { .s_addr = 0 };
	unsigned length;

	variables->settings = settings;
	str_format_address(settings->router, variables->router);
	(void)str_parse_network(settings->service_cidr, &address, &length);
	address.s_addr = htonl(ntohl(address.s_addr) + CLUSTER_DNS);
	str_format_address(address, variables->dns);
}

static const char *look_up(void *argument, const char *name)
{
	const struct variables *variables = argument;
	const struct {
		const char *name, *value;
	} known[] = {
		{ "cluster", variables->settings->cluster_name },
		{ "domain", "cluster.local" },
		{ "router", variables->router },
		{ "dns", variables->dns },
		{ "lan", variables->settings->lan_address },
		{ "pod_cidr", variables->settings->pod_cidr },
		{ "service_cidr", variables->settings->service_cidr },
		{ "share", variables->settings->share },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name) == 0)
			return known[i].value;
	}
	return NULL;
}

/* Values are at most as long as a path of the settings; a template that names many is refused. */
static int render(const char *path, const char *text, struct variables *variables, char *out,
	struct failure *failure)
{
	struct template_error error = { .line = 0 };
	int result = template_render(text, look_up, variables, out, 2 * (size_t)FILE_LIMIT, &error);

	if (result == -EINVAL)
		return failure_set(failure, result, "%s:%u: %s", path, error.line, error.what);
	return result == 0 ? 0
			   : failure_set(failure, result, "%s is longer than %u bytes, rendered",
				     path, 2 * FILE_LIMIT);
}

static int add_rendered(const char *path, const char *text, struct addon_manifest *manifest,
	struct failure *failure)
{
	char error[ADDON_ERROR_SIZE];
	unsigned line;
	int result = addon_manifest_add(manifest, text, strlen(text), &line, error);

	if (result == -EINVAL)
		return failure_set(failure, result, "%s:%u: %s", path, line, error);
	return result == 0 ? 0
			   : failure_set(failure, result, "%s can't be taken: %s", path,
				     result == -E2BIG ? "it says too much" : strerror(-result));
}

static int add_file(const char *path, struct variables *variables, struct addon_manifest *manifest,
	struct failure *failure)
{
	char *text = NULL, *rendered = malloc(2 * (size_t)FILE_LIMIT);
	size_t size;
	int result = rendered ? file_read(path, FILE_LIMIT, &text, &size) : -ENOMEM;

	if (result == 0 && strlen(text) != size)
		result = -EBADMSG;
	if (result != 0)
		failure_set(failure, result, "can't read %s: %s", path, strerror(-result));
	if (result == 0)
		result = render(path, text, variables, rendered, failure);
	if (result == 0)
		result = add_rendered(path, rendered, manifest, failure);
	free(text);
	free(rendered);
	return result;
}

static int is_manifest(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

/* strcoll would give each language an order of its own. */
static int by_bytes(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

static void free_entries(struct dirent **entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
}

static int complain(const char *directory, const char *name, struct failure *failure)
{
	int result = -errno;

	if (result == -ENOENT)
		return failure_set(failure, result,
			"there is no add-on %s: %s doesn't exist; `bramble addon list` lists what "
			"there is",
			name, directory);
	return failure_set(failure, result, "can't read %s: %s", directory, strerror(-result));
}

int addon_load(const struct settings *settings, const char *name, struct addon_manifest *manifest,
	struct failure *failure)
{
	char directory[PATH_SIZE], path[PATH_SIZE + 256];
	struct variables variables;
	struct dirent **entries;
	int n, result = 0;

	addon_manifest_init(manifest, name);
	collect_variables(settings, &variables);
	snprintf(directory, sizeof(directory), "%s/%.63s", settings->addons_path, name);
	n = str_is_node_name(name) ? scandir(directory, &entries, is_manifest, by_bytes)
				   : (errno = ENOENT, -1);
	if (n < 0)
		return complain(directory, name, failure);
	for (int i = 0; result == 0 && i < n; i++) {
		snprintf(path, sizeof(path), "%s/%.200s", directory, entries[i]->d_name);
		result = add_file(path, &variables, manifest, failure);
	}
	free_entries(entries, n);
	if (result == 0 && manifest->n_objects == 0)
		result = failure_set(failure, -EINVAL,
			"there is no object in %s: an add-on is a directory of *.yaml", directory);
	addon_manifest_end(manifest);
	return result;
}

size_t addons_listed(
	const struct settings *settings, char names[static ADDONS_LIMIT][ADDON_NAME_SIZE])
{
	size_t n = 0;

	for (const char *p = settings->addons; *p && n < ADDONS_LIMIT; n++) {
		size_t length = strcspn(p, "\n");

		snprintf(names[n], ADDON_NAME_SIZE, "%.*s", (int)length, p);
		p += length + (p[length] == '\n');
	}
	return n;
}

static int is_addon(const struct dirent *entry)
{
	return str_is_node_name(entry->d_name);
}

int addons_available(const struct settings *settings,
	char names[static ADDONS_LIMIT][ADDON_NAME_SIZE], struct failure *failure)
{
	struct dirent **entries;
	int n = scandir(settings->addons_path, &entries, is_addon, by_bytes), taken = 0;
	struct stat status;
	char path[PATH_SIZE + 64];

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return failure_set(failure, -errno, "can't read %s: %s", settings->addons_path,
			strerror(errno));
	for (int i = 0; i < n && (unsigned)taken < ADDONS_LIMIT; i++) {
		snprintf(path, sizeof(path), "%s/%.63s", settings->addons_path, entries[i]->d_name);
		if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
			(void)str_copy(names[taken++], ADDON_NAME_SIZE, entries[i]->d_name);
	}
	free_entries(entries, n);
	return taken;
}
