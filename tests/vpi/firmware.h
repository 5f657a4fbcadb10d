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
