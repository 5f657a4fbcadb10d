/* SPDX-License-Identifier: ISC */
/* Which settings there are, and what each may be. */

#include <arpa/inet.h>
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/settings_private.h"

#ifndef BRAMBLE_LIBEXEC /* the Makefile's $(libexecdir) */
#define BRAMBLE_LIBEXEC "/usr/local/libexec/bramble"
#endif

#define RUN_PATH_LIMIT 80     /* RUN/ipc.sock must fit into sockaddr_un (unix(7): 108 bytes) */
#define NODE_NUMBER_DIGITS 10 /* of the largest unsigned int */

/* The checks of single values: NULL, or what is wrong. */

static const char *check_interface(const char *value)
{
	if (strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
		return "is not a name";
	for (const char *p = value; *p; p++) {
		if (*p == '/' || *p == ':' || !isgraph((unsigned char)*p))
			return "is not an interface name: it holds a slash, a colon or a blank";
	}
	return NULL;
}

static const char *check_lan_address(const char *value)
{
	struct in_addr address;
	unsigned length;

	if (str_parse_network(value, &address, &length) != 0)
		return "is not an address with a prefix length";
	if (length < 8 || length > 30)
		return "has an impossible prefix length";
	return NULL;
}

static const char *check_cidr(const char *value)
{
	struct in_addr address;
	unsigned length;

	if (str_parse_network(value, &address, &length) != 0)
		return "is not a network such as 10.244.0.0/16";
	if (length < 8 || length > 22)
		return "has an impossible prefix length: 8 to 22";
	if ((ntohl(address.s_addr) & (UINT32_MAX >> length)) != 0)
		return "has bits behind its prefix";
	return NULL;
}

static const char *check_address_or_empty(const char *value)
{
	struct in_addr address;

	return *value == '\0' || str_parse_address(value, &address) == 0 ? NULL
									 : "is not an IPv4 address";
}

static const char *check_label(const char *value)
{
	return str_is_node_name(value)
		       ? NULL
		       : "is not a name of lower-case letters, digits and '-' (RFC 1123)";
}

static const char *check_domain(const char *value)
{
	char label[NODE_NAME_SIZE];

	for (;;) {
		size_t length = strcspn(value, ".");

		if (length >= sizeof(label))
			return "has a label of more than 63 characters";
		memcpy(label, value, length);
		label[length] = '\0';
		if (check_label(label))
			return "is not a domain: labels of lower-case letters, digits and '-', "
			       "with a "
			       "point between them";
		if (value[length] == '\0')
			return NULL;
		value += length + 1;
	}
}

static const char *check_name_pattern(const char *value)
{
	const char *place = strstr(value, "%d");
	char name[NODE_NAME_SIZE + NODE_NUMBER_DIGITS];

	if (!place || strchr(value, '%') != place || strchr(place + 1, '%'))
		return "must have %d exactly once, where the number goes, and no other %";
	/* dnsmasq takes a name such as 12h in a host record for a lease time. */
	if (!isalpha((unsigned char)value[0]))
		return "must begin with a letter";
	snprintf(name, sizeof(name), "%.*s4294967295%s", (int)(place - value), value, place + 2);
	return str_is_node_name(name)
		       ? NULL
		       : "gives no names of at most 63 lower-case letters, digits and "
			 "'-', not ending in '-' (RFC 1123)";
}

const char *settings_check_kernel_arguments(const char *value)
{
	for (const char *p = value; *p; p++) {
		if (*p != ' ' && !isgraph((unsigned char)*p))
			return "is not plain ASCII";
	}
	return NULL;
}

/* Paths are handed to exports(5), nfs-ganesha, dnsmasq and kernel command lines, each with its own
 * quoting: only what needs none is allowed. */
static const char *check_path(const char *value)
{
	size_t length = strlen(value);

	if (value[0] != '/')
		return "is not an absolute path";
	if (length == 1)
		return "is the root directory";
	for (const char *p = value; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("/._-", *p))
			return "holds characters other than letters, digits and / . _ -";
		if (p[0] == '/' && (p[1] == '/' || p[1] == '\0'))
			return "has an empty part";
		if (p[0] == '/' && p[1] == '.' &&
			(strchr("/", p[2]) || (p[2] == '.' && strchr("/", p[3]))))
			return "has a part \".\" or \"..\"";
	}
	return NULL;
}

