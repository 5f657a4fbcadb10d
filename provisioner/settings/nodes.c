/* SPDX-License-Identifier: ISC */
/* Which settings of the inside of nodes there are, and what each may be. */
#include "provisioner/settings/nodes.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/settings/private.h"

/* The checks of single values: NULL, or what is wrong. */

const char *settings_check_name_or_empty(const char *value)
{
	return *value == '\0' || str_is_node_name(value)
		       ? NULL
		       : "is not a name of lower-case letters, digits and '-'";
}

bool settings_is_of(const char *value, const char *others)
{
	for (const char *p = value; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr(others, *p))
			return false;
	}
	return true;
}

const char *settings_check_pattern(const char *value)
{
	return settings_is_of(value, "-*?[]!")
		       ? NULL
		       : "is not a pattern of node names, such as rasp[1-3]";
}

bool settings_has_sound_parts(const char *path)
{
	for (bool more = *path != '\0'; more;) {
		size_t length = strcspn(path, "/");

		if (length == 0 || (length == 1 && path[0] == '.') ||
			(length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		more = path[length] == '/';
		path += length + 1;
	}
	return true;
}

static const char *check_timezone(const char *value)
{
	return *value == '\0' || (settings_is_of(value, "/_+-") && settings_has_sound_parts(value))
		       ? NULL
		       : "is not the name of a time zone, such as Europe/Berlin";
}

static const char *check_locale(const char *value)
{
	return settings_is_of(value, "._@-") && (*value == '\0' || settings_has_sound_parts(value))
		       ? NULL
		       : "is not a locale, such as C.UTF-8";
}

static const char *check_module(const char *value)
{
	return *value && settings_is_of(value, "_-") ? NULL : "is not the name of a kernel module";
}

static const char *check_sysctl(const char *value)
{
	const char *equals = strchr(value, '=');
	char name[256];

	if (!equals || equals == value || (size_t)(equals - value) >= sizeof(name) || !equals[1])
		return "is not name=value";
	snprintf(name, sizeof(name), "%.*s", (int)(equals - value), value);
	return settings_is_of(name, "._-/") && !strstr(name, "..") && name[0] != '.' &&
			       name[0] != '/' && !strstr(name, "//")
		       ? NULL
		       : "is not the name of a kernel setting, such as net.ipv4.ip_forward";
}

static const char *check_variable(const char *value)
{
	size_t length = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return length > 0 && length < 32 && islower((unsigned char)value[0]) && value[length] == '='
		       ? NULL
		       : "is not name=value, the name of lower-case letters, digits and '_'";
}

static bool is_one_of(const char *value, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(value, *words) == 0)
			return true;
	}
	return *value == '\0';
}

static const char *check_scratch(const char *value)
{
	static const char *const modes[] = { "auto", "disk", "file", "memory", "off", NULL };

	return is_one_of(value, modes) ? NULL : "is none of auto, disk, file, memory, off";
}

static const char *check_swap(const char *value)
{
	static const char *const modes[] = { "off", "zram", "scratch", NULL };

	return is_one_of(value, modes) ? NULL : "is none of off, zram, scratch";
}

static const char *check_on_off(const char *value)
{
	static const char *const words[] = { "off", "on", NULL };

	return is_one_of(value, words) ? NULL : "is neither off nor on";
}

static const char *check_root(const char *value)
{
	static const char *const words[] = { "nfs", "ram", NULL };

	return is_one_of(value, words) ? NULL : "is neither nfs nor ram";
}

/* wpa_supplicant's file has it between quotes. */
static const char *check_plain(const char *value)
{
	for (; *value; value++) {
		if ((unsigned char)*value < ' ' || (unsigned char)*value >= 0x7f || *value == '"')
			return "holds other than plain ASCII, or a quote";
	}
	return NULL;
}

/* IEEE 802.11-2020 annex J.4.1. */
static const char *check_passphrase(const char *value)
{
	size_t length = strlen(value);

	if (length > 0 && (length < 8 || length > 63))
		return "has not 8 to 63 characters";
	return check_plain(value);
}

