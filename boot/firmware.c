/* SPDX-License-Identifier: ISC */
/* Firmware of package raspi-firmware and mainline device trees, under the names that boards ask
 * for. */
#include "boot/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"

#define FILE_LIMIT (32u << 20)

/* "cd" is the cut-down firmware that boards take with gpu_mem=16: less to fetch, no display codecs.
 */
static const char *const firmware_files[] = { "bootcode.bin", "start.elf", "fixup.dat",
	"start_cd.elf", "fixup_cd.dat", "start4.elf", "fixup4.dat", "start4cd.elf", "fixup4cd.dat",
	NULL };

/* iPXE as an UEFI program and as what a BIOS's PXE starts; both speak through the firmware's own
 * driver, so that they know every network card that it boots from. */
static const char *const pc_files[] = { "undionly.kpxe", "snponly.efi", NULL };

/* Boards with wired Ethernet only: the others can't boot from a network. With upstream_kernel=1
 * firmware asks for the mainline name, then for Raspberry Pi's own. */
static const struct {
	const char *mainline, *downstream;
} device_trees[] = {
	{ "bcm2837-rpi-3-b.dtb", "bcm2710-rpi-3-b.dtb" },
	{ "bcm2837-rpi-3-b-plus.dtb", "bcm2710-rpi-3-b-plus.dtb" },
	{ "bcm2837-rpi-cm3-io3.dtb", "bcm2710-rpi-cm3.dtb" },
	{ "bcm2711-rpi-4-b.dtb", NULL },
	{ "bcm2711-rpi-400.dtb", NULL },
	{ "bcm2711-rpi-cm4-io.dtb", "bcm2711-rpi-cm4.dtb" },
	{ "bcm2712-rpi-5-b.dtb", NULL },
	{ "bcm2712-d-rpi-5-b.dtb", "bcm2712d0-rpi-5-b.dtb" },
};

static int copy_file(const char *from, const char *name, const char *to,
	struct boot_manifest *manifest, char *reason)
{
	char source[4096], target[4096], hash[HASH_TEXT_SIZE];
	char *data = NULL;
	size_t size = 0;
	int result, fd;

	if (snprintf(source, sizeof(source), "%s/%s", from, name) >= (int)sizeof(source) ||
		snprintf(target, sizeof(target), "%s/%s", to, name) >= (int)sizeof(target))
		return -ENAMETOOLONG;
	result = file_read(source, FILE_LIMIT, &data, &size);
	if (result == -ENOENT)
		return result;
	if (result == 0)
		result = file_replace(target, data, size, 0444);
	free(data);
	fd = result == 0 ? open(target, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		result = file_hash(fd, hash);
		close(fd);
	}
	if (result == 0)
		result = boot_manifest_add_file(manifest, name, size, hash);
	if (result != 0)
		snprintf(reason, BOOT_REASON_SIZE, "%s can't be copied: %s", name,
			strerror(-result));
	return result;
}

static int collect_trees(const struct boot_parts *parts, const char *directory,
	struct boot_manifest *manifest, char *reason)
{
	for (size_t i = 0; i < sizeof(device_trees) / sizeof(device_trees[0]); i++) {
		const char *mainline = device_trees[i].mainline;
		int result = copy_file(parts->device_trees, mainline, directory, manifest, reason);

		/* Which boards a kernel knows is its own business; the note of the set says. */
		if (result == -ENOENT)
			continue;
		if (result == 0 && device_trees[i].downstream)
			result = boot_manifest_add_alias(
				manifest, device_trees[i].downstream, mainline);
		if (result != 0)
			return result;
	}
	return 0;
}

int boot_collect_firmware(const struct boot_parts *parts, const char *directory,
	struct boot_manifest *manifest, char reason[static BOOT_REASON_SIZE])
{
	const char *const *file = parts->device_trees ? firmware_files : pc_files;

	for (; *file; file++) {
		int result = copy_file(parts->firmware, *file, directory, manifest, reason);

		if (result == -ENOENT)
			snprintf(reason, BOOT_REASON_SIZE, "the firmware package has no %s", *file);
		if (result != 0)
			return result;
	}
	return parts->device_trees ? collect_trees(parts, directory, manifest, reason) : 0;
}
