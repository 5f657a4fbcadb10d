/* SPDX-License-Identifier: ISC */
#include "boot/build.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

#define INIT_LIMIT (16u << 20)
#define MODULE_LIMIT (32u << 20)
#define LIST_LIMIT (64u * 1024u)
/* zstd, not xz: xz would save 0.2 of 1.7 MB, some 20 ms on the wire, and cost a Pi 3 half a second
 * to decompress. Level 19 has a window of 8 MB; 6.1's decompressor takes up to 128 MB. */
#define ZSTD_LEVEL "19"

/* The root: NFSv4.2, the squashfs file in it with its hash tree, and the writable layer. */
#define ROOT_MODULES                                                                               \
	"nfsv4", "loop", "squashfs", "overlay", "?nfs_layout_flexfiles", "dm-verity",              \
		"virtio_pci", "virtio_net", "?virtio-rng"

/* What a board needs between the kernel's start and its root; udev loads the rest from there. */
static const char *const wanted_modules[] = { ROOT_MODULES,
	/* SHA-256 faster than plain C does it. */
	"?sha256-arm64", "?sha2-ce",
	/* Virtual boards: QEMU's -M virt. */
	"virtio_mmio",
	/* Pi 4: GENET, its MDIO bus (soft dependency) and its PHY, BCM54213. */
	"genet", "broadcom", "?bcm7xxx",
	/* Pi 3: the USB host, and on it LAN9514 (3B, 2B 1.2) or LAN7515 (3B+). */
	"dwc2", "?phy-generic", "smsc95xx", "lan78xx", "smsc", "microchip",
	/* The activity LED, by which a board that waits to be admitted shows itself: on a GPIO of
	 * the SoC, or of the firmware's expander (Pi 3 and 4). */
	"?leds-gpio", "?gpio-raspberrypi-exp",
	/* A virtual Pi 3: QEMU's -M raspi3b with -device usb-net. */
	"cdc_ether", "?rndis_host", "?cdc_subset",
	/* Pi 5: Ethernet behind RP1, where the kernel has it. */
	"macb", "?rp1", "?rp1_pci", "?clk-rp1", "?pinctrl-rp1",
	/* Seeds the random generator early; resets a board that hangs before systemd runs. */
	"?iproc-rng200", "?bcm2835-rng", "?bcm2835_wdt", NULL };

/* The wired ports that PCs have; each may be missing from a kernel for clouds. */
static const char *const wanted_modules_of_pcs[] = { ROOT_MODULES, "?sha256-ssse3", "?virtio_mmio",
	/* Intel: 1, 2.5 and 10 Gbit/s. */
	"?e1000", "?e1000e", "?igb", "?igc", "?ixgbe",
	/* Realtek, with its PHY, and USB adapters of it and of ASIX. */
	"?r8169", "?realtek", "?8139cp", "?8139too", "?r8152", "?ax88179_178a", "?cdc_ether",
	/* Broadcom, Aquantia, Atheros, Marvell, nVidia, AMD. */
	"?tg3", "?bnx2", "?atlantic", "?alx", "?atl1c", "?sky2", "?forcedeth", "?pcnet32",
	/* Virtual ones: VMware. */
	"?vmxnet3", "?xhci_pci", "?ehci_pci", NULL };

struct writer {
	struct archive *archive;
	char *reason;
};

static int explain(struct writer *writer, const char *what)
{
	int error = archive_errno(writer->archive);

	snprintf(writer->reason, BOOT_REASON_SIZE, "%s: %.100s", what,
		archive_error_string(writer->archive));
	return error > 0 ? -error : -EIO;
}

