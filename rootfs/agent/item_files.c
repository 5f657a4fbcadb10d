/* SPDX-License-Identifier: ISC */
/* Files, and units of systemd. */
#include <errno.h>
#include <stdbool.h>
#include <limits.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"
#include "rootfs/agent/configure.h"

#define UNITS "/etc/systemd/system/"
#define BEFORE_LIMIT (1u << 20)

enum { PATH, MODE, OWNER, CONTENT }; /* values of a file's item */

static int find_owner(const struct config_world *world, const struct item *item, uint32_t *uid,
	uint32_t *gid, char reason[static CONFIG_REASON_SIZE])
{
	const char *owner = item->values[OWNER], *colon = strchr(owner, ':');
	char user[64];

	snprintf(user, sizeof(user), "%.*s", (int)strcspn(owner, ":"), owner);
	if (config_find_id(world, "passwd", user, uid) &&
		config_find_id(world, "group", colon ? colon + 1 : user, gid))
		return 0;
	snprintf(reason, CONFIG_REASON_SIZE, "there is no user or group %.80s on the node", owner);
	return -ENOENT;
}

static mode_t mode_of(const struct item *item)
{
	return (mode_t)strtoul(item->values[MODE], NULL, 8) & 07777;
}

static int differs_file(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE];
	uint32_t uid, gid;
	int result = find_owner(world, item, &uid, &gid, reason);

	config_path(world, path, "%s", item->values[PATH]);
	return result != 0 ? result
			   : !config_file_is(path, item->values[CONTENT], mode_of(item), uid, gid);
}

/* What the image had there, "MODE UID GID\nCONTENT"; nothing for nothing. */
static void remember_file(const struct config_world *world, const char *path, const char *key)
{
	char head[64], *content = NULL, *whole;
	struct stat status;
	size_t size;

	if (lstat(path, &status) != 0) {
		(void)config_remember(world, key, "");
		return;
	}
	if (!S_ISREG(status.st_mode) || file_read(path, BEFORE_LIMIT / 2, &content, &size) != 0)
		return; /* the next boot brings it back */
	snprintf(head, sizeof(head), "%o %u %u\n", status.st_mode & 07777, status.st_uid,
		status.st_gid);
	whole = malloc(strlen(head) + size + 1);
	if (whole) {
		memcpy(whole, head, strlen(head));
		memcpy(whole + strlen(head), content, size + 1);
		(void)config_remember(world, key, whole);
	}
	free(whole);
	free(content);
}

/* A unit, or a part of one, is read by systemd. */
static void note_unit(struct config_world *world, const char *path)
{
	char name[128];
	size_t length;

	if (strncmp(path, UNITS, strlen(UNITS)) != 0)
		return;
	world->units_changed = true;
	path += strlen(UNITS);
	length = strcspn(path, "/");
	if (path[length] == '/' && length > 2 && strncmp(path + length - 2, ".d", 2) == 0)
		length -= 2;
	snprintf(name, sizeof(name), "%.*s", (int)length, path);
	for (size_t i = 0; i < world->n_restarts; i++) {
		if (strcmp(world->restarts[i], name) == 0)
			return;
	}
	if (world->n_restarts < CONFIG_UNITS)
		str_copy(world->restarts[world->n_restarts++], sizeof(world->restarts[0]), name);
}

static int apply_file(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], key[CONFIG_PATH_SIZE];
	uint32_t uid, gid;
	int result = find_owner(world, item, &uid, &gid, reason);

	if (result != 0)
		return result;
	config_path(world, path, "%s", item->values[PATH]);
	snprintf(key, sizeof(key), "file:%s", item->values[PATH]);
	remember_file(world, path, key);
	result = config_write(world, path, item->values[CONTENT], mode_of(item), uid, gid, reason);
	if (result == 0)
		note_unit(world, item->values[PATH]);
	return result;
}

static bool take_number(const char **at, int base, unsigned *value)
{
	char *end;
	unsigned long number = strtoul(*at, &end, base);

	if (end == *at || number > UINT_MAX)
		return false;
	*at = end;
	*value = (unsigned)number;
	return true;
}

/* As remember_file() wrote it. */
static int restore(struct config_world *world, const char *path, const char *before,
	char reason[static CONFIG_REASON_SIZE])
{
	unsigned mode, uid, gid;
	const char *content = strchr(before, '\n');

	if (!content || !take_number(&before, 8, &mode) || !take_number(&before, 10, &uid) ||
		!take_number(&before, 10, &gid))
		return config_fail(reason, path, -EBADMSG);
	return config_write(world, path, content + 1, mode, uid, gid, reason);
}

