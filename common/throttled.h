/* SPDX-License-Identifier: ISC */
/*
 * What the firmware of a Pi says of its power and heat: the bits of get_throttled that are about
 * now, not since power-on
 * (https://www.raspberrypi.com/documentation/computers/os.html#get_throttled), and where a Pi
 * begins to slow down.
 */
#ifndef BRAMBLE_THROTTLED_H
#define BRAMBLE_THROTTLED_H

#define THROTTLED_UNDER_VOLTAGE 0x1
#define THROTTLED_CAPPED 0x2 /* the frequency */
#define THROTTLED_NOW 0x4
#define THROTTLED_HOT_MC 80000 /* thousandths of a degree Celsius */

#endif
