/* SPDX-License-Identifier: ISC */
/* bramble-init: pid 1 of the initramfs. Its parts, in the order in which a boot uses them. */
#ifndef BRAMBLE_INIT_H
#define BRAMBLE_INIT_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/dhcp.h"
#include "common/str.h"
#include "common/verity.h"

#define INIT_PATH_SIZE 512
#define INIT_REASON_SIZE 256
#define INIT_DEVICE_SIZE 32

#define NEW_ROOT "/new"
/* What the new root stands on; visible below NEW_ROOT/run/bramble in the end. */
#define INIT_SHARE "/share"	/* the router's directory that holds the image */
#define INIT_IMAGE "/image"	/* the image's content */
#define INIT_MEMORY "/memory"	/* tmpfs: the image, when the node holds it itself */
#define INIT_SCRATCH "/scratch" /* tmpfs: what the node writes until it is switched off */

/* What the kernel command line says (boot/render.c writes it). */
struct init_arguments {
	struct in_addr router;
	uint16_t port; /* of the router's HTTP server */
	char node[NODE_NAME_SIZE];
	char token[64];
	char image[INIT_PATH_SIZE]; /* squashfs file or directory on the router */
	char hash[HASH_TEXT_SIZE];
	struct verity verity;	     /* .blocks 0: the image isn't verified */
	bool in_memory;		     /* the image is fetched before it is mounted */
	char data[INIT_PATH_SIZE];   /* node's data directory on the router */
	char shared[INIT_PATH_SIZE]; /* "" = none */
	/* Of a parked board: what an administrator admits it by; then node, token, image and data
	 * are
	 * "". "" otherwise. */
	char wait[64];
	unsigned patience_s; /* after so many seconds without a root the board starts over */
	unsigned join_s;     /* and so many after systemd was started, when it hasn't joined */
};

/* The network that DHCP gave. */
struct init_network {
	char interface[IF_NAMESIZE];
	struct in_addr address, netmask, gateway, dns;
	unsigned tries; /* so far; each takes the next port that has a link */
};

/* Parse /proc/cmdline. Returns 0 or -EINVAL with what is missing or wrong. Pure. */
int init_parse_arguments(
	const char *line, struct init_arguments *arguments, char reason[static INIT_REASON_SIZE]);

/* The next module's path in the text of /modules (one absolute path per line, '#' begins a
 * comment), or NULL. Cuts the text up as it goes. Pure. */
char *init_next_module(char **rest);
/* Load the modules that /modules lists, in its order. Failures are told and passed over: a module
 * that this board needs shows up as the step that fails without it. */
void init_load_modules(void);

/* Wait for a wired interface with a link, take an address by DHCP, configure it. 0 or -errno with
 * `reason`. */
int init_bring_up_network(
	struct in_addr router, struct init_network *network, char reason[static INIT_REASON_SIZE]);

/* Ask for an address by DHCP (RFC 2131 section 4.4.1), of our router alone. Takes 15 s at
 * most. Returns 0; -EPERM when only another server answered (*stranger); -EACCES when it was
 * refused; -ETIMEDOUT, or another -errno. */
int init_ask_for_address(const char *interface, const struct mac *mac, struct in_addr router,
	struct dhcp_packet *answer, struct in_addr *stranger);
/* What to do with a packet that arrived: 0, it is the answer; -EAGAIN, it isn't for us; -EPERM,
 * another server's; -EACCES, our server refused. Pure. */
int init_judge_answer(const struct dhcp_packet *sent, const struct dhcp_packet *answer,
	enum dhcp_message wanted, struct in_addr router);

/* Mount the router's directory that holds the image (INIT_SHARE); the image in it, by a loop device
 * or as a directory (INIT_IMAGE), and a tmpfs over it: NEW_ROOT. */
int init_mount_share(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE]);
int init_mount_root(const struct init_arguments *arguments, char reason[static INIT_REASON_SIZE]);
/* Is there memory for the image, and has it a hash tree? False with `reason`: the share is mounted
 * instead. */
bool init_may_hold_root(
	const struct init_arguments *arguments, char reason[static INIT_REASON_SIZE]);
/* Bytes that /proc/meminfo says are available, 0 when it doesn't. Pure. */
uint64_t init_parse_available(const char *meminfo);
/* Fetch the image into INIT_MEMORY, or what is missing of it. 0 or -errno with `reason`. */
int init_fetch_root(const struct init_arguments *arguments, char reason[static INIT_REASON_SIZE]);
/* It can't be used: begin anew. */
void init_forget_root(void);

/* Open device-mapper: a descriptor, which the caller closes, or -errno. */
int init_open_verity(void);
/* Lay dm-verity over the loop device of an image; `device`: what to mount. 0 or -errno. */
int init_lay_verity(
	int control, const struct verity *verity, dev_t loop, char device[static INIT_DEVICE_SIZE]);
/* Let it go, at once or when what is mounted from it is unmounted. */
void init_release_verity(int control);
/* How bramble-init begins what it says of an image in which the kernel has found a changed byte;
 * provisioner/timeline/diagnosis.h knows these words. */
#define INIT_CORRUPT "the image has changed bytes (dm-verity)"
/* Mount the node's data and the shared directory read-write in NEW_ROOT. */
int init_mount_data(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE]);

/* Give the node its name, machine-id and SSH host keys, and write what the agent reads
 * (NEW_ROOT/run/bramble/boot). */
int init_write_identity(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE]);
/* The machine-id kept in `directory` (made when there is none): 32 hex digits. 0 or -errno. */
int init_keep_machine_id(const char *directory, char id[static 33]);

/* A parked board: show how to admit it, on every console and by the activity LED, until the router
 * says that it was. Returns then, or when the router hasn't answered for patience_s. */
void init_wait_for_admission(const struct init_arguments *arguments);

/* Make NEW_ROOT the root and become systemd. Returns only on failure: -errno. */
int init_switch_root(void);

/* Tell people on the console and the router how far we are. `stage` as in docs/api.md. Never takes
 * over 2 s. */
void init_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for what goes wrong: also shown by a console that is told to be quiet. */
void init_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
void init_report(
	const struct init_arguments *arguments, const char *stage, const char *detail, bool failed);
/* Set the clock from the router: there is no battery behind it before the Pi 5. 0 or -errno. */
int init_set_clock(const struct init_arguments *arguments);

/* Reboot, so that the board's firmware asks the router anew. */
_Noreturn void init_start_over(void);
/* A child that starts over after so many seconds: pid 1 itself may hang in mount(2), which nothing
 * ends when a server takes connections and doesn't answer. Returns its pid or -errno. */
pid_t init_start_watchdog(unsigned seconds);
void init_stop_watchdog(pid_t pid);

/* In /run/bramble of a node: its agent has joined; somebody wants it to stay up although it hasn't.
 */
#define INIT_JOINED "joined"
#define INIT_STAY "stay"
/* Leave a child behind that starts the node over when it hasn't joined join_s from now. 0 or
 * -errno. */
int init_start_vigil(const struct init_arguments *arguments);
/* Wait until one of the two files is in `directory`; false when neither comes within `seconds`. */
bool init_keep_vigil(int directory, unsigned seconds);

#endif
