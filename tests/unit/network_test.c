/* SPDX-License-Identifier: ISC */
/* Rendering, and the LAN interface in a network namespace of the test's own (skipped without root).
 * What dnsmasq makes of the files is tests/integration/dnsmasq_dhcp.sh. */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/boot.h"
#include "common/file.h"
#include "common/log.h"
#include "provisioner/network/network.h"

struct world {
	struct settings settings;
	struct network_link link;
	int tap; /* -1 none */
};

static const struct mac mac_a = { { 0xb8, 0x27, 0xeb, 0, 0, 1 } };
static const struct mac mac_b = { { 0xdc, 0xa6, 0x32, 0, 0, 2 } };

static struct in_addr address(const char *text)
{
	struct in_addr result;

	assert_int_equal(str_parse_address(text, &result), 0);
	return result;
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct settings *settings = &world->settings;

	log_init("test", LOG_LEVEL_ERROR);
	str_copy(settings->run, sizeof(settings->run), "/tmp/bramble-network-XXXXXX");
	assert_non_null(mkdtemp(settings->run));
	str_copy(settings->lan_interface, sizeof(settings->lan_interface), "lan0");
	str_copy(settings->lan_address, sizeof(settings->lan_address), "10.77.0.1/24");
	str_copy(settings->lan_domain, sizeof(settings->lan_domain), "bramble");
	str_copy(settings->libexec, sizeof(settings->libexec), "/usr/libexec/bramble");
	settings->router = address("10.77.0.1");
	settings->netmask = address("255.255.255.0");
	settings->prefix_length = 24;
	world->tap = -1;
	*state = world;
	return 0;
}

static int end_world(void **state)
{
	static const char *const names[] = { "dnsmasq.conf", "dhcp-hosts", "dns-hosts",
		"dnsmasq.leases" };
	struct world *world = *state;
	char path[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", world->settings.run, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(world->settings.run), 0);
	if (world->tap >= 0)
		close(world->tap);
	network_link_close(&world->link);
	free(world);
	return 0;
}

static char *content(const struct world *world, const char *name)
{
	char path[256], *text;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", world->settings.run, name);
	assert_int_equal(file_read(path, 65536, &text, &size), 0);
	return text;
}

static void assert_has_line(const char *text, const char *line)
{
	char wanted[256];

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	if (!strstr(text, wanted))
		fail_msg("no line '%s' in:\n%s", line, text);
}

static void boards_without_a_record_are_ignored(void **state)
{
	struct world *world = *state;
	char *text;

	assert_int_equal(network_render_config(&world->settings), 0);
	text = content(world, "dnsmasq.conf");
	assert_has_line(text, "dhcp-range=10.77.0.0,static,255.255.255.0,infinite");
	assert_has_line(text, "dhcp-ignore=tag:!known");
	assert_has_line(text, "pxe-service=0,\"Raspberry Pi Boot   \"");
	assert_has_line(text, "interface=lan0");
	assert_null(strstr(text, "no-resolv"));
	assert_null(strstr(text, "dhcp-script"));
	free(text);
}

static void pcs_are_sent_ipxe_and_pis_are_not(void **state)
{
	struct world *world = *state;
	char *text;

	assert_int_equal(network_render_config(&world->settings), 0);
	text = content(world, "dnsmasq.conf");
	assert_null(strstr(text, "ipxe"));
	assert_has_line(text, "dhcp-boot=,,10.77.0.1");
	free(text);
	world->settings.n_rules = 1;
	world->settings.rules[0].model = BOOT_MODEL_PC;
	world->settings.http_port = 8080;
	assert_int_equal(network_render_config(&world->settings), 0);
	text = content(world, "dnsmasq.conf");
	assert_has_line(text, "dhcp-mac=set:pi,b8:27:eb:*:*:*");
	assert_has_line(text, "tag-if=set:pc,tag:bios,tag:!pi");
	assert_has_line(text, "dhcp-boot=tag:!pc,,,10.77.0.1");
	assert_has_line(text, "pxe-service=tag:!pc,0,\"Raspberry Pi Boot   \"");
	assert_has_line(text, "dhcp-boot=tag:pc,tag:bios,tag:!ipxe,undionly.kpxe,,10.77.0.1");
	assert_has_line(text, "dhcp-boot=tag:pc,tag:ipxe,http://10.77.0.1:8080/boot/boot.ipxe");
	free(text);
}

static void an_upstream_server_replaces_resolv_conf(void **state)
{
	struct world *world = *state;
	char *text;

	str_copy(world->settings.lan_upstream_dns, sizeof(world->settings.lan_upstream_dns),
		"192.0.2.53");
	assert_int_equal(network_render_config(&world->settings), 0);
	text = content(world, "dnsmasq.conf");
	assert_has_line(text, "no-resolv");
	assert_has_line(text, "server=192.0.2.53");
	free(text);
}

static void values_cannot_become_other_settings(void **state)
{
	static const char *const names[] = { "a,b", "a#b", "eth*", "a\nuser=x", "a b", "", "a\"b" };
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		str_copy(world->settings.lan_interface, sizeof(world->settings.lan_interface),
			names[i]);
		assert_int_equal(network_render_config(&world->settings), -EINVAL);
	}
}