/* Times are 0 and owners root, so that the same content gives the same bytes. */
static int put(struct writer *writer, const char *name, mode_t mode, const void *data, size_t size)
{
	struct archive_entry *entry = archive_entry_new();
	int result = 0;

	if (!entry)
		return -ENOMEM;
	archive_entry_set_pathname(entry, name);
	archive_entry_set_mode(entry, mode);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_mtime(entry, 0, 0);
	if (S_ISCHR(mode)) /* console is 5:1, null 1:3 (Documentation/admin-guide/devices.txt) */
		archive_entry_set_rdev(entry, strcmp(name, "dev/console") == 0 ? 0x501 : 0x103);
	if (archive_write_header(writer->archive, entry) != ARCHIVE_OK ||
		(size > 0 && archive_write_data(writer->archive, data, size) != (la_ssize_t)size))
		result = explain(writer, "the initramfs can't be written");
	archive_entry_free(entry);
	return result;
}

/* Directories of modules come more than once; the kernel ignores that (init/initramfs.c, do_name).
 */
static int put_directories(struct writer *writer, const char *path)
{
	char partial[4096];

	for (const char *slash = path; (slash = strchr(slash, '/')) != NULL; slash++) {
		int result;

		if ((size_t)(slash - path) >= sizeof(partial))
			return -ENAMETOOLONG;
		memcpy(partial, path, (size_t)(slash - path));
		partial[slash - path] = '\0';
		result = put(writer, partial, S_IFDIR | 0755, NULL, 0);
		if (result != 0)
			return result;
	}
	return 0;
}

/* Read a module, decompressing it if the distribution compresses its modules (Debian 13: .ko.xz):
 * the initramfs is compressed as a whole, which is smaller, and /init needs no decompressor. */
static int read_module(const char *path, char **data, size_t *size)
{
	struct archive *in = archive_read_new();
	struct archive_entry *entry;
	int result = -EIO;

	*size = 0;
	*data = malloc(MODULE_LIMIT);
	if (!in || !*data) {
		archive_read_free(in);
		return -ENOMEM;
	}
	archive_read_support_filter_all(in);
	archive_read_support_format_raw(in);
	if (archive_read_open_filename(in, path, 65536) == ARCHIVE_OK &&
		archive_read_next_header(in, &entry) == ARCHIVE_OK) {
		la_ssize_t n = archive_read_data(in, *data, MODULE_LIMIT);

		*size = n > 0 ? (size_t)n : 0;
		result = n <= 0 ? -EIO : n == MODULE_LIMIT ? -EFBIG : 0;
	}
	archive_read_free(in);
	return result;
}

