/* SPDX-License-Identifier: ISC */
/* A large file by HTTP, in as many pieces as the connection gives. */
#ifndef BRAMBLE_ROOTFS_DOWNLOAD_H
#define BRAMBLE_ROOTFS_DOWNLOAD_H

#include <netinet/in.h>
#include <stdint.h>

/* GET http://ADDRESS:PORT/PATH into `fd`, which holds its first *offset bytes already (RFC 9110
 * section 14: Range); *offset grows with what arrives, so that the next call goes on there. The
 * file must have exactly `size` bytes. Returns 0 when it is whole; -EAGAIN when the connection
 * broke or was silent for 10 s, -ESTALE when the router has another file, -EACCES when it refuses,
 * or another -errno. */
int download(struct in_addr address, uint16_t port, const char *path, int fd, uint64_t size,
	uint64_t *offset);

#endif
