/* SPDX-License-Identifier: ISC */
/*
 * Would a board of this model come up with these files? Each returns NULL, or what is wrong in
 * plain words (static text). Pure.
 */
#ifndef VPI_CHECK_H
#define VPI_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An arm64 Image (Linux, Documentation/arm64/booting: "ARM\x64" at 56), plain or in gzip, which the
 * firmware unpacks. Unpacks the whole of it: a truncated kernel is found. */
const char *check_kernel(const uint8_t *data, size_t size);

/* A flattened device tree (Devicetree specification, chapter 5) whose root is compatible with
 * `compatible`. */
const char *check_tree(const uint8_t *data, size_t size, const char *compatible);

/* A cpio archive in newc format, or gzip, xz or zstd. */
const char *check_initramfs(const uint8_t *data, size_t size);

/* One line that names a root, or lets the board wait for its admission. */
const char *check_cmdline(const uint8_t *data, size_t size);
/* Would bramble-init wait with this command line? */
bool check_waits(const uint8_t *data, size_t size);

/* An ELF program: start*.elf. */
const char *check_firmware(const uint8_t *data, size_t size);

#endif