/* Path in the initramfs: without the extension of a compression. */
static int module_target(const struct boot_parts *parts, const char *path, char *out, size_t size)
{
	const char *dot = strstr(path, ".ko");
	int n = snprintf(out, size, "lib/modules/%s/%.*s", parts->kernel_release,
		(int)(dot ? dot + 3 - path : 0), path);

	return !dot || n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int put_module(struct writer *writer, const struct boot_parts *parts, const char *path)
{
	char source[4096], target[512];
	char *data = NULL;
	size_t size;
	int result = module_target(parts, path, target, sizeof(target));

	if (result == 0 && snprintf(source, sizeof(source), "%s/%s", parts->modules, path) >=
				   (int)sizeof(source))
		result = -ENAMETOOLONG;
	if (result == 0)
		result = read_module(source, &data, &size);
	if (result != 0)
		snprintf(writer->reason, BOOT_REASON_SIZE, "module %s can't be read: %s", path,
			strerror(-result));
	if (result == 0)
		result = put_directories(writer, target);
	if (result == 0)
		result = put(writer, target, S_IFREG | 0644, data, size);
	free(data);
	return result;
}

static int put_list(
	struct writer *writer, const struct boot_parts *parts, const struct boot_modules *modules)
{
	char *list = malloc(LIST_LIMIT);
	size_t length = 0;
	int result = list ? 0 : -ENOMEM;

	for (size_t i = 0; result == 0 && i < modules->count; i++) {
		char target[512];

		result = module_target(parts, modules->paths[i], target, sizeof(target));
		if (result == 0 && length + strlen(target) + 3 > LIST_LIMIT)
			result = -E2BIG;
		if (result == 0)
			length += (size_t)snprintf(
				list + length, LIST_LIMIT - length, "/%s\n", target);
	}
	if (result == 0)
		result = put(writer, "modules", S_IFREG | 0644, list, length);
	free(list);
	return result;
}

static int put_init(struct writer *writer, const struct boot_parts *parts)
{
	char *data = NULL;
	size_t size;
	int result = file_read(parts->init, INIT_LIMIT, &data, &size);

	if (result == 0 && (size < 4 || memcmp(data,
						"\x7f"
						"ELF",
						4) != 0))
		result = -ENOEXEC;
	if (result != 0)
		snprintf(writer->reason, BOOT_REASON_SIZE, "%.80s can't become /init: %s",
			parts->init, strerror(-result));
	else
		result = put(writer, "init", S_IFREG | 0755, data, size);
	free(data);
	return result;
}

static int put_all(
	struct writer *writer, const struct boot_parts *parts, const struct boot_modules *modules)
{
	static const char *const directories[] = { "dev", "proc", "sys", "run", "mnt" };
	int result = put_init(writer, parts);

	for (size_t i = 0; result == 0 && i < sizeof(directories) / sizeof(directories[0]); i++)
		result = put(writer, directories[i], S_IFDIR | 0755, NULL, 0);
	if (result == 0)
		result = put(writer, "dev/console", S_IFCHR | 0600, NULL, 0);
	if (result == 0)
		result = put(writer, "dev/null", S_IFCHR | 0666, NULL, 0);
	if (result == 0)
		result = put_list(writer, parts, modules);
	for (size_t i = 0; result == 0 && i < modules->count; i++)
		result = put_module(writer, parts, modules->paths[i]);
	return result;
}

static int open_archive(struct writer *writer, const char *out)
{
	writer->archive = archive_write_new();
	if (!writer->archive)
		return -ENOMEM;
	if (archive_write_set_format_cpio_newc(writer->archive) != ARCHIVE_OK ||
		archive_write_add_filter_zstd(writer->archive) != ARCHIVE_OK ||
		archive_write_set_filter_option(
			writer->archive, "zstd", "compression-level", ZSTD_LEVEL) != ARCHIVE_OK ||
		/* Don't pad the compressed stream to a tape block. */
		archive_write_set_bytes_in_last_block(writer->archive, 1) != ARCHIVE_OK ||
		archive_write_open_filename(writer->archive, out) != ARCHIVE_OK)
		return explain(writer, "the initramfs can't be begun");
	return 0;
}

static int sync_and_check(const char *out, char *reason)
{
	int fd = open(out, O_RDONLY | O_CLOEXEC);
	struct stat status = { 0 };
	int result = 0;

	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0444) != 0 || fsync(fd) != 0 || fstat(fd, &status) != 0)
		result = -errno;
	close(fd);
	if (result == 0 && status.st_size > BOOT_INITRAMFS_LIMIT) {
		snprintf(reason, BOOT_REASON_SIZE,
			"the initramfs has %lld bytes, more than the %u that are sensible to fetch",
			(long long)status.st_size, BOOT_INITRAMFS_LIMIT);
		return -EFBIG;
	}
	return result;
}

int boot_make_initramfs(
	const struct boot_parts *parts, const char *out, char reason[static BOOT_REASON_SIZE])
{
	struct writer writer = { .reason = reason };
	struct boot_modules modules;
	int result = boot_modules_resolve(parts->modules,
		parts->device_trees ? wanted_modules : wanted_modules_of_pcs, &modules, reason);

	if (result == 0)
		result = open_archive(&writer, out);
	if (result == 0)
		result = put_all(&writer, parts, &modules);
	if (result == 0 && archive_write_close(writer.archive) != ARCHIVE_OK)
		result = explain(&writer, "the initramfs can't be finished");
	archive_write_free(writer.archive);
	boot_modules_free(&modules);
	return result == 0 ? sync_and_check(out, reason) : result;
}
