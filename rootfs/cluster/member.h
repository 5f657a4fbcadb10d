/* SPDX-License-Identifier: ISC */
/* bramble-agent --cluster: a node of the LAN becomes a node of the cluster. */
#ifndef BRAMBLE_CLUSTER_MEMBER_H
#define BRAMBLE_CLUSTER_MEMBER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rootfs/agent/agent.h"
#include "rootfs/cluster/plane.h"

#define MEMBER_RENDERED "/run/bramble/kubernetes" /* for this boot */
#define MEMBER_KEPT "/data/.bramble/kubernetes"	  /* of this node, for ever */
#define MEMBER_ARCHIVES "/usr/share/bramble/containers"
#define MEMBER_STORE "/run/bramble/store" /* where the containers' file system is mounted */

#define MEMBER_CA_SIZE 6144 /* base64 of PEM */
#define MEMBER_TOKEN_SIZE 24
#define MEMBER_ROUTES_SIZE 7168
#define MEMBER_REASON_SIZE 200

struct config_world;

enum member_store {
	MEMBER_STORE_AUTO,
	MEMBER_STORE_SCRATCH,
	MEMBER_STORE_LOOP,
	MEMBER_STORE_TMPFS
};

/* Which cluster, and what this node is in it. */
struct member_cluster {
	bool engine, exists,
		joined; /* one is wanted; it was created; the node has joined the LAN */
	char node[NODE_NAME_SIZE], address[ADDRESS_TEXT_SIZE];
	char server[64];	 /* "https://10.77.0.1:6443" */
	char ca[MEMBER_CA_SIZE]; /* base64 of PEM; "" while there is no cluster */
	char dns[ADDRESS_TEXT_SIZE], domain[64], pods[20];
	char plane[PLANE_STORE_SIZE]; /* the store that is to be on this node; "" = it isn't the one
				       */
	enum member_store store;
	uint64_t store_mb;
};

/* What the router knows of the pods' network. */
struct member_network {
	bool known, ready;
	char pod_cidr[20];		 /* "" = none yet */
	char routes[MEMBER_ROUTES_SIZE]; /* "10.244.2.0/24 10.77.0.51," */
};

/* The answers of the router. Return 0 or -EBADMSG. Pure; fuzzed. */
int member_parse_cluster(const char *json, struct member_cluster *out);
int member_parse_network(const char *json, struct member_network *out);
int member_parse_token(
	const char *json, char out[static MEMBER_TOKEN_SIZE]); /* -EAGAIN: none yet */

/* The calls: 0, -EACCES when the router refuses, or another -errno. */
int member_ask_cluster(const struct agent_boot *boot, struct member_cluster *out);
int member_ask_token(const struct agent_boot *boot, char out[static MEMBER_TOKEN_SIZE]);
int member_ask_network(const struct agent_boot *boot, struct member_network *out);
int member_tell_kept(const struct agent_boot *boot, const char *detail);
/* `failed`: why it doesn't go on; otherwise how far it is. */
void member_tell(const struct agent_boot *boot, bool failed, const char *detail);

/* The document of a node that carries etcd and the API server, a fresh text with keys. */
int member_fetch_plane(const struct agent_boot *boot, char **text);
/* The next bytes of the snapshot to begin with, at most `size`, and how long it is. */
int member_ask_snapshot(const struct agent_boot *boot, uint64_t offset, char *out, size_t size,
	size_t *length, uint64_t *whole);
int member_tell_begun(const struct agent_boot *boot, const char *store);

/* --- plane.c, plane_store.c: etcd and the API server on this node --- */
/* Let them run, before anything else of the cluster does here. 0 or -errno; `detail` says what came
 * of it. */
int member_start_plane(const struct agent_boot *boot, const struct member_cluster *cluster,
	char detail[static MEMBER_REASON_SIZE]);
/* The store of those that run in this boot; "" = none do. */
void member_find_plane(char store[static PLANE_STORE_SIZE]);
/* They are elsewhere now. */
void member_stop_plane(void);
/* The store: as it is kept on the disk; begun, if the router allows it; or it is lost. */
int member_prepare_store(const struct agent_boot *boot, const struct plane_document *document,
	char detail[static MEMBER_REASON_SIZE]);

/* --- credentials.c: files below `kept` and `rendered` --- */
/* Has the node credentials of the cluster whose authority this is? Those of another one, or worn
 * out, are removed. */
bool member_has_credentials(const char *kept, const struct member_cluster *cluster);
/* Write what the kubelet reads: the authority, its configuration, and with a token (NULL = none)
 * what it asks for its certificate with. 0 or -errno. */
int member_write_files(const char *kept, const char *rendered, const struct member_cluster *cluster,
	const char *token);
void member_remove_token(const char *rendered);
/* base64 (RFC 4648) of `text` into out, NUL-terminated; returns the length, or -EBADMSG. Pure. */
int member_decode(const char *text, char *out, size_t size);

/* --- store.c --- */
/* Is scratch space a local disk? */
bool member_has_disk(void);
/* What MEMBER_STORE_AUTO comes to: a local disk where one is the scratch space, else a file on the
 * router. By the mounts of `world`. */
enum member_store member_choose_store(const struct config_world *world, enum member_store wanted);
/* Mount it, and what must lie in it. `detail`: what was chosen. 0 or -errno with `detail` saying
 * why. */
int member_mount_store(
	const struct member_cluster *cluster, char detail[static MEMBER_REASON_SIZE]);

/* --- images.c --- */
/* Import the archives that containerd hasn't got yet. Returns how many were imported, or -errno. */
int member_import_images(const char *archives, char reason[static MEMBER_REASON_SIZE]);

/* --- network.c --- */
/* The configuration of this node's pods' network. Pure. */
int member_render_cni(const char *pod_cidr, char *out, size_t size);
/* Take over what the router knows: the configuration, masquerading for what leaves the pods'
 * network, routes to the pods of other nodes. 0 or -errno. */
int member_apply_network(const struct member_network *network, const char *pods);

/* The service. Returns 0 when there is no cluster to belong to, else -errno: start it again. */
int member_run_service(const struct agent_boot *boot);

/* --- tools.c --- */
/* Run a program to its end, at most `seconds`; its output (both streams), NUL-terminated and
 * cut, into out (NULL = to the journal). Returns its status 0..255, or -errno. */
int member_run(const char *const argv[], unsigned seconds, char *out, size_t size);

#endif
