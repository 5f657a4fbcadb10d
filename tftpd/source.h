/* SPDX-License-Identifier: ISC */
/* Where files come from: from brambled (this process opens none), or from one directory
 * (stand-alone). */
#ifndef BRAMBLE_TFTPD_SOURCE_H
#define BRAMBLE_TFTPD_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/ipc.h"

struct event_base;
struct source;

/* fd is the callee's to close when error == 0; `answer` is NULL when brambled gave none in time. */
typedef void (*source_answer)(void *argument, const struct ipc_resolved *answer, int fd);

/* NULL with errno set on failure. The directory descriptor stays the caller's. */
struct source *source_from_brambled(struct event_base *base, const char *ipc_path);
struct source *source_from_directory(int dirfd);

/* Ask for a file; the answer may come before this returns. Returns 0, or -EAGAIN when too many are
 * asked. */
int source_ask(struct source *source, const struct ipc_resolve *request, source_answer answer,
	void *argument);

/* Does it know which addresses may be answered? */
bool source_knows_leases(const struct source *source);

/* Tell how a transfer ended. */
void source_report(struct source *source, const struct ipc_transfer *transfer);

/* Tell that a long transfer goes on, or waits for its turn. */
void source_tell_waits(struct source *source, const struct ipc_waits *waits);

void source_free(struct source *source);

#endif
