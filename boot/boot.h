/* SPDX-License-Identifier: ISC */
/*
 * What a board loads before its root. A boot set is the directory beside an image version that
 * holds firmware, kernel, device trees and initramfs (images/NAME/HASH.boot/). There is no per-node
 * directory: config.txt and cmdline.txt are rendered in memory for each request.
 */
#ifndef BRAMBLE_BOOT_H
#define BRAMBLE_BOOT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

enum boot_model {
	BOOT_MODEL_UNKNOWN,
	BOOT_MODEL_PI3, /* BCM2837: 2B v1.2, 3B, 3B+, CM3: boot ROM -> bootcode.bin -> start.elf */
	BOOT_MODEL_PI4, /* BCM2711: EEPROM -> start4.elf */
	BOOT_MODEL_PI5, /* BCM2712: EEPROM loads the kernel itself */
	BOOT_MODEL_PC,	/* x86-64: BIOS or UEFI -> iPXE -> boot.ipxe */
};

/* "Raspberry Pi 3" …, "PC"; never NULL. */
const char *boot_model_name(enum boot_model model);

/* Which stage of a boot a file belongs to, for the timeline. */
enum boot_stage {
	BOOT_STAGE_FIRMWARE, /* bootcode.bin, start*.elf, fixup*.dat */
	BOOT_STAGE_CONFIG,   /* config.txt, cmdline.txt */
	BOOT_STAGE_KERNEL,
	BOOT_STAGE_INITRAMFS,
	BOOT_STAGE_TREE, /* device tree, overlays */
	BOOT_STAGE_ROOT, /* the image itself, by HTTP */
	BOOT_STAGE_OTHER,
};

/* What the rendered texts need to know. Strings are not kept. */
struct boot_context {
	enum boot_model model;
	const char *node;	/* node name */
	struct in_addr address; /* of the node */
	struct in_addr router;
	uint16_t http_port;  /* of the router's HTTP server; 0: 80 */
	unsigned patience_s; /* without a root, or without having joined, after so long the node
				starts over; 0: its own defaults */
	const char *token;   /* of this boot; proves to the node API which boot speaks */
	const char *image;   /* path of the squashfs on the router, e.g.
				/srv/bramble/images/base/HASH.squashfs */
	const char *image_hash;
	const char *verity; /* common/verity.h: argument; NULL or "": there is no hash tree */
	bool in_memory;	    /* the node fetches the image and holds it in its memory */
	const char *data;   /* path of the node's data directory on the router */
	const char *shared; /* path of the shared directory on the router, or NULL */
	const char *kernel_arguments; /* appended to cmdline.txt, "" for none */
	const char *config_lines;     /* appended to config.txt, "" for none */
	/* Of a parked board: what an administrator admits it by (serial or MAC). Its command line
	 * then makes bramble-init wait, and holds neither node nor token nor image. NULL for none.
	 */
	const char *waits_as;
};

struct boot_file {
	int fd;			  /* read-only; the caller closes it */
	uint64_t size;		  /* bytes */
	char key[HASH_TEXT_SIZE]; /* content hash, "" if not known */
	enum boot_stage stage;
};

/* An opened boot set. */
struct boot_set;

/* Open the set in `directory` and check that it is complete (manifest and files, not their hashes).
 * Returns 0 or -errno; on failure `reason` says in plain words what is missing. */
int boot_set_open(const char *directory, struct boot_set **set, char reason[static 160]);
void boot_set_close(struct boot_set *set);

/* What boots from it: a set for PCs has no firmware of a Pi, and the other way round. */
bool boot_set_is_for_pcs(const struct boot_set *set);

/* Answer one request: `leaf` is the name behind the board's prefix, e.g. "start4.elf",
 * "config.txt", "overlays/overlay_map.dtb", "boot.ipxe". Returns 0 and fills *file; -ENOENT when
 * the set has no such file (normal: firmware probes many names); other -errno on real failure. */
int boot_set_resolve(struct boot_set *set, const struct boot_context *context, const char *leaf,
	struct boot_file *file);

/* Split "<serial>/start4.elf", "dc-a6-32-01-36-c2/start4.elf" or "start4.elf" as a board requests
 * it. Exactly one of serial (8 hex digits, lower-cased) and mac is filled when there is a prefix;
 * *leaf points into `name`. Empty segments, ".", "..", backslashes, control and non-ASCII bytes,
 * and a leading '/' more than once are refused. Returns 0 or -EINVAL. Pure; fuzzed. */
struct boot_name {
	char serial[SERIAL_TEXT_SIZE]; /* "" = no serial prefix */
	bool has_mac;
	struct mac mac;
	const char *leaf;
};
int boot_split_name(const char *name, struct boot_name *out);

/* Render config.txt / cmdline.txt. Return the length, or -ENOSPC. Pure. */
int boot_render_config(const struct boot_context *context, char *out, size_t size);
int boot_render_cmdline(const struct boot_context *context, char *out, size_t size);

/* Does the rendered file of that name hold the kernel's command line, and with it the boot's token?
 */
bool boot_has_command_line(const char *leaf);

/* Render the script that iPXE fetches as "boot.ipxe": kernel, initramfs and command line of one
 * node (ipxe.org/scripting). Names in it are relative to its own address. Returns as above. Pure.
 */
int boot_render_ipxe(const struct boot_context *context, char *out, size_t size);

/* Which firmware generation asks for this file first (bootcode.bin -> Pi 3, start4.elf -> Pi 4,
 * kernel_2712.img -> Pi 5, boot.ipxe -> PC), or BOOT_MODEL_UNKNOWN if the name doesn't tell. */
enum boot_model boot_guess_model(const char *leaf);

/* Is it iPXE, which a PC's firmware loads and which then begins with DHCP by itself? */
bool boot_is_ipxe(const char *leaf);

/* The model behind a revision code (raspberrypi documentation, revision-codes). */
enum boot_model boot_model_of_revision(uint32_t revision);
/* MiB of memory by a revision code; 0 when it doesn't tell. */
unsigned boot_memory_of_revision(uint32_t revision);

#endif
