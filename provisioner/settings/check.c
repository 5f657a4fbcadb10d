/* SPDX-License-Identifier: ISC */
/* The checks of single values: NULL, or what is wrong. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/settings/private.h"

#define NODE_NUMBER_DIGITS 10 /* of the largest unsigned int */

const char *settings_check_interface(const char *value)
{
	if (strcmp(value, ".") == 0 || strcmp(value, "..") == 0)
		return "is not a name";
	for (const char *p = value; *p; p++) {
		if (*p == '/' || *p == ':' || !isgraph((unsigned char)*p))
			return "is not an interface name: it holds a slash, a colon or a blank";
	}
	return NULL;
}

const char *settings_check_lan_address(const char *value)
{
	struct in_addr address;
	unsigned length;

	if (str_parse_network(value, &address, &length) != 0)
		return "is not an address with a prefix length";
	if (length < 8 || length > 30)
		return "has an impossible prefix length";
	return NULL;
}

const char *settings_check_cidr(const char *value)
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

const char *settings_check_address_or_empty(const char *value)
{
	struct in_addr address;

	return *value == '\0' || str_parse_address(value, &address) == 0 ? NULL
									 : "is not an IPv4 address";
}

const char *settings_check_label(const char *value)
{
	return str_is_node_name(value)
		       ? NULL
		       : "is not a name of lower-case letters, digits and '-' (RFC 1123)";
}

const char *settings_check_domain(const char *value)
{
	char label[NODE_NAME_SIZE];

	for (;;) {
		size_t length = strcspn(value, ".");

		if (length >= sizeof(label))
			return "has a label of more than 63 characters";
		memcpy(label, value, length);
		label[length] = '\0';
		if (settings_check_label(label))
			return "is not a domain: labels of lower-case letters, digits and '-', "
			       "with a "
			       "point between them";
		if (value[length] == '\0')
			return NULL;
		value += length + 1;
	}
}

const char *settings_check_name_pattern(const char *value)
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
const char *settings_check_path(const char *value)
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

const char *settings_check_node_label(const char *value)
{
	return is_cluster_pair(value, strlen(value), true) ? NULL
							   : "is not a label such as disk=ssd";
}

const char *settings_check_taint(const char *value)
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

const char *settings_check_oui(const char *value)
{
	char mac[MAC_TEXT_SIZE];
	struct mac parsed;

	snprintf(mac, sizeof(mac), "%.8s:00:00:00", value);
	if (*value == '\0' || (strlen(value) == 8 && str_parse_mac(mac, &parsed) == 0))
		return NULL;
	return "is not the first half of a MAC, such as dc:a6:32";
}

const char *settings_check_name_pattern_or_empty(const char *value)
{
	return *value ? settings_check_name_pattern(value) : NULL;
}

const char *settings_check_label_or_empty(const char *value)
{
	return *value ? settings_check_label(value) : NULL;
}