static void hosts_are_rendered_for_dhcp_and_dns(void **state)
{
	struct network_host hosts[] = {
		{ .mac = mac_a, .address = address("10.77.0.21"), .name = "rasp1" },
		{ .mac = mac_b, .address = address("10.77.0.130"), .name = "" },
	};
	struct world *world = *state;
	bool changed = false;
	char *text;

	assert_int_equal(network_render_hosts(&world->settings, hosts, 2, &changed), 0);
	assert_true(changed);
	text = content(world, "dhcp-hosts");
	assert_string_equal(text, "b8:27:eb:00:00:01,10.77.0.21,rasp1,infinite\n"
				  "dc:a6:32:00:00:02,10.77.0.130,infinite\n");
	free(text);
	text = content(world, "dns-hosts");
	assert_string_equal(text, "10.77.0.1 router.bramble router\n"
				  "10.77.0.21 rasp1.bramble rasp1\n");
	free(text);
	assert_int_equal(network_render_hosts(&world->settings, hosts, 2, &changed), 0);
	assert_false(changed);
	str_copy(hosts[1].name, sizeof(hosts[1].name), "rasp2");
	assert_int_equal(network_render_hosts(&world->settings, hosts, 2, &changed), 0);
	assert_true(changed);
	assert_int_equal(network_render_hosts(&world->settings, NULL, 0, &changed), 0);
	assert_true(changed);
	text = content(world, "dhcp-hosts");
	assert_string_equal(text, "");
	free(text);
}

static void dnsmasq_says_what_it_does_not_understand(void **state)
{
	struct world *world = *state;
	char reason[160] = "", path[256];

	assert_int_equal(network_render_config(&world->settings), 0);
	if (network_test_config(&world->settings, reason, sizeof(reason)) != 0)
		fail_msg("dnsmasq --test: %s", reason);
	snprintf(path, sizeof(path), "%s/dnsmasq.conf", world->settings.run);
	assert_int_equal(file_replace(path, "frobnicate\n", 11, 0644), 0);
	assert_int_equal(network_test_config(&world->settings, reason, sizeof(reason)), -EINVAL);
	assert_int_equal(strncmp(reason, "bad option at line 1", 20), 0);
}

static void descriptions_follow_the_settings(void **state)
{
	struct world *world = *state;
	struct supervise_spec spec;
	char fingerprint[32];

	network_describe_dnsmasq(&world->settings, &spec);
	assert_string_equal(spec.argv[1], "--keep-in-foreground");
	assert_true(strlen(spec.fingerprint) == 16 && spec.prepare != NULL);
	str_copy(fingerprint, sizeof(fingerprint), spec.fingerprint);
	str_copy(world->settings.lan_domain, sizeof(world->settings.lan_domain), "other");
	network_describe_dnsmasq(&world->settings, &spec);
	assert_string_not_equal(fingerprint, spec.fingerprint);
	network_describe_dhcpwatch(&world->settings, &spec);
	assert_string_equal(spec.argv[0], "/usr/libexec/bramble/bramble-dhcpwatch");
	assert_string_equal(spec.argv[4], "lan0");
	assert_string_equal(spec.argv[6], "10.77.0.1");
	assert_string_equal(spec.argv[8], "0");
	assert_string_equal(spec.argv[12], "error");
	assert_null(spec.argv[13]);
}

