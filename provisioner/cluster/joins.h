/* SPDX-License-Identifier: ISC */
/*
 * brambled's part of nodes that join the cluster: which of them wait for a token, which token each
 * was given, and what bramble-clusterd says of the Node objects. In memory alone: what a restart
 * forgets is asked again by the nodes, and told again by bramble-clusterd.
 */
#ifndef BRAMBLE_CLUSTER_JOINS_H
#define BRAMBLE_CLUSTER_JOINS_H

#include "provisioner/brambled.h"

#define JOINS_TOKEN_SIZE 24 /* "abcdef.0123456789abcdef", and NUL */
#define JOINS_UID_SIZE 40
#define JOINS_VERSION_SIZE 32

enum joins_state {
	JOINS_NONE,   /* it has no open token */
	JOINS_WANTED, /* one is to be minted */
	JOINS_MINTED, /* it may be handed out to this boot */
	JOINS_DONE,   /* the node has its credentials: the token is to be deleted */
};

/* A node as the cluster has it. */
struct joins_node {
	char name[NODE_NAME_SIZE];
	enum joins_state state;
	int64_t boot; /* which asked for the token */
	uint64_t minted_ns;
	uint64_t spent_ns; /* when a certificate was approved with the token; 0 = not */
	char token[JOINS_TOKEN_SIZE];
	char boot_id[JOINS_UID_SIZE]; /* the kernel's, as its agent says; "" unknown */
	uint64_t asked_ns;	      /* when its agent last asked for its network; 0 never */
	/* As bramble-clusterd says. */
	uint64_t told_ns;				  /* when; 0 never */
	char uid[JOINS_UID_SIZE], kernel[JOINS_UID_SIZE]; /* `kernel`: the Node's boot id */
	char pod_cidr[20], reason[160];
	char version[JOINS_VERSION_SIZE]; /* of its kubelet */
	bool ready;
	int route_result;    /* of the way to its pods, which was told; see routes.c */
	bool cordoned, ours; /* no new work comes to it; because Bramble said so */
	/* See engine_kubeadm.c. */
	bool leaves;	     /* no new work is to come to it, and what runs there goes elsewhere */
	bool returns;	     /* … until it is Ready in a boot after this: */
	int64_t left_boot;   /* the newest that had joined when it began to leave */
	bool recalled;	     /* what brambled forgot of it by a restart was looked up */
	bool overdue;	     /* it took too long, and that was told */
	uint64_t leaves_ns;  /* since when */
	int left;	     /* pods that are still there; -1 = nobody has looked yet */
	char left_text[160]; /* what is in the way */
};

void joins_stop(struct brambled *brambled);

/* The node of that name, or NULL. Valid until the next call into this file. */
struct joins_node *joins_find(struct brambled *brambled, const char *name);
/* The same; a fresh one when there was none. NULL when there are too many. */
struct joins_node *joins_of(struct brambled *brambled, const char *name);
/* Calls `each` for all of them. */
void joins_each(struct brambled *brambled,
	void (*each)(void *argument, const struct joins_node *node), void *argument);

/* A boot asks for a token. Returns it, or NULL: it will be minted, ask again. One boot gets one
 * token while that is good: 14 minutes, and half a minute after a certificate was approved with it,
 * for the node may have been interrupted before it kept that. Another boot gets another. */
const char *joins_token(struct joins_node *node, int64_t boot);
/* bramble-clusterd has minted one, or (token "") deleted what there was. */
void joins_minted(struct joins_node *node, const char *token);
/* A certificate was approved with the node's token. */
void joins_spent(struct joins_node *node);
/* The node needs none any more. */
void joins_close(struct joins_node *node);

/* bramble-clusterd has listed all Nodes since `began_ns`: those that it didn't name are none. */
void joins_listed(struct brambled *brambled, uint64_t began_ns);
/* Has it ever, since brambled started? */
bool joins_are_listed(const struct brambled *brambled);
/* The node boots anew: it isn't Ready before its agent has said in which life it is. */
void joins_booted(struct brambled *brambled, const char *name);

/* Ready in this life: the cluster may still speak of the one before. */
bool joins_is_ready(const struct joins_node *node);
/* Is somebody on the way? */
bool joins_is_busy(struct brambled *brambled);

#endif
