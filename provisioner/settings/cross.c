/* SPDX-License-Identifier: ISC */
/* Settings that contradict each other. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/settings/private.h"

/* Always true, for the caller to return. */
__attribute__((format(printf, 3, 4))) static bool say(
	struct settings_wrong *wrong, const char *path, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(wrong->what, sizeof(wrong->what), format, arguments);
	va_end(arguments);
	str_copy(wrong->path, sizeof(wrong->path), path);
	return true;
}

static bool check_router(const struct settings *s, struct settings_wrong *wrong)
{
	uint32_t router = ntohl(s->router.s_addr);

	if (router >= settings_first_host(s) && router <= settings_last_host(s))
		return false;
	return say(wrong, "lan.address",
		"\"%s\" is the %s address of that network; allowed: an address of a host",
		s->lan_address,
		router < settings_first_host(s) ? "first (network)" : "last (broadcast)");
}

static bool is_inside(const struct settings *s, struct in_addr address)
{
	uint32_t host = ntohl(address.s_addr);

	return host >= settings_first_host(s) && host <= settings_last_host(s);
}

static bool check_range(const struct settings *s, struct settings_wrong *wrong)
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

		return say(wrong, is_first ? "lan.range_first" : "lan.range_last",
			"%s is outside the network of lan.address; allowed: %s to %s",
			is_first ? first_text : last_text, lowest_text, highest_text);
	}
	if (first > last)
		return say(wrong, "lan.range_last",
			"%s lies before lan.range_first; allowed: %s to %s", last_text, first_text,
			highest_text);
	if (router >= first && router <= last)
		return say(wrong, *s->lan_range_first ? "lan.range_first" : "lan.range_last",
			"the range %s to %s holds the router itself (lan.address); allowed: a "
			"range "
			"beside it",
			first_text, last_text);
	return false;
}

static bool check_run(const struct settings *s, struct settings_wrong *wrong)
{
	size_t length = strlen(s->share);

	if (strncmp(s->run, s->share, length) != 0 || (s->run[length] != '/' && s->run[length]))
		return false;
	return say(wrong, "paths.run",
		"lies on the share; allowed: a directory outside share.path, on a tmpfs");
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

static bool check_networks(const struct settings *s, struct settings_wrong *wrong)
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
	return path && s->kubernetes_engine != ENGINE_NONE &&
	       say(wrong, path,
		       "shares addresses with %s; allowed: a network that nothing else uses",
		       other);
}

/* etcd with several members is another matter. */
static bool check_control_plane(const struct settings *s, struct settings_wrong *wrong)
{
	const char *second = strchr(s->control_plane, '\n');

	if (!second || !second[1])
		return false;
	return say(wrong, "kubernetes.control_plane",
		"names more than one node; allowed: one, for now, or none for the router");
}

static bool check_roles(const struct settings *s, struct settings_wrong *wrong)
{
	char path[64];

	for (size_t i = 1; i < s->n_roles; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(s->roles[i].name, s->roles[j].name) != 0)
				continue;
			snprintf(path, sizeof(path), "nodes.roles.[%zu].name", i);
			return say(wrong, path, "\"%s\" is there twice; keep one of them",
				s->roles[i].name);
		}
	}
	return false;
}

static bool is_role(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_roles; i++) {
		if (strcmp(s->roles[i].name, name) == 0)
			return true;
	}
	return false;
}

static bool check_rules(const struct settings *s, struct settings_wrong *wrong)
{
	char path[64];

	for (size_t i = 0; i < s->n_rules; i++) {
		const struct settings_rule *rule = &s->rules[i];

		if (*rule->role && !is_role(s, rule->role)) {
			snprintf(path, sizeof(path), "nodes.rules.[%zu].role", i);
			return say(wrong, path, "\"%s\" is none of nodes.roles", rule->role);
		}
		if (rule->memory_max && rule->memory_max < rule->memory_min) {
			snprintf(path, sizeof(path), "nodes.rules.[%zu].memory_max", i);
			return say(wrong, path, "is less than memory_min: no board fits");
		}
	}
	return false;
}

/* What hangs is told as stuck, with its cause, before the node starts over. */
static bool check_patience(const struct settings *s, struct settings_wrong *wrong)
{
	if (s->patience_s > s->stuck_after_s)
		return false;
	return say(wrong, "nodes.patience_s",
		"is not longer than nodes.stuck_after_s (%lld); allowed: more",
		(long long)s->stuck_after_s);
}

/* Between two heartbeats every node is silent. */
static bool check_absence(const struct settings *s, struct settings_wrong *wrong)
{
	if (s->absent_after_s == 0 || s->absent_after_s > s->heartbeat_s)
		return false;
	return say(wrong, "nodes.absent_after_s",
		"is not longer than nodes.heartbeat_s (%lld); allowed: more, or 0 for three of "
		"them",
		(long long)s->heartbeat_s);
}

settings_cross_check *const settings_cross_checks[] = {
	check_patience,
	check_absence,
	check_router,
	check_range,
	check_run,
	check_networks,
	check_control_plane,
	check_roles,
	check_rules,
	settings_check_nodes,
	NULL,
};
