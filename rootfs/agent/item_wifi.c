/* SPDX-License-Identifier: ISC */
/* Wi-Fi beside the wire: off unless the configuration names a network. The image needs the driver,
 * its firmware, wpa_supplicant and iw; base has none of them. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/str.h"
#include "rootfs/agent/configure.h"

enum { NETWORK, PASSPHRASE, COUNTRY, POWER_SAVING }; /* values of the item */

#define ROOT_ONLY 0600, 0, 0

/* The first interface that has a radio. */
static bool find_interface(const struct config_world *world, char name[static 32])
{
	char path[CONFIG_PATH_SIZE];
	const struct dirent *entry;
	DIR *directory;

	name[0] = '\0';
	config_path(world, path, "/sys/class/net");
	directory = opendir(path);
	while (directory && !*name && (entry = readdir(directory))) {
		config_path(world, path, "/sys/class/net/%s/phy80211", entry->d_name);
		if (entry->d_name[0] != '.' && access(path, F_OK) == 0)
			str_copy(name, 32, entry->d_name);
	}
	if (directory)
		closedir(directory);
	return *name;
}

/* wpa_supplicant.conf(5). Quotes and control characters were refused by the router. */
static void format(const struct item *item, char *out, size_t size)
{
	const char *const *v = item->values;
	size_t used = 0;

	out[0] = '\0';
	if (*v[COUNTRY])
		used = (size_t)snprintf(out, size, "country=%s\n", v[COUNTRY]);
	used += (size_t)snprintf(out + used, size - used, "network={\n\tssid=\"%s\"\n", v[NETWORK]);
	if (*v[PASSPHRASE])
		snprintf(out + used, size - used, "\tpsk=\"%s\"\n}\n", v[PASSPHRASE]);
	else
		snprintf(out + used, size - used, "\tkey_mgmt=NONE\n}\n");
}

static int find(const struct config_world *world, char interface[static 32],
	char path[static CONFIG_PATH_SIZE], char reason[static CONFIG_REASON_SIZE])
{
	if (!find_interface(world, interface)) {
		snprintf(reason, CONFIG_REASON_SIZE,
			"this node has no Wi-Fi, or its image has no driver for it");
		return -ENODEV;
	}
	config_path(world, path, "/etc/wpa_supplicant/wpa_supplicant-%s.conf", interface);
	return 0;
}

static int differs(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char interface[32], path[CONFIG_PATH_SIZE], text[512], out[256] = "";
	const char *const ask[] = { "/usr/sbin/iw", "dev", interface, "get", "power_save", NULL };
	int result;

	if (!*item->values[NETWORK])
		return 0;
	result = find(world, interface, path, reason);
	if (result != 0)
		return result;
	format(item, text, sizeof(text));
	if (!config_file_is(path, text, ROOT_ONLY))
		return 1;
	return world->run(ask, out, sizeof(out)) == 0 &&
	       (strstr(out, ": on") != NULL) != (strcmp(item->values[POWER_SAVING], "on") == 0);
}

static int apply(
	struct config_world *world, const struct item *item, char reason[static CONFIG_REASON_SIZE])
{
	char interface[32], path[CONFIG_PATH_SIZE], text[512], service[64];
	const char *const save[] = { "/usr/sbin/iw", "dev", interface, "set", "power_save",
		item->values[POWER_SAVING], NULL };
	const char *const start[] = { "/usr/bin/systemctl", "--no-block", "restart", service,
		NULL };
	int result = find(world, interface, path, reason);

	if (result != 0)
		return result;
	format(item, text, sizeof(text));
	snprintf(service, sizeof(service), "wpa_supplicant@%s.service", interface);
	result = config_write(world, path, text, ROOT_ONLY, reason);
	world->changes++;
	if (result == 0)
		result = config_run(world, save, reason);
	return result == 0 ? config_run(world, start, reason) : result;
}

const struct config_kind config_wifi = { differs, apply, NULL };
