/* SPDX-License-Identifier: ISC */
/* The bramble-tftpd under test, and what /proc says of it. */
#ifndef BRAMBLE_SOAK_SERVER_H
#define BRAMBLE_SOAK_SERVER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct server {
	pid_t pid;
	uint16_t port; /* on 127.0.0.1 */
};

/* The path of bramble-tftpd beside this program. */
void server_find(char out[static PATH_MAX]);

/* Start `program` --root `directory` on a free port with more arguments (NULL-terminated), its
 * messages into the file `log`, and wait until it is ready. Returns 0 or -errno. */
int server_start(struct server *server, const char *program, const char *directory, const char *log,
	const char *const arguments[]);

/* Open descriptors; -1 when it is gone. */
int server_descriptors(const struct server *server);
/* Resident memory, KiB; -1 when it is gone. */
long server_resident_kib(const struct server *server);

/* SIGTERM; returns the status of waitpid(), or -1 when it didn't end within 20 s. */
int server_stop(struct server *server);

#endif