static int undo_file(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char path[CONFIG_PATH_SIZE], key[CONFIG_PATH_SIZE], *before;
	int result = 0;

	config_path(world, path, "%s", item->values[PATH]);
	snprintf(key, sizeof(key), "file:%s", item->values[PATH]);
	before = config_recall(world, key);
	if (before && *before)
		result = restore(world, path, before, reason);
	else if (unlink(path) != 0 && errno != ENOENT)
		result = config_fail(reason, path, -errno);
	else
		world->changes++;
	note_unit(world, item->values[PATH]);
	config_forget(world, key);
	free(before);
	return result;
}

const struct config_kind config_file = { differs_file, apply_file, undo_file };

struct unit {
	char active[32], type[32], load[32];
};

static void take_property(const char *text, const char *name, char *out, size_t size)
{
	const char *place = strstr(text, name);

	out[0] = '\0';
	if (place && (place == text || place[-1] == '\n')) {
		place += strlen(name);
		snprintf(out, size, "%.*s", (int)strcspn(place, "\n"), place);
	}
}

static int ask_unit(struct config_world *world, const struct item *item, struct unit *unit,
	char reason[static CONFIG_REASON_SIZE])
{
	const char *const show[] = { "/usr/bin/systemctl", "show", "-p", "ActiveState", "-p",
		"Type", "-p", "LoadState", item->values[0], NULL };
	char out[1024] = "";
	int status = world->run(show, out, sizeof(out));

	if (status != 0) {
		snprintf(reason, CONFIG_REASON_SIZE, "systemd doesn't tell how it is (%d)", status);
		return status < 0 ? status : -EIO;
	}
	take_property(out, "ActiveState=", unit->active, sizeof(unit->active));
	take_property(out, "Type=", unit->type, sizeof(unit->type));
	take_property(out, "LoadState=", unit->load, sizeof(unit->load));
	return 0;
}

static void name_started(const struct item *item, char *key, size_t size)
{
	snprintf(key, size, "unit:%s", item->values[0]);
}

/* A unit that does something once and ends has been started, too. */
static bool has_ended_well(
	const struct config_world *world, const struct item *item, const struct unit *unit)
{
	char key[160], *started;
	bool was;

	if (strcmp(unit->type, "oneshot") != 0 || strcmp(unit->active, "inactive") != 0)
		return false;
	name_started(item, key, sizeof(key));
	started = config_recall(world, key);
	was = started != NULL;
	free(started);
	return was;
}

static int differs_unit(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	const char *state = item->values[1];
	struct unit unit;
	int result = ask_unit(world, item, &unit, reason);
	bool is_up;

	if (result != 0)
		return result;
	is_up = strcmp(unit.active, "active") == 0 || strcmp(unit.active, "activating") == 0 ||
		strcmp(unit.active, "reloading") == 0;
	if (strcmp(state, "masked") == 0)
		return is_up || strcmp(unit.load, "masked") != 0;
	if (strcmp(state, "stopped") == 0)
		return is_up;
	if (strcmp(unit.load, "not-found") == 0) {
		snprintf(reason, CONFIG_REASON_SIZE, "there is no such unit on the node");
		return -ENOENT;
	}
	return !is_up && !has_ended_well(world, item, &unit);
}

/* It isn't waited for: it may be ordered behind this agent's own service. */
static int command(struct config_world *world, const char *verb, const char *name,
	char reason[static CONFIG_REASON_SIZE])
{
	const char *const arguments[] = { "/usr/bin/systemctl", "--no-block", verb, name, NULL };

	world->changes++;
	return config_run(world, arguments, reason);
}

static int apply_unit(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	const char *state = item->values[1];
	char key[160];
	int result;

	if (strcmp(state, "started") == 0) {
		result = command(world, "start", item->values[0], reason);
		name_started(item, key, sizeof(key));
		if (result == 0)
			(void)config_remember(world, key, "");
		return result;
	}
	result = command(world, "stop", item->values[0], reason);
	if (strcmp(state, "masked") == 0) {
		if (result != 0 && strstr(reason, "not loaded"))
			result = 0;
		result = result == 0 ? command(world, "mask", item->values[0], reason) : result;
	}
	return result;
}

static int undo_unit(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	const char *state = item->values[1];
	char key[160];

	name_started(item, key, sizeof(key));
	config_forget(world, key);
	if (strcmp(state, "started") == 0)
		return command(world, "stop", item->values[0], reason);
	if (strcmp(state, "masked") == 0)
		return command(world, "unmask", item->values[0], reason);
	return command(world, "start", item->values[0], reason);
}

const struct config_kind config_unit = { differs_unit, apply_unit, undo_unit };
