/* SPDX-License-Identifier: ISC */
/* What the EEPROM of a Pi 4 or 5 says by UDP where its setting NETCONSOLE asks for it [eep]. */
#ifndef VPI_NETCONSOLE_H
#define VPI_NETCONSOLE_H

#include "common/str.h"

/* Send a line as the firmware does: to the MAC 00:00:00:00:00:00, whatever the setting says
 * [e#440], from an address that nobody gave it. What isn't heard is lost. */
void netconsole_say(const char *interface, const struct mac *from, const char *line);

#endif
