/* SPDX-License-Identifier: ISC */
/* brambled's one struct, and the few calls by which its parts reach each other. */
#ifndef BRAMBLE_BRAMBLED_H
#define BRAMBLE_BRAMBLED_H

#include <stdbool.h>
#include <stdint.h>

#include "provisioner/exports/exports.h"
#include "provisioner/network/network.h"
#include "provisioner/registry/registry.h"
#include "provisioner/settings/settings.h"
#include "provisioner/supervise/supervise.h"

struct builds;
struct engine;
struct event_base;
struct event;
struct console;
struct health;
struct hooks;
struct heartbeats;
struct images;
struct joins;
struct nodeconf_force;
struct server;
struct timeline;

#define WARNING_SIZE 256
#define UNLOGGED_EVENTS 64

/* A board that looks like the successor of a node's; nobody has said so yet. */
struct swap_proposal {
	char node[NODE_NAME_SIZE]; /* "" = none */
	struct mac board;
};

struct brambled {
	const char *config_path;
	struct settings settings;
	struct event_base *base;
	struct registry *registry;
	struct supervisor *supervisor;
	struct exports *exports; /* NULL until they could be started */
	struct server *server;
	struct timeline *timeline;
	struct console *console;
	struct heartbeats *heartbeats;
	struct health *health;
	struct hooks *hooks;
	struct images *images;
	struct builds *builds;
	const struct engine *engine; /* NULL = none; see cluster/engine.h */
	struct nodeconf_force *nodeconf;
	struct event *tick;
	uint64_t rollouts_ns; /* see rollout/run.c */
	int64_t rollouts_ms;
	uint64_t started_ns;
	uint64_t backup_ns, tidy_due_ns, publish_again_ns, write_again_ns;
	/* when that was last seen */
	uint64_t foreign_server_ns, no_address_ns, second_ns;
	unsigned strangers;		    /* new MACs since old ones were removed */
	int64_t admit_until_ms, admit_left; /* see admission.c */
	bool network_up;		    /* interface ready, processes added */
	struct network_link link;	    /* for neighbours: see resolve.c */
	bool publish_due;		    /* hosts or exports differ from the registry */
	bool settle_due; /* an answer waits for what it rests on: see resolve.h */
	char network_warning[WARNING_SIZE], exports_warning[WARNING_SIZE],
		registry_warning[WARNING_SIZE], dhcp_warning[WARNING_SIZE],
		address_warning[WARNING_SIZE], node_warning[WARNING_SIZE],
		cluster_warning[WARNING_SIZE], second_warning[WARNING_SIZE];
	char restore_warning[REGISTRY_NOTE_SIZE]; /* how the registry was repaired at start */
	struct swap_proposal proposal;		  /* see swap.h */
	uint64_t cluster_file;			  /* see cluster/run.c */
	uint64_t cluster_listing_ns;		  /* see api/clusterd.c */
	bool cluster_upkeep;			  /* bramble-upkeep was added */
	bool cluster_ticked;			  /* once since it was started */
	bool cluster_lost;			  /* etcd's store is gone: that was told */
	struct joins *joins;			  /* see cluster/joins.c; NULL = none yet */
	bool rehearsing;			  /* what changes now is undone: see rehearsal.h */
	/* Events of the open transaction: logged when they are true. */
	size_t n_unlogged;
	struct registry_event unlogged[UNLOGGED_EVENTS];
};

/* Write an event: registry, and with the next commit log and waiting followers. `subject` a node
 * name or MAC. */
void brambled_event(struct brambled *brambled, const char *kind, const char *subject,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Make what was written durable. 0 or -errno; on failure it didn't happen, and a warning is set. */
int brambled_commit(struct brambled *brambled);
/* The same, with what the timeline keeps in memory. */
int brambled_settle(struct brambled *brambled);
/* The end of a change that came to `result`: commit it, or undo it when that isn't 0. Returns what
 * it came to. */
int brambled_conclude(struct brambled *brambled, int result);
/* Undo everything since the last commit. */
void brambled_rollback(struct brambled *brambled);

/* Render hosts and exports from the registry and tell dnsmasq and the NFS server what changed. What
 * isn't durable yet is made so before. */
void brambled_publish(struct brambled *brambled);

#endif
