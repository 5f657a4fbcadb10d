/* SPDX-License-Identifier: ISC */
/*
 * The manifest of a boot set: a text file `manifest` beside the files, one statement per line:
 *
 *	bramble-boot-set 1
 *	kernel 6.1.0-50-arm64
 *	firmware 1.20220830+ds-1
 *	note ANYTHING FOR PEOPLE
 *	file SHA256 SIZE NAME
 *	alias NAME TARGET           another name that firmware asks for; TARGET is a file above
 *	end COUNT                   how many file and alias lines: a cut manifest is noticed
 */
#ifndef BRAMBLE_BOOT_MANIFEST_H
#define BRAMBLE_BOOT_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

#define BOOT_MANIFEST_NAME "manifest"
#define BOOT_MANIFEST_LIMIT (64u * 1024u) /* bytes */
#define BOOT_ENTRY_LIMIT 256
#define BOOT_ENTRY_NAME_SIZE 96
#define BOOT_VERSION_SIZE 96
#define BOOT_REASON_SIZE 160

struct boot_entry {
	char name[BOOT_ENTRY_NAME_SIZE];
	char file[BOOT_ENTRY_NAME_SIZE]; /* below the set's directory; differs from name in an alias
					  */
	uint64_t size;			 /* bytes */
	char hash[HASH_TEXT_SIZE];	 /* SHA-256 of the content */
};

struct boot_manifest {
	char kernel[BOOT_VERSION_SIZE];	  /* release, as in /lib/modules/RELEASE */
	char firmware[BOOT_VERSION_SIZE]; /* version of the package */
	size_t count;
	struct boot_entry entries[BOOT_ENTRY_LIMIT];
};

/* Parse `text` (changed on the way). Returns 0, or -EINVAL with `reason`. Pure. */
int boot_manifest_parse(
	char *text, struct boot_manifest *manifest, char reason[static BOOT_REASON_SIZE]);

/* The entry of that name, or NULL. */
const struct boot_entry *boot_manifest_find(const struct boot_manifest *manifest, const char *name);

/* Add an entry. Returns 0, -ENOSPC, or -EINVAL for a name that doesn't fit. */
int boot_manifest_add_file(
	struct boot_manifest *manifest, const char *name, uint64_t size, const char *hash);
int boot_manifest_add_alias(struct boot_manifest *manifest, const char *name, const char *target);

/* The text of a manifest with one note (NULL none), in fresh memory; the caller frees it. NULL: no
 * memory. */
char *boot_manifest_format(const struct boot_manifest *manifest, const char *note);

#endif
