/* SPDX-License-Identifier: ISC */
/*
 * The registry: boards, nodes, addresses, boots and events in one SQLite file (WAL,
 * synchronous=FULL). The only code that knows SQL is in this folder. Writes gather in one
 * transaction; registry_commit() makes them durable, and whoever acknowledges a change calls it
 * first. All functions return 0 or -errno (-ENOENT no such row, -EEXIST ambiguous or taken,
 * -ENOSPC, -EIO …).
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

#define REGISTRY_SIZE_LIMIT (256u << 20) /* bytes; history is bounded far below */
#define REGISTRY_TEXT_SIZE 256
#define REGISTRY_NOTE_SIZE 2048
#define REGISTRY_REASON_SIZE 160
#define REGISTRY_STAGE_SIZE 16
#define REGISTRY_CAUSE_SIZE 24
#define REGISTRY_TOKEN_SIZE 33 /* 128 bits in hex, and NUL */

/* A physical Pi. Its key is its MAC (known from the first packet); the serial follows. */
struct registry_board {
	struct mac mac;
	char serial[SERIAL_TEXT_SIZE]; /* "" not yet known */
	enum boot_model model;
	uint32_t revision; /* revision code, 0 unknown */
	bool parked;	   /* set by the administrator (replaced): never joins by itself */
	int64_t first_seen_ms, last_seen_ms;
	char note[REGISTRY_TEXT_SIZE]; /* the administrator's; visible text */
};

/* An identity in the cluster. */
struct registry_node {
	uint32_t id; /* 1 …, never reused */
	char name[NODE_NAME_SIZE];
	struct in_addr address; /* its own, for ever */
	char role[NODE_NAME_SIZE];
	bool has_board;
	struct mac board;
	bool wants_next; /* the next unknown board becomes this node */
	char image[NODE_NAME_SIZE];
	char image_hash[HASH_TEXT_SIZE]; /* version it last booted, "" never */
	char good[HASH_TEXT_SIZE];	 /* version with which it was well last, "" none */
	char assigned[HASH_TEXT_SIZE];	 /* version that a roll-out gives it, "" the current one */
	char avoids[HASH_TEXT_SIZE];	 /* version from which it fell back to `good`, "" none */
	char avoids_why[REGISTRY_REASON_SIZE];
	char failing[HASH_TEXT_SIZE];	  /* version with which boots failed lately, "" none */
	unsigned failures;		  /* how many of them in a row */
	int64_t failed_boot;		  /* the last of them */
	bool joined;			  /* since its last boot */
	int64_t created_ms, heartbeat_ms; /* 0 = never */
	bool cordoned;			  /* to be left out: no new work, no roll-out */
	char note[REGISTRY_TEXT_SIZE];	  /* the administrator's; visible text */
};

/* A board that may join when it shows up. */
struct registry_expected {
	char board[MAC_TEXT_SIZE]; /* its serial (8 hex digits) or MAC, lower case */
	char node[NODE_NAME_SIZE]; /* which node it becomes; "" the next number */
	char role[NODE_NAME_SIZE]; /* of a new node; "" = node */
};

/* Something that a running node is told to do, once. */
enum registry_order_state {
	ORDER_PENDING, /* the node hasn't heard of it */
	ORDER_SENT,    /* it has been told, perhaps in vain; only in this boot it is told again */
	ORDER_DONE,
	ORDER_FAILED, /* `text` says why */
	ORDER_EXPIRED,
};
struct registry_order {
	int64_t id;	  /* never reused; 0 = not stored yet */
	uint32_t node;	  /* registry_node.id */
	char verb[16];	  /* "reboot", "identify", "scratch-format" */
	char target[32];  /* the disk, for scratch-format */
	unsigned seconds; /* how long, for identify; see orders.h */
	enum registry_order_state state;
	int64_t boot;		       /* in which it was sent; 0 = not yet */
	char text[REGISTRY_TEXT_SIZE]; /* what the node said; visible text */
	int64_t created_ms, expires_ms, changed_ms;
};

