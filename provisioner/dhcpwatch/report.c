/* SPDX-License-Identifier: ISC */
#include "provisioner/dhcpwatch/report.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

#define FIRST_DELAY_MS 50u
#define LONGEST_DELAY_MS 1000u

struct report {
	const char *path;
	struct event_base *base;
	int socket; /* -1 = not connected */
	unsigned delay_ms;
	bool trouble_was_said;
	struct event *reconnect, *end, *writable;
	size_t first, used;
	struct {
		enum ipc_type type;
		union {
			struct ipc_dhcp dhcp;
			struct ipc_console console;
		} body;
		uint64_t seen_ns;
	} queue[REPORT_QUEUE];
};

static void connect_later(struct report *report)
{
	const struct timeval delay = { .tv_sec = (time_t)(report->delay_ms / 1000),
		.tv_usec = (suseconds_t)(report->delay_ms % 1000) * 1000 };

	evtimer_add(report->reconnect, &delay);
	report->delay_ms *= 2;
	if (report->delay_ms > LONGEST_DELAY_MS)
		report->delay_ms = LONGEST_DELAY_MS;
}

static void disconnect(struct report *report)
{
	if (report->end)
		event_free(report->end);
	if (report->writable)
		event_free(report->writable);
	if (report->socket >= 0)
		close(report->socket);
	report->end = report->writable = NULL;
	report->socket = -1;
}

static void drop_first(struct report *report)
{
	report->first = (report->first + 1) % REPORT_QUEUE;
	report->used--;
}

static void flush(struct report *report)
{
	uint64_t now = clock_monotonic_ns();

	while (report->socket >= 0 && report->used > 0) {
		int result = 0;

		if (now - report->queue[report->first].seen_ns < REPORT_KEEP_NS)
			result = ipc_send(report->socket, report->queue[report->first].type, 0,
				&report->queue[report->first].body, NULL, 0, -1);
		if (result == -EAGAIN) {
			event_add(report->writable, NULL);
			return;
		}
		if (result != 0) {
			log_notice("brambled is away (%s); reconnecting", strerror(-result));
			disconnect(report);
			connect_later(report);
			return;
		}
		drop_first(report);
	}
}

static void on_writable(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	flush(argument);
}

/* brambled says nothing to us: readable means that it has gone. */
static void on_end(evutil_socket_t fd, short what, void *argument)
{
	struct report *report = argument;

	(void)fd;
	(void)what;
	log_notice("brambled is away; reconnecting");
	disconnect(report);
	connect_later(report);
}

static bool watch_socket(struct report *report)
{
	int flags = fcntl(report->socket, F_GETFL);

	if (flags < 0 || fcntl(report->socket, F_SETFL, flags | O_NONBLOCK) != 0)
		return false;
	report->end = event_new(report->base, report->socket, EV_READ, on_end, report);
	report->writable = event_new(report->base, report->socket, EV_WRITE, on_writable, report);
	return report->end && report->writable && event_add(report->end, NULL) == 0;
}

static void on_reconnect(evutil_socket_t fd, short what, void *argument)
{
	struct report *report = argument;

	(void)fd;
	(void)what;
	report->socket = ipc_connect(report->path, IPC_ROLE_DHCPWATCH);
	if (report->socket < 0 || !watch_socket(report)) {
		if (report->delay_ms == LONGEST_DELAY_MS && !report->trouble_was_said)
			log_warning("can't reach brambled by %s: %s; trying on", report->path,
				strerror(report->socket < 0 ? -report->socket : ENOMEM));
		report->trouble_was_said = report->delay_ms == LONGEST_DELAY_MS;
		disconnect(report);
		connect_later(report);
		return;
	}
	log_debug("connected to brambled");
	report->delay_ms = FIRST_DELAY_MS;
	report->trouble_was_said = false;
	flush(report);
}

struct report *report_new(struct event_base *base, const char *path)
{
	struct report *report = calloc(1, sizeof(*report));
	const struct timeval now = { 0 };

	if (!report)
		return NULL;
	report->path = path;
	report->base = base;
	report->socket = -1;
	report->delay_ms = FIRST_DELAY_MS;
	report->reconnect = evtimer_new(base, on_reconnect, report);
	if (!report->reconnect || evtimer_add(report->reconnect, &now) != 0) {
		report_free(report);
		return NULL;
	}
	return report;
}

static void add(struct report *report, enum ipc_type type, const void *body)
{
	size_t place;

	if (report->used == REPORT_QUEUE)
		drop_first(report);
	place = (report->first + report->used++) % REPORT_QUEUE;
	report->queue[place].type = type;
	memcpy(&report->queue[place].body, body, ipc_body_size(type));
	report->queue[place].seen_ns = clock_monotonic_ns();
	if (report->writable && event_pending(report->writable, EV_WRITE, NULL))
		return;
	flush(report);
}

void report_dhcp(struct report *report, const struct ipc_dhcp *record)
{
	add(report, IPC_DHCP, record);
}

void report_console(struct report *report, const struct ipc_console *piece)
{
	if (report->used < REPORT_QUEUE / 2)
		add(report, IPC_CONSOLE, piece);
}

void report_free(struct report *report)
{
	if (!report)
		return;
	disconnect(report);
	if (report->reconnect)
		event_free(report->reconnect);
	free(report);
}
