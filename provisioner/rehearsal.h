/* SPDX-License-Identifier: ISC */
/*
 * `?dry_run=true`: a change is made in the registry's open transaction, by the same code and with
 * the same refusals as always, its events are taken down, and all of it is undone. What lies
 * outside of the registry (directories, the timeline, what dnsmasq and the NFS server read, the
 * log) looks at brambled->rehearsing and stays as it is.
 */
#ifndef BRAMBLE_REHEARSAL_H
#define BRAMBLE_REHEARSAL_H

#include "provisioner/api/routes.h"

/* Call `change`; its answer becomes {"dry_run": true, "would": [what would happen, in words],
 * "answer": what it would answer}. A refusal is answered as it is. */
void rehearsal_run(struct api_request *request, void (*change)(struct api_request *request));

/* An answer of that shape for a change that isn't in the registry alone. */
void rehearsal_tell(struct api_request *request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
