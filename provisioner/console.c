/* SPDX-License-Identifier: ISC */
#include "provisioner/console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/console_lines.h"
#include "provisioner/timeline/timeline.h"

#define SENDERS 64 /* that spoke lately; whoever has been silent longest gives way */
#define HELD 64	   /* lines of a sender without a boot; the oldest gives way */
#define LINE_NS NS_PER_S
#define HOLD_NS (15 * NS_PER_S)

struct held {
	int64_t at_ms;
	char text[CONSOLE_LINE_SIZE];
};

struct sender {
	struct mac mac;
	uint64_t heard_ns; /* 0 = unused */
	bool starts;	   /* its firmware has begun anew: a DISCOVER will come */
	struct console_lines lines;
	size_t n_held;
	struct held held[HELD];
};

struct console {
	struct brambled *brambled;
	struct sender senders[SENDERS];
};

/* Whose lines are being taken. */
struct taking {
	struct brambled *brambled;
	struct sender *sender;
};

int console_start(struct brambled *brambled)
{
	brambled->console = calloc(1, sizeof(*brambled->console));
	if (!brambled->console)
		return -ENOMEM;
	brambled->console->brambled = brambled;
	return 0;
}

void console_stop(struct brambled *brambled)
{
	free(brambled->console);
	brambled->console = NULL;
}

/* A full disk costs the record, as with steps. */
static void write_held(struct brambled *brambled, struct sender *sender, int64_t boot)
{
	for (size_t i = 0; i < sender->n_held && boot != 0; i++)
		(void)registry_add_line(
			brambled->registry, boot, sender->held[i].at_ms, sender->held[i].text);
	sender->n_held = 0;
}

static void hold(struct sender *sender, const char *line)
{
	struct held *held;

	if (sender->n_held == HELD)
		memmove(&sender->held[0], &sender->held[1],
			--sender->n_held * sizeof(sender->held[0]));
	held = &sender->held[sender->n_held++];
	held->at_ms = clock_wall_ms();
	str_copy(held->text, sizeof(held->text), line);
}

static void take_line(void *argument, const char *line)
{
	struct taking *taking = argument;
	struct sender *sender = taking->sender;
	const struct registry_boot *boot;

	if (console_is_power_on(line))
		sender->starts = true;
	hold(sender, line);
	boot = timeline_boot(taking->brambled, &sender->mac);
	if (boot && !sender->starts)
		write_held(taking->brambled, sender, boot->id);
}

static int take_id(void *argument, const struct registry_boot *boot)
{
	*(int64_t *)argument = boot->id;
	return 1;
}

/* Nothing has begun: it belongs to the boot that it had last (a kernel's last words), or to none.
 */
static void settle_held(struct brambled *brambled, struct sender *sender)
{
	const struct registry_boot *boot = timeline_boot(brambled, &sender->mac);
	int64_t id = boot ? boot->id : 0;

	if (!boot)
		(void)registry_each_boot(brambled->registry, NULL, &sender->mac, 1, take_id, &id);
	write_held(brambled, sender, id);
	sender->starts = false;
}

static struct sender *find(struct console *console, const struct mac *mac)
{
	for (size_t i = 0; i < SENDERS; i++) {
		if (console->senders[i].heard_ns &&
			memcmp(&console->senders[i].mac, mac, sizeof(*mac)) == 0)
			return &console->senders[i];
	}
	return NULL;
}

static struct sender *find_or_take(struct console *console, const struct mac *mac)
{
	struct sender *sender = find(console, mac);

	if (sender)
		return sender;
	sender = &console->senders[0];
	for (size_t i = 1; i < SENDERS; i++) {
		if (console->senders[i].heard_ns < sender->heard_ns)
			sender = &console->senders[i];
	}
	if (sender->n_held > 0)
		settle_held(console->brambled, sender);
	sender->mac = *mac;
	sender->starts = false;
	sender->lines.length = sender->n_held = 0;
	return sender;
}

void console_hear(struct brambled *brambled, const struct ipc_console *piece)
{
	struct taking taking = { brambled, find_or_take(brambled->console, &piece->mac) };

	taking.sender->heard_ns = clock_monotonic_ns();
	console_lines_feed(&taking.sender->lines, piece->text, piece->length, take_line, &taking);
}

void console_attach(struct brambled *brambled, const struct mac *mac)
{
	struct sender *sender = find(brambled->console, mac);
	const struct registry_boot *boot = timeline_boot(brambled, mac);

	if (!sender || !boot)
		return;
	sender->starts = false;
	write_held(brambled, sender, boot->id);
}

void console_tick(struct brambled *brambled)
{
	uint64_t now = clock_monotonic_ns();

	for (size_t i = 0; i < SENDERS; i++) {
		struct taking taking = { brambled, &brambled->console->senders[i] };

		if (taking.sender->heard_ns == 0)
			continue;
		if (taking.sender->lines.length > 0 && now - taking.sender->heard_ns >= LINE_NS)
			console_lines_end(&taking.sender->lines, take_line, &taking);
		if (taking.sender->n_held > 0 && now - taking.sender->heard_ns >= HOLD_NS)
			settle_held(brambled, taking.sender);
	}
}
