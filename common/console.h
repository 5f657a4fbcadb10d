/* SPDX-License-Identifier: ISC */
/* What a board says of its boot over the network: lines of text in UDP packets, by its firmware
 * (EEPROM setting NETCONSOLE), its kernel (Documentation/networking/netconsole.rst) and
 * bramble-init. */
#ifndef BRAMBLE_CONSOLE_H
#define BRAMBLE_CONSOLE_H

#define CONSOLE_PORT 6666	 /* to which it is sent, where nobody says otherwise */
#define CONSOLE_SOURCE_PORT 6665 /* from which */

#endif
