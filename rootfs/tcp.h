/* SPDX-License-Identifier: ISC */
/* TCP connections with absolute deadlines (CLOCK_MONOTONIC, nanoseconds). */
#ifndef BRAMBLE_ROOTFS_TCP_H
#define BRAMBLE_ROOTFS_TCP_H

#include <netinet/in.h>
#include <stdint.h>

/* Connect. Returns a non-blocking, close-on-exec descriptor that the caller closes, or -errno
 * (-ETIMEDOUT at the deadline). */
int tcp_connect(struct in_addr address, uint16_t port, uint64_t deadline_ns);

/* Wait for poll(2) events. Returns 0 (also early, after a signal) or -errno (-ETIMEDOUT). */
int tcp_wait(int fd, short events, uint64_t deadline_ns);

#endif
