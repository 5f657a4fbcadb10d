/* SPDX-License-Identifier: ISC */
#include "provisioner/network/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/dhcp.h"
#include "common/file.h"
#include "common/log.h"
#include "provisioner/network/private.h"
#include "provisioner/nodes/policy.h"
#include "provisioner/nodes/rules.h"

#define DNSMASQ "/usr/sbin/dnsmasq"
#define DHCPWATCH_USER "bramble-dhcp"
#define TEST_TIMEOUT_MS 10000
#define LEASES_LEAST 1000u
#define LEASES_MOST 65536u

/* Interface names and paths are an administrator's; these bytes mean something else to dnsmasq. */
static bool is_plain(const char *value)
{
	return value[0] != '\0' && strpbrk(value, ",#\"'*\\ \t\n") == NULL;
}

int network_run_path(const struct settings *settings, const char *name, char *out, size_t size)
{
	int length = snprintf(out, size, "%s/%s", settings->run, name);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

static const char *dnsmasq_user(void)
{
	return getpwnam("dnsmasq") ? "dnsmasq" : "nobody";
}

/* One lease per address of the network: the limit must never be what stops a board. */
static unsigned lease_limit(const struct settings *settings)
{
	unsigned addresses =
		settings->prefix_length > 16 ? 1u << (32 - settings->prefix_length) : LEASES_MOST;

	return addresses < LEASES_LEAST ? LEASES_LEAST : addresses;
}

static void render_process(FILE *out, const struct settings *settings)
{
	fprintf(out,
		"# Rendered by brambled from bramble.conf; changes here are lost.\n"
		"user=%s\n"
		"pid-file\n"
		"log-facility=-\n"
		"interface=%s\n"
		"except-interface=lo\n"
		"bind-dynamic\n",
		dnsmasq_user(), settings->lan_interface);
}

static void render_dns(FILE *out, const struct settings *settings)
{
	fprintf(out,
		"no-hosts\n"
		"addn-hosts=%s/" NETWORK_DNS_HOSTS "\n"
		"domain=%s\n"
		"local=/%s/\n"
		"expand-hosts\n"
		"domain-needed\n"
		"bogus-priv\n"
		"stop-dns-rebind\n"
		"rebind-domain-ok=/%s/\n",
		settings->run, settings->lan_domain, settings->lan_domain, settings->lan_domain);
	if (settings->lan_upstream_dns[0])
		fprintf(out, "no-resolv\nserver=%s\n", settings->lan_upstream_dns);
}

/* Addresses come from host records alone, so the range is "static"; whoever has none is ignored.
 *
 * Leases are for ever: a node keeps the address that its initramfs was given and renews nothing.
 * They belong to MACs, because firmware, initramfs and system send different client identifiers.
 * Nothing is pinged for a static address; "no-ping" would only take CAP_NET_RAW from dnsmasq,
 * without which it can't bind to a LAN interface that has been replaced. */
static void render_dhcp(FILE *out, const struct settings *settings)
{
	struct in_addr network = { settings->router.s_addr & settings->netmask.s_addr };
	char network_text[ADDRESS_TEXT_SIZE], netmask[ADDRESS_TEXT_SIZE];

	str_format_address(network, network_text);
	str_format_address(settings->netmask, netmask);
	fprintf(out,
		"dhcp-range=%s,static,%s,infinite\n"
		"dhcp-ignore=tag:!known\n"
		"dhcp-ignore-clid\n"
		"dhcp-authoritative\n"
		"quiet-dhcp\n"
		"dhcp-lease-max=%u\n"
		"dhcp-leasefile=%s/" NETWORK_LEASES "\n"
		"dhcp-hostsfile=%s/" NETWORK_DHCP_HOSTS "\n",
		network_text, netmask, lease_limit(settings), settings->run, settings->run);
}

/* A PC's boot ROM says the same architecture as a Pi's: it is known by what it isn't. */
static void render_pc_tags(FILE *out)
{
	const uint8_t *prefix;

	for (size_t i = 0; (prefix = policy_prefix(i)) != NULL; i++)
		fprintf(out, "dhcp-mac=set:pi,%02x:%02x:%02x:*:*:*\n", prefix[0], prefix[1],
			prefix[2]);
	/* "RPi" in option 97 */
	fprintf(out,
		"dhcp-match=set:pi,97,00:52:50:69\n"
		"dhcp-match=set:bios,option:client-arch,%d\n"
		"dhcp-match=set:uefi,option:client-arch,%d\n"
		"dhcp-match=set:uefi,option:client-arch,%d\n"
		"dhcp-match=set:uefi-http,option:client-arch,%d\n"
		"dhcp-userclass=set:ipxe,iPXE\n"
		"tag-if=set:pc,tag:bios,tag:!pi\n"
		"tag-if=set:pc,tag:uefi,tag:!pi\n"
		"tag-if=set:pc,tag:uefi-http,tag:!pi\n",
		DHCP_ARCH_BIOS, DHCP_ARCH_UEFI, DHCP_ARCH_UEFI_BYTE_CODE, DHCP_ARCH_UEFI_HTTP);
}

/* A PC's firmware is sent iPXE, by TFTP or, as UEFI specification 2.10 section 24.7 has it, by
 * HTTP; iPXE is sent its script. */
static void render_pc_boot(FILE *out, const struct settings *settings)
{
	char router[ADDRESS_TEXT_SIZE], port[8] = "";

	str_format_address(settings->router, router);
	if (settings->http_port != 80)
		snprintf(port, sizeof(port), ":%lld", (long long)settings->http_port);
	fprintf(out,
		"dhcp-boot=tag:pc,tag:bios,tag:!ipxe,undionly.kpxe,,%s\n"
		"dhcp-boot=tag:pc,tag:uefi,tag:!ipxe,snponly.efi,,%s\n"
		"dhcp-boot=tag:pc,tag:uefi-http,tag:!ipxe,http://%s%s/boot/snponly.efi\n"
		"dhcp-option-force=tag:pc,tag:uefi-http,option:vendor-class,HTTPClient\n"
		"dhcp-boot=tag:pc,tag:ipxe,http://%s%s/boot/boot.ipxe\n",
		router, router, router, port, router, port);
}

/* Raspberry Pi documentation, boot-net.adoc: an OFFER counts only with this boot menu text, which a
 * Pi 3 wants with three blanks behind it. Its boot ROM also reads the fields of the packet itself,
 * which must not be reused for options (dhcp-no-override). */
static void render_boot(FILE *out, const struct settings *settings)
{
	char router[ADDRESS_TEXT_SIZE];
	bool pcs = rules_take_pcs(settings);
	const char *not_pc = pcs ? "tag:!pc," : "";

	str_format_address(settings->router, router);
	if (pcs)
		render_pc_tags(out);
	fprintf(out,
		"dhcp-option=option:router,%s\n"
		"dhcp-option=option:dns-server,%s\n"
		"dhcp-option=option:tftp-server,\"%s\"\n"
		"dhcp-boot=%s,,%s\n"
		"dhcp-no-override\n"
		"pxe-service=%s0,\"Raspberry Pi Boot   \"\n",
		router, router, router, not_pc, router, not_pc);
	if (pcs)
		render_pc_boot(out, settings);
}

static int render(const struct settings *settings, char **text, size_t *size)
{
	FILE *out;

	if (!is_plain(settings->lan_interface) || !is_plain(settings->lan_domain) ||
		!is_plain(settings->run))
		return -EINVAL;
	out = open_memstream(text, size);
	if (!out)
		return -ENOMEM;
	render_process(out, settings);
	render_dns(out, settings);
	render_dhcp(out, settings);
	render_boot(out, settings);
	if (fclose(out) == 0)
		return 0;
	free(*text);
	return -ENOMEM;
}

int network_render_config(const struct settings *settings)
{
	char path[NETWORK_PATH_SIZE], *text;
	size_t size;
	int result = network_run_path(settings, NETWORK_CONFIG, path, sizeof(path));

	if (result == 0)
		result = render(settings, &text, &size);
	if (result != 0)
		return result;
	result = file_replace_if_different(path, text, size, 0644, NULL);
	free(text);
	return result;
}

/* What dnsmasq says first: behind an empty line and "dnsmasq: ". */
static void copy_first_line(char *out, size_t size, char *text)
{
	static const char prefix[] = "dnsmasq: ";

	text += strspn(text, "\n");
	text[strcspn(text, "\n")] = '\0';
	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
		text += sizeof(prefix) - 1;
	str_copy_visible(out, size, text, strlen(text));
}

int network_test_config(const struct settings *settings, char *reason, size_t size)
{
	char path[NETWORK_PATH_SIZE], said[1024];
	const char *const argv[] = { DNSMASQ, "--test", "-C", path, NULL };
	int result = network_run_path(settings, NETWORK_CONFIG, path, sizeof(path));

	if (result == 0)
		result = supervise_run_tool(argv, TEST_TIMEOUT_MS, said, sizeof(said));
	if (result == 0)
		return 0;
	if (result == -ENOENT)
		snprintf(reason, size, "%s is missing; install the package dnsmasq-base", DNSMASQ);
	else if (result < 0)
		snprintf(reason, size, "can't run %s --test: %s", DNSMASQ, strerror(-result));
	else
		copy_first_line(reason, size, said);
	return -EINVAL;
}

/* The texts that descriptions point to; they are the same at every call of a program. */
static struct {
	char config[NETWORK_PATH_SIZE];
	char fingerprint[2 * sizeof(uint64_t) + 1];
	char dhcpwatch[sizeof(((struct settings *)0)->libexec) + 32];
	char socket[NETWORK_PATH_SIZE];
	char address[ADDRESS_TEXT_SIZE], probe[24], watched[64];
} texts;

/* FNV-1a: it has to tell one configuration from another, not to withstand anybody. */
static uint64_t fingerprint_of(const char *text, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Leases follow from the host records, so a new dnsmasq starts without any: none can be in the way
 * of an address that has moved to another board since. */
static int forget_leases(void *argument, int fds[static SUPERVISE_FDS], char reason[static 160])
{
	char path[NETWORK_PATH_SIZE];
	int result = network_run_path(argument, NETWORK_LEASES, path, sizeof(path));

	(void)fds;
	if (result == 0 && unlink(path) != 0 && errno != ENOENT)
		result = -errno;
	if (result != 0)
		snprintf(reason, 160, "can't remove %s: %s", path, strerror(-result));
	return result;
}

void network_describe_dnsmasq(const struct settings *settings, struct supervise_spec *spec)
{
	char *text;
	size_t size;

	network_run_path(settings, NETWORK_CONFIG, texts.config, sizeof(texts.config));
	texts.fingerprint[0] = '\0';
	if (render(settings, &text, &size) == 0) {
		snprintf(texts.fingerprint, sizeof(texts.fingerprint), "%016" PRIx64,
			fingerprint_of(text, size));
		free(text);
	}
	*spec = (struct supervise_spec){
		.name = "dnsmasq",
		.argv = { DNSMASQ, "--keep-in-foreground", "-C", texts.config },
		.prepare = forget_leases,
		.argument = (void *)(uintptr_t)settings,
		.fingerprint = texts.fingerprint,
		.adoption_signal = SIGHUP,
	};
}

void network_describe_dhcpwatch(const struct settings *settings, struct supervise_spec *spec)
{
	snprintf(texts.dhcpwatch, sizeof(texts.dhcpwatch), "%s/bramble-dhcpwatch",
		settings->libexec);
	network_run_path(settings, "ipc.sock", texts.socket, sizeof(texts.socket));
	str_format_address(settings->router, texts.address);
	snprintf(texts.probe, sizeof(texts.probe), "%lld", (long long)settings->probe_s);
	snprintf(texts.watched, sizeof(texts.watched), "%s-%s", texts.address, texts.probe);
	*spec = (struct supervise_spec){
		.name = "dhcpwatch",
		.argv = { texts.dhcpwatch, "--ipc", texts.socket, "--interface",
			settings->lan_interface, "--address", texts.address, "--probe", texts.probe,
			"--user", DHCPWATCH_USER, "--log-level", log_level_name() },
		.fingerprint = texts.watched,
	};
}
