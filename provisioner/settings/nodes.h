/* SPDX-License-Identifier: ISC */
/* What bramble.conf says of the inside of nodes: lists whose elements each apply to all nodes, to
 * those of a role, or to those whose name fits a pattern. nodeconf/ makes of them what one node is.
 */
#ifndef BRAMBLE_SETTINGS_NODES_H
#define BRAMBLE_SETTINGS_NODES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/str.h"

/* Which nodes an element is for. */
struct settings_selector {
	char role[NODE_NAME_SIZE]; /* "" = any */
	char node[128];		   /* pattern (patterns.h); "" = any */
};

/* nodes.settings: "" and 0 = nothing is said of it. */
#define SETTINGS_NODE_SETTINGS 32
struct settings_node_settings {
	struct settings_selector selector;
	char timezone[64];
	char locale[32];
	char modules[512];    /* names, as lines */
	char sysctl[2048];    /* "vm.swappiness=10", as lines */
	char variables[1024]; /* "name=value" for templates, as lines */
	char scratch[16];     /* auto, disk, file, memory, off */
	int64_t scratch_mb;
	char swap[16]; /* off, zram, scratch */
	int64_t swap_mb;
	char wifi_network[33]; /* SSID */
	char wifi_passphrase[65];
	char wifi_country[3];
	char wifi_power_saving[4]; /* off, on */
	char root[4];		   /* nfs, ram */
	char kernel_arguments[512];
	char config_txt[1024];
};

/* nodes.groups */
#define SETTINGS_GROUPS 32
struct settings_group {
	struct settings_selector selector;
	char name[33];
	int64_t gid;
};

/* nodes.users */
#define SETTINGS_USERS 32
struct settings_user {
	struct settings_selector selector;
	char name[33];
	int64_t uid;
	char groups[256];   /* names, as lines */
	char password[128]; /* hash as of crypt(5); "" = none */
	char keys[4096];    /* SSH keys, as lines */
	char sudo[256];	    /* rule of sudoers(5) behind the name; "" = none */
	char home[128];	    /* "" = /home/NAME */
	char shell[64];
};

/* nodes.mounts */
#define SETTINGS_MOUNTS 32
struct settings_mount {
	struct settings_selector selector;
	char where[128];
	char source[256]; /* "shared", "shared/media", "nas:/export" */
	char options[128];
};

/* nodes.files */
#define SETTINGS_FILES 64
struct settings_file {
	struct settings_selector selector;
	char path[256];
	char lines[2048];
	char source[128]; /* below files/ beside bramble.conf; "" = lines */
	char mode[8];
	char owner[72]; /* "root", "www-data:adm" */
	bool is_template;
};

/* nodes.units */
enum settings_unit_state { UNIT_AS_IT_IS, UNIT_STARTED, UNIT_STOPPED, UNIT_MASKED };
#define SETTINGS_UNITS 32
struct settings_unit {
	struct settings_selector selector;
	char name[128];
	char lines[2048];
	char source[128];
	bool drop_in, is_template;
	int state; /* enum settings_unit_state */
};

extern const struct conf_setting settings_node_table[], settings_group_table[],
	settings_user_table[], settings_mount_table[], settings_file_table[], settings_unit_table[];

#endif
