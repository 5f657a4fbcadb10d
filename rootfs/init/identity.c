/* SPDX-License-Identifier: ISC */
/* Who this node is, whatever board it runs on: kept in its data directory, given back at every
 * boot. */
#include <errno.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/init/init.h"

#define KEPT NEW_ROOT "/data/.bramble"
#define KEY_LIMIT 65536

static bool is_machine_id(const char *text, size_t size)
{
	return size >= 32 && strspn(text, "0123456789abcdef") == 32 &&
	       (text[32] == '\n' || text[32] == '\0');
}

int init_keep_machine_id(const char *directory, char id[static 33])
{
	char path[INIT_PATH_SIZE], *text, line[34];
	uint8_t random[16];
	size_t size;

	snprintf(path, sizeof(path), "%s/machine-id", directory);
	if (file_read(path, 64, &text, &size) == 0) {
		bool valid = is_machine_id(text, size);

		if (valid) {
			memcpy(id, text, 32);
			id[32] = '\0';
		}
		free(text);
		if (valid)
			return 0;
	}
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	/* machine-id(5): version 4, variant DCE, so that it is a valid UUID as well. */
	random[6] = (uint8_t)((random[6] & 0x0f) | 0x40);
	random[8] = (uint8_t)((random[8] & 0x3f) | 0x80);
	str_format_hex(random, sizeof(random), id);
	snprintf(line, sizeof(line), "%s\n", id);
	return file_replace(path, line, strlen(line), 0444);
}

/* SSH host keys that the agent made at the node's first boot. */
static void give_back_host_keys(void)
{
	DIR *directory = opendir(KEPT "/ssh");
	const struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char from[INIT_PATH_SIZE], to[INIT_PATH_SIZE], *key;
		size_t size;

		if (strncmp(entry->d_name, "ssh_host_", 9) != 0 || strlen(entry->d_name) > 60)
			continue;
		snprintf(from, sizeof(from), KEPT "/ssh/%.60s", entry->d_name);
		snprintf(to, sizeof(to), NEW_ROOT "/etc/ssh/%.60s", entry->d_name);
		if (file_read(from, KEY_LIMIT, &key, &size) != 0)
			continue;
		if (file_replace(to, key, size, strstr(entry->d_name, ".pub") ? 0644 : 0600) != 0)
			init_say("can't give back %s", to);
		free(key);
	}
	if (directory)
		closedir(directory);
}

static int write_text(const char *path, const char *text, mode_t mode)
{
	return file_replace(path, text, strlen(text), mode);
}

/* KEY=VALUE lines, as systemd's EnvironmentFile reads them. Root alone may: the token is in it. */
static int write_boot_facts(
	const struct init_arguments *arguments, const struct init_network *network)
{
	char text[1024], router[ADDRESS_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];

	str_format_address(arguments->router, router);
	str_format_address(network->address, address);
	snprintf(text, sizeof(text),
		"BRAMBLE_ROUTER=%s\nBRAMBLE_NODE=%s\nBRAMBLE_TOKEN=%s\nBRAMBLE_HASH=%s\nBRAMBLE_"
		"ADDRESS=%s\n"
		"BRAMBLE_INTERFACE=%s\n",
		router, arguments->node, arguments->token, arguments->hash, address,
		network->interface);
	return write_text(NEW_ROOT "/run/bramble/boot", text, 0600);
}

static int write_names(const struct init_arguments *arguments, const struct init_network *network)
{
	char text[512], address[ADDRESS_TEXT_SIZE], router[ADDRESS_TEXT_SIZE];
	int result;

	str_format_address(network->address, address);
	str_format_address(arguments->router, router);
	snprintf(text, sizeof(text), "127.0.0.1 localhost\n%s %s\n%s router\n", address,
		arguments->node, router);
	result = write_text(NEW_ROOT "/etc/hosts", text, 0644);
	str_format_address(network->dns.s_addr ? network->dns : arguments->router, address);
	snprintf(text, sizeof(text), "nameserver %s\n", address);
	unlink(NEW_ROOT "/etc/resolv.conf"); /* may be a link into a service that isn't there */
	if (result == 0)
		result = write_text(NEW_ROOT "/etc/resolv.conf", text, 0644);
	snprintf(text, sizeof(text), "%s\n", arguments->node);
	if (result == 0)
		result = write_text(NEW_ROOT "/etc/hostname", text, 0644);
	if (result == 0 && sethostname(arguments->node, strlen(arguments->node)) != 0)
		result = -errno;
	return result;
}

int init_write_identity(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE])
{
	char id[33], line[40];
	int result = file_make_directories(KEPT, 0700);

	if (result == 0)
		result = init_keep_machine_id(KEPT, id);
	if (result != 0) {
		snprintf(reason, INIT_REASON_SIZE,
			"can't write the node's identity to its data directory: %s",
			strerror(-result));
		return result;
	}
	snprintf(line, sizeof(line), "%s\n", id);
	result = write_text(NEW_ROOT "/etc/machine-id", line, 0444);
	give_back_host_keys();
	if (result == 0)
		result = write_names(arguments, network);
	if (result == 0)
		result = write_boot_facts(arguments, network);
	if (result != 0)
		snprintf(reason, INIT_REASON_SIZE, "can't write to the root's writable layer: %s",
			strerror(-result));
	return result;
}