static const char *const model_choices[] = { "any", "3", "4", "5", NULL }; /* enum boot_model */
static const char *const join_choices[] = { "auto", "approve", "window", "list", "deny", NULL };
static const char *const overdue_choices[] = { "stop", "go-on", NULL };
static const char *const engine_choices[] = { "none", "kubeadm", NULL };
static const char *const store_choices[] = { "auto", "scratch", "loop", "tmpfs", NULL };
static const char *const nfs_choices[] = { "auto", "kernel", "ganesha", NULL };
static const char *const level_choices[] = { "error", "warning", "notice", "info", "debug", NULL };

static const char *const own_lines[] = { "kernel=", "initramfs", "ramfsfile",
	"cmdline=", "os_prefix=", "arm_64bit=", "upstream_kernel=", "include ", NULL };

/* Shown as they are in the rendered config.txt, behind what Bramble sets itself. */
const char *settings_check_config_line(const char *value)
{
	if (*value == '\0')
		return "is an empty line";
	for (const char *p = value; *p; p++) {
		if (*p != ' ' && !isgraph((unsigned char)*p))
			return "is not plain ASCII";
	}
	/* Which kernel, which initramfs and what they are told follows from the image. */
	for (size_t i = 0; own_lines[i]; i++) {
		if (strncmp(value, own_lines[i], strlen(own_lines[i])) == 0)
			return "is what Bramble sets itself";
	}
	return NULL;
}

/* Labels and taints: k8s.io/apimachinery, util/validation/validation.go. */
static bool is_cluster_word(const char *text, size_t length, const char *also)
{
	if (length > 63 || (length > 0 && (!isalnum((unsigned char)text[0]) ||
						  !isalnum((unsigned char)text[length - 1]))))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr(also, text[i]))
			return false;
	}
	return true;
}

/* [DOMAIN/]NAME */
static bool is_cluster_key(const char *text, size_t length)
{
	const char *slash = memchr(text, '/', length);
	size_t domain = slash ? (size_t)(slash - text) : 0;

	if (slash && (domain == 0 || !is_cluster_word(text, domain, ".-")))
		return false;
	if (slash)
		domain++;
	return length > domain && is_cluster_word(text + domain, length - domain, "._-");
}

static bool is_cluster_pair(const char *text, size_t length, bool valued)
{
	const char *equals = memchr(text, '=', length);
	size_t key = equals ? (size_t)(equals - text) : length;

	if (!is_cluster_key(text, key) || (!equals && valued))
		return false;
	return !equals || is_cluster_word(equals + 1, length - key - 1, "._-");
}

static const char *check_node_label(const char *value)
{
	return is_cluster_pair(value, strlen(value), true) ? NULL
							   : "is not a label such as disk=ssd";
}

static const char *check_taint(const char *value)
{
	static const char *const effects[] = { "NoSchedule", "PreferNoSchedule", "NoExecute" };
	const char *colon = strchr(value, ':');

	for (size_t i = 0; colon && i < sizeof(effects) / sizeof(effects[0]); i++) {
		if (strcmp(colon + 1, effects[i]) == 0 &&
			is_cluster_pair(value, (size_t)(colon - value), false))
			return NULL;
	}
	return "is not a taint such as gpu=no:NoSchedule";
}

static const char *check_oui(const char *value)
{
	char mac[MAC_TEXT_SIZE];
	struct mac parsed;

	snprintf(mac, sizeof(mac), "%.8s:00:00:00", value);
	if (*value == '\0' || (strlen(value) == 8 && str_parse_mac(mac, &parsed) == 0))
		return NULL;
	return "is not the first half of a MAC, such as dc:a6:32";
}

static const char *check_name_pattern_or_empty(const char *value)
{
	return *value ? check_name_pattern(value) : NULL;
}

