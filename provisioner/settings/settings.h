/* SPDX-License-Identifier: ISC */
/* bramble.conf as a struct: what the administrator wants. The table behind it is in
 * table.c. */
#ifndef BRAMBLE_SETTINGS_H
#define BRAMBLE_SETTINGS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/str.h"
#include "provisioner/settings/nodes.h"

#define SETTINGS_DEFAULT_PATH "/etc/bramble/bramble.conf"

enum settings_join { JOIN_AUTO, JOIN_APPROVE, JOIN_WINDOW, JOIN_LIST, JOIN_DENY };
enum settings_overdue { DRAIN_STOP, DRAIN_GO_ON };
enum settings_engine { ENGINE_NONE, ENGINE_KUBEADM };
/* Where a node keeps containers: what there is of the first three, in this order, or one of them.
 */
enum settings_store { STORE_AUTO, STORE_SCRATCH, STORE_LOOP, STORE_TMPFS };
enum settings_nfs { NFS_AUTO, NFS_KERNEL, NFS_GANESHA };

/* nodes.roles: what many nodes share. */
#define SETTINGS_ROLES 32
struct settings_role {
	char name[NODE_NAME_SIZE];
	char image[NODE_NAME_SIZE]; /* "" = nodes.image */
	char kernel_arguments[512]; /* behind nodes.kernel_arguments */
	char config_txt[1024];	    /* lines for config.txt, each with its newline */
	char labels[1024];	    /* lines KEY=VALUE for the Node object, the same way */
	char taints[512];	    /* lines KEY=VALUE:EFFECT, the same way */
};

/* nodes.rules: what a board becomes by what it is; the first that fits is applied. */
#define SETTINGS_RULES 64
struct settings_rule {
	int model;			/* enum boot_model; BOOT_MODEL_UNKNOWN = any */
	int64_t memory_min, memory_max; /* MiB; 0 = any */
	char oui[9];			/* "dc:a6:32", lower case; "" = any */
	char role[NODE_NAME_SIZE];	/* "" = node */
	char image[NODE_NAME_SIZE];	/* "" = the role's */
	char name[64];			/* pattern; "" = nodes.name */
};

