/* SPDX-License-Identifier: ISC */
/* What file names and revision codes tell about a board. */
#include "boot/boot.h"

#include <string.h>

/* Revision code bits (raspberrypi documentation, revision-codes): NOQuuuWuFMMMCCCCPPPPTTTTTTTTRRRR.
 */
#define REVISION_NEW_STYLE (UINT32_C(1) << 23)
#define REVISION_MEMORY(revision) (((revision) >> 20) & 0x7u) /* 0 = 256 MiB, and doubled */
#define REVISION_PROCESSOR(revision) (((revision) >> 12) & 0xfu)

const char *boot_model_name(enum boot_model model)
{
	switch (model) {
	case BOOT_MODEL_PI3:
		return "Raspberry Pi 3";
	case BOOT_MODEL_PI4:
		return "Raspberry Pi 4";
	case BOOT_MODEL_PI5:
		return "Raspberry Pi 5";
	case BOOT_MODEL_PC:
		return "PC";
	case BOOT_MODEL_UNKNOWN:
		break;
	}
	return "unknown board";
}

enum boot_model boot_guess_model(const char *leaf)
{
	/* start.elf, config.txt, kernel8.img and pieeprom.* are asked for by more than one
	 * generation. */
	static const struct {
		const char *beginning;
		enum boot_model model;
	} names[] = {
		{ "bootcode.bin", BOOT_MODEL_PI3 },
		{ "bootsig.bin", BOOT_MODEL_PI3 },
		{ "bcm2710-", BOOT_MODEL_PI3 },
		{ "bcm2837-", BOOT_MODEL_PI3 },
		{ "start4", BOOT_MODEL_PI4 },
		{ "fixup4", BOOT_MODEL_PI4 },
		{ "recover4.elf", BOOT_MODEL_PI4 },
		{ "vl805.", BOOT_MODEL_PI4 },
		{ "bcm2711-", BOOT_MODEL_PI4 },
		{ "kernel_2712.img", BOOT_MODEL_PI5 },
		{ "initramfs_2712", BOOT_MODEL_PI5 },
		{ "bcm2712", BOOT_MODEL_PI5 },
		{ "undionly.kpxe", BOOT_MODEL_PC },
		{ "snponly.efi", BOOT_MODEL_PC },
		{ "boot.ipxe", BOOT_MODEL_PC },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(leaf, names[i].beginning, strlen(names[i].beginning)) == 0)
			return names[i].model;
	return BOOT_MODEL_UNKNOWN;
}

bool boot_is_ipxe(const char *leaf)
{
	return strcmp(leaf, "undionly.kpxe") == 0 || strcmp(leaf, "snponly.efi") == 0;
}

enum boot_model boot_model_of_revision(uint32_t revision)
{
	if (!(revision & REVISION_NEW_STYLE))
		return BOOT_MODEL_UNKNOWN;
	switch (REVISION_PROCESSOR(revision)) {
	case 2:
		return BOOT_MODEL_PI3;
	case 3:
		return BOOT_MODEL_PI4;
	case 4:
		return BOOT_MODEL_PI5;
	default:
		return BOOT_MODEL_UNKNOWN;
	}
}

unsigned boot_memory_of_revision(uint32_t revision)
{
	return revision & REVISION_NEW_STYLE ? 256u << REVISION_MEMORY(revision) : 0;
}
