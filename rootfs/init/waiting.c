/* SPDX-License-Identifier: ISC */
/* A board that no policy admits yet. Whoever stands before it sees which one it is and what to
 * type, and it goes on by itself. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "rootfs/http.h"
#include "rootfs/init/init.h"
#include "rootfs/json.h"
#include "rootfs/led.h"

#define ASK_EVERY_MS 2000
#define ASK_MS 2000
#define SHOW_EVERY_NS (30 * NS_PER_S) /* a screen may have been plugged in since */
/* Two short flashes and a pause: neither "identify" (steady) nor the firmware's own error codes,
 * which have one to nine slow ones (raspberrypi documentation, led-warnings). */
#define FLASH_MS 100

struct waiting {
	const struct init_arguments *arguments;
	struct led led;
	char command[128], reason[INIT_REASON_SIZE];
	uint64_t shown_ns, heard_ns;
};

static void flash(const struct waiting *waiting)
{
	for (int i = 0; i < 2 && waiting->led.path[0]; i++) {
		(void)led_set(&waiting->led, true);
		poll(NULL, 0, FLASH_MS);
		(void)led_set(&waiting->led, false);
		poll(NULL, 0, FLASH_MS);
	}
}

static void show(struct waiting *waiting)
{
	waiting->shown_ns = clock_monotonic_ns();
	init_complain("this board (%s) waits to be admitted. On the router, type:",
		waiting->arguments->wait);
	init_complain("    %s", waiting->command);
	if (waiting->reason[0])
		init_say("%s", waiting->reason);
}

static void copy(const char *body, const char *name, char *out, size_t size)
{
	char text[INIT_REASON_SIZE];

	if (json_get(body, name, text, sizeof(text)) == 0)
		str_copy_visible(out, size, text, strlen(text));
}

/* True: admitted. */
static bool ask(struct waiting *waiting)
{
	char admitted[8] = "", node[NODE_NAME_SIZE] = "", before[sizeof(waiting->command)];
	struct http_answer answer;

	if (http_call(waiting->arguments->router, waiting->arguments->port, "/v1/waiting", "{}",
		    ASK_MS, &answer) != 0 ||
		answer.status != 200)
		return false;
	waiting->heard_ns = clock_monotonic_ns();
	(void)json_get(answer.body, "admitted", admitted, sizeof(admitted));
	if (strcmp(admitted, "true") == 0) {
		copy(answer.body, "node", node, sizeof(node));
		init_complain("admitted as %s: starting over", node);
		return true;
	}
	memcpy(before, waiting->command, sizeof(before));
	copy(answer.body, "command", waiting->command, sizeof(waiting->command));
	copy(answer.body, "reason", waiting->reason, sizeof(waiting->reason));
	if (strcmp(before, waiting->command) != 0)
		show(waiting);
	return false;
}

void init_wait_for_admission(const struct init_arguments *arguments)
{
	struct waiting waiting = { .arguments = arguments, .heard_ns = clock_monotonic_ns() };
	char reason[LED_REASON_SIZE];

	snprintf(
		waiting.command, sizeof(waiting.command), "bramble node admit %s", arguments->wait);
	if (led_take(&waiting.led, LED_CLASS, reason) != 0)
		init_say("%s", reason);
	show(&waiting);
	while (!ask(&waiting)) {
		uint64_t now = clock_monotonic_ns();

		if (now - waiting.heard_ns > arguments->patience_s * NS_PER_S) {
			init_complain("the router doesn't answer any more: starting over");
			break;
		}
		if (now - waiting.shown_ns > SHOW_EVERY_NS)
			show(&waiting);
		flash(&waiting);
		poll(NULL, 0, ASK_EVERY_MS);
	}
	led_give_back(&waiting.led);
}
