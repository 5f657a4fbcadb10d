/* SPDX-License-Identifier: ISC */
/* sd_notify(3), without its library. */
#ifndef BRAMBLE_NOTIFY_H
#define BRAMBLE_NOTIFY_H

/* Tell systemd "READY=1", "STOPPING=1" …; nothing where it doesn't run this process. */
void notify_systemd(const char *text);

#endif
