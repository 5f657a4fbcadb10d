/* SPDX-License-Identifier: ISC */
/* Users and groups: the same numbers on all nodes, let in by SSH keys or a password's hash. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"
#include "rootfs/agent/accounts.h"
#include "rootfs/agent/configure.h"

#define TABLE_LIMIT (1u << 20)
#define LINE_SIZE 1024
#define KEYS_DIRECTORY "/etc/ssh/authorized_keys.d"
#define SSHD_FILE "/etc/ssh/sshd_config.d/50-bramble.conf"
#define SSHD_TEXT                                                                                  \
	"# By Bramble: users of bramble.conf\n"                                                    \
	"AuthorizedKeysFile .ssh/authorized_keys " KEYS_DIRECTORY "/%u\n"

enum { NAME, UID, GROUPS, HOME, SHELL, PASSWORD, KEYS, SUDO }; /* values of the item */

enum table { PASSWD, GROUP, SHADOW, TABLES };
static const char *const table_names[TABLES] = { "passwd", "group", "shadow" };

struct tables {
	char *now[TABLES], *wanted[TABLES];
};

static void free_tables(struct tables *tables)
{
	for (int i = 0; i < TABLES; i++) {
		free(tables->now[i]);
		free(tables->wanted[i]);
	}
}

static int read_tables(const struct config_world *world, struct tables *tables,
	char reason[static CONFIG_REASON_SIZE])
{
	*tables = (struct tables){ 0 };
	for (int i = 0; i < TABLES; i++) {
		char path[CONFIG_PATH_SIZE];
		size_t size;
		int result;

		config_path(world, path, "/etc/%s", table_names[i]);
		result = file_read(path, TABLE_LIMIT, &tables->now[i], &size);
		if (result != 0) {
			free_tables(tables);
			(void)config_fail(reason, path, result);
			return result < 0 ? result : -EIO;
		}
	}
	return 0;
}

static int write_tables(struct config_world *world, const struct tables *tables,
	char reason[static CONFIG_REASON_SIZE])
{
	int result = 0;

	for (int i = 0; result == 0 && i < TABLES; i++) {
		struct stat status;
		char path[CONFIG_PATH_SIZE];

		if (strcmp(tables->now[i], tables->wanted[i]) == 0)
			continue;
		config_path(world, path, "/etc/%s", table_names[i]);
		if (stat(path, &status) != 0)
			return config_fail(reason, path, -errno);
		result = config_write(world, path, tables->wanted[i], status.st_mode & 07777,
			status.st_uid, status.st_gid, reason);
	}
	return result;
}

/* Groups that don't exist would be left out silently. */
static int check_groups(
	const char *table, const char *groups, char reason[static CONFIG_REASON_SIZE])
{
	while (*groups) {
		char name[64], line[TABLE_LIMIT / 1024];
		size_t length = strcspn(groups, ",");

		snprintf(name, sizeof(name), "%.*s", (int)length, groups);
		if (!accounts_get_line(table, name, line, sizeof(line))) {
			snprintf(reason, CONFIG_REASON_SIZE,
				"there is no group %s; nodes.groups makes it", name);
			return -ENOENT;
		}
		groups += length + (groups[length] == ',');
	}
	return 0;
}

static int plan_user(const struct config_world *world, const struct item *item,
	struct tables *tables, char reason[static CONFIG_REASON_SIZE])
{
	const char *const *v = item->values;
	char line[LINE_SIZE], *with_group = NULL;
	int result = read_tables(world, tables, reason);