/* A version of an image on its way to the nodes, in waves (provisioner/rollout). */
enum registry_rollout_state {
	ROLLOUT_RUNNING,
	ROLLOUT_PAUSED,	  /* by the administrator: no further node is begun */
	ROLLOUT_STOPPED,  /* by itself: `reason` says why */
	ROLLOUT_ABORTING, /* no further node is begun; those under way come to an end */
	ROLLOUT_ABORTED,
	ROLLOUT_DONE, /* the version is the image's current one */
};
#define REGISTRY_WAVES_SIZE 64
struct registry_rollout {
	int64_t id; /* never reused; 0 = not stored yet */
	char image[NODE_NAME_SIZE];
	char version[HASH_TEXT_SIZE];
	char before[HASH_TEXT_SIZE];	 /* the image's current one when it began */
	char waves[REGISTRY_WAVES_SIZE]; /* "1,25%,100%" */
	unsigned max_unavailable;	 /* nodes away at once */
	unsigned within_s;		 /* so long each may take */
	enum registry_rollout_state state;
	char reason[REGISTRY_TEXT_SIZE];
	int64_t created_ms, changed_ms;
};

/* A node in it. */
enum registry_rollout_phase {
	ROLLOUT_SAME,	   /* ran the version already: it isn't touched */
	ROLLOUT_WAITING,   /* for its wave, or its turn in it */
	ROLLOUT_DRAINING,  /* the cluster engine takes its work away */
	ROLLOUT_REBOOTING, /* told to, or on its way up */
	ROLLOUT_RELEASING, /* the cluster engine lets work come to it again */
	ROLLOUT_UPDATED,   /* runs the version */
	ROLLOUT_LATER,	   /* wasn't there: gets the version when it comes back */
	ROLLOUT_LEFT_OUT,  /* cordoned, gone, or the roll-out ended before */
	ROLLOUT_FAILED,	   /* didn't come up: its next boot gets its last good version */
	ROLLOUT_PUT_BACK,  /* runs that again */
};
struct registry_rollout_node {
	int64_t rollout;
	uint32_t node;		   /* registry_node.id */
	char name[NODE_NAME_SIZE]; /* of a node that may be gone */
	unsigned wave;		   /* 1 … */
	enum registry_rollout_phase phase;
	bool seen;     /* it was there at some time: if it isn't, it is away */
	int64_t boot;  /* its newest when it was told to reboot */
	int64_t order; /* that told it, 0 none */
	int64_t since_ms;
	char text[REGISTRY_REASON_SIZE]; /* what came of it, in words */
};

struct registry_boot {
	int64_t id; /* 0 = not stored yet */
	struct mac mac;
	char node[NODE_NAME_SIZE];	   /* "" parked */
	char token[REGISTRY_TOKEN_SIZE];   /* "" until cmdline.txt is rendered */
	char stage[REGISTRY_STAGE_SIZE];   /* the furthest one reached */
	char reason[REGISTRY_REASON_SIZE]; /* why it stopped or waits, "" */
	char cause[REGISTRY_CAUSE_SIZE];   /* the same as a code of diagnosis.h, "" */
	char image_hash[HASH_TEXT_SIZE];
	uint64_t bytes, files, retransmissions;
	int64_t started_ms, changed_ms, ended_ms; /* ended 0 = going on */
};

struct registry_step {
	int64_t at_ms;
	char stage[REGISTRY_STAGE_SIZE];
	char detail[REGISTRY_TEXT_SIZE]; /* file name, mount …; visible text */
	uint64_t bytes;
	uint32_t retransmissions;
	uint32_t duration_ms;
};

/* Of a board's console. */
struct registry_line {
	int64_t at_ms;
	char text[REGISTRY_TEXT_SIZE]; /* visible text */
};

struct registry_event {
	int64_t id, at_ms;
	char kind[32];		      /* "board.seen", "node.joined" … */
	char subject[NODE_NAME_SIZE]; /* node name, or MAC */
	char text[REGISTRY_TEXT_SIZE];
};

