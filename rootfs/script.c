/* SPDX-License-Identifier: ISC */
#include "rootfs/script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/base.h"
#include "rootfs/jail.h"
#include "rootfs/run.h"
#include "rootfs/tree.h"

#define SCRIPT_LIMIT (1u << 20)
#define SCRIPT_PATH "/run/bramble-script"

/* Mounted over the root's own directories while the script runs. */
static const struct {
	const char *path, *options;
} mounts[] = {
	{ "dev", "mode=0755,size=1m" },
	{ "run", "mode=0755" },
	{ "tmp", "mode=1777" },
};

#define MOUNTS (sizeof(mounts) / sizeof(mounts[0]))

static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };

static const struct {
	const char *path, *target;
} links[] = {
	{ "dev/fd", "/proc/self/fd" },
	{ "dev/stdin", "/proc/self/fd/0" },
	{ "dev/stdout", "/proc/self/fd/1" },
	{ "dev/stderr", "/proc/self/fd/2" },
};

/* This machine's own device, bound: where nodes may be made is not ours to know. */
static int bind_device(struct workshop *shop, int root, const char *path, const char *name)
{
	char inside[64], from[64], to[WORKSHOP_PATH_SIZE];
	int result;

	snprintf(inside, sizeof(inside), "dev/%s", name);
	snprintf(from, sizeof(from), "/dev/%s", name);
	result = failure_path(&shop->failure, to, sizeof(to), "%s/dev/%s", path, name);
	if (result == 0)
		result = tree_write(root, inside, "", 0, 0666);
	if (result == 0 && mount(from, to, NULL, MS_BIND, NULL) != 0)
		result = -errno;
	return result;
}

static int fill_devices(struct workshop *shop, const char *path)
{
	int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = root >= 0 ? 0 : -errno;

	for (size_t i = 0; result == 0 && i < sizeof(devices) / sizeof(devices[0]); i++)
		result = bind_device(shop, root, path, devices[i]);
	for (size_t i = 0; result == 0 && i < sizeof(links) / sizeof(links[0]); i++)
		result = tree_link(root, links[i].path, links[i].target);
	if (root >= 0)
		close(root);
	return result;
}

/* Everything below goes with it. */
static void unmount_all(const char *path)
{
	char target[WORKSHOP_PATH_SIZE + 8];

	for (size_t i = MOUNTS; i > 0; i--) {
		snprintf(target, sizeof(target), "%s/%s", path, mounts[i - 1].path);
		(void)umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW);
	}
}

static int mount_all(struct workshop *shop, const char *path)
{
	char target[WORKSHOP_PATH_SIZE];
	struct stat status;
	int result = 0;

	for (size_t i = 0; result == 0 && i < MOUNTS; i++) {
		result = failure_path(
			&shop->failure, target, sizeof(target), "%s/%s", path, mounts[i].path);
		if (result == 0 && (lstat(target, &status) != 0 || !S_ISDIR(status.st_mode)))
			result = -ENOTDIR;
		if (result == 0 &&
			mount("tmpfs", target, "tmpfs", MS_NOSUID, mounts[i].options) != 0)
			result = -errno;
	}
	return result == 0 ? fill_devices(shop, path) : result;
}

static int put_script(struct workshop *shop, const char *path)
{
	const char *script = shop->recipe->script;
	char *text = NULL, inside[WORKSHOP_PATH_SIZE];
	size_t size;
	int result = file_read(script, SCRIPT_LIMIT, &text, &size);

	if (result == 0 && strncmp(text, "#!/", 3) != 0)
		result = failure_set(&shop->failure, -ENOEXEC,
			"%s doesn't begin with \"#!/\" and the program that reads it, e.g. "
			"#!/bin/sh",
			script);
	if (result == 0)
		result = failure_path(
			&shop->failure, inside, sizeof(inside), "%s" SCRIPT_PATH, path);
	if (result == 0)
		result = file_replace(inside, text, size, 0755);
	free(text);
	return result;
}

static void show_line(void *context, const char *line)
{
	progress_note(context, "script: %.100s", line);
}

static int run(struct workshop *shop, const char *path)
{
	const char *const arguments[] = { "/proc/self/exe", JAIL_WORD, path, SCRIPT_PATH, NULL };
	const struct run script = {
		.arguments = arguments,
		.called = shop->recipe->script,
		.home = "/root",
		.temporary = "/tmp",
		.log = shop->log,
		.epoch = shop->epoch,
		.line = show_line,
		.context = &shop->progress,
		.progress = &shop->progress,
	};

	progress_note(&shop->progress, "script");
	return run_tool(&script, &shop->failure);
}

int script_run(struct workshop *shop, const char *path)
{
	int result = base_check_emulation(shop->recipe->architecture, &shop->failure);

	if (result == 0)
		result = mount_all(shop, path);
	if (result == 0)
		result = put_script(shop, path);
	if (result == 0)
		result = run(shop, path);
	unmount_all(path);
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "the script %s can't be run: %s",
				     shop->recipe->script, strerror(-result));
}
