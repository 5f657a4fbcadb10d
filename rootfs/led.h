/* SPDX-License-Identifier: ISC */
/*
 * A board's activity LED, driven by hand for a while: Linux's LED class
 * (Documentation/leds/leds-class.rst). Take it, set it as often as you like, give it back.
 */
#ifndef BRAMBLE_LED_H
#define BRAMBLE_LED_H

#include <stdbool.h>
#include <stddef.h>

#define LED_CLASS "/sys/class/leds"
#define LED_NAME_SIZE 64
#define LED_REASON_SIZE 160

struct led {
	char path[512];		     /* its directory; "" = none is taken */
	char trigger[LED_NAME_SIZE]; /* which it had; "" unknown */
	char before[16], brightest[16];
};

/* Find the activity LED among those in the directory `leds` (LED_CLASS) and switch its trigger off.
 * 0, -ENODEV (the board has none) or another -errno, with a `reason` for people. */
int led_take(struct led *led, const char *leds, char reason[static LED_REASON_SIZE]);
/* 0 or -errno. */
int led_set(const struct led *led, bool on);
/* Give it the trigger, or the light, that it had. May be called twice, and without a LED. */
void led_give_back(const struct led *led);

/* The directory's name of the activity LED; "" none. */
void led_find(const char *leds, char out[static LED_NAME_SIZE]);
/* The trigger in force, as LED/trigger shows it in brackets ("none [mmc0]"); "" none. Pure. */
void led_parse_trigger(const char *text, char out[static LED_NAME_SIZE]);

#endif
