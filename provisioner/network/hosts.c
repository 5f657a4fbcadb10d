/* SPDX-License-Identifier: ISC */
/* Which board has which address and name, as dnsmasq reads it. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/dhcp.h"
#include "common/file.h"
#include "common/log.h"
#include "provisioner/network/private.h"

#define HOSTS_LIMIT (16u * 1024u * 1024u)

static void put_dhcp_host(FILE *out, const struct network_host *host)
{
	char mac[MAC_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];

	str_format_mac(&host->mac, mac);
	str_format_address(host->address, address);
	fprintf(out, "%s,%s,%s%sinfinite\n", mac, address, host->name, host->name[0] ? "," : "");
}

static void put_dns_host(
	FILE *out, const struct settings *settings, const struct network_host *host)
{
	char address[ADDRESS_TEXT_SIZE];

	if (host->name[0] == '\0')
		return;
	str_format_address(host->address, address);
	fprintf(out, "%s %s.%s %s\n", address, host->name, settings->lan_domain, host->name);
}

static int render_dhcp_hosts(const struct network_host *hosts, size_t n, char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		put_dhcp_host(out, &hosts[i]);
	return fclose(out) == 0 ? 0 : -ENOMEM;
}

static int render_dns_hosts(const struct settings *settings, const struct network_host *hosts,
	size_t n, char **text, size_t *size)
{
	const struct network_host router = { .address = settings->router, .name = "router" };
	FILE *out = open_memstream(text, size);

	if (!out)
		return -ENOMEM;
	put_dns_host(out, settings, &router);
	for (size_t i = 0; i < n; i++)
		put_dns_host(out, settings, &hosts[i]);
	return fclose(out) == 0 ? 0 : -ENOMEM;
}

/* dnsmasq keeps an address from its new board as long as the old board has a lease for it, which
 * here is for ever. So the lease is given back in the old board's name (RFC 2131 section 4.4.6). A
 * lost packet costs the new board the address until dnsmasq is restarted, but this one doesn't
 * leave the machine. */
static void release(const struct settings *settings, const struct mac *mac, struct in_addr address)
{
	const struct dhcp_packet packet = {
		.xid = 1,
		.mac = *mac,
		.ciaddr = address,
		.server = settings->router,
		.message = DHCP_RELEASE,
		.arch = UINT16_MAX,
	};
	const struct sockaddr_in server = { .sin_family = AF_INET,
		.sin_port = htons(DHCP_SERVER_PORT),
		.sin_addr = settings->router };
	uint8_t bytes[DHCP_PACKET_SIZE];
	size_t length = dhcp_build(&packet, bytes);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	/* dnsmasq takes it as coming in from there. */
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, settings->lan_interface,
		    (socklen_t)strlen(settings->lan_interface)) != 0 ||
		sendto(fd, bytes, length, 0, (const struct sockaddr *)&server, sizeof(server)) < 0)
		log_debug("dnsmasq isn't told of a released lease: %s", strerror(errno));
	close(fd);
}

struct pair {
	struct mac mac;
	struct in_addr address;
};

static int by_pair(const void *a, const void *b)
{
	const struct pair *one = a, *other = b;
	int order = memcmp(&one->mac, &other->mac, sizeof(one->mac));

	return order != 0 ? order : memcmp(&one->address, &other->address, sizeof(one->address));
}

/* The hosts' pairs in order, for the caller to free; NULL: out of memory. */
static struct pair *sort_pairs(const struct network_host *hosts, size_t n)
{
	struct pair *pairs = calloc(n + 1, sizeof(*pairs));

	for (size_t i = 0; pairs && i < n; i++)
		pairs[i] = (struct pair){ hosts[i].mac, hosts[i].address };
	if (pairs)
		qsort(pairs, n, sizeof(*pairs), by_pair);
	return pairs;
}

/* "MAC,ADDRESS,…" as put_dhcp_host wrote it; anything else is skipped. */
static bool parse_dhcp_host(const char *line, struct mac *mac, struct in_addr *address)
{
	char text[MAC_TEXT_SIZE + ADDRESS_TEXT_SIZE];
	char *comma;

	str_copy(text, sizeof(text), line);
	comma = strchr(text, ',');
	if (!comma)
		return false;
	*comma++ = '\0';
	comma[strcspn(comma, ",")] = '\0';
	return str_parse_mac(text, mac) == 0 && str_parse_address(comma, address) == 0;
}

static void release_what_moved(const struct settings *settings, const char *path,
	const struct network_host *hosts, size_t n)
{
	struct pair *pairs;
	char *old, *line;
	size_t size;

	if (file_read(path, HOSTS_LIMIT, &old, &size) != 0)
		return;
	pairs = sort_pairs(hosts, n);
	for (line = old; pairs && *line;) {
		size_t length = strcspn(line, "\n");
		bool last = line[length] == '\0';
		struct pair pair = { 0 };

		line[length] = '\0';
		if (parse_dhcp_host(line, &pair.mac, &pair.address) &&
			!bsearch(&pair, pairs, n, sizeof(pair), by_pair))
			release(settings, &pair.mac, pair.address);
		line += length + (last ? 0 : 1);
	}
	free(pairs);
	free(old);
}

static int replace_dhcp_hosts(
	const struct settings *settings, const struct network_host *hosts, size_t n, bool *changed)
{
	char path[NETWORK_PATH_SIZE], *text = NULL;
	size_t size;
	int result = network_run_path(settings, NETWORK_DHCP_HOSTS, path, sizeof(path));

	if (result == 0)
		result = render_dhcp_hosts(hosts, n, &text, &size);
	if (result == 0) {
		release_what_moved(settings, path, hosts, n);
		result = file_replace_if_different(path, text, size, 0644, changed);
	}
	free(text);
	return result;
}

static int replace_dns_hosts(
	const struct settings *settings, const struct network_host *hosts, size_t n, bool *changed)
{
	char path[NETWORK_PATH_SIZE], *text = NULL;
	size_t size;
	int result = network_run_path(settings, NETWORK_DNS_HOSTS, path, sizeof(path));

	if (result == 0)
		result = render_dns_hosts(settings, hosts, n, &text, &size);
	if (result == 0)
		result = file_replace_if_different(path, text, size, 0644, changed);
	free(text);
	return result;
}

int network_render_hosts(
	const struct settings *settings, const struct network_host *hosts, size_t n, bool *changed)
{
	bool dns_changed = false;
	int result = replace_dns_hosts(settings, hosts, n, &dns_changed);

	*changed = false;
	if (result == 0)
		result = replace_dhcp_hosts(settings, hosts, n, changed);
	*changed = *changed || dns_changed;
	return result;
}
