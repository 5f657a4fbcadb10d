/* SPDX-License-Identifier: ISC */
/* Groups, users, mounts, files and units: what each may say. */
#include "provisioner/settings/nodes.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/settings/private.h"

/* The checks of single values: NULL, or what is wrong. */

/* useradd(8) */
static const char *check_account(const char *value)
{
	if ((!islower((unsigned char)value[0]) && value[0] != '_') || strlen(value) > 32)
		return "is not a name of at most 32 lower-case letters, digits, '-' and '_'";
	for (const char *p = value; *p; p++) {
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '-' &&
			*p != '_')
			return "is not a name of lower-case letters, digits, '-' and '_'";
	}
	return NULL;
}

/* crypt(5): a hash begins with its method. */
static const char *check_password(const char *value)
{
	return *value == '\0' || (value[0] == '$' && settings_is_of(value, "$./=,-") &&
					 strlen(value) > 12)
		       ? NULL
		       : "is not a hash as `mkpasswd -m yescrypt` makes it";
}

static const char *check_key(const char *value)
{
	static const char *const kinds[] = { "ssh-ed25519 ", "ssh-rsa ", "ecdsa-sha2-nistp",
		"sk-ssh-ed25519@openssh.com ", "sk-ecdsa-sha2-nistp256@openssh.com " };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strncmp(value, kinds[i], strlen(kinds[i])) == 0)
			return NULL;
	}
	return "is not a public key such as a line of ~/.ssh/id_ed25519.pub";
}

static const char *check_sudo(const char *value)
{
	for (const char *p = value; *p; p++) {
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f || *p == '\\')
			return "holds other than plain ASCII, or a backslash";
	}
	return *value == '\0' || strchr(value, '=') ? NULL : "is not a rule such as ALL=(ALL) ALL";
}

static const char *check_place(const char *value)
{
	return value[0] == '/' && settings_is_of(value, "/._-@+:") &&
			       settings_has_sound_parts(value + 1)
		       ? NULL
		       : "is not an absolute path of letters, digits and / . _ - @ + :";
}

static const char *check_path_or_empty(const char *value)
{
	/* passwd(5) has colons between its fields. */
	return *value == '\0' || (check_place(value) == NULL && !strchr(value, ':'))
		       ? NULL
		       : "is not an absolute path without a colon";
}

static const char *check_source(const char *value)
{
	const char *path = strchr(value, ':');

	if (!path) {
		bool is_below = strncmp(value, "shared/", 7) == 0;

		return strcmp(value, "shared") == 0 || (is_below && settings_is_of(value, "/._-") &&
							       settings_has_sound_parts(value))
			       ? NULL
			       : "is neither shared, nor shared/DIRECTORY, nor SERVER:/DIRECTORY";
	}
	return path > value &&
			       strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789.-") ==
				       (size_t)(path - value) &&
			       (strcmp(path, ":/") == 0 || !check_place(path + 1))
		       ? NULL
		       : "is not SERVER:/DIRECTORY";
}

static const char *check_options(const char *value)
{
	return settings_is_of(value, ",=._-:") ? NULL : "holds other than words, '=' and ','";
}

static const char *check_text(const char *value)
{
	(void)value; /* what a text may hold was checked already */
	return NULL;
}

static const char *check_file_name(const char *value)
{
	return *value == '\0' || (settings_is_of(value, "/._-@") && settings_has_sound_parts(value))
		       ? NULL
		       : "is not a relative path of letters, digits and / . _ - @";
}

static const char *check_mode(const char *value)
{
	return strlen(value) <= 4 && strspn(value, "01234567") == strlen(value)
		       ? NULL
		       : "is not an octal number such as 0644";
}

static const char *check_owner(const char *value)
{
	const char *colon = strchr(value, ':');
	char user[72];

	snprintf(user, sizeof(user), "%.*s", colon ? (int)(colon - value) : 71, value);
	return !check_account(user) && (!colon || !check_account(colon + 1))
		       ? NULL
		       : "is neither a user nor user:group";
}

