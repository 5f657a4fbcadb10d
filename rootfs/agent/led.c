/* SPDX-License-Identifier: ISC */
/* The activity LED as a beacon: which of many boards is it? Driven by Linux's LED class
 * (Documentation/leds/leds-class.rst). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/agent/agent.h"

#define HALF_PERIOD_MS 125
#define TRIGGER_LIMIT 4096
#define NAME_SIZE 64
#define PATH_SIZE 512

static pid_t blinking; /* 0 = nobody */
static volatile sig_atomic_t told_to_end;

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

void agent_find_led(const char *leds, char out[static NAME_SIZE])
{
	DIR *directory = opendir(leds);
	const struct dirent *entry;
	int best = 0;

	out[0] = '\0';
	while (directory && (entry = readdir(directory)) != NULL) {
		if (rank(entry->d_name) <= best || strlen(entry->d_name) >= NAME_SIZE)
			continue;
		best = rank(entry->d_name);
		str_copy(out, NAME_SIZE, entry->d_name);
	}
	if (directory)
		closedir(directory);
}

void agent_parse_trigger(const char *text, char out[static NAME_SIZE])
{
	const char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;

	out[0] = '\0';
	if (!close || close - open - 1 >= NAME_SIZE)
		return;
	memcpy(out, open + 1, (size_t)(close - open - 1));
	out[close - open - 1] = '\0';
}

static int put(const char *led, const char *file, const char *text)
{
	char path[PATH_SIZE];
	int fd, result = 0;

	snprintf(path, sizeof(path), "%s/%s", led, file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		result = -errno;
	close(fd);
	return result;
}

/* A small file as text without its newline; "" when it can't be read. */
static void get(const char *led, const char *file, char *out, size_t size)
{
	char path[PATH_SIZE], *text;
	size_t length;

	out[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", led, file);
	if (file_read(path, TRIGGER_LIMIT, &text, &length) != 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	str_copy(out, size, text);
	free(text);
}

static void on_term(int number)
{
	(void)number;
	told_to_end = 1;
}

/* The child's life. Whatever ends it, the LED gets its trigger back. */
_Noreturn static void blink_and_exit(const char *led, const char *trigger, unsigned seconds)
{
	const struct sigaction action = { .sa_handler = on_term };
	char brightest[16];
	unsigned halves = seconds * (1000 / HALF_PERIOD_MS);

	sigaction(SIGTERM, &action, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	get(led, "max_brightness", brightest, sizeof(brightest));
	for (unsigned i = 0; i < halves && !told_to_end; i++) {
		if (put(led, "brightness", i % 2 ? "0" : brightest[0] ? brightest : "1") != 0)
			break;
		poll(NULL, 0, HALF_PERIOD_MS);
	}
	(void)put(led, "brightness", "0");
	if (trigger[0])
		(void)put(led, "trigger", trigger);
	_exit(0);
}

void agent_gather_blink(void)
{
	if (blinking > 0 && waitpid(blinking, NULL, WNOHANG) != 0)
		blinking = 0;
}

static void end_blink(void)
{
	if (blinking <= 0)
		return;
	kill(blinking, SIGTERM);
	while (waitpid(blinking, NULL, 0) < 0 && errno == EINTR)
		;
	blinking = 0;
}

int agent_blink(const char *leds, unsigned seconds, char reason[static AGENT_REASON_SIZE])
{
	char name[NAME_SIZE], led[PATH_SIZE], list[TRIGGER_LIMIT], trigger[NAME_SIZE];
	int result;

	end_blink();
	agent_find_led(leds, name);
	if (name[0] == '\0') {
		snprintf(reason, AGENT_REASON_SIZE,
			"this board has no activity LED that Linux drives (none in %.60s)", leds);
		return -ENODEV;
	}
	snprintf(led, sizeof(led), "%.400s/%s", leds, name);
	get(led, "trigger", list, sizeof(list));
	agent_parse_trigger(list, trigger);
	result = put(led, "trigger", "none");
	if (result != 0) {
		snprintf(reason, AGENT_REASON_SIZE, "the LED %.40s can't be driven: %.60s", name,
			strerror(-result));
		return result;
	}
	blinking = fork();
	if (blinking == 0)
		blink_and_exit(led, trigger, seconds);
	if (blinking > 0)
		return 0;
	result = -errno;
	(void)put(led, "trigger", trigger);
	snprintf(reason, AGENT_REASON_SIZE, "no process can be started: %.60s", strerror(-result));
	return result;
}