static void leases_are_forgotten_before_dnsmasq_starts(void **state)
{
	struct world *world = *state;
	struct supervise_spec spec;
	int fds[SUPERVISE_FDS];
	char reason[160], path[256];

	snprintf(path, sizeof(path), "%s/dnsmasq.leases", world->settings.run);
	network_describe_dnsmasq(&world->settings, &spec);
	assert_int_equal(spec.prepare(spec.argument, fds, reason), 0);
	assert_int_equal(file_replace(path, "x", 1, 0644), 0);
	assert_int_equal(spec.prepare(spec.argument, fds, reason), 0);
	assert_int_equal(access(path, F_OK), -1);
	/* Not to be removed: a directory. */
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(spec.prepare(spec.argument, fds, reason) < 0);
	assert_non_null(strstr(reason, path));
	assert_int_equal(rmdir(path), 0);
}

static bool make_tap(struct world *world)
{
	struct ifreq request = { .ifr_name = "lan0", .ifr_flags = IFF_TAP | IFF_NO_PI };

	world->tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	return world->tap >= 0 && ioctl(world->tap, TUNSETIFF, &request) == 0;
}

/* A network namespace with a TAP interface lan0. */
static bool make_lan(struct world *world)
{
	return geteuid() == 0 && unshare(CLONE_NEWNET) == 0 && make_tap(world);
}

static void the_interface_gets_its_address_and_is_set_up(void **state)
{
	struct world *world = *state;
	struct ifreq request = { .ifr_name = "lan0" };
	char reason[160] = "";
	int fd;

	if (!make_lan(world))
		skip();
	for (int i = 0; i < 2; i++) {
		if (network_prepare_interface(&world->settings, reason, sizeof(reason)) != 0)
			fail_msg("attempt %d: %s", i, reason);
	}
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	assert_true(request.ifr_flags & IFF_UP);
	assert_int_equal(ioctl(fd, SIOCGIFNETMASK, &request), 0);
	assert_int_equal(((struct sockaddr_in *)&request.ifr_netmask)->sin_addr.s_addr,
		world->settings.netmask.s_addr);
	assert_int_equal(ioctl(fd, SIOCGIFADDR, &request), 0);
	assert_int_equal(((struct sockaddr_in *)&request.ifr_addr)->sin_addr.s_addr,
		world->settings.router.s_addr);
	close(fd);
	/* The same address with another prefix length. */
	str_copy(world->settings.lan_address, sizeof(world->settings.lan_address), "10.77.0.1/16");
	world->settings.netmask = address("255.255.0.0");
	assert_int_equal(
		network_prepare_interface(&world->settings, reason, sizeof(reason)), -EADDRINUSE);
	assert_non_null(strstr(reason, "another prefix length"));
	/* The address on another interface. */
	str_copy(world->settings.lan_interface, sizeof(world->settings.lan_interface), "lo");
	assert_int_equal(
		network_prepare_interface(&world->settings, reason, sizeof(reason)), -EADDRINUSE);
	assert_non_null(strstr(reason, "interface lan0 has the address"));
}

static void a_missing_interface_is_named(void **state)
{
	struct world *world = *state;
	char reason[160];

	str_copy(world->settings.lan_interface, sizeof(world->settings.lan_interface), "nothere0");
	assert_int_equal(
		network_prepare_interface(&world->settings, reason, sizeof(reason)), -ENODEV);
	assert_non_null(strstr(reason, "nothere0"));
	assert_int_equal(
		network_set_neighbour(&world->link, "nothere0", address("10.77.0.21"), &mac_a),
		-ENODEV);
	assert_int_equal(
		network_set_route("nothere0", address("10.244.1.0"), 24, address("10.77.0.21")),
		-ENODEV);
}

/* Address, hardware type, flags (ATF_COM | ATF_PERM), MAC. */
static void expect_neighbour(const char *line, bool expected)
{
	char *text;
	size_t size;

	assert_int_equal(file_read("/proc/thread-self/net/arp", 4096, &text, &size), 0);
	if ((strstr(text, line) != NULL) != expected)
		fail_msg("%s: %s", line, text);
	free(text);
}

