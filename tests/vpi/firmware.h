/* SPDX-License-Identifier: ISC */
/* What the firmware of each model fetches, in its order and manner, until it would start the
 * kernel. */
#ifndef VPI_FIRMWARE_H
#define VPI_FIRMWARE_H

#include <stdbool.h>

#include "tests/vpi/config.h"
#include "tests/vpi/lease.h"
#include "tests/vpi/tftp.h"

struct firmware {
	const struct model *model;
	const char *interface;
	uint32_t serial;
	/* The known bugs of a Pi 3's firmware: it takes an OFFER that is for another board [f#1067,
	 * f#1303]; the 3B answers no ARP once a transfer has begun [net]; a request for a file
	 * whose answer doesn't come is the end, it isn't repeated [f#745, f#764, f#1120; e#687 for
	 * EEPROMs]; any file may be asked for up to three times at once [f#1700]; UDP has no
	 * checksum [f#941]. What the others are like is always on: five DISCOVERs, no REQUEST,
	 * constant xid and identifiers, "early terminate", blocks acknowledged again. */
	bool quirks;
	bool hashes;	    /* note the SHA-256 of every file */
	const char *output; /* directory for copies of the files, NULL none */
	struct timeline *timeline;
	struct lease_client dhcp;
	struct tftp_client tftp;
	struct lease lease;
	struct config config;
	char prefix[16]; /* "89abcdef/" or "" */
	/* What was loaded for the kernel. */
	struct tftp_file kernel, initramfs, tree, cmdline;
	char reason[256]; /* why it failed */
};

/* From link to kernel. Returns 0, or -errno with `reason`: -ETIMEDOUT, -ENOENT, -EINVAL (not
 * bootable) … The caller calls firmware_free in any case. */
int firmware_boot(struct firmware *firmware);

void firmware_free(struct firmware *firmware);

#endif
