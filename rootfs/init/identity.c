/* SPDX-License-Identifier: ISC */
/* Who this node is, whatever board it runs on: kept in its data directory, given back at every
 * boot. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/host_keys.h"
#include "rootfs/init/init.h"

#define KEPT NEW_ROOT "/data/.bramble"

static bool is_machine_id(const char *text, size_t size)
{
	return size >= 32 && strspn(text, "0123456789abcdef") == 32 &&
	       (text[32] == '\n' || text[32] == '\0');
}

/* 0, -ENOENT when there is none or it is damaged, or another -errno. */
static int read_machine_id(const char *path, char id[static 33])
{
	char *text;
	size_t size;
	int result = file_read(path, 64, &text, &size);

	if (result != 0)
		return result == -EFBIG ? -ENOENT : result;
	if (is_machine_id(text, size))
		snprintf(id, 33, "%.32s", text);
	else
		result = -ENOENT;
	free(text);
	return result;
}

int init_keep_machine_id(const char *directory, char id[static 33])
{
	char path[INIT_PATH_SIZE], line[34];
	uint8_t random[16];
	int result;

	snprintf(path, sizeof(path), "%s/machine-id", directory);
	/* An id that can't be read now must not be replaced: the node would become another. */
	result = read_machine_id(path, id);
	if (result != -ENOENT)
		return result;
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	/* machine-id(5): version 4, variant DCE, so that it is a valid UUID as well. */
	random[6] = (uint8_t)((random[6] & 0x0f) | 0x40);
	random[8] = (uint8_t)((random[8] & 0x3f) | 0x80);
	str_format_hex(random, sizeof(random), id);
	snprintf(line, sizeof(line), "%s\n", id);
	return file_replace(path, line, strlen(line), 0444);
}

/* A file of the new root: 0 or -errno with `reason`. */
static int write_text(
	const char *path, const char *text, mode_t mode, char reason[static INIT_REASON_SIZE])
{
	char whole[INIT_PATH_SIZE];
	int result;

	snprintf(whole, sizeof(whole), NEW_ROOT "%s", path);
	result = file_replace(whole, text, strlen(text), mode);
	if (result != 0)
		snprintf(reason, INIT_REASON_SIZE, "can't write %s into the node's memory: %s",
			path, strerror(-result));
	return result;
}

static struct in_addr name_server(
	const struct init_arguments *arguments, const struct init_network *network)
{
	return network->dns.s_addr ? network->dns : arguments->router;
}

/* KEY=VALUE lines, as systemd's EnvironmentFile reads them. Root alone may: the token is in it. */
static int write_boot_facts(const struct init_arguments *arguments,
	const struct init_network *network, char reason[static INIT_REASON_SIZE])
{
	char text[1024], router[ADDRESS_TEXT_SIZE], address[ADDRESS_TEXT_SIZE],
		dns[ADDRESS_TEXT_SIZE];

	str_format_address(arguments->router, router);
	str_format_address(network->address, address);
	str_format_address(name_server(arguments, network), dns);
	snprintf(text, sizeof(text),
		"BRAMBLE_ROUTER=%s\nBRAMBLE_PORT=%u\nBRAMBLE_NODE=%s\nBRAMBLE_TOKEN=%s\n"
		"BRAMBLE_HASH=%s\nBRAMBLE_ADDRESS=%s\nBRAMBLE_DNS=%s\n",
		router, arguments->port, arguments->node, arguments->token, arguments->hash,
		address, dns);
	return write_text("/run/bramble/boot", text, 0600, reason);
}

static int write_names(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE])
{
	char text[512], address[ADDRESS_TEXT_SIZE], router[ADDRESS_TEXT_SIZE];
	int result;

	str_format_address(network->address, address);
	str_format_address(arguments->router, router);
	snprintf(text, sizeof(text), "127.0.0.1 localhost\n%s %s\n%s router\n", address,
		arguments->node, router);
	result = write_text("/etc/hosts", text, 0644, reason);
	str_format_address(name_server(arguments, network), address);
	snprintf(text, sizeof(text), "nameserver %s\n", address);
	/* It may be a link into a service that isn't there: file_replace replaces the link. */
	if (result == 0)
		result = write_text("/etc/resolv.conf", text, 0644, reason);
	snprintf(text, sizeof(text), "%s\n", arguments->node);
	if (result == 0)
		result = write_text("/etc/hostname", text, 0644, reason);
	/* systemd takes it from /etc/hostname as well. */
	if (result == 0 && sethostname(arguments->node, strlen(arguments->node)) != 0)
		init_complain("can't set the name: %s", strerror(errno));
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
	/* A node without its keys is still better than none; its agent tries again, and tells. */
	if (host_keys_copy(KEPT "/ssh", NEW_ROOT "/etc/ssh") != 0)
		init_complain("the node's SSH host keys can't be given back");
	snprintf(line, sizeof(line), "%s\n", id);
	result = write_text("/etc/machine-id", line, 0444, reason);
	if (result == 0)
		result = write_names(arguments, network, reason);
	return result == 0 ? write_boot_facts(arguments, network, reason) : result;
}
