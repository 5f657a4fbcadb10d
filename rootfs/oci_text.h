/* SPDX-License-Identifier: ISC */
/*
 * The texts of an OCI image (OCI image-spec 1.0: image-layout.md, image-index.md, manifest.md,
 * config.md), as far as making a root of it needs them. All pure: bytes in, bounded structures out.
 */
#ifndef BRAMBLE_ROOTFS_OCI_TEXT_H
#define BRAMBLE_ROOTFS_OCI_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "common/str.h"
#include "rootfs/failure.h"

#define OCI_TEXT_LIMIT (4u << 20) /* bytes of one of them */
#define OCI_BLOB_LIMIT (UINT64_C(64) << 30)
#define OCI_LAYERS_LIMIT 128
#define OCI_MANIFESTS_LIMIT 64

/* Where a blob is and how long: blobs/sha256/HASH. */
struct oci_blob {
	char hash[HASH_TEXT_SIZE];
	uint64_t size; /* bytes */
};

enum oci_compression {
	OCI_PLAIN,
	OCI_GZIP,
	OCI_ZSTD,
};

struct oci_layer {
	struct oci_blob blob;
	enum oci_compression compression;
	char diff_id[HASH_TEXT_SIZE]; /* SHA-256 of its tar, as the configuration says */
};

struct oci_manifest {
	struct oci_blob config;
	size_t count;
	struct oci_layer layers[OCI_LAYERS_LIMIT]; /* the lowest first */
};

/* Is this an `oci-layout` that we understand? 0 or -EINVAL with `failure`. */
int oci_check_layout(const char *text, size_t size, struct failure *failure);

/* The manifest of an index that is for `architecture` (Debian's word) and Linux; one that doesn't
 * say what it is for will do if it is the only one. *is_index: it is an index in turn. 0 or -EINVAL
 * with `failure`: none, or several. */
int oci_choose_manifest(const char *text, size_t size, const char *architecture,
	struct oci_blob *chosen, bool *is_index, struct failure *failure);

/* 0 or -EINVAL with `failure`. */
int oci_parse_manifest(
	const char *text, size_t size, struct oci_manifest *manifest, struct failure *failure);

/* Is the configuration that of an image for this architecture, with the layers of `manifest`? Fills
 * in what it says of each of them. 0 or -EINVAL with `failure`. */
int oci_check_config(const char *text, size_t size, const char *architecture,
	struct oci_manifest *manifest, struct failure *failure);

#endif
