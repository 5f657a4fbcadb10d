/* SPDX-License-Identifier: ISC */
#include "provisioner/timeline.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define BOOTS 1024     /* going on at once */
#define TRANSFERS 4096 /* remembered; the oldest is overwritten */
#define REPEAT_MS                                                                                  \
	60000 /* a DISCOVER within this time of the last, with nothing since, is a repetition */
#define STUCK_MS 120000

struct transfer {
	uint64_t id;
	struct mac mac;
	enum boot_stage stage;
	char name[96];
};

struct timeline {
	size_t n;
	struct registry_boot boots[BOOTS];
	uint64_t next_transfer;
	struct transfer transfers[TRANSFERS];
};

/* In the order of a boot. */
static const char *const stages[] = { "dhcp", "firmware", "config", "tree", "initramfs", "kernel",
	"init", "network", "nfs", "root", "data", "systemd", "joined" };

static size_t rank(const char *stage)
{
	size_t i = 0;

	while (i < sizeof(stages) / sizeof(stages[0]) && strcmp(stages[i], stage) != 0)
		i++;
	return i;
}

static int load(void *argument, const struct registry_boot *boot)
{
	struct timeline *timeline = argument;

	if (boot->ended_ms == 0 && timeline->n < BOOTS)
		timeline->boots[timeline->n++] = *boot;
	return 0;
}

int timeline_start(struct brambled *brambled)
{
	struct timeline *timeline = calloc(1, sizeof(*timeline));

	if (!timeline)
		return -ENOMEM;
	/* Not from 1: a report that was meant for brambled's predecessor must not be taken for
	 * another. */
	randombytes_buf(&timeline->next_transfer, 6);
	brambled->timeline = timeline;
	return registry_each_boot(brambled->registry, NULL, NULL, 2 * BOOTS, load, timeline);
}

void timeline_stop(struct brambled *brambled)
{
	free(brambled->timeline);
	brambled->timeline = NULL;
}

struct registry_boot *timeline_boot(struct brambled *brambled, const struct mac *mac)
{
	struct timeline *timeline = brambled->timeline;

	for (size_t i = 0; i < timeline->n; i++) {
		if (memcmp(&timeline->boots[i].mac, mac, sizeof(*mac)) == 0)
			return &timeline->boots[i];
	}
	return NULL;
}

static void store(struct brambled *brambled, struct registry_boot *boot)
{
	boot->changed_ms = clock_wall_ms();
	/* A full disk costs the record of this boot, not the boot; brambled_commit() says so. */
	(void)registry_put_boot(brambled->registry, boot);
}

static void finish(struct brambled *brambled, struct registry_boot *boot)
{
	struct timeline *timeline = brambled->timeline;

	boot->ended_ms = clock_wall_ms();
	store(brambled, boot);
	*boot = timeline->boots[--timeline->n];
}

static const char *subject_of(const struct registry_boot *boot, char mac[static MAC_TEXT_SIZE])
{
	if (boot->node[0])
		return boot->node;
	str_format_mac(&boot->mac, mac);
	return mac;
}

struct registry_boot *timeline_boot_or_begin(
	struct brambled *brambled, const struct mac *mac, const char *node)
{
	struct timeline *timeline = brambled->timeline;
	struct registry_boot *boot = timeline_boot(brambled, mac);
	char text[MAC_TEXT_SIZE];

	if (boot || timeline->n == BOOTS)
		return boot;
	boot = &timeline->boots[timeline->n++];
	*boot = (struct registry_boot){
		.mac = *mac, .stage = "dhcp", .started_ms = clock_wall_ms()
	};
	str_copy(boot->node, sizeof(boot->node), node);
	store(brambled, boot);
	str_format_mac(mac, text);
	brambled_event(brambled, "boot.started", subject_of(boot, text),
		"board %s was powered on (boot %lld)", text, (long long)boot->id);
	return boot;
}

void timeline_discover(struct brambled *brambled, const struct mac *mac, const char *node)
{
	struct registry_boot *boot = timeline_boot(brambled, mac);
	struct registry_step step = {
		.at_ms = clock_wall_ms(), .stage = "dhcp", .detail = "DISCOVER"
	};

	/* bootcode.bin of a Pi 3, the first file that it fetches, asks for an address once more
	 * (raspberrypi/firmware issues 1124, 1699). */
	if (boot && (boot->files > 1 || boot->token[0] ||
			    clock_wall_ms() - boot->changed_ms > REPEAT_MS)) {
		char reason[REGISTRY_REASON_SIZE];

		snprintf(reason, sizeof(reason), "the board started over after stage %.15s",
			boot->stage);
		if (boot->reason[0] == '\0')
			str_copy(boot->reason, sizeof(boot->reason), reason);
		finish(brambled, boot);
	}
	boot = timeline_boot_or_begin(brambled, mac, node);
	if (!boot)
		return;
	str_copy(boot->node, sizeof(boot->node), node);
	timeline_step(brambled, mac, &step);
}

static void move_forward(struct brambled *brambled, struct registry_boot *boot, const char *stage)
{
	char text[MAC_TEXT_SIZE];

	if (rank(stage) >= sizeof(stages) / sizeof(stages[0]) || rank(stage) <= rank(boot->stage))
		return;
	str_copy(boot->stage, sizeof(boot->stage), stage);
	boot->reason[0] = '\0';
	brambled_event(brambled, "boot.stage", subject_of(boot, text),
		"%s, %.1f s and %.1f MB after power-on", stage,
		(double)(clock_wall_ms() - boot->started_ms) / 1000.0, (double)boot->bytes / 1e6);
}

