/* SPDX-License-Identifier: ISC */
#include "provisioner/settings/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/settings/private.h"

uint32_t settings_first_host(const struct settings *settings)
{
	return (ntohl(settings->router.s_addr) & ntohl(settings->netmask.s_addr)) + 1;
}

uint32_t settings_last_host(const struct settings *settings)
{
	return (ntohl(settings->router.s_addr) | ~ntohl(settings->netmask.s_addr)) - 1;
}

/* The text was checked; an empty one takes what the network suggests. */
static struct in_addr range_end(const char *text, uint32_t suggestion)
{
	struct in_addr address = { .s_addr = htonl(suggestion) };

	if (*text)
		str_parse_address(text, &address);
	return address;
}

static void derive(struct settings *settings)
{
	uint32_t router, first, last, middle;

	str_parse_network(settings->lan_address, &settings->router, &settings->prefix_length);
	settings->netmask.s_addr = htonl(UINT32_MAX << (32 - settings->prefix_length));
	router = ntohl(settings->router.s_addr);
	first = settings_first_host(settings);
	last = settings_last_host(settings);
	middle = first + (last - first) / 2 + 1; /* first address of the upper half */
	if (router < middle)
		first = middle;
	else
		last = middle - 1;
	settings->range_first = range_end(settings->lan_range_first, first);
	settings->range_last = range_end(settings->lan_range_last, last);
}

int settings_check_text(
	const char *name, const char *text, struct settings *settings, struct conf_report *report)
{
	struct settings candidate;
	int result = conf_parse_report(
		name, text, settings_table, &candidate, sizeof(candidate), report);

	if (result != 0)
		return result;
	derive(&candidate);
	for (size_t i = 0; settings_cross_checks[i]; i++) {
		struct settings_wrong wrong;

		if (settings_cross_checks[i](&candidate, &wrong))
			conf_explain(name, text, wrong.path, wrong.what,
				&report->errors[report->count++]);
	}
	if (report->count > 0)
		return -EINVAL;
	*settings = candidate;
	return 0;
}

int settings_parse(
	const char *name, const char *text, struct settings *settings, struct conf_error *error)
{
	struct conf_report *report = malloc(sizeof(*report));
	int result;

	if (!report) {
		snprintf(error->text, sizeof(error->text), "%s: out of memory", name);
		return -ENOMEM;
	}
	result = settings_check_text(name, text, settings, report);
	if (result == -EINVAL)
		*error = report->errors[0];
	else if (result != 0)
		snprintf(error->text, sizeof(error->text), "%s: %s", name, strerror(-result));
	free(report);
	return result;
}

int settings_load(const char *path, struct settings *settings, struct conf_error *error)
{
	char *text;
	int result = conf_read(path, &text, error);

	if (result != 0)
		return result;
	result = settings_parse(path, text, settings, error);
	free(text);
	return result;
}

void settings_format_package_cache(
	const struct settings *settings, char out[static SETTINGS_URL_SIZE])
{
	char address[ADDRESS_TEXT_SIZE];

	str_format_address(settings->router, address);
	snprintf(out, SETTINGS_URL_SIZE, "http://%s:%d", address, SETTINGS_PACKAGE_PORT);
}
