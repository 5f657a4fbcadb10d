/* SPDX-License-Identifier: ISC */
#include "provisioner/exports/exports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/log.h"
#include "provisioner/exports/private.h"

static const char *const directories[] = { "images", "nodes", "shared", "state" };

static int make_directory(const char *path, char *reason, size_t size)
{
	int result = file_make_directories(path, 0755);

	if (result != 0)
		snprintf(reason, size, "can't make directory %s: %s", path, strerror(-result));
	return result;
}

static int make_share(const struct settings *settings, char *reason, size_t size)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(directories) / sizeof(directories[0]); i++) {
		char path[EXPORTS_PATH_SIZE];

		snprintf(path, sizeof(path), "%s/%s", settings->share, directories[i]);
		result = make_directory(path, reason, size);
	}
	return result;
}

/* The kernel's server is preferred: it is faster and needs no copy of each block in user space. */
static int choose(struct exports *exports, char *reason, size_t size)
{
	const int wanted = exports->settings->nfs;
	char kernel[256] = "", ganesha[256] = "";

	exports->server = &exports_kernel;
	if (wanted != NFS_GANESHA && exports_kernel.check(kernel, sizeof(kernel)) == 0) {
		str_copy(exports->description, sizeof(exports->description), exports_kernel.name);
		return 0;
	}
	exports->server = &exports_ganesha;
	if (wanted != NFS_KERNEL && exports_ganesha.check(ganesha, sizeof(ganesha)) == 0) {
		snprintf(exports->description, sizeof(exports->description), "%s (%s)",
			exports_ganesha.name,
			wanted == NFS_AUTO ? kernel : "share.nfs in bramble.conf");
		return 0;
	}
	snprintf(reason, size, "there is no NFS server: %s%s%s", kernel,
		kernel[0] && ganesha[0] ? "; " : "", ganesha);
	return -EOPNOTSUPP;
}

static void set_network(struct exports *exports)
{
	const struct settings *settings = exports->settings;
	struct in_addr network = { settings->router.s_addr & settings->netmask.s_addr };
	char text[ADDRESS_TEXT_SIZE];

	str_format_address(network, text);
	snprintf(exports->network, sizeof(exports->network), "%s/%u", text,
		settings->prefix_length & 0x3f);
}

int exports_start(const struct settings *settings, struct supervisor *supervisor,
	struct exports **out, char *reason, size_t size)
{
	struct exports *exports = calloc(1, sizeof(*exports));
	int result;

	if (!exports)
		return -ENOMEM;
	exports->settings = settings;
	exports->supervisor = supervisor;
	result = choose(exports, reason, size);
	if (result == 0)
		result = make_share(settings, reason, size);
	if (result != 0) {
		free(exports);
		return result;
	}
	set_network(exports);
	log_info("NFS by %s", exports->description);
	*out = exports;
	return 0;
}

static int compare_nodes(const void *a, const void *b)
{
	const struct exports_node *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

/* Names become paths and, with the addresses, text of configuration files. */
static int check_nodes(const struct exports_node *nodes, size_t n, char *reason, size_t size)
{
	if (n > EXPORTS_NODES) {
		snprintf(reason, size, "%zu nodes are more than can be exported", n);
		return -ERANGE;
	}
	for (size_t i = 0; i < n; i++) {
		if (!str_is_node_name(nodes[i].name)) {
			snprintf(reason, size, "a node's name isn't fit for a directory");
			return -EINVAL;
		}
		if (i > 0 && nodes[i].id == nodes[i - 1].id) {
			snprintf(reason, size, "nodes %s and %s have the same number %u",
				nodes[i - 1].name, nodes[i].name, nodes[i].id);
			return -EINVAL;
		}
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct exports_node *left = a, *right = b;
	int order = compare_nodes(a, b);

	return order != 0 ? order : strcmp(left->name, right->name);
}

/* Of all nodes but the `n` that had theirs already: in a storm of new boards each of them comes
 * here. */
static int make_node_directories(const struct exports *exports, const struct exports_node *had,
	size_t n, char *reason, size_t size)
{
	char path[EXPORTS_PATH_SIZE];
	int result = 0;

	for (size_t i = 0; result == 0 && i < exports->n; i++) {
		if (n > 0 && bsearch(&exports->nodes[i], had, n, sizeof(*had), compare_names))
			continue;
		snprintf(path, sizeof(path), "%s/nodes/%s", exports->settings->share,
			exports->nodes[i].name);
		result = make_directory(path, reason, size);
	}
	if (result == 0) {
		snprintf(path, sizeof(path), "%s/nodes", exports->settings->share);
		result = file_sync_directory(path);
	}
	return result;
}

static bool is_same(const struct exports *exports, const struct exports_node *nodes, size_t n)
{
	if (n != exports->n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (nodes[i].id != exports->nodes[i].id ||
			nodes[i].address.s_addr != exports->nodes[i].address.s_addr ||
			strcmp(nodes[i].name, exports->nodes[i].name) != 0)
			return false;
	}
	return true;
}

/* Takes the array. */
static int put_in_force(
	struct exports *exports, struct exports_node *nodes, size_t n, char *reason, size_t size)
{
	struct exports_node *had = exports->nodes;
	/* Where that went wrong, one of them may be gone. */
	const size_t n_had = exports->in_force ? exports->n : 0;
	int result;

	exports->nodes = nodes;
	exports->n = n;
	exports->in_force = false;
	result = make_node_directories(exports, had, n_had, reason, size);
	free(had);
	if (result == 0)
		result = exports->server->apply(exports, reason, size);
	exports->in_force = result == 0;
	return result;
}

int exports_set_nodes(struct exports *exports, const struct exports_node *nodes, size_t n,
	char *reason, size_t size)
{
	struct exports_node *sorted = calloc(n + 1, sizeof(*sorted));
	int result;

	if (!sorted)
		return -ENOMEM;
	if (n > 0) {
		memcpy(sorted, nodes, n * sizeof(*nodes));
		qsort(sorted, n, sizeof(*sorted), compare_nodes);
	}
	result = check_nodes(sorted, n, reason, size);
	if (result != 0 || (exports->in_force && is_same(exports, sorted, n))) {
		free(sorted);
		return result;
	}
	return put_in_force(exports, sorted, n, reason, size);
}

const char *exports_describe(const struct exports *exports)
{
	return exports->description;
}

void exports_stop(struct exports *exports)
{
	if (!exports)
		return;
	exports->server->stop(exports);
	free(exports->nodes);
	free(exports);
}
