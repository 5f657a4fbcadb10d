/* SPDX-License-Identifier: ISC */
#include "rootfs/led.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"

#define FILE_LIMIT 8192 /* the longest of the LED class is the list of triggers */

/* "ACT" since Linux 5.17 and in Raspberry Pi's own kernels since 5.15, "led0" before them; others
 * write it with a colour ("green:act", "green:activity"). 0: not an activity LED. */
static int rank(const char *name)
{
	const char *colon = strrchr(name, ':'), *function = colon ? colon + 1 : name;

	if (strcmp(name, "ACT") == 0)
		return 3;
	if (strcmp(name, "led0") == 0)
		return 2;
	return strcasecmp(function, "act") == 0 || strcasecmp(function, "activity") == 0;
}

void led_find(const char *leds, char out[static LED_NAME_SIZE])
{
	DIR *directory = opendir(leds);
	const struct dirent *entry;
	int best = 0;

	out[0] = '\0';
	while (directory && (entry = readdir(directory)) != NULL) {
		if (rank(entry->d_name) <= best || strlen(entry->d_name) >= LED_NAME_SIZE)
			continue;
		best = rank(entry->d_name);
		str_copy(out, LED_NAME_SIZE, entry->d_name);
	}
	if (directory)
		closedir(directory);
}

void led_parse_trigger(const char *text, char out[static LED_NAME_SIZE])
{
	const char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;

	out[0] = '\0';
	if (!close || close - open - 1 >= LED_NAME_SIZE)
		return;
	memcpy(out, open + 1, (size_t)(close - open - 1));
	out[close - open - 1] = '\0';
}

static int put(const struct led *led, const char *file, const char *text)
{
	char path[sizeof(led->path) + 16];
	int fd, result = 0;

	snprintf(path, sizeof(path), "%s/%s", led->path, file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		result = -errno;
	close(fd);
	return result;
}

/* The file's line; "" when it can't be read or doesn't fit. */
static void get(const struct led *led, const char *file, char *out, size_t size)
{
	char path[sizeof(led->path) + 16], *text;
	size_t length;

	out[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", led->path, file);
	if (file_read(path, FILE_LIMIT, &text, &length) != 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (strlen(text) < size)
		str_copy(out, size, text);
	free(text);
}

int led_take(struct led *led, const char *leds, char reason[static LED_REASON_SIZE])
{
	char name[LED_NAME_SIZE], list[FILE_LIMIT];
	int result;

	*led = (struct led){ 0 };
	led_find(leds, name);
	if (name[0] == '\0') {
		snprintf(reason, LED_REASON_SIZE,
			"this board has no activity LED that Linux drives (none in %.60s)", leds);
		return -ENODEV;
	}
	snprintf(led->path, sizeof(led->path), "%.400s/%s", leds, name);
	get(led, "trigger", list, sizeof(list));
	led_parse_trigger(list, led->trigger);
	get(led, "brightness", led->before, sizeof(led->before));
	get(led, "max_brightness", led->brightest, sizeof(led->brightest));
	result = put(led, "trigger", "none");
	if (result == 0)
		return 0;
	snprintf(reason, LED_REASON_SIZE, "the LED %.40s can't be driven: %.60s", name,
		strerror(-result));
	led->path[0] = '\0';
	return result;
}

int led_set(const struct led *led, bool on)
{
	const char *brightest = led->brightest[0] ? led->brightest : "1";

	return put(led, "brightness", on ? brightest : "0");
}

void led_give_back(const struct led *led)
{
	if (led->path[0] == '\0')
		return;
	/* Writing 0 also clears what a blinking trigger left behind. */
	(void)put(led, "brightness", "0");
	if (led->trigger[0] && strcmp(led->trigger, "none") != 0)
		(void)put(led, "trigger", led->trigger);
	else if (led->before[0])
		(void)put(led, "brightness", led->before);
}
