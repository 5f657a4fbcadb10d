/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/kubeadm.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/cluster/yaml.h"

#define LIST_MINOR 31 /* from which arguments are a list: v1beta4 */
#define SUPER_ADMIN_MINOR 29
#define ETCD_FIRST_MINOR 4 /* 3.4.23 of Debian 12 has them by their old names */
#define ETCD_RENAMED_MINOR 6
#define KIND "apiVersion: kubeadm.k8s.io/%s\nkind: %s\n"

static const char *api_version(unsigned long minor)
{
	if (minor < 15)
		return NULL;
	return minor < 22 ? "v1beta2" : minor < LIST_MINOR ? "v1beta3" : "v1beta4";
}

/* "v1.20.2", perhaps with more behind it. */
static int parse_minor(const char *version, unsigned long *minor)
{
	static const char begin[] = "v1.";
	char *end;

	if (strncmp(version, begin, strlen(begin)) != 0 ||
		!isdigit((unsigned char)version[strlen(begin)]))
		return -EBADMSG;
	*minor = strtoul(version + strlen(begin), &end, 10);
	return *end == '.' && *minor < 1000 ? 0 : -EBADMSG;
}

/* What stands behind the minor version: "v1.20.2" has 2. */
static int parse_patch(const char *version, unsigned long *minor, unsigned long *patch)
{
	const char *dot;
	int result = parse_minor(version, minor);

	if (result != 0)
		return result;
	dot = strchr(version + strlen("v1."), '.');
	if (!isdigit((unsigned char)dot[1]))
		return -EBADMSG;
	*patch = strtoul(dot + 1, NULL, 10);
	return 0;
}

bool kubeadm_may_upgrade(const char *from, const char *to)
{
	unsigned long old_minor, old_patch, minor, patch;

	if (parse_patch(from, &old_minor, &old_patch) != 0 || parse_patch(to, &minor, &patch) != 0)
		return false;
	return minor == old_minor + 1 || (minor == old_minor && patch >= old_patch);
}

bool kubeadm_versions_fit(const char *kubelet, const char *server)
{
	unsigned long older, newer;

	return parse_minor(kubelet, &older) == 0 && parse_minor(server, &newer) == 0 &&
	       older <= newer && newer - older <= (newer >= 28 ? 3 : 2);
}

int kubeadm_read_version(const char *config, char *version, size_t size)
{
	static const char word[] = "\nkubernetesVersion: ";
	const char *begin = strstr(config, word);
	unsigned long minor;
	size_t length;

	if (!begin)
		return -EBADMSG;
	begin += strlen(word);
	length = strcspn(begin, "\n");
	if (length >= size)
		return -EBADMSG;
	memcpy(version, begin, length);
	version[length] = '\0';
	return parse_minor(version, &minor);
}

bool kubeadm_has_alpha(const char *version)
{
	unsigned long minor;

	return parse_minor(version, &minor) == 0 && minor < 22;
}

bool kubeadm_has_super_admin(const char *version)
{
	unsigned long minor;

	return parse_minor(version, &minor) == 0 && minor >= SUPER_ADMIN_MINOR;
}

unsigned kubeadm_read_etcd_minor(const char *said)
{
	static const char begin[] = "etcd Version: 3.";

	return strncmp(said, begin, strlen(begin)) == 0
		       ? (unsigned)strtoul(said + strlen(begin), NULL, 10)
		       : 0;
}

/* Before etcd 3.6 these two were experimental; 3.7 doesn't know them by that name. */
static const struct {
	const char *old, *new;
} etcd_arguments[] = {
	{ "--experimental-initial-corrupt-check=", "--feature-gates=InitialCorruptCheck=" },
	{ "--experimental-watch-progress-notify-interval=", "--watch-progress-notify-interval=" },
};

/* Is the word one of these? Then what it says to an etcd of that minor version, NULL: nothing, goes
 * into *fit. */
static bool translate(const char *word, unsigned minor, char **fit)
{
	for (size_t i = 0; i < sizeof(etcd_arguments) / sizeof(etcd_arguments[0]); i++) {
		const char *old = etcd_arguments[i].old, *new = etcd_arguments[i].new;
		const char *name = strncmp(word, old, strlen(old)) == 0 ? old : new;
		char text[128];

		if (strncmp(word, name, strlen(name)) != 0)
			continue;
		snprintf(text, sizeof(text), "%s%.60s", minor >= ETCD_RENAMED_MINOR ? new : old,
			word + strlen(name));
		*fit = minor < ETCD_FIRST_MINOR ? NULL : strdup(text);
		return true;
	}
	return false;
}

void kubeadm_fit_etcd(char *argv[static PROCESSES_ARGUMENTS + 1], unsigned minor)
{
	size_t kept = 0;

	for (size_t i = 0; argv[i]; i++) {
		char *fit = NULL;
		bool changes = translate(argv[i], minor, &fit);

		if (changes)
			free(argv[i]);
		else
			fit = argv[i];
		argv[i] = NULL;
		argv[kept] = fit;
		kept += fit != NULL;
	}
}

/* Arguments are a map up to v1beta3, then a list. */
static int add_argument(
	char *out, size_t size, size_t *used, bool list, const char *name, const char *value)
{
	int n = snprintf(out + *used, size - *used,
		list ? "    - name: %s\n      value: %s\n" : "      %s: %s\n", name, value);

	if (n < 0 || (size_t)n >= size - *used)
		return -EMSGSIZE;
	*used += (size_t)n;
	return 0;
}