static const char *check_label_or_empty(const char *value)
{
	return *value ? check_label(value) : NULL;
}

#define AT(member)                                                                                 \
	.offset = offsetof(struct settings, member), .size = sizeof(((struct settings *)0)->member)

#define IN(type, member)                                                                           \
	.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)

static const struct conf_setting role_settings[] = {
	{ .path = "name",
		.type = CONF_STRING,
		IN(settings_role, name),
		.min = 1,
		.check = check_label,
		.help = "name of the role" },
	{ .path = "image",
		.type = CONF_STRING,
		IN(settings_role, image),
		.check = check_label_or_empty,
		.fallback = "",
		.help = "name of an image; empty: that of nodes.image" },
	{ .path = "kernel_arguments",
		.type = CONF_STRING,
		IN(settings_role, kernel_arguments),
		.check = settings_check_kernel_arguments,
		.fallback = "",
		.help = "added to the kernel command line of its nodes" },
	{ .path = "config_txt",
		.type = CONF_LINES,
		IN(settings_role, config_txt),
		.check = settings_check_config_line,
		.fallback = "",
		.help = "added to config.txt of its nodes" },
	{ .path = "labels",
		.type = CONF_LINES,
		IN(settings_role, labels),
		.check = check_node_label,
		.fallback = "",
		.help = "labels of its nodes in the cluster, KEY=VALUE" },
	{ .path = "taints",
		.type = CONF_LINES,
		IN(settings_role, taints),
		.check = check_taint,
		.fallback = "",
		.help = "taints of its nodes in the cluster, KEY=VALUE:EFFECT" },
	{ .path = NULL },
};

static const struct conf_setting rule_settings[] = {
	{ .path = "model",
		.type = CONF_CHOICE,
		IN(settings_rule, model),
		.choices = model_choices,
		.fallback = "any",
		.help = "generation of the board" },
	{ .path = "memory_min",
		.type = CONF_INTEGER,
		IN(settings_rule, memory_min),
		.max = 1048576,
		.fallback = "0",
		.help = "least memory of the board in MiB; 0: any" },
	{ .path = "memory_max",
		.type = CONF_INTEGER,
		IN(settings_rule, memory_max),
		.max = 1048576,
		.fallback = "0",
		.help = "most memory of the board in MiB; 0: any" },
	{ .path = "oui",
		.type = CONF_STRING,
		IN(settings_rule, oui),
		.check = check_oui,
		.fallback = "",
		.help = "first half of its MAC, such as dc:a6:32; empty: any" },
	{ .path = "role",
		.type = CONF_STRING,
		IN(settings_rule, role),
		.check = check_label_or_empty,
		.fallback = "",
		.help = "one of nodes.roles; empty: node" },
	{ .path = "image",
		.type = CONF_STRING,
		IN(settings_rule, image),
		.check = check_label_or_empty,
		.fallback = "",
		.help = "name of an image; empty: that of the role" },
	{ .path = "name",
		.type = CONF_STRING,
		IN(settings_rule, name),
		.check = check_name_pattern_or_empty,
		.fallback = "",
		.help = "names of the nodes, with %d for the number; empty: nodes.name" },
	{ .path = NULL },
};

/* Descriptions and defaults are repeated in etc/bramble.conf and bramble.conf(5); a test compares
 * them. */
