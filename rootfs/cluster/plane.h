/* SPDX-License-Identifier: ISC */
/*
 * A node that carries etcd and the API server (kubernetes.control_plane): what the router sends it,
 * once in each boot before any pod runs there. The authority's keys are not among it; controllers
 * and scheduler stay on the router.
 */
#ifndef BRAMBLE_CLUSTER_PLANE_H
#define BRAMBLE_CLUSTER_PLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLANE_STORE_SIZE 33			    /* 32 hex digits, and NUL */
#define PLANE_RENDERED "/run/bramble/control-plane" /* of this boot, in memory; root's */
#define PLANE_PKI PLANE_RENDERED "/pki"
#define PLANE_STORES "/scratch/etcd" /* a directory for each store that was begun here */
#define PLANE_DIRECTORY_SIZE 64

#define PLANE_PROGRAMS 2u
#define PLANE_PROGRAM_PATH "/usr/bin"
#define PLANE_FILES 17u
#define PLANE_FILE_SIZE 8192
#define PLANE_ARGUMENTS_SIZE 8192
#define PLANE_VERSION_SIZE 32

/* "etcd" and "kube-apiserver", in the order of their start. */
extern const char *const plane_programs[PLANE_PROGRAMS];
/* Certificates and keys by their names below pki: "etcd/server.key". */
extern const char *const plane_files[PLANE_FILES];

enum plane_begin {
	PLANE_KEPT,	/* it was begun: where it isn't there, it is lost */
	PLANE_EMPTY,	/* it may begin */
	PLANE_SNAPSHOT, /* it may, with the snapshot that the router hands out */
};

struct plane_document {
	char store[PLANE_STORE_SIZE];
	char version[PLANE_VERSION_SIZE]; /* of the API server: "v1.20.2" */
	enum plane_begin begin;
	char arguments[PLANE_PROGRAMS][PLANE_ARGUMENTS_SIZE]; /* words with a blank between */
	char files[PLANE_FILES][PLANE_FILE_SIZE];
};

/* The router's document, a flat JSON object: "store", "version", "begin", a member for each
 * program (its arguments as lines) and for each file. All or nothing: 0 or -EBADMSG. Pure; fuzzed.
 */
int plane_parse(const char *json, struct plane_document *document);

/* A part of the snapshot: "size" and "offset" (the one that was asked for) of it, and "text",
 * base64; *length 0 = there is no more. Returns 0 or -EBADMSG. Pure; fuzzed. */
#define PLANE_PART_SIZE 6144
#define PLANE_SNAPSHOT_LIMIT (UINT64_C(1) << 36)
int plane_parse_part(
	const char *json, uint64_t offset, char *out, size_t size, size_t *length, uint64_t *whole);

#endif
