/* SPDX-License-Identifier: ISC */
/* The pods' network: a bridge on each node (CNI plugins bridge, host-local and portmap), and a
 * route to each other node's. All nodes are on one switched LAN. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/log.h"
#include "rootfs/cluster/member.h"

#define CNI_DIRECTORY "/etc/cni/net.d"
#define TOOL_S 20
/* rtm_protocol of our routes: any number that the kernel and no daemon use (rt_protos). */
#define PROTOCOL "188"
#define OUTPUT_LIMIT 16384

int member_render_cni(const char *pod_cidr, char *out, size_t size)
{
	/* No ipMasq: it would hide pods from the pods of other nodes. */
	int n = snprintf(out, size,
		"{ \"cniVersion\": \"0.4.0\", \"name\": \"bramble\", \"plugins\": [\n"
		"  { \"type\": \"bridge\", \"bridge\": \"cni0\", \"isGateway\": true, "
		"\"hairpinMode\": true,\n"
		"    \"ipam\": { \"type\": \"host-local\", \"ranges\": [[ { \"subnet\": \"%s\" } "
		"]],\n"
		"      \"routes\": [ { \"dst\": \"0.0.0.0/0\" } ] } },\n"
		"  { \"type\": \"portmap\", \"capabilities\": { \"portMappings\": true } }\n"
		"] }\n",
		pod_cidr);

	return n > 0 && (size_t)n < size ? 0 : -EMSGSIZE;
}

static int write_cni(const char *pod_cidr)
{
	char text[1024];
	int result = member_render_cni(pod_cidr, text, sizeof(text));

	if (result == 0)
		result = file_make_directories(CNI_DIRECTORY, 0755);
	return result == 0 ? file_replace_if_different(CNI_DIRECTORY "/10-bramble.conflist", text,
				     strlen(text), 0644, NULL)
			   : result;
}

static int quietly(const char *const argv[])
{
	char said[512];
	int result = member_run(argv, TOOL_S, said, sizeof(said));

	return result > 0 ? -EIO : result;
}

/* What leaves the pods' network takes the node's address: nobody else knows the way back. */
static int masquerade(const char *pods)
{
	const char *argv[] = { "iptables", "-w", "10", "-t", "nat", "-C", "POSTROUTING", "-s", pods,
		"!", "-d", pods, "-m", "comment", "--comment", "bramble: pods", "-j", "MASQUERADE",
		NULL };
	const char *forward[] = { "iptables", "-w", "10", "-P", "FORWARD", "ACCEPT", NULL };

	if (quietly(argv) == 0)
		return 0;
	argv[5] = "-A";
	return quietly(forward) == 0 ? quietly(argv) : -EIO;
}

/* Is "NETWORK via ROUTER " or "NETWORK ROUTER," among the lines or words of `list`? */
static bool is_wanted(const char *routes, const char *network)
{
	size_t length = strlen(network);

	for (const char *p = routes; *p; p += strcspn(p, ",")) {
		p += *p == ',';
		if (strncmp(p, network, length) == 0 && p[length] == ' ')
			return true;
	}
	return false;
}

static void remove_stale(const char *routes, char *present)
{
	char *rest = NULL;

	for (char *line = strtok_r(present, "\n", &rest); line;
		line = strtok_r(NULL, "\n", &rest)) {
		char network[24];
		const char *const argv[] = { "ip", "route", "del", network, "proto", PROTOCOL,
			NULL };

		if (sscanf(line, "%23s", network) == 1 && !is_wanted(routes, network))
			(void)quietly(argv);
	}
}

static int set_route(const char *text)
{
	char network[24], router[ADDRESS_TEXT_SIZE];
	const char *const argv[] = { "ip", "route", "replace", network, "via", router, "proto",
		PROTOCOL, NULL };
	struct in_addr address;
	unsigned length;

	if (sscanf(text, "%23[0-9./] %15[0-9.]", network, router) != 2 ||
		str_parse_network(network, &address, &length) != 0 ||
		str_parse_address(router, &address) != 0)
		return -EBADMSG;
	return quietly(argv);
}

static int set_routes(const char *routes)
{
	const char *const list[] = { "ip", "route", "show", "proto", PROTOCOL, NULL };
	static char present[OUTPUT_LIMIT];
	int result = member_run(list, TOOL_S, present, sizeof(present));

	if (result != 0)
		return result < 0 ? result : -EIO;
	for (const char *p = routes; result == 0 && *p; p += strcspn(p, ",")) {
		p += *p == ',';
		if (*p)
			result = set_route(p);
	}
	remove_stale(routes, present);
	return result;
}

int member_apply_network(const struct member_network *network, const char *pods)
{
	static char applied[MEMBER_ROUTES_SIZE] = "never";
	int result = masquerade(pods);

	if (result == 0 && strcmp(applied, network->routes) != 0)
		result = set_routes(network->routes);
	if (result == 0)
		str_copy(applied, sizeof(applied), network->routes);
	if (result == 0 && network->pod_cidr[0])
		result = write_cni(network->pod_cidr);
	return result;
}