const struct conf_setting settings_table[] = {
	{ .path = "lan.interface",
		.type = CONF_STRING,
		AT(lan_interface),
		.min = 1,
		.check = check_interface,
		.help = "name of the wired network interface towards the boards, as in ip link" },
	{ .path = "lan.address",
		.type = CONF_STRING,
		AT(lan_address),
		.min = 1,
		.check = check_lan_address,
		.fallback = "10.77.0.1/24",
		.help = "the router's IPv4 address and prefix length 8 to 30, such as "
			"10.77.0.1/24" },
	{ .path = "lan.range_first",
		.type = CONF_STRING,
		AT(lan_range_first),
		.check = check_address_or_empty,
		.fallback = "",
		.help = "first IPv4 address for boards and nodes; empty: chosen by the network" },
	{ .path = "lan.range_last",
		.type = CONF_STRING,
		AT(lan_range_last),
		.check = check_address_or_empty,
		.fallback = "",
		.help = "last IPv4 address for boards and nodes; empty: chosen by the network" },
	{ .path = "lan.domain",
		.type = CONF_STRING,
		AT(lan_domain),
		.min = 1,
		.check = check_domain,
		.fallback = "bramble",
		.help = "DNS domain of the nodes, such as bramble" },
	{ .path = "lan.upstream_dns",
		.type = CONF_STRING,
		AT(lan_upstream_dns),
		.check = check_address_or_empty,
		.fallback = "",
		.help = "IPv4 address of a name server for other names; empty: /etc/resolv.conf" },
	{ .path = "lan.probe_s",
		.type = CONF_INTEGER,
		AT(probe_s),
		.min = 0,
		.max = 86400,
		.fallback = "60",
		.help = "seconds between two searches for other DHCP servers; 0: never" },
	{ .path = "nodes.join",
		.type = CONF_CHOICE,
		AT(join),
		.choices = join_choices,
		.fallback = "auto",
		.help = "what happens to an unknown board" },
	{ .path = "nodes.name",
		.type = CONF_STRING,
		AT(node_pattern),
		.min = 3,
		.check = check_name_pattern,
		.fallback = "rasp%d",
		.help = "names of new nodes with %d for the number, such as rasp%d" },
	{ .path = "nodes.image",
		.type = CONF_STRING,
		AT(node_image),
		.min = 1,
		.check = check_label,
		.fallback = "base",
		.help = "name of the image of nodes, unless their role or rule says another" },
	{ .path = "nodes.kernel_arguments",
		.type = CONF_STRING,
		AT(kernel_arguments),
		.check = settings_check_kernel_arguments,
		.fallback = "",
		.help = "added to the kernel command line of every node" },
	{ .path = "nodes.heartbeat_s",
		.type = CONF_INTEGER,
		AT(heartbeat_s),
		.min = 1,
		.max = 3600,
		.fallback = "10",
		.help = "seconds between two heartbeats of a node" },
	{ .path = "nodes.absent_after_s",
		.type = CONF_INTEGER,
		AT(absent_after_s),
		.min = 0,
		.max = 86400,
		.fallback = "0",
		.help = "seconds of silence after which a node is absent; 0: three heartbeats" },
	{ .path = "nodes.swap_after_s",
		.type = CONF_INTEGER,
		AT(swap_after_s),
		.min = 0,
		.max = 2678400,
		.fallback = "3600",
		.help = "seconds of silence before a board may take a node's place; 0: never" },
	{ .path = "nodes.stuck_after_s",
		.type = CONF_INTEGER,
		AT(stuck_after_s),
		.min = 2,
		.max = 3600,
		.fallback = "120",
		.help = "seconds without a sign of life after which a boot counts as stuck" },
	{ .path = "nodes.fallback_after",
		.type = CONF_INTEGER,
		AT(fallback_after),
		.min = 0,
		.max = 100,
		.fallback = "3",
		.help = "failed boots in a row before a node goes back to its good version" },
	{ .path = "nodes.patience_s",
		.type = CONF_INTEGER,
		AT(patience_s),
		.min = 20,
		.max = 86400,
		.fallback = "600",
		.help = "seconds after which a node that hasn't joined starts over by itself" },
	{ .path = "nodes.roles",
		.type = CONF_LIST,
		.offset = offsetof(struct settings, roles),
		.size = sizeof(struct settings_role),
		.max = SETTINGS_ROLES,
		.count_offset = offsetof(struct settings, n_roles),
		.items = role_settings,
		.fallback = "",
		.help = "what many nodes share" },
	{ .path = "nodes.rules",
		.type = CONF_LIST,
		.offset = offsetof(struct settings, rules),
		.size = sizeof(struct settings_rule),
		.max = SETTINGS_RULES,
		.count_offset = offsetof(struct settings, n_rules),
		.items = rule_settings,
		.fallback = "",
		.help = "what a new board becomes; the first that fits" },
	{ .path = "nodes.settings",
		.type = CONF_LIST,
		.offset = offsetof(struct settings, node_settings),
		.size = sizeof(struct settings_node_settings),
		.max = SETTINGS_NODE_SETTINGS,
		.count_offset = offsetof(struct settings, n_node_settings),
		.items = settings_node_table,
		.fallback = "",
		.help = "what nodes are set to" },
	{ .path = "nodes.groups",
		.type = CONF_LIST,
		.offset = offsetof(struct settings, groups),
		.size = sizeof(struct settings_group),
		.max = SETTINGS_GROUPS,
		.count_offset = offsetof(struct settings, n_groups),
		.items = settings_group_table,
		.fallback = "",
		.help = "groups of users" },
	{ .path = "nodes.users",
		.type = CONF_LIST,
		.offset = offsetof(struct settings, users),
		.size = sizeof(struct settings_user),
		.max = SETTINGS_USERS,
		.count_offset = offsetof(struct settings, n_users),
		.items = settings_user_table,
		.fallback = "",
		.help = "users, the same everywhere" },
	{ .path = "nodes.mounts",
		.type = CONF_LIST,
		.offset = offsetof(struct settings, mounts),
		.size = sizeof(struct settings_mount),
		.max = SETTINGS_MOUNTS,
		.count_offset = offsetof(struct settings, n_mounts),
		.items = settings_mount_table,
		.fallback = "",
		.help = "what is mounted" },
	{ .path = "nodes.files",
		.type = CONF_LIST,
		.offset = offsetof(struct settings, files),
		.size = sizeof(struct settings_file),
		.max = SETTINGS_FILES,
		.count_offset = offsetof(struct settings, n_files),
		.items = settings_file_table,
		.fallback = "",
		.help = "files that are put in place" },
	{ .path = "nodes.units",
		.type = CONF_LIST,
		.offset = offsetof(struct settings, units),
		.size = sizeof(struct settings_unit),
		.max = SETTINGS_UNITS,
		.count_offset = offsetof(struct settings, n_units),
		.items = settings_unit_table,
		.fallback = "",
		.help = "units of systemd, and additions to them" },
	{ .path = "share.path",
		.type = CONF_STRING,
		AT(share),
		.min = 2,
		.check = check_path,
		.fallback = "/srv/bramble",
		.help = "absolute path of the directory that holds everything that lasts" },
	{ .path = "share.nfs",
		.type = CONF_CHOICE,
		AT(nfs),
		.choices = nfs_choices,
		.fallback = "auto",
		.help = "which NFS server" },
	{ .path = "servers.tftp_port",
		.type = CONF_INTEGER,
		AT(tftp_port),
		.min = 1,
		.max = 65535,
		.fallback = "69",
		.help = "UDP port; the firmware of a Pi asks only port 69" },
	{ .path = "servers.http_port",
		.type = CONF_INTEGER,
		AT(http_port),
		.min = 1,
		.max = 65535,
		.fallback = "80",
		.help = "TCP port of boot files and node API" },
	{ .path = "servers.tftp_sessions",
		.type = CONF_INTEGER,
		AT(tftp_sessions),
		.min = 1,
		.max = 65535,
		.fallback = "1024",
		.help = "TFTP transfers at once, in all" },
	{ .path = "servers.tftp_file_time_s",
		.type = CONF_INTEGER,
		AT(tftp_file_time_s),
		.min = 5,
		.max = 600,
		.fallback = "30",
		.help = "what TFTP_FILE_TIMEOUT of the boards' EEPROMs says, seconds" },
	{ .path = "kubernetes.engine",
		.type = CONF_CHOICE,
		AT(kubernetes_engine),
		.choices = engine_choices,
		.fallback = "none",
		.help = "what makes the cluster; none: nodes are served without one" },
	{ .path = "kubernetes.programs",
		.type = CONF_STRING,
		AT(programs),
		.min = 2,
		.check = check_path,
		.fallback = "/usr/local/bin",
		.help = "absolute path of the directory with kubeadm, kubectl, kube-apiserver …" },
	{ .path = "kubernetes.name",
		.type = CONF_STRING,
		AT(cluster_name),
		.min = 1,
		.check = check_label,
		.fallback = "bramble",
		.help = "name of the cluster" },
	{ .path = "kubernetes.pod_cidr",
		.type = CONF_STRING,
		AT(pod_cidr),
		.min = 1,
		.check = check_cidr,
		.fallback = "10.244.0.0/16",
		.help = "IPv4 network of the pods; each node gets a /24 of it" },
	{ .path = "kubernetes.service_cidr",
		.type = CONF_STRING,
		AT(service_cidr),
		.min = 1,
		.check = check_cidr,
		.fallback = "10.96.0.0/12",
		.help = "IPv4 network of the services" },
	{ .path = "kubernetes.store",
		.type = CONF_CHOICE,
		AT(store),
		.choices = store_choices,
		.fallback = "auto",
		.help = "where nodes keep containers; auto: the disk if there is one, else loop" },
	{ .path = "kubernetes.store_mb",
		.type = CONF_INTEGER,
		AT(store_mb),
		.min = 256,
		.max = 1048576,
		.fallback = "4096",
		.help = "MiB for containers in a file or in memory" },
	{ .path = "kubernetes.drain_s",
		.type = CONF_INTEGER,
		AT(drain_s),
		.min = 1,
		.max = 86400,
		.fallback = "300",
		.help = "seconds that pods have to leave a node before it reboots" },
	{ .path = "kubernetes.drain_overdue",
		.type = CONF_CHOICE,
		AT(drain_overdue),
		.choices = overdue_choices,
		.fallback = "stop",
		.help = "then; stop: it isn't rebooted, go-on: it is, with the pods on it" },
	{ .path = "kubernetes.addons",
		.type = CONF_LINES,
		AT(addons),
		.check = check_label,
		.fallback = "",
		.help = "add-ons that the cluster gets, in this order" },
	{ .path = "kubernetes.addons_path",
		.type = CONF_STRING,
		AT(addons_path),
		.min = 2,
		.check = check_path,
		.fallback = "/etc/bramble/addons",
		.help = "absolute path of the directory with a directory of manifests for each" },
	{ .path = "hooks.path",
		.type = CONF_STRING,
		AT(hooks),
		.min = 2,
		.check = check_path,
		.fallback = "/etc/bramble/hooks.d",
		.help = "absolute path of the directory with executables that run on events" },
	{ .path = "hooks.timeout_s",
		.type = CONF_INTEGER,
		AT(hooks_timeout_s),
		.min = 1,
		.max = 3600,
		.fallback = "30",
		.help = "seconds that one run of a hook may take" },
	{ .path = "kubernetes.snapshot_hours",
		.type = CONF_INTEGER,
		AT(snapshot_hours),
		.min = 0,
		.max = 8760,
		.fallback = "6",
		.help = "hours between two snapshots of the control plane; 0: none" },
	{ .path = "kubernetes.snapshots_kept",
		.type = CONF_INTEGER,
		AT(snapshots_kept),
		.min = 1,
		.max = 100,
		.fallback = "8",
		.help = "how many of these snapshots are kept" },
	{ .path = "paths.run",
		.type = CONF_STRING,
		AT(run),
		.min = 2,
		.max = RUN_PATH_LIMIT,
		.check = check_path,
		.fallback = "/run/bramble",
		.help = "absolute path of the directory for sockets and what is rendered" },
	{ .path = "paths.libexec",
		.type = CONF_STRING,
		AT(libexec),
		.min = 2,
		.check = check_path,
		.fallback = BRAMBLE_LIBEXEC,
		.help = "absolute path of the directory with bramble-tftpd and its like" },
	{ .path = "paths.cache",
		.type = CONF_STRING,
		AT(cache),
		.min = 2,
		.check = check_path,
		.fallback = "/var/cache/bramble",
		.help = "absolute path of the directory for what builds of images keep" },
	{ .path = "log.level",
		.type = CONF_CHOICE,
		AT(log_level),
		.choices = level_choices,
		.fallback = "info",
		.help = "the most detailed messages that are written" },
	{ .path = NULL },
};
