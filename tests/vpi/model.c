/* SPDX-License-Identifier: ISC */
#include "tests/vpi/model.h"

#include <string.h>

/* ROM: option 55 as captured: vendor options, vendor class, boot file name (67, "BF" in tcpdump),
 * 128-135, TFTP server name [f#941]. */
static const uint8_t rom_parameters[] = { 43, 60, 67, 128, 129, 130, 131, 132, 133, 134, 135, 66 };

/* EEPROM: subnet mask and router as well [e#58, e#376]. */
static const uint8_t eeprom_parameters[] = { 1, 3, 43, 60, 66, 67, 128, 129, 130, 131, 132, 133,
	134, 135 };

/* 100 Mb/s auto-negotiation takes about two seconds [assumed]; 1 Gb/s about three [e#376, log]. */
#define ROM_LINK_MS 2000
#define EEPROM_LINK_MS 3000

/* Five DISCOVERs five seconds apart, then a halt [net]. */
#define ROM_DHCP .dhcp_tries = 5, .dhcp_interval_ms = 5000, .dhcp_total_ms = 0

/* DHCP_REQ_TIMEOUT and DHCP_TIMEOUT [eep]. */
#define EEPROM_DHCP .dhcp_tries = 0, .dhcp_interval_ms = 4000, .dhcp_total_ms = 45000

static const struct model models[] = {
	{
		.name = "3b",
		.title = "Raspberry Pi 3 Model B Rev 1.2",
		.family = MODEL_ROM,
		.revision = 0xa02082,
		.early_rom = true,
		.link_ms = ROM_LINK_MS,
		ROM_DHCP,
		/* The string-length bug: three trailing spaces are needed [net]. */
		.boot_text = "Raspberry Pi Boot   ",
		.parameters = rom_parameters,
		.parameter_count = sizeof(rom_parameters),
		.block_size = 0,
		.retry_ms = 1000,     /* [assumed] */
		.file_timeout_ms = 0, /* none is documented */
		.rolls_over = true,   /* a kernel over 32 MB loads with 512-byte blocks [assumed] */
		.tree = "bcm2710-rpi-3-b.dtb",
		.mainline_tree = "bcm2837-rpi-3-b.dtb",
		.compatible = "raspberrypi,3-model-b",
	},
	{
		.name = "3b+",
		.title = "Raspberry Pi 3 Model B Plus Rev 1.3",
		.family = MODEL_ROM,
		.revision = 0xa020d3,
		.link_ms = ROM_LINK_MS,
		ROM_DHCP,
		.boot_text = "Raspberry Pi Boot",
		.parameters = rom_parameters,
		.parameter_count = sizeof(rom_parameters),
		.block_size = 0,
		.retry_ms = 1000,
		.file_timeout_ms = 0,
		.rolls_over = true,
		.tree = "bcm2710-rpi-3-b-plus.dtb",
		.mainline_tree = "bcm2837-rpi-3-b-plus.dtb",
		.compatible = "raspberrypi,3-model-b-plus",
	},
	{
		.name = "4b",
		.title = "Raspberry Pi 4 Model B Rev 1.4",
		.family = MODEL_EEPROM4,
		.revision = 0xb03114,
		.link_ms = EEPROM_LINK_MS,
		EEPROM_DHCP,
		.boot_text = "Raspberry Pi Boot",
		.parameters = eeprom_parameters,
		.parameter_count = sizeof(eeprom_parameters),
		.block_size = 1024,	    /* since 2019-10 [rn] */
		.retry_ms = 1000,	    /* [assumed] */
		.file_timeout_ms = 30000,   /* TFTP_FILE_TIMEOUT [eep] */
		.acknowledges_again = true, /* since 2021-02 [rn] */
		.rolls_over = false,	    /* only since 2025-09-23 [rn] */
		.tree = "bcm2711-rpi-4-b.dtb",
		.mainline_tree = "bcm2711-rpi-4-b.dtb",
		.compatible = "raspberrypi,4-model-b",
	},
	{
		.name = "5",
		.title = "Raspberry Pi 5 Model B Rev 1.0",
		.family = MODEL_EEPROM5,
		.revision = 0xc04170,
		.link_ms = EEPROM_LINK_MS,
		EEPROM_DHCP,
		.boot_text = "Raspberry Pi Boot",
		.parameters = eeprom_parameters,
		.parameter_count = sizeof(eeprom_parameters),
		.block_size = 1468, /* since 2022-10 [rn] */
		.retry_ms = 1000,
		.file_timeout_ms = 30000,
		.acknowledges_again = true,
		.rolls_over = true, /* since 2025-09-23 [rn] */
		.tree = "bcm2712-rpi-5-b.dtb",
		.mainline_tree = "bcm2712-rpi-5-b.dtb",
		.compatible = "raspberrypi,5-model-b",
	},
};

const struct model *model_find(const char *name)
{
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (strcmp(models[i].name, name) == 0)
			return &models[i];
	return NULL;
}

const char *model_names(void)
{
	return "3b, 3b+, 4b, 5";
}