struct settings {
	/* lan */
	char lan_interface[16];	  /* lan.interface: "eth0" */
	char lan_address[20];	  /* lan.address: router's address and network, "10.77.0.1/24" */
	char lan_range_first[16]; /* lan.range_first/last: addresses handed to boards; "" = the half
				     of the */
	/* network in which the router is not (range_first/last below have it) */
	char lan_range_last[16];
	char lan_domain[64];	   /* lan.domain: "bramble" */
	char lan_upstream_dns[64]; /* lan.upstream_dns: "" = resolv.conf of the router */
	int64_t probe_s;	   /* lan.probe_s: 0 = never */
	/* nodes */
	int join;		    /* nodes.join: enum settings_join */
	char node_pattern[64];	    /* nodes.name: "rasp%d" */
	char node_image[64];	    /* nodes.image: name of the image, "base" */
	char kernel_arguments[512]; /* nodes.kernel_arguments */
	int64_t heartbeat_s;	    /* nodes.heartbeat_s */
	int64_t absent_after_s;	    /* nodes.absent_after_s: 0 = three heartbeats */
	int64_t swap_after_s;	    /* nodes.swap_after_s: 0 = never */
	int64_t stuck_after_s;	    /* nodes.stuck_after_s */
	int64_t fallback_after;	    /* nodes.fallback_after: boots in a row; 0 = never */
	int64_t patience_s;	    /* nodes.patience_s */
	size_t n_roles, n_rules;
	struct settings_role roles[SETTINGS_ROLES];
	struct settings_rule rules[SETTINGS_RULES];
	/* the inside of nodes: nodes.h */
	size_t n_node_settings, n_groups, n_users, n_mounts, n_files, n_units;
	struct settings_node_settings node_settings[SETTINGS_NODE_SETTINGS];
	struct settings_group groups[SETTINGS_GROUPS];
	struct settings_user users[SETTINGS_USERS];
	struct settings_mount mounts[SETTINGS_MOUNTS];
	struct settings_file files[SETTINGS_FILES];
	struct settings_unit units[SETTINGS_UNITS];
	/* share */
	char share[256]; /* share.path: "/srv/bramble" */
	int nfs;	 /* share.nfs: enum settings_nfs */
	/* kubernetes */
	int kubernetes_engine;	 /* kubernetes.engine: enum settings_engine */
	char programs[256];	 /* kubernetes.programs: directory of kubeadm, kube-apiserver … */
	char cluster_name[64];	 /* kubernetes.name */
	char control_plane[512]; /* kubernetes.control_plane: lines, names of nodes; "" = here */
	char pod_cidr[20];	 /* kubernetes.pod_cidr: "10.244.0.0/16" */
	char service_cidr[20];	 /* kubernetes.service_cidr: "10.96.0.0/12" */
	int64_t snapshot_hours;	 /* kubernetes.snapshot_hours: 0 = never by itself */
	int64_t snapshots_kept;	 /* kubernetes.snapshots_kept: of those */
	int64_t drain_s;	 /* kubernetes.drain_s: before a reboot */
	int drain_overdue;	 /* kubernetes.drain_overdue: enum settings_overdue */
	int store;		 /* kubernetes.store: enum settings_store */
	int64_t store_mb;	 /* kubernetes.store_mb */
	char addons[2048];	 /* kubernetes.addons: lines, in the order of their application */
	char addons_path[256];	 /* kubernetes.addons_path: a directory for each */
	/* hooks */
	char hooks[256];	 /* hooks.path: "/etc/bramble/hooks.d" */
	int64_t hooks_timeout_s; /* hooks.timeout_s: of one run */
	/* paths */
	char run[108];	   /* paths.run: "/run/bramble" (sockets: short) */
	char libexec[256]; /* paths.libexec: where bramble-tftpd … are installed */
	char cache[256];   /* paths.cache: what builds of images keep, "/var/cache/bramble" */
	/* packages */
	bool package_cache; /* packages.cache: apt-cacher-ng for builds and nodes */
	/* servers */
	int64_t tftp_port, http_port; /* servers.tftp_port 69, servers.http_port 80 */
	int64_t tftp_sessions;	      /* servers.tftp_sessions: at once, in all */
	int64_t tftp_file_time_s;     /* servers.tftp_file_time_s */
	/* log */
	int log_level; /* log.level: index, error..debug */
	/* derived by settings_load, not in the file */
	struct in_addr router; /* of lan.address */
	struct in_addr netmask;
	unsigned prefix_length;
	struct in_addr range_first, range_last;
};

/* Load and check, also the settings against each other (range inside the network, router outside
 * the range, the name pattern has exactly one %d and yields an RFC 1123 name …). Returns 0 or
 * -errno with error. */
int settings_load(const char *path, struct settings *settings, struct conf_error *error);
int settings_parse(
	const char *name, const char *text, struct settings *settings, struct conf_error *error);

/* As settings_parse, with every error. Returns 0 with an empty report, or -errno. */
int settings_check_text(
	const char *name, const char *text, struct settings *settings, struct conf_report *report);

/* Host byte order: the first and last address of the LAN that a host may have. */
uint32_t settings_first_host(const struct settings *settings);
uint32_t settings_last_host(const struct settings *settings);

#define SETTINGS_PACKAGE_PORT 3142 /* apt-cacher-ng's usual one */
#define SETTINGS_URL_SIZE 40
/* "http://10.77.0.1:3142": the package cache, as apt takes it for a proxy. */
void settings_format_package_cache(
	const struct settings *settings, char out[static SETTINGS_URL_SIZE]);

/* The table, for documentation and tests. */
extern const struct conf_setting settings_table[];

#endif