#define REGISTRY_PINS 16
struct registry_image {
	char name[NODE_NAME_SIZE];
	char current[HASH_TEXT_SIZE], previous[HASH_TEXT_SIZE]; /* previous "" = none */
	size_t n_pinned;
	char pinned[REGISTRY_PINS][HASH_TEXT_SIZE]; /* versions that are kept at any rate */
};

/* Open; create when there is neither a file nor a backup. A file that is empty or fails its
 * integrity check is moved aside (PATH.corrupt-TIME) and its newest sound backup (backups.h) takes
 * its place; without one this fails: an empty registry would forget every node. A schema of an
 * older Bramble is brought up to date, after a backup. `note` says what was done or what is wrong
 * and what to do; "" when all is well. */
int registry_open(
	const char *path, struct registry **registry, char note[static REGISTRY_NOTE_SIZE]);
void registry_close(struct registry *registry);

/* Make everything written so far durable. If that or any write before it failed, all is rolled back
 * and the error returned: nothing of it happened. */
int registry_commit(struct registry *registry);
/* Transactions since it was opened. */
uint64_t registry_count_commits(const struct registry *registry);
void registry_rollback(struct registry *registry);
/* A change of several writes within the transaction: kept or undone as one. Doesn't nest. */
int registry_begin_change(struct registry *registry);
void registry_keep_change(struct registry *registry);
void registry_undo_change(struct registry *registry);
bool registry_has_changes(const struct registry *registry);
/* Did a write fail since the last commit? */
bool registry_has_failed(const struct registry *registry);
/* Write PATH.backup: a sound copy, whole or not at all. -EBUSY before registry_commit(). */
int registry_backup(struct registry *registry);
/* Did boards, nodes, addresses or images change since the last backup? */
bool registry_lacks_backup(const struct registry *registry);

/* --- boards --- */
int registry_get_board(
	struct registry *registry, const struct mac *mac, struct registry_board *board);
/* By serial or MAC, or an unambiguous beginning of one (4 characters or more). */
int registry_find_board(struct registry *registry, const char *id, struct registry_board *board);
int registry_board_with_serial(
	struct registry *registry, const char *serial, struct registry_board *board);
/* All, and those that occupy a node. */
int registry_count_boards(struct registry *registry, unsigned *total, unsigned *bound);
int registry_put_board(struct registry *registry, const struct registry_board *board);
int registry_each_board(struct registry *registry,
	int (*each)(void *argument, const struct registry_board *board), void *argument);
/* The same, with the node that it occupies ("" none) and the address that it is given: the node's,
 * or its own (0.0.0.0 none). */
int registry_each_board_and_node(struct registry *registry,
	int (*each)(void *argument, const struct registry_board *board, const char *node,
		struct in_addr address),
	void *argument);
/* Those that occupy no node, weren't set aside, and were seen after `since_ms`. */
int registry_each_waiting_board(struct registry *registry, int64_t since_ms,
	int (*each)(void *argument, const struct registry_board *board), void *argument);

/* Remove boards that never occupied a node, weren't set aside and have no note, except the `keep`
 * seen last. Their addresses become those of strangers. */
int registry_trim_boards(struct registry *registry, unsigned keep);

/* --- addresses: one per MAC --- */
int registry_get_address(struct registry *registry, const struct mac *mac, struct in_addr *address);
int registry_mac_of_address(struct registry *registry, struct in_addr address, struct mac *mac);
int registry_put_address(
	struct registry *registry, const struct mac *mac, struct in_addr address, int64_t now_ms);
int registry_delete_address(struct registry *registry, const struct mac *mac);
/* It was seen again; written once an hour at most. */
int registry_touch_address(struct registry *registry, const struct mac *mac, int64_t now_ms);
/* Remove addresses of MACs that are no boards (and no node's), except the `keep` seen last. */
int registry_trim_addresses(struct registry *registry, unsigned keep);
/* The lowest address in first..last that neither a MAC nor a node has; if none is left, that of the
 * MAC which never occupied a node and was not seen for longest, strangers before boards. -ENOSPC
 * when every one belongs to a node or its former board. */
