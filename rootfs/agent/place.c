/* SPDX-License-Identifier: ISC */
/* The node's place in the cluster, as the router tells it: name, address, domain. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "rootfs/agent/agent.h"
#include "rootfs/json.h"

#define LONGEST_HEARTBEAT_S 86400

/* Labels of RFC 1123 with dots between them; "" is none. */
static bool is_domain(const char *text)
{
	char label[NODE_NAME_SIZE];

	for (bool more = *text != '\0'; more;) {
		size_t length = strcspn(text, ".");

		if (length >= sizeof(label))
			return false;
		memcpy(label, text, length);
		label[length] = '\0';
		if (!str_is_node_name(label))
			return false;
		more = text[length] == '.';
		text += length + 1;
	}
	return true;
}

static int get_address(const char *json, const char *name, struct in_addr *address)
{
	char text[ADDRESS_TEXT_SIZE];
	int result = json_get(json, name, text, sizeof(text));

	return result == 0 ? str_parse_address(text, address) : result;
}

int agent_parse_place(const char *json, struct agent_place *place)
{
	char text[8];
	uint64_t seconds;
	int domain = json_get(json, "domain", place->domain, sizeof(place->domain));

	if ((domain != 0 && domain != -ENOENT) || !is_domain(place->domain) ||
		json_get(json, "node", place->node, sizeof(place->node)) != 0 ||
		!str_is_node_name(place->node) ||
		get_address(json, "address", &place->address) != 0 ||
		get_address(json, "router", &place->router) != 0 ||
		json_get(json, "heartbeat_s", text, sizeof(text)) != 0 ||
		str_parse_u64(text, 1, LONGEST_HEARTBEAT_S, &seconds) != 0)
		return -EBADMSG;
	place->heartbeat_s = (unsigned)seconds;
	return 0;
}

static int write_text(const char *etc, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", etc, name);
	return file_replace_if_different(path, text, strlen(text), 0644, NULL);
}

int agent_apply_place(const struct agent_place *place, struct in_addr dns, const char *etc)
{
	char text[AGENT_DOMAIN_SIZE + 64], address[ADDRESS_TEXT_SIZE];
	int result;

	str_format_address(dns, address);
	snprintf(text, sizeof(text), "%s%s%snameserver %s\n", place->domain[0] ? "search " : "",
		place->domain, place->domain[0] ? "\n" : "", address);
	result = write_text(etc, "resolv.conf", text);
	snprintf(text, sizeof(text), "%s\n", place->node);
	return result == 0 ? write_text(etc, "hostname", text) : result;
}
