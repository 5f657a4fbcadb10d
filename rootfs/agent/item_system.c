/* SPDX-License-Identifier: ISC */
/* Names, time zone, locale, kernel settings and modules. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"
#include "rootfs/agent/configure.h"

#define ANYONE (uid_t) - 1, (gid_t)-1

static int differs_hosts(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE];

	(void)reason;
	config_path(world, path, "/etc/hosts");
	return !config_file_is(path, item->values[0], 0644, ANYONE);
}

static int apply_hosts(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE];

	config_path(world, path, "/etc/hosts");
	return config_write(world, path, item->values[0], 0644, ANYONE, reason);
}

const struct config_kind config_hosts = { differs_hosts, apply_hosts, NULL };

/* Where the link of /etc/localtime leads, as timedatectl(1) makes it. */
static void zone_link(const struct item *item, char out[static CONFIG_PATH_SIZE])
{
	snprintf(out, CONFIG_PATH_SIZE, "/usr/share/zoneinfo/%s", item->values[0]);
}

static int differs_timezone(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], wanted[CONFIG_PATH_SIZE], there[CONFIG_PATH_SIZE] = "",
							       line[128];
	ssize_t length;

	zone_link(item, wanted);
	config_path(world, path, "%s", wanted);
	if (access(path, R_OK) != 0) {
		snprintf(reason, CONFIG_REASON_SIZE,
			"this image has no time zone %s; its recipe needs the package tzdata",
			item->values[0]);
		return -ENOENT;
	}
	config_path(world, path, "/etc/localtime");
	length = readlink(path, there, sizeof(there) - 1);
	config_path(world, path, "/etc/timezone");
	snprintf(line, sizeof(line), "%s\n", item->values[0]);
	return length < 0 || strcmp(there, wanted) != 0 ||
	       !config_file_is(path, line, 0644, ANYONE);
}

static int apply_timezone(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	/* It has read the link when it was asked first, and answers timedatectl(1). */
	static const char *const again[] = { "/usr/bin/systemctl", "--no-block", "try-restart",
		"systemd-timedated.service", NULL };
	char path[CONFIG_PATH_SIZE], aside[CONFIG_PATH_SIZE], wanted[CONFIG_PATH_SIZE], line[128];

	zone_link(item, wanted);
	config_path(world, path, "/etc/localtime");
	config_path(world, aside, "/etc/localtime.new");
	unlink(aside);
	if (symlink(wanted, aside) != 0 || rename(aside, path) != 0)
		return config_fail(reason, "/etc/localtime", -errno);
	world->changes++;
	if (!world->is_booting)
		(void)world->run(again, NULL, 0);
	config_path(world, path, "/etc/timezone");
	snprintf(line, sizeof(line), "%s\n", item->values[0]);
	return config_write(world, path, line, 0644, ANYONE, reason);
}

const struct config_kind config_timezone = { differs_timezone, apply_timezone, NULL };

static const char *const locale_files[] = { "/etc/default/locale", "/etc/locale.conf" };

/* C.UTF-8 is /usr/lib/locale/C.utf8; others may be in one archive. */
static bool has_locale(const struct config_world *world, const char *name)
{
	char path[CONFIG_PATH_SIZE];
	size_t length = strcspn(name, ".");

	if (strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0)
		return true;
	config_path(world, path, "/usr/lib/locale/locale-archive");
	if (access(path, R_OK) == 0)
		return true;
	config_path(world, path, "/usr/lib/locale/%.*s%s", (int)length, name,
		strcasecmp(name + length, ".utf-8") == 0 ? ".utf8" : name + length);
	return access(path, R_OK) == 0;
}

static int differs_locale(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], line[64];

	if (!has_locale(world, item->values[0])) {
		snprintf(reason, CONFIG_REASON_SIZE,
			"this image has no locale %s; its recipe needs the package locales-all",
			item->values[0]);
		return -ENOENT;
	}
	snprintf(line, sizeof(line), "LANG=%s\n", item->values[0]);
	for (size_t i = 0; i < sizeof(locale_files) / sizeof(locale_files[0]); i++) {
		config_path(world, path, "%s", locale_files[i]);
		if (!config_file_is(path, line, 0644, ANYONE))
			return 1;
	}
	return 0;
}