static void set_neighbour(struct world *world, const struct mac *mac)
{
	assert_int_equal(
		network_set_neighbour(&world->link, "lan0", address("10.77.0.21"), mac), 0);
}

static void neighbours_are_permanent_and_follow_the_board(void **state)
{
	struct world *world = *state;
	char reason[160];

	if (!make_lan(world))
		skip();
	assert_int_equal(network_prepare_interface(&world->settings, reason, sizeof(reason)), 0);
	set_neighbour(world, &mac_a);
	set_neighbour(world, &mac_b);
	expect_neighbour("10.77.0.21       0x1         0x6         dc:a6:32:00:00:02", true);
	expect_neighbour("b8:27:eb", false);
}

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
static unsigned sockets;

int __wrap_socket(int domain, int type, int protocol)
{
	sockets++;
	return __real_socket(domain, type, protocol);
}

/* Thirty files of a boot, a USB adapter that is pulled out and put in, thirty more. */
static void one_socket_does_for_all_neighbours(void **state)
{
	struct world *world = *state;
	char reason[160];

	if (!make_lan(world))
		skip();
	assert_int_equal(network_prepare_interface(&world->settings, reason, sizeof(reason)), 0);
	sockets = 0;
	for (int i = 0; i < 30; i++)
		set_neighbour(world, &mac_a);
	assert_int_equal(sockets, 1);
	close(world->tap);
	assert_int_equal(network_set_neighbour(&world->link, "lan0", address("10.77.0.21"), &mac_a),
		-ENODEV);
	if (!make_tap(world))
		skip();
	assert_int_equal(network_prepare_interface(&world->settings, reason, sizeof(reason)), 0);
	sockets = 0;
	for (int i = 0; i < 30; i++)
		set_neighbour(world, &mac_b);
	assert_int_equal(sockets, 0);
	expect_neighbour("10.77.0.21       0x1         0x6         dc:a6:32:00:00:02", true);
}

/* Destination and gateway as the kernel prints them: in its byte order. */
static bool has_route(const char *line)
{
	char *text;
	size_t size;
	bool found;

	assert_int_equal(file_read("/proc/thread-self/net/route", 4096, &text, &size), 0);
	found = strstr(text, line) != NULL;
	free(text);
	return found;
}

static void a_route_follows_its_gateway(void **state)
{
	struct world *world = *state;
	char reason[160], first[64], second[64];

	if (!make_lan(world))
		skip();
	snprintf(first, sizeof(first), "lan0\t%08X\t%08X\t", address("10.244.1.0").s_addr,
		address("10.77.0.21").s_addr);
	snprintf(second, sizeof(second), "lan0\t%08X\t%08X\t", address("10.244.1.0").s_addr,
		address("10.77.0.22").s_addr);
	assert_int_equal(network_prepare_interface(&world->settings, reason, sizeof(reason)), 0);
	assert_int_equal(
		network_set_route("lan0", address("10.244.1.0"), 24, address("10.77.0.21")), 0);
	assert_true(has_route(first));
	assert_int_equal(
		network_set_route("lan0", address("10.244.1.0"), 24, address("10.77.0.22")), 0);
	assert_true(has_route(second));
	assert_false(has_route(first));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(boards_without_a_record_are_ignored),
		IN_WORLD(pcs_are_sent_ipxe_and_pis_are_not),
		IN_WORLD(an_upstream_server_replaces_resolv_conf),
		IN_WORLD(values_cannot_become_other_settings),
		IN_WORLD(hosts_are_rendered_for_dhcp_and_dns),
		IN_WORLD(dnsmasq_says_what_it_does_not_understand),
		IN_WORLD(descriptions_follow_the_settings),
		IN_WORLD(leases_are_forgotten_before_dnsmasq_starts),
		IN_WORLD(the_interface_gets_its_address_and_is_set_up),
		IN_WORLD(a_missing_interface_is_named),
		IN_WORLD(neighbours_are_permanent_and_follow_the_board),
		IN_WORLD(one_socket_does_for_all_neighbours),
		IN_WORLD(a_route_follows_its_gateway),
	};

	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