static const char *check_unit(const char *value)
{
	static const char *const kinds[] = { ".service", ".timer", ".socket", ".path", ".mount",
		".target", ".slice" };

	if (!settings_is_of(value, "-_.@:") || value[0] == '.' || value[0] == '-')
		return "is not the name of a unit";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(value), end = strlen(kinds[i]);

		if (length > end && strcmp(value + length - end, kinds[i]) == 0)
			return NULL;
	}
	return "does not end in .service, .timer, .socket, .path, .mount, .target or .slice";
}

static const char *const unit_states[] = { "", "started", "stopped", "masked", NULL };

#define IN(type, member)                                                                           \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

const struct conf_setting settings_group_table[] = {
	{ .path = "role",
		.type = CONF_STRING,
		IN(settings_group, selector.role),
		.check = settings_check_name_or_empty,
		.fallback = "",
		.help = "only nodes of this role" },
	{ .path = "node",
		.type = CONF_STRING,
		IN(settings_group, selector.node),
		.check = settings_check_pattern,
		.fallback = "",
		.help = "only nodes whose name fits, such as rasp[1-3]" },
	{ .path = "name",
		.type = CONF_STRING,
		IN(settings_group, name),
		.min = 1,
		.check = check_account,
		.help = "name of the group" },
	{ .path = "gid",
		.type = CONF_INTEGER,
		IN(settings_group, gid),
		.min = 100,
		.max = 60000,
		.help = "its number" },
	{ .path = NULL },
};

const struct conf_setting settings_user_table[] = {
	{ .path = "role",
		.type = CONF_STRING,
		IN(settings_user, selector.role),
		.check = settings_check_name_or_empty,
		.fallback = "",
		.help = "only nodes of this role" },
	{ .path = "node",
		.type = CONF_STRING,
		IN(settings_user, selector.node),
		.check = settings_check_pattern,
		.fallback = "",
		.help = "only nodes whose name fits, such as rasp[1-3]" },
	{ .path = "name",
		.type = CONF_STRING,
		IN(settings_user, name),
		.min = 1,
		.check = check_account,
		.help = "name of the user" },
	{ .path = "uid",
		.type = CONF_INTEGER,
		IN(settings_user, uid),
		.min = 1000,
		.max = 60000,
		.help = "its number, the same on all nodes" },
	{ .path = "groups",
		.type = CONF_LINES,
		IN(settings_user, groups),
		.check = check_account,
		.fallback = "",
		.help = "further groups it belongs to" },
	{ .path = "password",
		.type = CONF_STRING,
		IN(settings_user, password),
		.check = check_password,
		.fallback = "",
		.help = "hash as of mkpasswd; empty: none works" },
	{ .path = "keys",
		.type = CONF_LINES,
		IN(settings_user, keys),
		.check = check_key,
		.fallback = "",
		.help = "SSH public keys that let it in" },
	{ .path = "sudo",
		.type = CONF_STRING,
		IN(settings_user, sudo),
		.check = check_sudo,
		.fallback = "",
		.help = "rule of sudoers, such as ALL=(ALL) NOPASSWD: ALL" },
	{ .path = "home",
		.type = CONF_STRING,
		IN(settings_user, home),
		.check = check_path_or_empty,
		.fallback = "",
		.help = "its home directory; empty: /home/NAME" },
	{ .path = "shell",
		.type = CONF_STRING,
		IN(settings_user, shell),
		.check = check_path_or_empty,
		.fallback = "/bin/bash",
		.help = "its shell" },
	{ .path = NULL },
};

