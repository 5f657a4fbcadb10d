/* SPDX-License-Identifier: ISC */
/*
 * Making a boot set, for the image builder. Every function returns 0 or -errno with `reason` in
 * plain words.
 */
#ifndef BRAMBLE_BOOT_BUILD_H
#define BRAMBLE_BOOT_BUILD_H

#include <stddef.h>

#include "boot/manifest.h"

/* What a set is made of. */
struct boot_parts {
	const char *kernel;	      /* file: compressed kernel, by boot_compress_kernel */
	const char *kernel_release;   /* "6.1.0-50-arm64" */
	const char *modules;	      /* directory lib/modules/RELEASE, after depmod */
	const char *device_trees;     /* directory with bcm2*.dtb; NULL: a set for PCs */
	const char *firmware;	      /* directory with bootcode.bin, start*.elf, fixup*.dat; for
					 PCs undionly.kpxe, snponly.efi */
	const char *firmware_version; /* "1.20220830+ds-1" */
	const char *init;	      /* file: the static program that becomes /init */
};

/* Make the set in the existing, empty `directory`; every file is synced, the manifest comes last.
 */
int boot_build(const struct boot_parts *parts, const char *directory,
	char reason[static BOOT_REASON_SIZE]);

/* Copy an x86 kernel (bzImage, Documentation/x86/boot.rst), which unpacks itself. */
int boot_copy_pc_kernel(const char *image, const char *out, char reason[static BOOT_REASON_SIZE]);

/* gzip -9 an arm64 Image (Documentation/arm64/booting.rst); one that is gzip already is copied. */
int boot_compress_kernel(const char *image, const char *out, char reason[static BOOT_REASON_SIZE]);

/* Copy firmware and device trees that a Pi may ask for into `directory` and list them, with the
 * other names under which firmware asks. */
int boot_collect_firmware(const struct boot_parts *parts, const char *directory,
	struct boot_manifest *manifest, char reason[static BOOT_REASON_SIZE]);

/* Modules in load order, each path below the modules directory. */
struct boot_modules {
	char **paths;
	size_t count;
};

/* Close `wanted` (names, NULL-terminated; a leading '?' marks one that may be missing) over
 * modules.dep and modules.softdep ("pre:" only) of `directory`. Built-in ones are left out. The
 * result is to be freed with boot_modules_free, on failure too. */
int boot_modules_resolve(const char *directory, const char *const *wanted,
	struct boot_modules *modules, char reason[static BOOT_REASON_SIZE]);
void boot_modules_free(struct boot_modules *modules);

/* Write an initramfs (newc cpio, zstd) to `out`: /init, /modules (paths in load order, one per
 * line), the modules themselves uncompressed below /lib/modules/RELEASE, and mount points. The same
 * input gives the same bytes. */
int boot_make_initramfs(
	const struct boot_parts *parts, const char *out, char reason[static BOOT_REASON_SIZE]);

/* Largest initramfs that is accepted: a Pi 3's boot ROM fetches it in 512-byte blocks. */
#define BOOT_INITRAMFS_LIMIT (4u << 20)

#endif
