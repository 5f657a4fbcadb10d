/* SPDX-License-Identifier: ISC */
/* NFS mounts: parts of the share, which is mounted already, and of other servers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/str.h"
#include "rootfs/agent/configure.h"
#include "rootfs/tcp.h"

#define SHARED "/shared"
#define NFS_PORT 2049
#define PROBE_MS 3000

enum { WHERE, SOURCE, OPTIONS }; /* values of the item */

static const struct {
	const char *word;
	unsigned long flag;
} flag_words[] = { { "ro", MS_RDONLY }, { "rw", 0 }, { "nosuid", MS_NOSUID }, { "nodev", MS_NODEV },
	{ "noexec", MS_NOEXEC }, { "noatime", MS_NOATIME } };

/* Words of mount(8) become flags; what remains is for the kernel's NFS. */
static unsigned long split_options(const char *options, char *rest, size_t size)
{
	unsigned long flags = 0;
	size_t used = 0;

	rest[0] = '\0';
	while (*options) {
		size_t n = strcspn(options, ","), i = 0;

		while (i < sizeof(flag_words) / sizeof(flag_words[0]) &&
			(strlen(flag_words[i].word) != n ||
				strncmp(flag_words[i].word, options, n) != 0))
			i++;
		if (i < sizeof(flag_words) / sizeof(flag_words[0]))
			flags |= flag_words[i].flag;
		else if (n > 0 && used < size)
			used += (size_t)snprintf(
				rest + used, size - used, ",%.*s", (int)n, options);
		options += n + (options[n] == ',');
	}
	return flags;
}

/* The part of the share behind "shared", "" for all of it; NULL: another server's. */
static const char *part_of_share(const struct item *item)
{
	return strchr(item->values[SOURCE], ':') ? NULL : item->values[SOURCE] + strlen("shared");
}

static bool is_there(const struct config_world *world, const struct item *item)
{
	struct config_mounted mounted, share;
	const char *part = part_of_share(item);
	char root[sizeof(share.root) + 256];

	if (!config_find_mount(world, item->values[WHERE], &mounted))
		return false;
	if (!part)
		return strncmp(mounted.type, "nfs", 3) == 0 &&
		       strcmp(mounted.source, item->values[SOURCE]) == 0;
	if (!config_find_mount(world, SHARED, &share))
		return false;
	/* mountinfo tells "/" for a whole file system. */
	snprintf(root, sizeof(root), "%s%s",
		strcmp(share.root, "/") == 0 && *part ? "" : share.root, part);
	return strcmp(mounted.source, share.source) == 0 && strcmp(mounted.root, root) == 0;
}

static void name_options(const struct item *item, char *key, size_t size)
{
	snprintf(key, size, "mount:%s", item->values[WHERE]);
}

/* The kernel tells more options than it was given: those are remembered. */
static bool has_options(const struct config_world *world, const struct item *item)
{
	char key[CONFIG_PATH_SIZE], *options;
	bool same;

	name_options(item, key, sizeof(key));
	options = config_recall(world, key);
	same = options && strcmp(options, item->values[OPTIONS]) == 0;
	free(options);
	return same;
}

static int differs(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	(void)reason;
	return !is_there(world, item) || !has_options(world, item);
}

/* By /etc/hosts and DNS, as the node's C library does it. */
static int find_server(struct config_world *world, const struct item *item, struct in_addr *address,
	char reason[static CONFIG_REASON_SIZE])
{
	char name[256], out[512] = "";
	const char *const ask[] = { "/usr/bin/getent", "ahostsv4", name, NULL };

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(item->values[SOURCE], ":"),
		item->values[SOURCE]);
	if (str_parse_address(name, address) == 0)
		return 0;
	if (world->run(ask, out, sizeof(out)) == 0) {
		out[strcspn(out, " \t\n")] = '\0';
		if (str_parse_address(out, address) == 0)
			return 0;
	}
	snprintf(reason, CONFIG_REASON_SIZE, "no address is known for %.100s", name);
	return -ENOENT;
}

static int probe(struct in_addr server, char reason[static CONFIG_REASON_SIZE])
{
	int fd = tcp_connect(server, NFS_PORT, clock_monotonic_ns() + PROBE_MS * NS_PER_MS);

	if (fd < 0)
		return config_fail(reason, "its NFS server doesn't answer", fd);
	close(fd);
	return 0;
}

static int mount_server(struct config_world *world, const struct item *item, const char *target,
	char reason[static CONFIG_REASON_SIZE])
{
	static const char *const versions[] = { ",vers=4.2", ",vers=4.1" };
	char text[ADDRESS_TEXT_SIZE], own[160], options[256];
	unsigned long flags = split_options(item->values[OPTIONS], own, sizeof(own));
	bool has_version = strstr(own, ",vers=") || strstr(own, ",nfsvers=");
	struct in_addr server;
	int result = find_server(world, item, &server, reason);

	if (result == 0)
		result = probe(server, reason);
	if (result != 0)
		return result;
	str_format_address(server, text);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		snprintf(options, sizeof(options), "addr=%s%s%s", text,
			has_version ? "" : versions[i], own);
		result = world->mount(item->values[SOURCE], target, "nfs4", flags, options);
		if (has_version || (result != -EPROTONOSUPPORT && result != -EINVAL))
			break;
	}
	return result == 0 ? 0 : config_fail(reason, item->values[SOURCE], result);
}

static int mount_shared(struct config_world *world, const struct item *item, const char *target,
	char reason[static CONFIG_REASON_SIZE])
{
	char source[CONFIG_PATH_SIZE], rest[160];
	unsigned long flags = split_options(item->values[OPTIONS], rest, sizeof(rest));
	int result;

	config_path(world, source, SHARED "%s", part_of_share(item));
	if (*part_of_share(item) && file_make_directories(source, 0755) != 0)
		return config_fail(reason, source, -EIO);
	result = world->mount(source, target, NULL, MS_BIND, NULL);
	/* Flags of a bind mount are only taken at a second call (mount(2)). */
	if (result == 0 && flags != 0)
		result = world->mount(source, target, NULL, MS_BIND | MS_REMOUNT | flags, NULL);
	return result == 0 ? 0 : config_fail(reason, source, result);
}

static int undo(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char target[CONFIG_PATH_SIZE];
	struct config_mounted mounted;

	if (!config_find_mount(world, item->values[WHERE], &mounted))
		return 0;
	config_path(world, target, "%s", item->values[WHERE]);
	world->changes++;
	return world->unmount(target, 0) == 0
		       ? 0
		       : config_fail(reason, "it can't be unmounted now", -errno);
}

static int apply(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char target[CONFIG_PATH_SIZE], key[CONFIG_PATH_SIZE];
	int result = undo(world, item, reason); /* of what was there before */

	config_path(world, target, "%s", item->values[WHERE]);
	if (result == 0) {
		result = file_make_directories(target, 0755);
		if (result != 0)
			return config_fail(reason, target, result);
	}
	if (result != 0)
		return result;
	world->changes++;
	result = part_of_share(item) ? mount_shared(world, item, target, reason)
				     : mount_server(world, item, target, reason);
	name_options(item, key, sizeof(key));
	config_forget(world, key);
	if (result == 0)
		(void)config_remember(world, key, item->values[OPTIONS]);
	return result;
}

const struct config_kind config_mount = { differs, apply, undo };