void timeline_step(
	struct brambled *brambled, const struct mac *mac, const struct registry_step *step)
{
	struct registry_boot *boot = timeline_boot(brambled, mac);

	if (!boot)
		return;
	boot->bytes += step->bytes;
	boot->retransmissions += step->retransmissions;
	move_forward(brambled, boot, step->stage);
	store(brambled, boot);
	(void)registry_add_step(brambled->registry, boot->id, step);
}

void timeline_reason(struct brambled *brambled, const struct mac *mac, const char *reason)
{
	struct registry_boot *boot = timeline_boot(brambled, mac);
	char text[MAC_TEXT_SIZE];

	if (!boot || strcmp(boot->reason, reason) == 0)
		return;
	str_copy(boot->reason, sizeof(boot->reason), reason);
	store(brambled, boot);
	brambled_event(brambled, "boot.waiting", subject_of(boot, text), "%s", reason);
}

void timeline_joined(struct brambled *brambled, const struct mac *mac)
{
	struct registry_step step = { .at_ms = clock_wall_ms(), .stage = "joined" };
	struct registry_boot *boot;

	timeline_step(brambled, mac, &step);
	boot = timeline_boot(brambled, mac);
	if (boot)
		finish(brambled, boot);
}

void timeline_end(struct brambled *brambled, const struct mac *mac, const char *reason)
{
	struct registry_boot *boot = timeline_boot(brambled, mac);

	if (!boot)
		return;
	str_copy(boot->reason, sizeof(boot->reason), reason);
	finish(brambled, boot);
}

uint64_t timeline_begin_transfer(
	struct brambled *brambled, const struct mac *mac, const char *name, enum boot_stage stage)
{
	struct timeline *timeline = brambled->timeline;
	uint64_t id = ++timeline->next_transfer;
	struct transfer *transfer = &timeline->transfers[id % TRANSFERS];

	*transfer = (struct transfer){ .id = id, .mac = *mac, .stage = stage };
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
	case BOOT_STAGE_OTHER:
		return "firmware";
	}
	return "firmware";
}

void timeline_end_transfer(struct brambled *brambled, const struct ipc_transfer *report)
{
	const struct transfer *transfer =
		&brambled->timeline->transfers[report->transfer % TRANSFERS];
	struct registry_step step = { .at_ms = clock_wall_ms(),
		.bytes = report->bytes,
		.retransmissions = report->retransmissions,
		.duration_ms = (uint32_t)(report->duration_ns / NS_PER_MS) };
	struct registry_boot *boot;

	if (transfer->id != report->transfer)
		return;
	boot = timeline_boot(brambled, &transfer->mac);
	/* Firmware looks whether a file is there by asking for it and ending the transfer at once.
	 */
	if (!boot || report->error == ECANCELED)
		return;
	if (report->error == 0) {
		boot->files++;
		str_copy(step.detail, sizeof(step.detail), transfer->name);
	} else {
		snprintf(step.detail, sizeof(step.detail), "%s stopped after %llu bytes: %s",
			transfer->name, (unsigned long long)report->bytes,
			report->reason[0] ? report->reason : strerror(report->error));
	}
	str_copy(step.stage, sizeof(step.stage), stage_name(transfer->stage));
	timeline_step(brambled, &transfer->mac, &step);
}

/* What stands behind a boot that stopped at this stage, and what to do. */
static const char *explain(const char *stage)
{
	static const struct {
		const char *stage, *text;
	} known[] = {
		{ "dhcp", "it took an address but asked for no file: another DHCP server may have "
			  "answered first, or the "
			  "offer had no boot entry; look for other DHCP servers" },
		{ "firmware", "its firmware stopped asking: a file was lost or is wrong for this "
			      "model; power-cycle it, "
			      "then look at the cable" },
		{ "config", "its firmware read config.txt and stopped: this model may need a file "
			    "that the image lacks" },
		{ "tree", "its firmware stopped before the kernel; power-cycle it" },
		{ "initramfs",
			"the initramfs was fetched, the kernel not: power-cycle it, then look at "
			"the cable" },
		{ "kernel",
			"the kernel was fetched but bramble-init hasn't spoken: wrong kernel for "
			"this model, or no driver for its network port" },
		{ "init", "bramble-init runs but has no network: the driver of its port or the "
			  "link" },
		{ "network", "it has an address but the share isn't mounted: is the NFS server "
			     "running (bramble status)?" },
		{ "nfs", "the share is mounted but the image isn't: is its file there "
			 "(bramble-image verify)?" },
		{ "root", "the root is mounted but its data directory isn't" },
		{ "data", "systemd hasn't come up: look at its console" },
		{ "systemd", "the agent hasn't joined: journalctl -u bramble-agent on the node" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].stage, stage) == 0)
			return known[i].text;
	}
	return "it stopped";
}

void timeline_tick(struct brambled *brambled)
{
	struct timeline *timeline = brambled->timeline;
	int64_t now = clock_wall_ms();

	for (size_t i = timeline->n; i-- > 0;) {
		struct registry_boot *boot = &timeline->boots[i];
		char mac[MAC_TEXT_SIZE];

		if (now - boot->changed_ms < STUCK_MS)
			continue;
		if (boot->reason[0] == '\0')
			str_copy(boot->reason, sizeof(boot->reason), explain(boot->stage));
		brambled_event(brambled, "boot.stuck", subject_of(boot, mac),
			"stopped at stage %s: %s", boot->stage, boot->reason);
		finish(brambled, boot);
	}
}
