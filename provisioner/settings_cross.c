/* SPDX-License-Identifier: ISC */
/* Settings that contradict each other. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/settings_private.h"

static const char *check_router(const struct settings *s, char what[static SETTINGS_WHAT_SIZE])
{
	uint32_t router = ntohl(s->router.s_addr);

	if (router >= settings_first_host(s) && router <= settings_last_host(s))
		return NULL;
	snprintf(what, SETTINGS_WHAT_SIZE,
		"\"%s\" is the %s address of that network; allowed: an address of a host",
		s->lan_address,
		router < settings_first_host(s) ? "first (network)" : "last (broadcast)");
	return "lan.address";
}

static bool is_inside(const struct settings *s, struct in_addr address)
{
	uint32_t host = ntohl(address.s_addr);

	return host >= settings_first_host(s) && host <= settings_last_host(s);
}

static const char *check_range(const struct settings *s, char what[static SETTINGS_WHAT_SIZE])
{
	uint32_t router = ntohl(s->router.s_addr);
	uint32_t first = ntohl(s->range_first.s_addr), last = ntohl(s->range_last.s_addr);
	char first_text[ADDRESS_TEXT_SIZE], last_text[ADDRESS_TEXT_SIZE];
	struct in_addr lowest = { .s_addr = htonl(settings_first_host(s)) };
	struct in_addr highest = { .s_addr = htonl(settings_last_host(s)) };
	char lowest_text[ADDRESS_TEXT_SIZE], highest_text[ADDRESS_TEXT_SIZE];

	str_format_address(s->range_first, first_text);
	str_format_address(s->range_last, last_text);
	str_format_address(lowest, lowest_text);
	str_format_address(highest, highest_text);
	if (!is_inside(s, s->range_first) || !is_inside(s, s->range_last)) {
		bool is_first = !is_inside(s, s->range_first);

		snprintf(what, SETTINGS_WHAT_SIZE,
			"%s is outside the network of lan.address; allowed: %s to %s",
			is_first ? first_text : last_text, lowest_text, highest_text);
		return is_first ? "lan.range_first" : "lan.range_last";
	}
	if (first > last) {
		snprintf(what, SETTINGS_WHAT_SIZE,
			"%s lies before lan.range_first; allowed: %s to %s", last_text, first_text,
			highest_text);
		return "lan.range_last";
	}
	if (router >= first && router <= last) {
		snprintf(what, SETTINGS_WHAT_SIZE,
			"the range %s to %s holds the router itself (lan.address); allowed: a "
			"range "
			"beside it",
			first_text, last_text);
		return *s->lan_range_first ? "lan.range_first" : "lan.range_last";
	}
	return NULL;
}

static const char *check_run(const struct settings *s, char what[static SETTINGS_WHAT_SIZE])
{
	size_t length = strlen(s->share);

	if (strncmp(s->run, s->share, length) != 0 || (s->run[length] != '/' && s->run[length]))
		return NULL;
	snprintf(what, SETTINGS_WHAT_SIZE,
		"lies on the share; allowed: a directory outside share.path, on a tmpfs");
	return "paths.run";
}

/* The networks that `text` and `other` name share addresses. */
static bool overlap(const char *text, const char *other)
{
	struct in_addr a, b;
	unsigned a_length = 0, b_length = 0, shorter;

	str_parse_network(text, &a, &a_length);
	str_parse_network(other, &b, &b_length);
	shorter = a_length < b_length ? a_length : b_length;
	return ((ntohl(a.s_addr) ^ ntohl(b.s_addr)) >> (32 - shorter)) == 0;
}

static const char *check_networks(const struct settings *s, char what[static SETTINGS_WHAT_SIZE])
{
	const char *path = NULL, *other = "lan.address";

	if (overlap(s->pod_cidr, s->lan_address)) {
		path = "kubernetes.pod_cidr";
	} else if (overlap(s->service_cidr, s->lan_address)) {
		path = "kubernetes.service_cidr";
	} else if (overlap(s->pod_cidr, s->service_cidr)) {
		path = "kubernetes.pod_cidr";
		other = "kubernetes.service_cidr";
	}
	if (path)
		snprintf(what, SETTINGS_WHAT_SIZE,
			"shares addresses with %s; allowed: a network that nothing else uses",
			other);
	return s->kubernetes_engine == ENGINE_NONE ? NULL : path;
}

settings_cross_check *const settings_cross_checks[] = {
	check_router,
	check_range,
	check_run,
	check_networks,
	NULL,
};