int registry_free_address(struct registry *registry, struct in_addr first, struct in_addr last,
	struct in_addr *address);
int registry_each_address(struct registry *registry,
	int (*each)(void *argument, const struct mac *mac, struct in_addr address), void *argument);

/* --- nodes --- */
int registry_get_node(struct registry *registry, const char *name, struct registry_node *node);
int registry_node_of_id(struct registry *registry, uint32_t id, struct registry_node *node);
int registry_node_of_board(
	struct registry *registry, const struct mac *mac, struct registry_node *node);
int registry_node_of_address(
	struct registry *registry, struct in_addr address, struct registry_node *node);
int registry_node_wanting(struct registry *registry, struct registry_node *node);
/* Insert (id 0: a fresh one is filled in) or replace. */
int registry_put_node(struct registry *registry, struct registry_node *node);
int registry_delete_node(struct registry *registry, const char *name);
int registry_each_node(struct registry *registry,
	int (*each)(void *argument, const struct registry_node *node), void *argument);
/* All at once, in the same order, for who goes through them several times; the caller frees them.
 */
int registry_list_nodes(struct registry *registry, struct registry_node **nodes, size_t *n);
/* One by one with the board that occupies it (its MAC, serial and model alone; NULL: none that is
 * known) and the last boot under its name (0: none). */
int registry_each_node_and_board(struct registry *registry,
	int (*each)(void *argument, const struct registry_node *node,
		const struct registry_board *board, int64_t boot),
	void *argument);
/* Their names alone, in any order. */
int registry_each_node_name(
	struct registry *registry, int (*each)(void *argument, const char *name), void *argument);
int registry_put_heartbeat(struct registry *registry, uint32_t id, int64_t heartbeat_ms);
/* Nodes that were deleted but whose data directory still has its name. */
int registry_put_forgotten(struct registry *registry, const char *name, int64_t at_ms);
int registry_delete_forgotten(struct registry *registry, const char *name);
int registry_each_forgotten(struct registry *registry,
	int (*each)(void *argument, const char *name, int64_t at_ms), void *argument);
/* Who occupied a node: history. */
int registry_add_binding(struct registry *registry, const char *node, const struct mac *mac,
	const char *text, int64_t now_ms);
int registry_each_binding(struct registry *registry, const char *node,
	int (*each)(void *argument, int64_t at_ms, const struct mac *mac, const char *text),
	void *argument);

/* Of all nodes, also of those that are gone: oldest first. */
int registry_every_binding(struct registry *registry,
	int (*each)(void *argument, const char *node, int64_t at_ms, const struct mac *mac,
		const char *text),
	void *argument);

/* --- as a whole --- */
/* The highest id that a node ever had, 0 none; ids go on behind it. It is never lowered. */
int registry_last_node(struct registry *registry, uint32_t *id);
int registry_raise_last_node(struct registry *registry, uint32_t id);
/* Remove images, nodes and their history, boards, addresses and what was announced: others take
 * their place in the same transaction. Boots, events, orders and facts stay. */
int registry_clear_state(struct registry *registry);

/* --- orders --- */
/* All of a node. */
int registry_delete_orders(struct registry *registry, uint32_t node);
/* The word for a state: "pending", "sent", "done", "failed", "expired". */
const char *registry_order_state_name(enum registry_order_state state);
/* Insert (id 0: a fresh one is filled in; old ones of the node and those of nodes that are gone are
 * removed) or replace. */
int registry_put_order(struct registry *registry, struct registry_order *order);
int registry_get_order(struct registry *registry, int64_t id, struct registry_order *order);
/* Of a node (0: of all): newest first, or, when only the open ones (pending, sent) are wanted,
 * oldest first. */