static int apply_locale(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], line[64];
	int result = 0;

	snprintf(line, sizeof(line), "LANG=%s\n", item->values[0]);
	for (size_t i = 0; result == 0 && i < sizeof(locale_files) / sizeof(locale_files[0]); i++) {
		config_path(world, path, "%s", locale_files[i]);
		result = config_write(world, path, line, 0644, ANYONE, reason);
	}
	return result;
}

const struct config_kind config_locale = { differs_locale, apply_locale, NULL };

/* The kernel writes '_' for '-' in names of modules. */
static void name_module(
	const struct config_world *world, const char *name, char out[static CONFIG_PATH_SIZE])
{
	config_path(world, out, "/sys/module/%s", name);
	for (char *p = strrchr(out, '/'); *p; p++) {
		if (*p == '-')
			*p = '_';
	}
}

static int differs_module(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE];

	(void)reason;
	name_module(world, item->values[0], path);
	return access(path, F_OK) != 0;
}

static int apply_module(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	const char *const load[] = { "/usr/sbin/modprobe", item->values[0], NULL };

	world->changes++;
	return config_run(world, load, reason);
}

const struct config_kind config_module = { differs_module, apply_module, NULL };

/* sysctl(8): dots part the name, unless it has slashes. */
static void name_sysctl(
	const struct config_world *world, const char *name, char out[static CONFIG_PATH_SIZE])
{
	bool has_slash = strchr(name, '/') != NULL;

	config_path(world, out, "/proc/sys/%s", name);
	for (char *p = out + strlen(out) - strlen(name); !has_slash && *p; p++) {
		if (*p == '.')
			*p = '/';
	}
}

/* Fields are parted by tabs or blanks, however they were written. */
static bool same_words(const char *a, const char *b)
{
	for (;;) {
		size_t length;

		a += strspn(a, " \t\n");
		b += strspn(b, " \t\n");
		length = strcspn(a, " \t\n");
		if (length != strcspn(b, " \t\n") || strncmp(a, b, length) != 0)
			return false;
		if (length == 0)
			return true;
		a += length;
		b += length;
	}
}

static int differs_sysctl(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], *value;
	size_t size;
	bool same;
	int result;

	name_sysctl(world, item->values[0], path);
	result = file_read(path, 65536, &value, &size);
	if (result != 0) {
		snprintf(reason, CONFIG_REASON_SIZE, "this kernel has no such setting (%.60s)",
			strerror(-result));
		return result;
	}
	same = same_words(value, item->values[1]);
	free(value);
	return !same;
}

static int write_sysctl(struct config_world *world, const char *path, const char *value,
	char reason[static CONFIG_REASON_SIZE])
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	ssize_t written = fd < 0 ? -1 : write(fd, value, strlen(value));
	int result = written == (ssize_t)strlen(value) ? 0 : -(errno ? errno : EIO);

	if (fd >= 0)
		close(fd);
	world->changes++;
	if (result == -EINVAL || result == -ERANGE)
		snprintf(reason, CONFIG_REASON_SIZE, "the kernel refuses the value \"%.80s\"",
			value);
	else if (result != 0)
		return config_fail(reason, path, result);
	return result;
}

static int apply_sysctl(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], key[CONFIG_PATH_SIZE], *before;
	size_t size;
	int result;

	name_sysctl(world, item->values[0], path);
	snprintf(key, sizeof(key), "sysctl:%s", item->values[0]);
	if (file_read(path, 65536, &before, &size) == 0) {
		(void)config_remember(world, key, before);
		free(before);
	}
	result = write_sysctl(world, path, item->values[1], reason);
	return result;
}

static int undo_sysctl(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], key[CONFIG_PATH_SIZE], *before;
	int result = 0;

	name_sysctl(world, item->values[0], path);
	snprintf(key, sizeof(key), "sysctl:%s", item->values[0]);
	before = config_recall(world, key);
	if (before)
		result = write_sysctl(world, path, before, reason);
	config_forget(world, key);
	free(before);
	return result;
}

const struct config_kind config_sysctl = { differs_sysctl, apply_sysctl, undo_sysctl };
