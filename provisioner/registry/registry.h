/* SPDX-License-Identifier: ISC */
/*
 * The registry: boards, nodes, bindings, addresses, boots and events in one SQLite file (WAL,
 * synchronous=FULL): a change is acknowledged after it is durable. The only file that knows SQL is in this
 * folder. All functions return 0 or -errno (-ENOENT no such row, -EEXIST, -ENOSPC, -EIO …).
 */
#ifndef BRAMBLE_REGISTRY_H
#define BRAMBLE_REGISTRY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot.h"
#include "common/str.h"

struct registry;

#define BOARD_ID_SIZE MAC_TEXT_SIZE
#define EVENT_TEXT_SIZE 256

/* A physical Pi. Its key is its MAC (known from the first packet); the serial follows. */
struct registry_board {
	struct mac mac;
	char serial[SERIAL_TEXT_SIZE]; /* "" not yet known */
	enum boot_model model;
	uint32_t revision;             /* 0 unknown */
	struct in_addr address;        /* pinned when first seen; used while it occupies no node */
	char node[NODE_NAME_SIZE];     /* the node it occupies, "" none */
	bool denied;                   /* parked by the administrator (replaced): never joins by itself */
	int64_t first_seen_ms, last_seen_ms;
};

/* An identity in the cluster. */
struct registry_node {
	unsigned id; /* 1 …, never reused */
	char name[NODE_NAME_SIZE];
	struct in_addr address;       /* its own, for ever */
	char role[NODE_NAME_SIZE];    /* "node" */
	bool has_board;
	struct mac board;
	bool wants_next;              /* `node replace --next`: the next unknown board becomes this node */
	char image[NODE_NAME_SIZE];
	char image_hash[HASH_TEXT_SIZE]; /* version it last booted, "" never */
	char state[16];               /* "new" "booting" "joined" "absent" "stuck" */
	int64_t created_ms, heartbeat_ms; /* 0 = never */
};

struct registry_boot {
	int64_t id;
	struct mac mac;
	char node[NODE_NAME_SIZE]; /* "" parked */
	char token[33];            /* 128 bits in hex; "" until cmdline.txt is rendered */
	char stage[16];            /* last stage reached: dhcp firmware config kernel initramfs init nfs root data systemd joined */
	char reason[160]; /* why it stopped or is waiting, "" */
	char image_hash[HASH_TEXT_SIZE];
	uint64_t bytes, files, retransmissions;
	int64_t started_ms, changed_ms, ended_ms; /* ended 0 = going on */
};

struct registry_step {
	int64_t at_ms;
	char stage[16];
	char detail[EVENT_TEXT_SIZE]; /* file name, mount …; visible text */
	uint64_t bytes;
	uint32_t retransmissions;
	uint32_t duration_ms;
};

struct registry_event {
	int64_t id, at_ms;
	char kind[32];    /* "board.seen" "board.parked" "node.created" "node.bound" "node.joined" "boot.started" … */
	char subject[NODE_NAME_SIZE]; /* node name, or MAC */
	char text[EVENT_TEXT_SIZE];
};

#endif