static const char *check_country(const char *value)
{
	return *value == '\0' || (strlen(value) == 2 && isupper((unsigned char)value[0]) &&
					 isupper((unsigned char)value[1]))
		       ? NULL
		       : "is not a country of ISO 3166, such as DE";
}

#define IN(type, member)                                                                           \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

const struct conf_setting settings_node_table[] = {
	{ .path = "role",
		.type = CONF_STRING,
		IN(settings_node_settings, selector.role),
		.check = settings_check_name_or_empty,
		.fallback = "",
		.help = "only nodes of this role" },
	{ .path = "node",
		.type = CONF_STRING,
		IN(settings_node_settings, selector.node),
		.check = settings_check_pattern,
		.fallback = "",
		.help = "only nodes whose name fits, such as rasp[1-3]" },
	{ .path = "timezone",
		.type = CONF_STRING,
		IN(settings_node_settings, timezone),
		.check = check_timezone,
		.fallback = "",
		.help = "time zone, such as Europe/Berlin" },
	{ .path = "locale",
		.type = CONF_STRING,
		IN(settings_node_settings, locale),
		.check = check_locale,
		.fallback = "",
		.help = "LANG of the node, such as C.UTF-8" },
	{ .path = "modules",
		.type = CONF_LINES,
		IN(settings_node_settings, modules),
		.check = check_module,
		.fallback = "",
		.help = "kernel modules that are loaded" },
	{ .path = "sysctl",
		.type = CONF_LINES,
		IN(settings_node_settings, sysctl),
		.check = check_sysctl,
		.fallback = "",
		.help = "kernel settings, such as vm.swappiness=10" },
	{ .path = "variables",
		.type = CONF_LINES,
		IN(settings_node_settings, variables),
		.check = check_variable,
		.fallback = "",
		.help = "name=value for templates" },
	{ .path = "scratch",
		.type = CONF_STRING,
		IN(settings_node_settings, scratch),
		.check = check_scratch,
		.fallback = "",
		.help = "auto, disk, file, memory or off" },
	{ .path = "scratch_mb",
		.type = CONF_INTEGER,
		IN(settings_node_settings, scratch_mb),
		.max = 1048576,
		.fallback = "0",
		.help = "size of a scratch file or of scratch memory in MiB; 0: by what there is" },
	{ .path = "swap",
		.type = CONF_STRING,
		IN(settings_node_settings, swap),
		.check = check_swap,
		.fallback = "",
		.help = "off, zram or scratch" },
	{ .path = "swap_mb",
		.type = CONF_INTEGER,
		IN(settings_node_settings, swap_mb),
		.max = 65536,
		.fallback = "0",
		.help = "size of the swap space in MiB; 0: half of the memory" },
	{ .path = "wifi_network",
		.type = CONF_STRING,
		IN(settings_node_settings, wifi_network),
		.check = check_plain,
		.fallback = "",
		.help = "name of the Wi-Fi network; empty: no Wi-Fi" },
	{ .path = "wifi_passphrase",
		.type = CONF_STRING,
		IN(settings_node_settings, wifi_passphrase),
		.check = check_passphrase,
		.fallback = "",
		.help = "its passphrase, 8 to 63 characters" },
	{ .path = "wifi_country",
		.type = CONF_STRING,
		IN(settings_node_settings, wifi_country),
		.check = check_country,
		.fallback = "",
		.help = "country whose rules apply, such as DE" },
	{ .path = "wifi_power_saving",
		.type = CONF_STRING,
		IN(settings_node_settings, wifi_power_saving),
		.check = check_on_off,
		.fallback = "",
		.help = "off or on" },
	{ .path = "root",
		.type = CONF_STRING,
		IN(settings_node_settings, root),
		.check = check_root,
		.fallback = "",
		.help = "nfs, or ram: the node holds its image in its own memory" },
	{ .path = "kernel_arguments",
		.type = CONF_STRING,
		IN(settings_node_settings, kernel_arguments),
		.check = settings_check_kernel_arguments,
		.fallback = "",
		.help = "added to the kernel command line" },
	{ .path = "config_txt",
		.type = CONF_LINES,
		IN(settings_node_settings, config_txt),
		.check = settings_check_config_line,
		.fallback = "",
		.help = "added to config.txt" },
	{ .path = NULL },
};
