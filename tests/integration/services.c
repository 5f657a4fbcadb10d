/* SPDX-License-Identifier: ISC */
/*
 * brambled's services without brambled: starts dnsmasq, bramble-dhcpwatch and the NFS server by the
 * same functions, as told line by line on standard input, and prints what dhcpwatch reports. For
 * tests.
 *
 * services --run DIR --share DIR --interface NAME --address A.B.C.D/LEN --libexec DIR --nfs
 * auto|kernel|ganesha [dnsmasq] [dhcpwatch] [exports]
 *
 *   host MAC ADDRESS [NAME], hosts     collect host records, put them in force
 *   node ID NAME ADDRESS, nodes        collect exports, put them in force
 *   status                             one line per process
 *   describe                           the NFS server in words
 *   stop                               end everything in order
 *
 * Each command is answered by "ok" or "failed: …". At the end of the input the processes are left
 * alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/ipc.h"
#include "common/log.h"
#include "provisioner/exports/exports.h"
#include "provisioner/network/network.h"

#define ITEMS 256
#define WORDS 4
#define PEERS 4

struct services {
	struct settings settings;
	struct event_base *base;
	struct supervisor *supervisor;
	struct exports *exports;
	struct network_host hosts[ITEMS];
	size_t n_hosts;
	struct exports_node nodes[ITEMS];
	size_t n_nodes;
	char line[256];
	size_t used;
	char reason[256];
	uint8_t packet[IPC_PACKET_SIZE];
	struct event *peers[PEERS];
	size_t n_peers;
};

static int do_host(struct services *services, char *const words[WORDS])
{
	struct network_host *host = &services->hosts[services->n_hosts];

	memset(host, 0, sizeof(*host));
	if (services->n_hosts == ITEMS || !words[2] || str_parse_mac(words[1], &host->mac) != 0 ||
		str_parse_address(words[2], &host->address) != 0)
		return -EINVAL;
	str_copy(host->name, sizeof(host->name), words[3] ? words[3] : "");
	services->n_hosts++;
	return 0;
}

static int do_hosts(struct services *services, char *const words[WORDS])
{
	bool changed;
	int result = network_render_hosts(
		&services->settings, services->hosts, services->n_hosts, &changed);

	(void)words;
	services->n_hosts = 0;
	if (result == 0 && changed)
		result = supervise_signal(services->supervisor, "dnsmasq", SIGHUP);
	return result;
}

static int do_node(struct services *services, char *const words[WORDS])
{
	struct exports_node *node = &services->nodes[services->n_nodes];
	uint64_t id;

	memset(node, 0, sizeof(*node));
	if (services->n_nodes == ITEMS || !words[3] ||
		str_parse_u64(words[1], 0, UINT32_MAX, &id) != 0 ||
		!str_copy(node->name, sizeof(node->name), words[2]) ||
		str_parse_address(words[3], &node->address) != 0)
		return -EINVAL;
	node->id = (unsigned)id;
	services->n_nodes++;
	return 0;
}

static int do_nodes(struct services *services, char *const words[WORDS])
{
	size_t n = services->n_nodes;

	(void)words;
	services->n_nodes = 0;
	return exports_set_nodes(
		services->exports, services->nodes, n, services->reason, sizeof(services->reason));
}

static int do_status(struct services *services, char *const words[WORDS])
{
	struct supervise_status status;

	(void)words;
	for (size_t i = 0; supervise_get(services->supervisor, i, &status); i++)
		printf("process %s %d restarts %u %s %s\n", status.name, (int)status.pid,
			status.restarts, status.adopted ? "adopted" : "started", status.reason);
	return 0;
}

static int do_describe(struct services *services, char *const words[WORDS])
{
	(void)words;
	printf("%s\n", exports_describe(services->exports));
	return 0;
}

static int do_stop(struct services *services, char *const words[WORDS])
{
	(void)words;
	exports_stop(services->exports);
	services->exports = NULL;
	supervise_stop_all(services->supervisor);
	event_base_loopbreak(services->base);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct services *services, char *const words[WORDS]);
} commands[] = {
	{ "host", do_host },
	{ "hosts", do_hosts },
	{ "node", do_node },
	{ "nodes", do_nodes },
	{ "status", do_status },
	{ "describe", do_describe },
	{ "stop", do_stop },
};

static void split(char *line, char *words[WORDS])
{
	for (size_t i = 0; i < WORDS; i++) {
		char *blank = strchr(line, ' ');

		words[i] = line;
		if (!blank)
			return;
		*blank = '\0';
		line = blank + 1;
	}
}

static void obey(struct services *services, char *line)
{
	char *words[WORDS] = { NULL };
	int result = -ENOSYS;

	split(line, words);
	services->reason[0] = '\0';
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, words[0]) == 0)
			result = commands[i].run(services, words);
	}
	if (result == 0)
		puts("ok");
	else
		printf("failed: %s: %s %s\n", words[0], strerror(-result), services->reason);
}

static void on_input(evutil_socket_t fd, short what, void *argument)
{
	struct services *services = argument;
	ssize_t n = read(
		fd, services->line + services->used, sizeof(services->line) - 1 - services->used);
	char *end;

	(void)what;
	if (n <= 0) {
		event_base_loopbreak(services->base);
		return;
	}
	services->used += (size_t)n;
	services->line[services->used] = '\0';
	while ((end = strchr(services->line, '\n'))) {
		*end = '\0';
		obey(services, services->line);
		services->used -= (size_t)(end + 1 - services->line);
		memmove(services->line, end + 1, services->used + 1);
	}
}

static void print_dhcp(const struct ipc_dhcp *record)
{
	static const char *const names[] = { "?", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK",
		"NAK", "RELEASE", "INFORM" };
	char mac[MAC_TEXT_SIZE], address[ADDRESS_TEXT_SIZE], uuid[2 * sizeof(record->uuid) + 1];

	str_format_mac(&record->mac, mac);
	str_format_address(record->yiaddr, address);
	str_format_hex(record->uuid, record->uuid_length, uuid);
	printf("dhcp %s %s xid=%08" PRIx32 " arch=%04x yiaddr=%s pxe=%d uuid=%s vendor=%s\n",
		names[record->message <= 8 ? record->message : 0], mac, record->xid, record->arch,
		address, record->pxe_raspberry, uuid, record->vendor_class);
}

static void on_peer(evutil_socket_t fd, short what, void *argument)
{
	struct services *services = argument;
	struct ipc_message message;
	int result = ipc_receive(fd, services->packet, &message);

	(void)what;
	if (result == 1 && message.header.type == IPC_DHCP)
		print_dhcp(&message.body.dhcp);
	else if (result == 1 && message.header.type == IPC_HELLO)
		printf("hello role=%" PRIu32 "\n", message.body.hello.role);
	else if (result != -EAGAIN)
		printf("peer gone: %d\n", result);
	if (result == 1 || result == -EAGAIN)
		return;
	for (size_t i = 0; i < services->n_peers; i++) {
		if (event_get_fd(services->peers[i]) == fd)
			event_del(services->peers[i]);
	}
	close(fd);
}

static void on_connection(evutil_socket_t fd, short what, void *argument)
{
	struct services *services = argument;
	int peer = accept(fd, NULL, NULL);

	(void)what;
	if (peer < 0 || services->n_peers == PEERS)
		return;
	services->peers[services->n_peers] =
		event_new(services->base, peer, EV_READ | EV_PERSIST, on_peer, services);
	event_add(services->peers[services->n_peers++], NULL);
}

static bool parse_option(struct settings *settings, int option, const char *value)
{
	switch (option) {
	case 'r':
		return str_copy(settings->run, sizeof(settings->run), value);
	case 's':
		return str_copy(settings->share, sizeof(settings->share), value);
	case 'i':
		return str_copy(settings->lan_interface, sizeof(settings->lan_interface), value);
	case 'l':
		return str_copy(settings->libexec, sizeof(settings->libexec), value);
	case 'n':
		settings->nfs = strcmp(value, "kernel") == 0	? NFS_KERNEL
				: strcmp(value, "ganesha") == 0 ? NFS_GANESHA
								: NFS_AUTO;
		return true;
	case 'a':
		if (str_parse_network(value, &settings->router, &settings->prefix_length) != 0)
			return false;
		settings->netmask.s_addr = htonl(UINT32_MAX << (32 - settings->prefix_length));
		return str_copy(settings->lan_address, sizeof(settings->lan_address), value);
	default:
		return false;
	}
}

static bool parse_options(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
		{ "run", required_argument, NULL, 'r' },
		{ "share", required_argument, NULL, 's' },
		{ "interface", required_argument, NULL, 'i' },
		{ "address", required_argument, NULL, 'a' },
		{ "libexec", required_argument, NULL, 'l' },
		{ "nfs", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	str_copy(settings->lan_domain, sizeof(settings->lan_domain), "bramble");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (!parse_option(settings, option, optarg))
			return false;
	}
	return true;
}

static int start_dnsmasq(struct services *services)
{
	struct supervise_spec spec;
	bool changed;
	int result = network_render_config(&services->settings);

	if (result == 0)
		result = network_test_config(
			&services->settings, services->reason, sizeof(services->reason));
	if (result == 0 && services->n_hosts == 0)
		result = network_render_hosts(&services->settings, NULL, 0, &changed);
	network_describe_dnsmasq(&services->settings, &spec);
	return result == 0 ? supervise_add(services->supervisor, &spec) : result;
}

static int start_dhcpwatch(struct services *services)
{
	struct supervise_spec spec;

	network_describe_dhcpwatch(&services->settings, &spec);
	return supervise_add(services->supervisor, &spec);
}

static int start_exports(struct services *services)
{
	return exports_start(&services->settings, services->supervisor, &services->exports,
		services->reason, sizeof(services->reason));
}

static int start_part(struct services *services, const char *part)
{
	if (strcmp(part, "dnsmasq") == 0)
		return start_dnsmasq(services);
	if (strcmp(part, "dhcpwatch") == 0)
		return start_dhcpwatch(services);
	if (strcmp(part, "exports") == 0)
		return start_exports(services);
	return -EINVAL;
}

/* Returns the listening socket or -errno. */
static int start_all(struct services *services, char *const parts[])
{
	char path[256];
	int socket, result = 0;

	if (network_prepare_interface(
		    &services->settings, services->reason, sizeof(services->reason)) != 0)
		return -ENODEV;
	services->supervisor = supervise_new(services->base, services->settings.run);
	if (!services->supervisor)
		return -errno;
	snprintf(path, sizeof(path), "%s/ipc.sock", services->settings.run);
	socket = ipc_listen(path);
	for (; socket >= 0 && result == 0 && *parts; parts++)
		result = start_part(services, *parts);
	return result != 0 ? result : socket;
}

int main(int argc, char **argv)
{
	static struct services services;
	struct event *input, *connection;
	int socket;

	setvbuf(stdout, NULL, _IOLBF, 0);
	log_init("services", LOG_LEVEL_DEBUG);
	if (!parse_options(argc, argv, &services.settings))
		return 2;
	services.base = event_base_new();
	socket = start_all(&services, argv + optind);
	if (socket < 0) {
		printf("failed: start: %s %s\n", strerror(-socket), services.reason);
		return 1;
	}
	puts("ready");
	connection =
		event_new(services.base, socket, EV_READ | EV_PERSIST, on_connection, &services);
	input = event_new(services.base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, &services);
	event_add(connection, NULL);
	event_add(input, NULL);
	event_base_dispatch(services.base);
	supervise_free(services.supervisor);
	return 0;
}
