/* SPDX-License-Identifier: ISC */
/*
 * The order of requests is as seen in users' logs (raspberrypi/firmware and rpi-eeprom issues) and
 * told by [net], [eep], [flow]; model.h names the sources. "asked" marks files that are normally
 * missing.
 */
#include "tests/vpi/firmware.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/vpi/check.h"
#include "tests/vpi/fetch.h"
#include "tests/vpi/interface.h"

#define PATH_SIZE (4 * CONFIG_NAME_SIZE)

static int fail(struct firmware *firmware, int result, const char *text)
{
	snprintf(firmware->reason, sizeof(firmware->reason), "%s", text);
	return result;
}

static int take_address(struct firmware *firmware, enum lease_stage stage)
{
	int result = lease_obtain(&firmware->dhcp, stage, &firmware->lease);

	if (result == -ETIMEDOUT)
		return fail(firmware, result, "no DHCP OFFER that a Raspberry Pi can use");
	if (result != 0)
		return fail(firmware, result, strerror(-result));
	result = interface_set_address(
		firmware->interface, firmware->lease.address, firmware->lease.mask);
	if (result != 0)
		return fail(firmware, result, "the address can't be set on the interface");
	firmware->tftp.server = firmware->lease.tftp_server;
	firmware->tftp.address = firmware->lease.address;
	firmware->tftp.port = 0;
	return 0;
}

static int ask_all(struct firmware *firmware, const char *const names[])
{
	int result = 0;

	for (; *names && result == 0; names++)
		result = fetch_asked(firmware, *names);
	return result;
}

static int read_config(struct firmware *firmware)
{
	struct tftp_file file;
	int result = fetch_optional(firmware, "config.txt", &file);

	if (result == 0 || result == -ENOENT) {
		config_read(&firmware->config, firmware->model, firmware->serial,
			file.data ? (const char *)file.data : "");
		result = 0;
	}
	tftp_file_free(&file);
	return result;
}

static int load_start(struct firmware *firmware, const char *name, unsigned requests)
{
	struct tftp_file file;
	const char *wrong = NULL;
	int result = fetch_needed(firmware, name, requests, &file);

	if (result == 0)
		wrong = check_firmware(file.data, file.size);
	tftp_file_free(&file);
	return wrong ? fail(firmware, -EINVAL, wrong) : result;
}

