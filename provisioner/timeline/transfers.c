/* SPDX-License-Identifier: ISC */
/* Files of boots that go on: what is being sent, and how it ended. */
#include "provisioner/timeline/private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

/* The id of a transfer names its boot, so that its report counts although brambled was restarted in
 * between: boot (40 bits), stage (4), number (20). */
#define ID_BOOT_SHIFT 24
#define ID_STAGE_SHIFT 20
#define ID_STAGE_MASK 0xfu
#define ID_NUMBER_MASK 0xfffffu

uint64_t timeline_begin_transfer(
	struct brambled *brambled, const struct mac *mac, const char *name, enum boot_stage stage)
{
	struct timeline *timeline = brambled->timeline;
	struct running *running = timeline_find(brambled, mac);
	uint64_t number = ++timeline->next_transfer & ID_NUMBER_MASK;
	uint64_t boot = running ? (uint64_t)running->boot.id : 0;
	uint64_t id = boot << ID_BOOT_SHIFT | (uint64_t)stage << ID_STAGE_SHIFT | number;
	struct transfer *transfer = &timeline->transfers[number % TRANSFERS];

	if (running)
		running->clues.open = true;
	*transfer = (struct transfer){ .id = id, .mac = *mac };
	str_copy_visible(transfer->name, sizeof(transfer->name), name, strlen(name));
	return id;
}

static const char *stage_name(enum boot_stage stage)
{
	switch (stage) {
	case BOOT_STAGE_FIRMWARE:
		return "firmware";
	case BOOT_STAGE_CONFIG:
		return "config";
	case BOOT_STAGE_KERNEL:
		return "kernel";
	case BOOT_STAGE_INITRAMFS:
		return "initramfs";
	case BOOT_STAGE_TREE:
		return "tree";
	case BOOT_STAGE_ROOT:
		return "root";
	case BOOT_STAGE_OTHER:
		return "firmware";
	}
	return "firmware";
}

static struct running *running_of_transfer(
	struct brambled *brambled, uint64_t id, const struct transfer *known)
{
	struct timeline *timeline = brambled->timeline;

	if (known)
		return timeline_find(brambled, &known->mac);
	for (size_t i = 0; i < timeline->n; i++) {
		if (id >> ID_BOOT_SHIFT &&
			(uint64_t)timeline->boots[i].boot.id == id >> ID_BOOT_SHIFT)
			return &timeline->boots[i];
	}
	return NULL;
}

/* The names of the latest are remembered. */
static const struct transfer *find_transfer(const struct brambled *brambled, uint64_t id)
{
	const struct transfer *known =
		&brambled->timeline->transfers[(id & ID_NUMBER_MASK) % TRANSFERS];

	return known->id == id ? known : NULL;
}

static bool waits(const struct running *running)
{
	return strcmp(running->boot.cause, CAUSE_TURN) == 0;
}

void timeline_note_waits(struct brambled *brambled, const struct ipc_waits *told)
{
	struct running *running = running_of_transfer(
		brambled, told->transfer, find_transfer(brambled, told->transfer));
	char reason[REGISTRY_REASON_SIZE], mac[MAC_TEXT_SIZE];

	if (!running)
		return;
	timeline_move(running);
	if (!told->waits && waits(running))
		timeline_clear_reason(running);
	/* A parked board's reason is that it is parked. */
	if (!told->waits || (running->boot.reason[0] && !waits(running)))
		return;
	if (!waits(running))
		brambled_event(brambled, "boot.waiting", timeline_subject(&running->boot, mac),
			"%s", diagnosis_find(CAUSE_TURN)->text);
	snprintf(reason, sizeof(reason), "%s; %u files of boards that came before go first",
		diagnosis_find(CAUSE_TURN)->text, told->before);
	timeline_set_reason(running, CAUSE_TURN, reason);
}

void timeline_end_transfer(struct brambled *brambled, const struct ipc_transfer *report)
{
	uint64_t id = report->transfer;
	const struct transfer *known = find_transfer(brambled, id);
	const char *name = "a file begun before brambled was restarted";
	struct registry_step step = { .at_ms = clock_wall_ms(),
		.bytes = report->bytes,
		.retransmissions = report->retransmissions,
		.duration_ms = (uint32_t)(report->duration_ns / NS_PER_MS) };
	struct running *running;

	running = running_of_transfer(brambled, id, known);
	/* Firmware looks whether a file is there by asking for it and ending the transfer at once.
	 */
	if (running && report->error == ECANCELED)
		running->clues.open = false;
	if (!running || report->error == ECANCELED)
		return;
	if (waits(running))
		timeline_clear_reason(running);
	if (known)
		name = known->name;
	diagnosis_note_transfer(&running->clues, name, report->error, report->bytes);
	if (report->error == 0) {
		running->boot.files++;
		running->at_ipxe = boot_is_ipxe(name);
		str_copy(step.detail, sizeof(step.detail), name);
	} else {
		snprintf(step.detail, sizeof(step.detail), "%.95s stopped after %llu bytes: %.110s",
			name, (unsigned long long)report->bytes,
			report->reason[0] ? report->reason : strerror(report->error));
	}
	str_copy(step.stage, sizeof(step.stage),
		stage_name((enum boot_stage)(id >> ID_STAGE_SHIFT & ID_STAGE_MASK)));
	timeline_add_step(brambled, running, &step);
}
