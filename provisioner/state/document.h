/* SPDX-License-Identifier: ISC */
/*
 * What the registry holds that an administrator cares about, as one document: read from a registry,
 * or from its text form (docs/state.md), and compared with another. Observations (heartbeats, when
 * a board was seen last, whether a node has joined) are carried along but aren't part of the text.
 * Pure but for load.c.
 */
#ifndef BRAMBLE_STATE_DOCUMENT_H
#define BRAMBLE_STATE_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "provisioner/registry/registry.h"

#define STATE_FORMAT 1
#define STATE_TEXT_LIMIT (64u << 20) /* bytes of a text */
#define STATE_LINE_LIMIT 2048	     /* bytes of one of its lines */
#define STATE_THINGS_LIMIT 200000    /* of each kind */
#define STATE_ERROR_SIZE 512

/* `line` is where a thing stands in its text, 0 when it came from a registry. */
struct state_image {
	struct registry_image image;
	unsigned line;
};

struct state_node {
	struct registry_node node;
	unsigned line;
};

struct state_board {
	struct registry_board board;
	unsigned line;
};

/* A board's own address, or that of another device on the LAN. */
struct state_address {
	struct mac mac;
	struct in_addr address;
	unsigned line;
};

struct state_expected {
	struct registry_expected expected;
	unsigned line;
};

/* Who occupied a node that is there or was once. */
struct state_binding {
	char node[NODE_NAME_SIZE];
	size_t sequence; /* oldest first */
	int64_t at_ms;
	struct mac mac;
	char text[REGISTRY_TEXT_SIZE];
};

/* Zero is an empty one. The arrays are its own. */
struct state_document {
	uint32_t last_node; /* the highest number that a node ever had */
	size_t n_images, n_nodes, n_bindings, n_boards, n_addresses, n_expected;
	struct state_image *images;	 /* sorted by name */
	struct state_node *nodes;	 /* by name */
	struct state_binding *bindings;	 /* by node and sequence */
	struct state_board *boards;	 /* by MAC */
	struct state_address *addresses; /* by MAC */
	struct state_expected *expected; /* by board */
};

void state_free(struct state_document *document);

/* One more, zeroed, at the end of an array. NULL: out of memory, or there are too many. */
struct state_image *state_add_image(struct state_document *document);
struct state_node *state_add_node(struct state_document *document);
struct state_binding *state_add_binding(struct state_document *document);
struct state_board *state_add_board(struct state_document *document);
struct state_address *state_add_address(struct state_document *document);
struct state_expected *state_add_expected(struct state_document *document);

/* After adding: bring the arrays in order. */
void state_sort(struct state_document *document);

/* In a sorted document; NULL when there is none. */
struct state_image *state_find_image(const struct state_document *document, const char *name);
struct state_node *state_find_node(const struct state_document *document, const char *name);
struct state_board *state_find_board(const struct state_document *document, const struct mac *mac);
struct state_address *state_find_address(
	const struct state_document *document, const struct mac *mac);

/* The text of a sorted document; the caller frees it. NULL when memory is short. */
char *state_format(const struct state_document *document);

/* Read a text and check it as a whole (state_check). On success *document is sorted and the
 * caller's. Returns 0, -EINVAL with what is wrong, beginning "LINE: ", or -ENOMEM. Fuzzed. */
int state_parse(const char *text, size_t size, struct state_document *document,
	char error[static STATE_ERROR_SIZE]);

/* Does it fit together: is nothing there twice, does everything that is named exist? 0, -EINVAL
 * with "LINE: …", or -ENOMEM. */
int state_check(const struct state_document *document, char error[static STATE_ERROR_SIZE]);

/* What differs between two texts of documents, line by line: "node rasp1" heads a thing,
 * "-\taddress …" and "+\taddress …" are its lines that go and come; "- node rasp2" and "+ node
 * rasp3" are things that go or come as a whole, followed by their lines. Ends early when `each`
 * returns other than 0, and returns that. */
struct state_changes {
	size_t added, removed, changed; /* things */
};
int state_compare(const char *old, const char *new, struct state_changes *changes,
	int (*each)(void *argument, const char *line, size_t length), void *argument);

/* For a document that shall take the place of `present`: node numbers are never lowered; nodes that
 * stay on their board keep what was observed of them (heartbeat, joined, which version they run),
 * others have none; boards keep when they were seen last. */
void state_keep_observed(const struct state_document *present, struct state_document *document);

/* Read everything from a registry. 0 or -errno; *document is sorted. */
int state_load(struct registry *registry, struct state_document *document);
/* Put everything in the place of what a registry holds. The caller commits, or rolls back when this
 * fails. 0 or -errno. */
int state_store(struct registry *registry, const struct state_document *document);

#endif
