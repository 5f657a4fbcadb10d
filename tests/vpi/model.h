/* SPDX-License-Identifier: ISC */
/*
 * What differs between the models. Each value names its source:
 *   [net]  raspberrypi/documentation, boot-net.adoc     [eep] …, eeprom-bootloader.adoc
 *   [tut]  …, network-boot-raspberry-pi.adoc            [flow] …, bootflow-eeprom.adoc
 *   [rev]  …, revision-codes.adoc                       [rn]  raspberrypi/rpi-eeprom, release notes
 *   [f#N]  raspberrypi/firmware issue N                 [e#N] raspberrypi/rpi-eeprom issue N
 *   [assumed] not documented anywhere we know
 */
#ifndef VPI_MODEL_H
#define VPI_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_family {
	MODEL_ROM,     /* boot ROM -> bootcode.bin -> start.elf */
	MODEL_EEPROM4, /* EEPROM -> start4.elf */
	MODEL_EEPROM5, /* the EEPROM loads the kernel itself */
};

struct model {
	const char *name;  /* "3b" */
	const char *title; /* as in /proc/device-tree/model */
	enum model_family family;
	uint32_t revision; /* revision code [rev] */
	bool early_rom;	   /* the 3B's: bugs that the 3B+ fixed */

	unsigned link_ms; /* from power to link */

	/* DHCP */
	unsigned dhcp_tries;	   /* 0 = until dhcp_total_ms */
	unsigned dhcp_interval_ms; /* between DISCOVERs */
	unsigned dhcp_total_ms;	   /* 0 = no limit but the tries */
	const char *boot_text;	   /* what option 43 of an OFFER must hold */
	const uint8_t *parameters; /* option 55 */
	size_t parameter_count;

	/* TFTP */
	uint16_t block_size;	  /* 0 = option not sent, blocks of 512 */
	unsigned retry_ms;	  /* the last packet is sent again after */
	unsigned file_timeout_ms; /* a file must be complete after; 0 no limit */
	bool acknowledges_again;  /* ACKs a block again that it already acknowledged */
	bool rolls_over;	  /* block 65535 is followed by 0; else the file is too big */

	/* Device tree */
	const char *tree;	   /* downstream name */
	const char *mainline_tree; /* tried first with upstream_kernel=1 */
	const char *compatible;	   /* must be in the root node's "compatible" */
};

#define MODEL_RESTART_PAUSE_MS 5000 /* after a failure, EEPROM [rn] */

/* "3b", "3b+", "4b", "5"; NULL for anything else. The result is static. */
const struct model *model_find(const char *name);

/* Names of all models, for messages. */
const char *model_names(void);

#endif
