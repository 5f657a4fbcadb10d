/* SPDX-License-Identifier: ISC */
/* config.txt as the firmware reads it (raspberrypi/documentation, config_txt: boot, conditional,
 * overclocking excepted). Pure. */
#ifndef VPI_CONFIG_H
#define VPI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/vpi/model.h"

#define CONFIG_NAME_SIZE 96
#define CONFIG_OVERLAYS 16
#define CONFIG_LINE_LIMIT 98 /* characters of a line that count; the rest is ignored */

struct config {
	bool arm_64bit;	      /* arm_64bit=1 */
	bool upstream_kernel; /* mainline device tree names first */
	bool auto_initramfs;
	char kernel[CONFIG_NAME_SIZE];	    /* "" = the model's default */
	char initramfs[CONFIG_NAME_SIZE];   /* "" none */
	char cmdline[CONFIG_NAME_SIZE];	    /* "cmdline.txt" */
	char device_tree[CONFIG_NAME_SIZE]; /* "" = the model's */
	char os_prefix[CONFIG_NAME_SIZE];
	char overlay_prefix[CONFIG_NAME_SIZE]; /* "overlays/" */
	char overlays[CONFIG_OVERLAYS][CONFIG_NAME_SIZE];
	size_t overlay_count;
	unsigned long_lines; /* lines that were cut: usually somebody's mistake */
};

/* Read `text` for this model and serial number; sections for other boards are passed over. */
void config_read(
	struct config *config, const struct model *model, uint32_t serial, const char *text);

/* The names under which the firmware looks for the kernel, most wanted first; NULL-terminated,
 * valid as long as the config. */
void config_kernels(
	const struct config *config, const struct model *model, const char *names[static 4]);

#endif