int registry_each_order(struct registry *registry, uint32_t node, bool open,
	int (*each)(void *argument, const struct registry_order *order), void *argument);

/* --- roll-outs --- */
const char *registry_rollout_state_name(enum registry_rollout_state state);
const char *registry_rollout_phase_name(enum registry_rollout_phase phase);
/* Insert (id 0: a fresh one is filled in; old ones that are over are removed) or replace. */
int registry_put_rollout(struct registry *registry, struct registry_rollout *rollout);
int registry_get_rollout(struct registry *registry, int64_t id, struct registry_rollout *rollout);
/* Newest first. */
int registry_each_rollout(struct registry *registry,
	int (*each)(void *argument, const struct registry_rollout *rollout), void *argument);
int registry_put_rollout_node(struct registry *registry, const struct registry_rollout_node *row);
/* By wave, and in it as they were put. */
int registry_each_rollout_node(struct registry *registry, int64_t rollout,
	int (*each)(void *argument, const struct registry_rollout_node *row), void *argument);
/* No node is given this version by a roll-out any more. */
int registry_unassign(struct registry *registry, const char *version);

/* --- boards that were announced before they showed up --- */
int registry_put_expected(struct registry *registry, const struct registry_expected *expected);
int registry_delete_expected(struct registry *registry, const char *board);
/* By MAC, by serial, or by the serial that the MAC of a Pi up to the 3B+ implies. */
int registry_find_expected(struct registry *registry, const struct registry_board *board,
	struct registry_expected *expected);
/* Is a node of this name promised to a board that hasn't shown up? */
bool registry_is_promised(struct registry *registry, const char *node);
int registry_each_expected(struct registry *registry,
	int (*each)(void *argument, const struct registry_expected *expected), void *argument);

/* --- numbers by name --- */
int registry_get_fact(struct registry *registry, const char *name, int64_t *value);
int registry_put_fact(struct registry *registry, const char *name, int64_t value);
/* Those whose names begin so. A non-zero answer of `each` ends it and is returned. */
int registry_each_fact(struct registry *registry, const char *beginning,
	int (*each)(void *argument, const char *name), void *argument);

/* --- boots --- */
int registry_put_boot(struct registry *registry, struct registry_boot *boot);
int registry_get_boot(struct registry *registry, int64_t id, struct registry_boot *boot);
/* The newest of a node, with that board (NULL: any); *id 0 = none. */
int registry_last_boot(
	struct registry *registry, const char *node, const struct mac *mac, int64_t *id);
/* Newest first; node or mac may be NULL for all. */
int registry_each_boot(struct registry *registry, const char *node, const struct mac *mac,
	unsigned limit, int (*each)(void *argument, const struct registry_boot *boot),
	void *argument);
int registry_add_step(struct registry *registry, int64_t boot, const struct registry_step *step);
int registry_each_step(struct registry *registry, int64_t boot,
	int (*each)(void *argument, const struct registry_step *step), void *argument);

/* What a board said during a boot. The latest 1000 lines or some more of each of the latest 200
 * boots of which there are any are kept. */
int registry_add_line(struct registry *registry, int64_t boot, int64_t at_ms, const char *text);
int registry_count_lines(struct registry *registry, int64_t boot, unsigned *count);
int registry_each_line(struct registry *registry, int64_t boot,
	int (*each)(void *argument, const struct registry_line *line), void *argument);

/* --- events --- */
int registry_add_event(struct registry *registry, struct registry_event *event);
/* Those after `after` in order (after < 0: the newest `limit`, in order). */
int registry_each_event(struct registry *registry, int64_t after, unsigned limit,
	int (*each)(void *argument, const struct registry_event *event), void *argument);

/* --- images --- */
int registry_get_image(struct registry *registry, const char *name, struct registry_image *image);
int registry_put_image(struct registry *registry, const struct registry_image *image);
int registry_each_image(struct registry *registry,
	int (*each)(void *argument, const struct registry_image *image), void *argument);

#endif
