/* SPDX-License-Identifier: ISC */
/* What the two NFS servers have in common. */
#ifndef BRAMBLE_EXPORTS_PRIVATE_H
#define BRAMBLE_EXPORTS_PRIVATE_H

#include <stdbool.h>
#include <stdio.h>

#include "provisioner/exports/exports.h"

#define EXPORTS_PATH_SIZE 512
#define EXPORTS_NODES 4096 /* more than a network of boards has */
#define EXPORTS_THREADS 8

/* A client that is silent for so long loses its locks and open files; after a restart of the
 * server, clients have the grace time to claim theirs again (RFC 8881 section 8.4.2.1): longer than
 * the lease, and over as soon as all have done so. */
#define EXPORTS_LEASE_S 15
#define EXPORTS_GRACE_S 20

struct exports_server {
	const char *name;
	/* Can it run on this machine? Returns 0 or -errno with `reason`. */
	int (*check)(char *reason, size_t size);
	/* Put exports->nodes in force; starts the server the first time. Returns 0 or -errno with
	 * `reason`. */
	int (*apply)(struct exports *exports, char *reason, size_t size);
	void (*stop)(struct exports *exports);
};

extern const struct exports_server exports_ganesha;
extern const struct exports_server exports_kernel;

struct exports {
	const struct settings *settings;
	struct supervisor *supervisor;
	const struct exports_server *server;
	char description[320];		     /* with why it was chosen */
	char network[ADDRESS_TEXT_SIZE + 3]; /* "10.77.0.0/24" */
	struct exports_node *nodes;	     /* sorted by id */
	size_t n;
	bool started;  /* the server is under the supervisor */
	bool in_force; /* `nodes` was applied without an error */
};

/* Pure: nfs-ganesha's configuration. The first part can't be changed while it runs. */
void exports_render_ganesha_core(FILE *out, const struct settings *settings);
void exports_render_ganesha(FILE *out, const struct exports *exports);

/* One line of nfs-utils' table: a directory for one client. */
struct exports_entry {
	char path[EXPORTS_PATH_SIZE];
	char client[ADDRESS_TEXT_SIZE + 3];
	bool writable;
	unsigned fsid;
};

/* Pure: every entry that the kernel's server must have. Returns a fresh array (the caller frees it)
 * and its length in *n, or NULL without memory. */
struct exports_entry *exports_list_entries(const struct exports *exports, size_t *n);

/* Pure: the options of `exportfs -o`. */
void exports_format_options(const struct exports_entry *entry, char *out, size_t size);

/* Pure: parse a line of /var/lib/nfs/etab, "PATH\tCLIENT(OPTIONS)": path and client. Returns 0 or
 * -EBADMSG (also for paths with escaped bytes, which are never ours). Fuzzed. */
int exports_parse_etab_line(const char *line, struct exports_entry *entry);

#endif
