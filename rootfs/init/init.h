/* SPDX-License-Identifier: ISC */
/* bramble-init: pid 1 of the initramfs. Its parts, in the order in which a boot uses them. */
#ifndef BRAMBLE_INIT_H
#define BRAMBLE_INIT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

#define INIT_PATH_SIZE 512
#define INIT_REASON_SIZE 256
#define NEW_ROOT "/new"

/* What the kernel command line says (docs: boot/render.c writes it). */
struct init_arguments {
	struct in_addr router;
	char node[NODE_NAME_SIZE];
	char token[64];
	char image[INIT_PATH_SIZE]; /* squashfs file or directory on the router */
	char hash[HASH_TEXT_SIZE];
	char data[INIT_PATH_SIZE];   /* node's data directory on the router */
	char shared[INIT_PATH_SIZE]; /* "" = none */
	unsigned patience_s; /* after so many seconds without success the board starts over */
};

/* The network that DHCP gave. */
struct init_network {
	char interface[16];
	struct in_addr address, netmask, gateway, dns;
};

/* Parse /proc/cmdline. Returns 0 or -EINVAL with what is missing or wrong. Pure. */
int init_parse_arguments(
	const char *line, struct init_arguments *arguments, char reason[static INIT_REASON_SIZE]);

/* Load the modules that /modules lists, in its order. Failures are told and passed over: a module
 * that this board needs shows up as the step that fails without it. */
void init_load_modules(void);

/* Wait for a wired interface with a link, take an address by DHCP, configure it. 0 or -errno with
 * `reason`. */
int init_bring_up_network(struct init_network *network, char reason[static INIT_REASON_SIZE]);

/* Mount the directory of the image from the router; loop-mount the image; lay a tmpfs over it at
 * NEW_ROOT. */
int init_mount_share(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE]);
int init_mount_root(const struct init_arguments *arguments, char reason[static INIT_REASON_SIZE]);
/* Mount the node's data and the shared directory read-write in NEW_ROOT. */
int init_mount_data(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE]);

/* Give the node its name, machine-id and SSH host keys, and write what the agent reads
 * (NEW_ROOT/run/bramble/boot). */
int init_write_identity(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE]);
/* The machine-id kept in `directory` (made when there is none): 32 hex digits. 0 or -errno. */
int init_keep_machine_id(const char *directory, char id[static 33]);

/* Make NEW_ROOT the root and become systemd. Returns only on failure: -errno. */
int init_switch_root(void);

/* Tell people on the console and the router how far we are. `stage` as in docs/api.md. Never takes
 * over 2 s. */
void init_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void init_report(
	const struct init_arguments *arguments, const char *stage, const char *detail, bool failed);
/* Set the clock from the router: there is no battery behind it before the Pi 5. 0 or -errno. */
int init_set_clock(struct in_addr router);

#endif