/* A name that os_prefix moves. */
static const char *with_os_prefix(
	const struct firmware *firmware, const char *name, char path[static PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s%s", firmware->config.os_prefix, name);
	return path;
}

static int load_tree(struct firmware *firmware)
{
	const struct model *model = firmware->model;
	const struct config *config = &firmware->config;
	const char *names[] = { model->mainline_tree, model->tree };
	char path[PATH_SIZE];
	int result = -ENOENT;

	if (config->device_tree[0])
		names[0] = names[1] = config->device_tree;
	for (size_t i = config->upstream_kernel ? 0 : 1; i < 2 && result == -ENOENT; i++) {
		if (i == 1 && config->upstream_kernel && strcmp(names[0], names[1]) == 0)
			break;
		result = fetch_optional(
			firmware, with_os_prefix(firmware, names[i], path), &firmware->tree);
	}
	if (result == -ENOENT)
		snprintf(firmware->reason, sizeof(firmware->reason),
			"no device tree for %s: this image's kernel doesn't know the board",
			model->title);
	return result;
}

static int load_overlays(struct firmware *firmware)
{
	char path[PATH_SIZE], name[3 * CONFIG_NAME_SIZE];
	const struct config *config = &firmware->config;
	int result;

	snprintf(name, sizeof(name), "%soverlay_map.dtb", config->overlay_prefix);
	result = fetch_asked(firmware, with_os_prefix(firmware, name, path));
	for (size_t i = 0; i < config->overlay_count && result == 0; i++) {
		snprintf(name, sizeof(name), "%.90s%.90s.dtbo", config->overlay_prefix,
			config->overlays[i]);
		result = fetch_asked(firmware, with_os_prefix(firmware, name, path));
	}
	return result;
}

static int load_cmdline(struct firmware *firmware)
{
	char path[PATH_SIZE];

	return fetch_needed(firmware, with_os_prefix(firmware, firmware->config.cmdline, path), 1,
		&firmware->cmdline);
}

static int load_kernel(struct firmware *firmware)
{
	const char *names[4];
	char path[PATH_SIZE];
	int result = -ENOENT;

	config_kernels(&firmware->config, firmware->model, names);
	for (size_t i = 0; names[i] && result == -ENOENT; i++) {
		with_os_prefix(firmware, names[i], path);
		/* Existence first; start.elf then reads the first bytes, to know gzip and arm64,
		 * and breaks off [e#74, log]. */
		result = fetch_probe(firmware, path);
		if (result == 0 && firmware->model->family != MODEL_EEPROM5)
			result = fetch_probe(firmware, path);
		if (result == 0)
			result = fetch_needed(firmware, path, 1, &firmware->kernel);
	}
	return result == -ENOENT ? fail(firmware, result, "no kernel") : result;
}

static int load_initramfs(struct firmware *firmware)
{
	const struct config *config = &firmware->config;
	const char *automatic =
		firmware->model->family == MODEL_EEPROM5 ? "initramfs_2712" : "initramfs8";
	const char *name = config->initramfs[0]	    ? config->initramfs
			   : config->auto_initramfs ? automatic
						    : NULL;
	char path[PATH_SIZE];
	int result;

	if (!name)
		return 0;
	result = fetch_optional(
		firmware, with_os_prefix(firmware, name, path), &firmware->initramfs);
	/* A named initramfs that is missing is only warned about; here it is a failure. */
	if (result == -ENOENT && config->initramfs[0])
		return fail(firmware, result, "the initramfs that config.txt names is missing");
	return result == -ENOENT ? 0 : result;
}

static int boot_rom(struct firmware *firmware)
{
	int result;

	firmware->tftp.options = false;
	result = take_address(firmware, LEASE_ROM);
	/* The 3B answers no ARP once a transfer has begun [net]. */
	if (result == 0 && firmware->quirks && firmware->model->early_rom)
		result = interface_answer_arp(firmware->interface, false);
	firmware->prefix[0] = '\0';
	if (result == 0)
		result = fetch_and_drop(firmware, "bootcode.bin");
	if (result == 0)
		result = fetch_asked(firmware, "bootsig.bin");
	return result;
}

/* Under the serial first; when the first file isn't there, at the root [net, eep]. */
static int choose_prefix(struct firmware *firmware, const char *const names[])
{
	int result = -ENOENT;

	snprintf(firmware->prefix, sizeof(firmware->prefix), "%08x/", firmware->serial);
	for (int pass = 0; pass < 2 && result == -ENOENT; pass++) {
		if (pass == 1)
			firmware->prefix[0] = '\0';
		for (size_t i = 0; names[i] && result == -ENOENT; i++)
			result = fetch_probe(firmware, names[i]);
	}
	if (result != -ENOENT)
		return result;
	snprintf(firmware->reason, sizeof(firmware->reason),
		"%s is neither under the serial number nor at the root", names[0]);
	return -ENOENT;
}

static int bootcode(struct firmware *firmware)
{
	static const char *const first[] = { "start.elf", NULL };
	int result = take_address(firmware, LEASE_BOOTCODE);

	firmware->tftp.options = true; /* tsize 0 [f#1041] */
	if (result == 0)
		result = choose_prefix(firmware, first);
	if (result == 0)
		result = fetch_asked(firmware, "autoboot.txt");
	if (result == 0)
		result = read_config(firmware);
	if (result == 0)
		result = fetch_asked(firmware, "recovery.elf");
	/* Two or three requests for one file, milliseconds apart [f#1700]. */
	if (result == 0)
		result = load_start(firmware, "start.elf", 3);
	if (result == 0)
		result = fetch_and_drop(firmware, "fixup.dat");
	return result;
}

static int start_elf_3(struct firmware *firmware)
{
	static const char *const asked[] = { "dt-blob.bin", "bootcfg.txt", NULL };
	static const char *const stubs[] = { "armstub8-32.bin", "armstub8.bin", NULL };
	int result = fetch_asked(firmware, "recovery.elf");

	for (int i = 0; i < 2 && result == 0; i++)
		result = read_config(firmware);
	if (result == 0)
		result = ask_all(firmware, asked);
	if (result == 0)
		result = load_tree(firmware);
	if (result == 0)
		result = load_overlays(firmware);
	if (result == 0)
		result = load_cmdline(firmware);
	if (result == 0)
		result = ask_all(firmware, stubs);
	if (result == 0)
		result = load_kernel(firmware);
	return result == 0 ? load_initramfs(firmware) : result;
}

static int eeprom_4(struct firmware *firmware)
{
	static const char *const first[] = { "start4.elf", "start.elf", NULL };
	static const char *const asked[] = { "vl805.sig", "pieeprom.sig", "recover4.elf",
		"recovery.elf", NULL };
	int result = take_address(firmware, LEASE_ROM);

	if (result == 0)
		result = choose_prefix(firmware, first);
	if (result == 0)
		result = read_config(firmware);
	if (result == 0)
		result = ask_all(firmware, asked);
	if (result == 0)
		result = load_start(firmware, "start4.elf", 1);
	if (result == 0)
		result = fetch_and_drop(firmware, "fixup4.dat");
	return result;
}

static int start_elf_4(struct firmware *firmware)
{
	int result = 0;

	for (int i = 0; i < 3 && result == 0; i++)
		result = read_config(firmware);
	if (result == 0)
		result = fetch_asked(firmware, "dt-blob.bin");
	if (result == 0)
		result = load_initramfs(firmware);
	if (result == 0)
		result = load_tree(firmware);
	if (result == 0)
		result = load_overlays(firmware);
	if (result == 0)
		result = load_cmdline(firmware);
	if (result == 0)
		result = fetch_asked(firmware, "armstub8-gic.bin");
	return result == 0 ? load_kernel(firmware) : result;
}

static int eeprom_5(struct firmware *firmware)
{
	static const char *const first[] = { "config.txt", NULL };
	int result = take_address(firmware, LEASE_ROM);

	if (result == 0)
		result = choose_prefix(firmware, first);
	if (result == 0)
		result = read_config(firmware);
	if (result == 0)
		result = fetch_asked(firmware, "pieeprom.sig");
	if (result == 0)
		result = load_tree(firmware);
	if (result == 0)
		result = load_overlays(firmware);
	if (result == 0)
		result = load_cmdline(firmware);
	if (result == 0)
		result = load_kernel(firmware);
	return result == 0 ? load_initramfs(firmware) : result;
}

static int check_all(struct firmware *firmware)
{
	const char *wrong = check_kernel(firmware->kernel.data, firmware->kernel.size);

	if (!wrong)
		wrong = check_tree(
			firmware->tree.data, firmware->tree.size, firmware->model->compatible);
	if (!wrong && firmware->initramfs.data)
		wrong = check_initramfs(firmware->initramfs.data, firmware->initramfs.size);
	if (!wrong)
		wrong = check_cmdline(firmware->cmdline.data, firmware->cmdline.size);
	return wrong ? fail(firmware, -EINVAL, wrong) : 0;
}

typedef int step(struct firmware *);

int firmware_boot(struct firmware *firmware)
{
	static step *const rom[] = { boot_rom, bootcode, start_elf_3, check_all, NULL };
	static step *const four[] = { eeprom_4, start_elf_4, check_all, NULL };
	static step *const five[] = { eeprom_5, check_all, NULL };
	step *const *steps = firmware->model->family == MODEL_ROM	? rom
			     : firmware->model->family == MODEL_EEPROM4 ? four
									: five;
	int result = 0;

	firmware->reason[0] = '\0';
	for (; *steps && result == 0; steps++)
		result = (*steps)(firmware);
	if (result != 0 && firmware->reason[0] == '\0')
		fail(firmware, result, strerror(-result));
	return result;
}

void firmware_free(struct firmware *firmware)
{
	tftp_file_free(&firmware->kernel);
	tftp_file_free(&firmware->initramfs);
	tftp_file_free(&firmware->tree);
	tftp_file_free(&firmware->cmdline);
}
