/* SPDX-License-Identifier: ISC */
/* The way to brambled, who may be away for a while: reconnects by itself (50 ms … 1 s) and keeps
 * the latest reports until then. */
#ifndef BRAMBLE_DHCPWATCH_REPORT_H
#define BRAMBLE_DHCPWATCH_REPORT_H

#include "common/ipc.h"

struct event_base;
struct report;

/* Reports older than this are of no use any more: the board has asked again. */
#define REPORT_KEEP_NS (10 * NS_PER_S)
#define REPORT_QUEUE 256

/* `path` is kept by reference. Returns NULL without memory. */
struct report *report_new(struct event_base *base, const char *path);

/* Send now or as soon as brambled listens; the oldest gives way when the queue is full. */
void report_dhcp(struct report *report, const struct ipc_dhcp *record);
/* The same, but text never takes the place of DHCP: it gets half of the queue. */
void report_console(struct report *report, const struct ipc_console *piece);

void report_free(struct report *report);

#endif