	if (result != 0)
		return result;
	result = check_groups(tables->now[GROUP], v[GROUPS], reason);
	if (result != 0) {
		free_tables(tables);
		return result;
	}
	snprintf(line, sizeof(line), "%s:x:%s:%s::%s:%s", v[NAME], v[UID], v[UID], v[HOME],
		v[SHELL]);
	tables->wanted[PASSWD] = accounts_set_line(tables->now[PASSWD], v[NAME], line);
	snprintf(line, sizeof(line), "%s:x:%s:", v[NAME], v[UID]);
	with_group = accounts_set_line(tables->now[GROUP], v[NAME], line);
	if (with_group)
		tables->wanted[GROUP] = accounts_set_member(with_group, v[NAME], v[GROUPS]);
	free(with_group);
	/* "*" lets nobody in by a password, but doesn't lock the account for keys. */
	snprintf(line, sizeof(line), "%s:%s:::::::", v[NAME], *v[PASSWORD] ? v[PASSWORD] : "*");
	tables->wanted[SHADOW] = accounts_set_line(tables->now[SHADOW], v[NAME], line);
	if (tables->wanted[PASSWD] && tables->wanted[GROUP] && tables->wanted[SHADOW])
		return 0;
	free_tables(tables);
	(void)config_fail(reason, "users", -ENOMEM);
	return -ENOMEM;
}

static bool tables_differ(const struct tables *tables)
{
	for (int i = 0; i < TABLES; i++) {
		if (strcmp(tables->now[i], tables->wanted[i]) != 0)
			return true;
	}
	return false;
}

/* Files that follow from a user; an empty text stands for none. */
static const struct user_file {
	const char *before; /* the user's name */
	int value;
	mode_t mode;
} user_files[] = {
	{ KEYS_DIRECTORY "/", KEYS, 0644 },
	{ "/etc/sudoers.d/bramble-", SUDO, 0440 },
};

static void user_file(const struct config_world *world, const struct user_file *file,
	const struct item *item, char path[static CONFIG_PATH_SIZE], char *text, size_t size)
{
	config_path(world, path, "%s%s", file->before, item->values[NAME]);
	text[0] = '\0';
	if (file->value == SUDO && *item->values[SUDO])
		snprintf(text, size, "%s %s\n", item->values[NAME], item->values[SUDO]);
	else if (file->value == KEYS)
		str_copy(text, size, item->values[KEYS]);
}

static int check_sudo(const struct config_world *world, const struct item *item,
	char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE];

	config_path(world, path, "/etc/sudoers.d");
	if (!*item->values[SUDO] || access(path, F_OK) == 0)
		return 0;
	snprintf(reason, CONFIG_REASON_SIZE,
		"this image has no sudo; its recipe needs that package");
	return -ENOENT;
}

static int differs_user(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], text[8192];
	struct tables tables;
	int result = plan_user(world, item, &tables, reason);

	if (result != 0)
		return result;
	result = tables_differ(&tables);
	free_tables(&tables);
	if (result == 0)
		result = check_sudo(world, item, reason);
	config_path(world, path, SSHD_FILE);
	if (result == 0 && !config_file_is(path, SSHD_TEXT, 0644, 0, 0) && *item->values[KEYS])
		return 1;
	for (size_t i = 0; result == 0 && i < sizeof(user_files) / sizeof(user_files[0]); i++) {
		user_file(world, &user_files[i], item, path, text, sizeof(text));
		if (*text)
			result = !config_file_is(path, text, user_files[i].mode, 0, 0);
		else
			result = access(path, F_OK) == 0;
	}
	config_path(world, path, "%s", item->values[HOME]);
	return result == 0 ? access(path, F_OK) != 0 : result;
}

static int make_home(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], parent[CONFIG_PATH_SIZE];
	uint64_t uid;
	int result;

	config_path(world, path, "%s", item->values[HOME]);
	if (access(path, F_OK) == 0 || str_parse_u64(item->values[UID], 1, 65535, &uid) != 0)
		return 0;
	str_copy(parent, sizeof(parent), path);
	*strrchr(parent, '/') = '\0';
	result = file_make_directories(parent, 0755);
	if (result == 0 && (mkdir(path, 0700) != 0 || chown(path, (uid_t)uid, (gid_t)uid) != 0))
		result = -errno;
	world->changes++;
	return result == 0 ? 0 : config_fail(reason, path, result);
}

