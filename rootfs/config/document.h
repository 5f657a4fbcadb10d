/* SPDX-License-Identifier: ISC */
/*
 * A node's configuration on its way from the router to the agent: a text of one item per line, the
 * word for its kind and its values with tabs between them. Both sides build on this file.
 *
 *     bramble-config 1
 *     timezone	Europe/Berlin
 *     sysctl	vm.swappiness	10
 *     file	/etc/motd	0644	root	first line\nsecond line\n
 *
 * Within a value \n, \t and \\ stand for a newline, a tab and a backslash; other control bytes
 * don't occur.
 */
#ifndef BRAMBLE_ROOTFS_DOCUMENT_H
#define BRAMBLE_ROOTFS_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#define DOCUMENT_LIMIT (512u * 1024u) /* bytes of a whole text */
#define DOCUMENT_ITEMS 1024u
#define DOCUMENT_VALUES 9
#define DOCUMENT_HEAD "bramble-config 1\n"

/* In the order in which the agent applies them: what others need comes first. */
enum item_kind {
	ITEM_HOSTS,    /* the text of /etc/hosts */
	ITEM_TIMEZONE, /* name as below /usr/share/zoneinfo */
	ITEM_LOCALE,   /* LANG */
	ITEM_MODULE,   /* name */
	ITEM_SYSCTL,   /* name, value */
	ITEM_SCRATCH,  /* mode, MiB */
	ITEM_SWAP,     /* mode, MiB */
	ITEM_GROUP,    /* name, gid */
	ITEM_USER, /* name, uid, groups with commas, home, shell, password hash, keys as lines, sudo
		    */
	ITEM_MOUNT,    /* directory, source, options */
	ITEM_WIFI,     /* network, passphrase, country, power saving */
	ITEM_FILE,     /* path, mode in octal, owner, content */
	ITEM_UNIT,     /* name, state */
	ITEM_KERNEL,   /* arguments of the kernel beyond Bramble's own */
	ITEM_FIRMWARE, /* lines of config.txt beyond Bramble's own */
	ITEM_ROOT,     /* "nfs" or "ram" */
};
#define ITEM_KINDS (ITEM_ROOT + 1)

struct item_kind_traits {
	const char *word;
	unsigned values; /* how many there are, exactly */
	bool named; /* the first one tells items of the kind apart; else there is one at most */
	/* What a running node can take over; else its next boot does. */
	bool set_live, remove_live;
};

const struct item_kind_traits *item_traits(enum item_kind kind);

struct item {
	enum item_kind kind;
	const char *values[DOCUMENT_VALUES]; /* as many as its traits say */
};

/* Are they the same thing, perhaps with other values? */
bool item_is_same_thing(const struct item *a, const struct item *b);
bool item_is_equal(const struct item *a, const struct item *b);

struct document {
	size_t n;
	unsigned unknown; /* lines of kinds that this program doesn't know */
	struct item items[DOCUMENT_ITEMS];
};

/* Find the items in `text`, which is changed in place and must outlive the document. Returns 0 or
 * -EBADMSG with the number of the line in *line. Pure; fuzzed. */
int document_parse(char *text, struct document *document, unsigned *line);

/* The item that is the same thing, or NULL. */
const struct item *document_find(const struct document *document, const struct item *like);

/* Append an item's line to out[size] at *used; the text stays NUL-terminated. Returns 0 or -ENOSPC.
 * Pure. */
int document_append(char *out, size_t size, size_t *used, const struct item *item);

#endif
