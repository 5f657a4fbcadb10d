/* SPDX-License-Identifier: ISC */
/*
 * Another document takes the place of what the registry holds: from a backup or from a text. All or
 * nothing, by one transaction, after a backup of the present; nodes that are in both and stay on
 * their board don't notice.
 */
#ifndef BRAMBLE_STATE_REPLACE_H
#define BRAMBLE_STATE_REPLACE_H

#include "provisioner/brambled.h"
#include "provisioner/registry/backups.h"
#include "provisioner/state/document.h"

#define REPLACE_REASON_SIZE (STATE_ERROR_SIZE + 128)
#define REPLACE_WARNINGS 16
#define REPLACE_WARNING_SIZE 320

struct replace_plan {
	struct state_document present, next;
	char *before, *after; /* their texts */
	size_t n_warnings;
	char warnings[REPLACE_WARNINGS][REPLACE_WARNING_SIZE];
};

/* Read a backup, of any schema up to the present one. 0 or -errno with `reason`. */
int replace_load_backup(struct brambled *brambled, const char *name,
	struct state_document *document, char reason[static REPLACE_REASON_SIZE]);

/* What would become of it. Takes `document`. Changes nothing. Returns 0 or -errno with `reason`;
 * the plan is to be freed in any case. */
int replace_make_plan(struct brambled *brambled, struct state_document *document,
	struct replace_plan *plan, char reason[static REPLACE_REASON_SIZE]);
void replace_free_plan(struct replace_plan *plan);

/* Do it. `how` is "restore" or "import", `source` what it comes from, for the event. `saved` is the
 * backup of what was there. Durable when it returns 0; else -errno with `reason`, and nothing
 * happened. */
int replace_carry_out(struct brambled *brambled, const struct replace_plan *plan, const char *how,
	const char *source, char saved[static BACKUP_NAME_SIZE],
	char reason[static REPLACE_REASON_SIZE]);

#endif
