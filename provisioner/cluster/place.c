/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/place.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

#define PATH_SIZE (CLUSTER_PATH_SIZE + 48)
#define FILE_LIMIT 512u
#define EMPTY "empty"

static bool is_snapshot(const char *name)
{
	if (!isdigit((unsigned char)name[0]))
		return false;
	for (const char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p))
			return false;
	}
	return true;
}

int place_parse(const char *text, struct place *place)
{
	static const char digits[] = "0123456789abcdef";
	char address[ADDRESS_TEXT_SIZE];
	int end = 0;

	memset(place, 0, sizeof(*place));
	if (sscanf(text, "%63s %15s %32s %39s%n", place->node, address, place->store,
		    place->snapshot, &end) != 4 ||
		strcmp(text + end, "\n") != 0 || !str_is_node_name(place->node) ||
		str_parse_address(address, &place->address) != 0 ||
		strspn(place->store, digits) != sizeof(place->store) - 1)
		goto bad;
	if (strcmp(place->snapshot, EMPTY) == 0)
		place->snapshot[0] = '\0';
	else if (!is_snapshot(place->snapshot))
		goto bad;
	return 0;
bad:
	memset(place, 0, sizeof(*place));
	return -EBADMSG;
}

int place_format(const struct place *place, char *out, size_t size)
{
	char address[ADDRESS_TEXT_SIZE];
	int n;

	str_format_address(place->address, address);
	n = snprintf(out, size, "%s %s %s %s\n", place->node, address, place->store,
		place->snapshot[0] ? place->snapshot : EMPTY);
	return n > 0 && (size_t)n < size ? 0 : -EMSGSIZE;
}

static void find_file(
	const struct cluster_paths *paths, const char *name, char out[static PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "%s/%s", paths->base, name);
}

int place_read(const struct cluster_paths *paths, struct place *place)
{
	char path[PATH_SIZE], *text;
	size_t size;
	int result;

	memset(place, 0, sizeof(*place));
	find_file(paths, "place", path);
	result = file_read(path, FILE_LIMIT, &text, &size);
	if (result != 0)
		return result == -ENOENT ? 0 : result;
	result = place_parse(text, place);
	free(text);
	return result;
}

bool place_is_node(const struct cluster_paths *paths)
{
	char path[PATH_SIZE];

	find_file(paths, "place", path);
	return access(path, F_OK) == 0;
}

bool place_is_begun(const struct cluster_paths *paths, const struct place *place)
{
	char path[PATH_SIZE], *text;
	size_t size;
	bool same;

	find_file(paths, "begun", path);
	if (file_read(path, FILE_LIMIT, &text, &size) != 0)
		return false;
	same = strcmp(text, place->store) == 0;
	free(text);
	return same;
}

int place_begin(const struct cluster_paths *paths, const struct place *place)
{
	char path[PATH_SIZE];

	find_file(paths, "begun", path);
	return file_replace_if_different(path, place->store, strlen(place->store), 0600, NULL);
}

int place_hand(const struct cluster_paths *paths)
{
	char path[PATH_SIZE];

	find_file(paths, "handed", path);
	return file_replace(path, "", 0, 0600);
}

bool place_is_outdated(const struct cluster_paths *paths)
{
	struct stat handed, certificate;
	char path[PATH_SIZE];

	find_file(paths, "handed", path);
	if (stat(path, &handed) != 0)
		return false;
	find_file(paths, "pki/apiserver.crt", path);
	return stat(path, &certificate) == 0 && certificate.st_mtime > handed.st_mtime;
}

int place_drop_certificates(const struct cluster_paths *paths)
{
	static const char *const names[] = { "apiserver", "etcd/server", "etcd/peer" };
	static const char *const ends[] = { "crt", "key" };

	for (size_t i = 0; i < 2 * sizeof(names) / sizeof(names[0]); i++) {
		char path[PATH_SIZE];

		snprintf(path, sizeof(path), "%s/%s.%s", paths->pki, names[i / 2], ends[i % 2]);
		if (unlink(path) != 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* A connection is let go when the API server isn't ready any more: whoever watches it by that asks
 * anew, instead of waiting for what never comes. */
int place_render_forwarder(const struct place *place, struct in_addr router, const char *pki,
	char out[static PLACE_FORWARDER_SIZE])
{
	char here[ADDRESS_TEXT_SIZE], there[ADDRESS_TEXT_SIZE];
	int n;

	str_format_address(router, here);
	str_format_address(place->address, there);
	n = snprintf(out, PLACE_FORWARDER_SIZE,
		"# Rendered by Bramble: the API server runs on %s.\n"
		"global\n\tlog stderr format raw daemon notice\n\tmaxconn 2048\n"
		"\tno strict-limits\n"
		"defaults\n\tmode tcp\n\tlog global\n\ttimeout connect 5s\n\ttimeout check 5s\n"
		"\ttimeout client 1h\n\ttimeout server 1h\n"
		"frontend api\n\tbind %s:6443\n\tdefault_backend node\n"
		"backend node\n\toption httpchk GET /readyz\n\thttp-check expect status 200\n"
		"\tdefault-server inter 2s fall 3 rise 1 on-marked-down shutdown-sessions\n"
		"\tserver %s %s:6443 check check-ssl verify required ca-file \"%s/ca.crt\"\n",
		place->node, here, place->node, there, pki);
	return n > 0 && n < PLACE_FORWARDER_SIZE ? 0 : -EMSGSIZE;
}