/* Otherwise etcd listens on the LAN as well, for members that this cluster doesn't have. */
static int keep_etcd_local(char *out, size_t size, size_t *used, bool list, const char *listen)
{
	const char *const arguments[][2] = {
		{ "advertise-client-urls", "https://127.0.0.1:2379" },
		{ "initial-advertise-peer-urls", "https://127.0.0.1:2380" },
		{ "initial-cluster", "router=https://127.0.0.1:2380" },
		{ "listen-client-urls", listen },
		{ "listen-peer-urls", "https://127.0.0.1:2380" },
	};
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(arguments) / sizeof(arguments[0]); i++)
		result = add_argument(out, size, used, list, arguments[i][0], arguments[i][1]);
	return result;
}

/* What a node's address adds: names in certificates, and where etcd listens. */
struct names {
	char server[48], etcd[64], listen[80];
};

static void name_node(struct in_addr node, struct names *names)
{
	char address[ADDRESS_TEXT_SIZE];

	*names = (struct names){ .listen = "https://127.0.0.1:2379" };
	if (node.s_addr == 0)
		return;
	str_format_address(node, address);
	snprintf(names->server, sizeof(names->server), "  certSANs:\n  - %s\n", address);
	snprintf(names->etcd, sizeof(names->etcd), "    serverCertSANs:\n    - %s\n", address);
	snprintf(names->listen, sizeof(names->listen), "https://127.0.0.1:2379,https://%s:2379",
		address);
}

int kubeadm_render(const struct kubeadm_config *config, char out[static KUBEADM_CONFIG_SIZE])
{
	/* Without a proxy on the router, servers behind it (metrics-server) are asked at their own
	 * addresses. */
	static const char *const aggregation[] = {
		"  extraArgs:\n    enable-aggregator-routing: \"true\"\n",
		"  extraArgs:\n  - name: enable-aggregator-routing\n    value: \"true\"\n"
	};
	unsigned long minor;
	int n, result = parse_minor(config->version, &minor);
	const char *kind = result == 0 ? api_version(minor) : NULL;
	struct names names;
	char address[ADDRESS_TEXT_SIZE];
	size_t used;

	if (result != 0)
		return result;
	if (!kind)
		return -ENOTSUP;
	str_format_address(config->address, address);
	name_node(config->node, &names);
	n = snprintf(out, KUBEADM_CONFIG_SIZE,
		"# Rendered by Bramble from bramble.conf.\n" KIND
		"localAPIEndpoint:\n  advertiseAddress: %s\n  bindPort: 6443\n"
		"nodeRegistration:\n  name: router\n"
		"  criSocket: unix:///run/containerd/containerd.sock\n"
		"---\n" KIND "kubernetesVersion: %s\nclusterName: %s\ncertificatesDir: %s\n"
		"controlPlaneEndpoint: %s:6443\n"
		"networking:\n  podSubnet: %s\n  serviceSubnet: %s\n  dnsDomain: cluster.local\n"
		"apiServer:\n%s%setcd:\n  local:\n%s    dataDir: %s\n    extraArgs:\n",
		kind, "InitConfiguration", address, kind, "ClusterConfiguration", config->version,
		config->name, config->pki, address, config->pod_cidr, config->service_cidr,
		names.server, aggregation[minor >= LIST_MINOR], names.etcd, config->etcd);
	if (n < 0 || n >= KUBEADM_CONFIG_SIZE)
		return -EMSGSIZE;
	used = (size_t)n;
	return keep_etcd_local(out, KUBEADM_CONFIG_SIZE, &used, minor >= LIST_MINOR, names.listen);
}

static int copy_words(yaml_document_t *document, const yaml_node_t *list, char **words)
{
	size_t n = 0;

	for (const yaml_node_item_t *item = list->data.sequence.items.start;
		item < list->data.sequence.items.top; item++) {
		const yaml_node_t *word = yaml_document_get_node(document, *item);

		if (!word || word->type != YAML_SCALAR_NODE ||
			strlen((const char *)word->data.scalar.value) != word->data.scalar.length)
			return -EBADMSG;
		if (n == PROCESSES_ARGUMENTS)
			return -E2BIG;
		words[n] = strdup((const char *)word->data.scalar.value);
		if (!words[n++])
			return -ENOMEM;
	}
	return n > 0 ? 0 : -EBADMSG;
}

static int read_document(yaml_document_t *document, char **words)
{
	yaml_node_t *node = yaml_document_get_root_node(document);

	node = cluster_yaml_member(document, node, "spec");
	node = cluster_yaml_only_item(document, cluster_yaml_member(document, node, "containers"));
	node = cluster_yaml_member(document, node, "command");
	return node && node->type == YAML_SEQUENCE_NODE ? copy_words(document, node, words)
							: -EBADMSG;
}

int kubeadm_read_command(
	const char *manifest, size_t size, char *words[static PROCESSES_ARGUMENTS + 1])
{
	yaml_parser_t parser;
	yaml_document_t document;
	int result = -EBADMSG;

	memset(words, 0, (PROCESSES_ARGUMENTS + 1) * sizeof(words[0]));
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)manifest, size);
	if (yaml_parser_load(&parser, &document)) {
		result = read_document(&document, words);
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	for (size_t i = 0; result != 0 && i < PROCESSES_ARGUMENTS; i++) {
		free(words[i]);
		words[i] = NULL;
	}
	return result;
}
