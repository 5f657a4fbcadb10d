/* SPDX-License-Identifier: ISC */
/* bramble.conf while brambled runs: read again, compared, taken over as far as that goes. */
#ifndef BRAMBLE_RELOAD_H
#define BRAMBLE_RELOAD_H

#include "provisioner/brambled.h"
#include "provisioner/nodeconf/force.h"

/* bramble.conf as it is now, with the files that it names. */
struct reload {
	char *text;
	struct settings settings;
	struct nodeconf_sources *sources;
};

/* Read it. 0 or -errno with what is wrong in `report`; *read is freed by reload_free whatever is
 * returned. */
int reload_read(struct brambled *brambled, struct reload **read, struct conf_report *report);
void reload_free(struct reload *read);

/* Does anything differ that a running appliance can't take over? */
bool reload_needs_restart(const struct settings *old, const struct settings *new);

/* Put it in force. A commit should follow. */
void reload_take_over(struct brambled *brambled, struct reload *read);

/* Both. On failure nothing changed. */
int reload_configuration(struct brambled *brambled, struct conf_report *report);

#endif