static int write_user_files(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], text[8192];
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(user_files) / sizeof(user_files[0]); i++) {
		user_file(world, &user_files[i], item, path, text, sizeof(text));
		if (*text)
			result = config_write(world, path, text, user_files[i].mode, 0, 0, reason);
		else if (unlink(path) == 0)
			world->changes++;
	}
	config_path(world, path, SSHD_FILE);
	if (result == 0 && *item->values[KEYS] && !config_file_is(path, SSHD_TEXT, 0644, 0, 0)) {
		result = config_write(world, path, SSHD_TEXT, 0644, 0, 0, reason);
		world->sshd_changed = true;
	}
	return result;
}

static int apply_user(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	struct tables tables;
	int result = plan_user(world, item, &tables, reason);

	if (result != 0)
		return result;
	result = write_tables(world, &tables, reason);
	free_tables(&tables);
	if (result == 0)
		result = check_sudo(world, item, reason);
	if (result == 0)
		result = make_home(world, item, reason);
	return result == 0 ? write_user_files(world, item, reason) : result;
}

/* What is in its home stays. */
static int undo_user(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	const char *name = item->values[NAME];
	char path[CONFIG_PATH_SIZE], text[8192], *without;
	struct tables tables;
	int result = read_tables(world, &tables, reason);

	if (result != 0)
		return result;
	without = accounts_set_member(tables.now[GROUP], name, "");
	tables.wanted[PASSWD] = accounts_set_line(tables.now[PASSWD], name, NULL);
	tables.wanted[SHADOW] = accounts_set_line(tables.now[SHADOW], name, NULL);
	tables.wanted[GROUP] = without ? accounts_set_line(without, name, NULL) : NULL;
	free(without);
	result = tables.wanted[PASSWD] && tables.wanted[GROUP] && tables.wanted[SHADOW]
			 ? write_tables(world, &tables, reason)
			 : config_fail(reason, "users", -ENOMEM);
	free_tables(&tables);
	for (size_t i = 0; i < sizeof(user_files) / sizeof(user_files[0]); i++) {
		user_file(world, &user_files[i], item, path, text, sizeof(text));
		unlink(path);
	}
	return result;
}

const struct config_kind config_user = { differs_user, apply_user, undo_user };

/* Its number is ours, its members are the users'. */
static int plan_group(const struct config_world *world, const struct item *item, bool remove,
	struct tables *tables, char reason[static CONFIG_REASON_SIZE])
{
	char line[LINE_SIZE] = "", wanted[LINE_SIZE * 2];
	const char *members;
	int result = read_tables(world, tables, reason);

	if (result != 0)
		return result;
	(void)accounts_get_line(tables->now[GROUP], item->values[0], line, sizeof(line));
	members = strrchr(line, ':');
	snprintf(wanted, sizeof(wanted), "%s:x:%s:%s", item->values[0], item->values[1],
		members ? members + 1 : "");
	tables->wanted[GROUP] =
		accounts_set_line(tables->now[GROUP], item->values[0], remove ? NULL : wanted);
	tables->wanted[PASSWD] = strdup(tables->now[PASSWD]);
	tables->wanted[SHADOW] = strdup(tables->now[SHADOW]);
	if (tables->wanted[GROUP] && tables->wanted[PASSWD] && tables->wanted[SHADOW])
		return 0;
	free_tables(tables);
	(void)config_fail(reason, "groups", -ENOMEM);
	return -ENOMEM;
}

static int differs_group(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	struct tables tables;
	int result = plan_group(world, item, false, &tables, reason);

	if (result != 0)
		return result;
	result = tables_differ(&tables);
	free_tables(&tables);
	return result;
}

static int set_group(struct config_world *world, const struct item *item, bool remove,
	char reason[static CONFIG_REASON_SIZE])
{
	struct tables tables;
	int result = plan_group(world, item, remove, &tables, reason);

	if (result != 0)
		return result;
	result = write_tables(world, &tables, reason);
	free_tables(&tables);
	return result;
}

static int apply_group(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	return set_group(world, item, false, reason);
}

static int undo_group(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	return set_group(world, item, true, reason);
}

const struct config_kind config_group = { differs_group, apply_group, undo_group };
