/* SPDX-License-Identifier: ISC */
/* What the parser's two files share: parse.c takes lines and things, fields.c what describes them.
 */
#ifndef BRAMBLE_STATE_PARSE_H
#define BRAMBLE_STATE_PARSE_H

#include "provisioner/state/document.h"

enum kind {
	KIND_NONE,
	KIND_STATE,
	KIND_IMAGE,
	KIND_NODE,
	KIND_FORMER,
	KIND_BOARD,
	KIND_DEVICE,
	KIND_EXPECTED
};

struct parser {
	struct state_document *document;
	unsigned line;
	enum kind kind;
	uint32_t seen; /* a bit for each key of `parser_keys` that this thing has had */
	bool has_state;
	/* the thing that is described */
	struct registry_image *image;
	struct registry_node *node;
	struct registry_board *board;
	struct registry_expected *expected;
	struct mac mac;		   /* of a board or device */
	char name[NODE_NAME_SIZE]; /* of a node or former node */
	char *error;
};

/* Say what is wrong with this line. Returns -EINVAL. */
int parser_complain(struct parser *parser, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* There is no room for another thing: too many of them, or -ENOMEM. */
int parser_complain_room(struct parser *parser);
int parser_take_name(struct parser *parser, const char *word, char out[static NODE_NAME_SIZE]);
int parser_take_mac(struct parser *parser, const char *word, struct mac *mac);

/* A line that describes a thing. */
struct parser_key {
	enum kind kind;
	const char *name;
	int values; /* words behind it */
	int (*take)(struct parser *parser, char **words);
	bool needed, many;
};
/* Ends with name == NULL. */
extern const struct parser_key parser_keys[];

#endif