const struct conf_setting settings_mount_table[] = {
	{ .path = "role",
		.type = CONF_STRING,
		IN(settings_mount, selector.role),
		.check = settings_check_name_or_empty,
		.fallback = "",
		.help = "only nodes of this role" },
	{ .path = "node",
		.type = CONF_STRING,
		IN(settings_mount, selector.node),
		.check = settings_check_pattern,
		.fallback = "",
		.help = "only nodes whose name fits, such as rasp[1-3]" },
	{ .path = "where",
		.type = CONF_STRING,
		IN(settings_mount, where),
		.min = 2,
		.check = check_place,
		.help = "directory on the node" },
	{ .path = "source",
		.type = CONF_STRING,
		IN(settings_mount, source),
		.min = 1,
		.check = check_source,
		.help = "shared, shared/DIRECTORY or SERVER:/DIRECTORY" },
	{ .path = "options",
		.type = CONF_STRING,
		IN(settings_mount, options),
		.check = check_options,
		.fallback = "",
		.help = "options of nfs(5), such as ro,vers=4.2" },
	{ .path = NULL },
};

const struct conf_setting settings_file_table[] = {
	{ .path = "role",
		.type = CONF_STRING,
		IN(settings_file, selector.role),
		.check = settings_check_name_or_empty,
		.fallback = "",
		.help = "only nodes of this role" },
	{ .path = "node",
		.type = CONF_STRING,
		IN(settings_file, selector.node),
		.check = settings_check_pattern,
		.fallback = "",
		.help = "only nodes whose name fits, such as rasp[1-3]" },
	{ .path = "path",
		.type = CONF_STRING,
		IN(settings_file, path),
		.min = 2,
		.check = check_place,
		.help = "where it is on the node" },
	{ .path = "lines",
		.type = CONF_LINES,
		IN(settings_file, lines),
		.check = check_text,
		.fallback = "",
		.help = "its lines" },
	{ .path = "source",
		.type = CONF_STRING,
		IN(settings_file, source),
		.check = check_file_name,
		.fallback = "",
		.help = "a file below files/ beside bramble.conf, in place of lines" },
	{ .path = "mode",
		.type = CONF_STRING,
		IN(settings_file, mode),
		.min = 3,
		.check = check_mode,
		.fallback = "0644",
		.help = "permissions in octal, such as 0644" },
	{ .path = "owner",
		.type = CONF_STRING,
		IN(settings_file, owner),
		.min = 1,
		.check = check_owner,
		.fallback = "root",
		.help = "user, or user:group" },
	{ .path = "template",
		.type = CONF_BOOLEAN,
		IN(settings_file, is_template),
		.fallback = "false",
		.help = "variables such as {{node}} are filled in" },
	{ .path = NULL },
};

const struct conf_setting settings_unit_table[] = {
	{ .path = "role",
		.type = CONF_STRING,
		IN(settings_unit, selector.role),
		.check = settings_check_name_or_empty,
		.fallback = "",
		.help = "only nodes of this role" },
	{ .path = "node",
		.type = CONF_STRING,
		IN(settings_unit, selector.node),
		.check = settings_check_pattern,
		.fallback = "",
		.help = "only nodes whose name fits, such as rasp[1-3]" },
	{ .path = "name",
		.type = CONF_STRING,
		IN(settings_unit, name),
		.min = 3,
		.check = check_unit,
		.help = "name of the unit, such as backup.timer" },
	{ .path = "lines",
		.type = CONF_LINES,
		IN(settings_unit, lines),
		.check = check_text,
		.fallback = "",
		.help = "lines of the unit" },
	{ .path = "source",
		.type = CONF_STRING,
		IN(settings_unit, source),
		.check = check_file_name,
		.fallback = "",
		.help = "a file below files/ beside bramble.conf, in place of lines" },
	{ .path = "drop_in",
		.type = CONF_BOOLEAN,
		IN(settings_unit, drop_in),
		.fallback = "false",
		.help = "the lines are added to a unit that is there" },
	{ .path = "template",
		.type = CONF_BOOLEAN,
		IN(settings_unit, is_template),
		.fallback = "false",
		.help = "variables such as {{node}} are filled in" },
	{ .path = "state",
		.type = CONF_CHOICE,
		IN(settings_unit, state),
		.choices = unit_states,
		.fallback = "",
		.help = "what becomes of the unit; empty: nothing" },
	{ .path = NULL },
};
