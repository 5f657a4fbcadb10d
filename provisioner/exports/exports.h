/* SPDX-License-Identifier: ISC */
/*
 * NFS exports of the share: images read-only to the LAN, each node's data directory read-write to
 * that node's address alone, the shared directory read-write to the nodes. By the kernel's nfsd
 * (nfs-utils) where the kernel has it, else by nfs-ganesha; NFSv4.1 and later only.
 */
#ifndef BRAMBLE_EXPORTS_H
#define BRAMBLE_EXPORTS_H

#include <netinet/in.h>
#include <stddef.h>

#include "common/str.h"
#include "provisioner/settings/settings.h"
#include "provisioner/supervise/supervise.h"

struct exports;

struct exports_node {
	unsigned id;		   /* the node's number; never reused; makes fsid / Export_Id */
	char name[NODE_NAME_SIZE]; /* directory SHARE/nodes/NAME */
	struct in_addr address;
};

/* Choose the server (settings.nfs, or what this machine offers) and create the directories of the
 * share. The server itself starts with the first exports_set_nodes, so that it never answers a node
 * whose exports it doesn't know yet. `settings` is kept by reference. Returns 0 or -errno with
 * `reason`. */
int exports_start(const struct settings *settings, struct supervisor *supervisor,
	struct exports **exports, char *reason, size_t size);

/* Make exactly these node exports be in force (besides images and shared), and the nodes'
 * directories. Must be called once after exports_start, also without nodes. Only what differs is
 * touched, so running nodes notice nothing. Takes milliseconds, at most a second. Returns 0 or
 * -errno with `reason`; try again later then. */
int exports_set_nodes(struct exports *exports, const struct exports_node *nodes, size_t n,
	char *reason, size_t size);

/* "kernel nfsd (nfs-utils)" or "nfs-ganesha (the kernel has no nfsd)"; for `bramble status`. */
const char *exports_describe(const struct exports *exports);

/* Withdraw the exports (kernel) at an orderly stop; free. */
void exports_stop(struct exports *exports);

#endif
