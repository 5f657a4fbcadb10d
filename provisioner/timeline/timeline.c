/* SPDX-License-Identifier: ISC */
#include "provisioner/timeline/timeline.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/console.h"
#include "provisioner/nodes/versions.h"
#include "provisioner/timeline/diagnosis.h"
#include "provisioner/timeline/private.h"
#include "provisioner/timeline/stages.h"

#define STEPS 200 /* written per boot; further ones are only counted */
/* A DISCOVER within this time of the last sign of life, with no file since, is a repetition. */
#define REPEAT_NS (60 * NS_PER_S)
#define DISCOVERS_IN_VAIN 4
#define LATE_SECS 8 /* a DISCOVER of a port that forwards at once says less */

static int load(void *argument, const struct registry_boot *boot)
{
	struct timeline *timeline = argument;

	if (boot->ended_ms == 0 && timeline->n < BOOTS)
		timeline->boots[timeline->n++] = (struct running){
			.boot = *boot, .moved_ns = clock_monotonic_ns(), .interrupted = true
		};
	return 0;
}

int timeline_start(struct brambled *brambled)
{
	struct timeline *timeline = calloc(1, sizeof(*timeline));

	if (!timeline)
		return -ENOMEM;
	/* Not from 1: a report that was meant for brambled's predecessor must not be taken for
	 * another file of the same boot. */
	timeline->next_transfer = randombytes_random();
	brambled->timeline = timeline;
	return registry_each_boot(brambled->registry, NULL, NULL, 2 * BOOTS, load, timeline);
}

void timeline_stop(struct brambled *brambled)
{
	free(brambled->timeline);
	brambled->timeline = NULL;
}

struct running *timeline_find(struct brambled *brambled, const struct mac *mac)
{
	struct timeline *timeline = brambled->timeline;

	for (size_t i = 0; i < timeline->n; i++) {
		if (memcmp(&timeline->boots[i].boot.mac, mac, sizeof(*mac)) == 0)
			return &timeline->boots[i];
	}
	return NULL;
}

const struct registry_boot *timeline_boot(struct brambled *brambled, const struct mac *mac)
{
	const struct running *running = timeline_find(brambled, mac);

	return running ? &running->boot : NULL;
}

void timeline_move(struct running *running)
{
	running->moved_ns = clock_monotonic_ns();
	running->boot.changed_ms = clock_wall_ms();
	running->changed = true;
}

/* A full disk costs the record of this boot, not the boot; brambled_commit() says so. */
static void write_boot(struct brambled *brambled, struct running *running)
{
	running->changed = registry_put_boot(brambled->registry, &running->boot) != 0;
}

static void finish(struct brambled *brambled, struct running *running)
{
	struct timeline *timeline = brambled->timeline;

	running->boot.ended_ms = clock_wall_ms();
	write_boot(brambled, running);
	*running = timeline->boots[--timeline->n];
}

const char *timeline_subject(const struct registry_boot *boot, char mac[static MAC_TEXT_SIZE])
{
	if (boot->node[0])
		return boot->node;
	str_format_mac(&boot->mac, mac);
	return mac;
}

/* When all places are taken (a flood of invented boards), the boot that fetched nothing and moved
 * least lately gives way. */
static struct running *make_room(struct brambled *brambled)
{
	struct timeline *timeline = brambled->timeline;
	struct running *victim = NULL;

	for (size_t i = 0; timeline->n == BOOTS && i < BOOTS; i++) {
		struct running *running = &timeline->boots[i];

		if (!victim || (running->boot.files > 0) < (victim->boot.files > 0) ||
			((running->boot.files > 0) == (victim->boot.files > 0) &&
				running->moved_ns < victim->moved_ns))
			victim = running;
	}
	if (victim)
		finish(brambled, victim);
	return &timeline->boots[timeline->n++];
}

void timeline_clear_reason(struct running *running)
{
	running->boot.reason[0] = running->boot.cause[0] = '\0';
}

void timeline_set_reason(struct running *running, const char *cause, const char *reason)
{
	str_copy(running->boot.cause, sizeof(running->boot.cause), cause);
	str_copy(running->boot.reason, sizeof(running->boot.reason), reason);
}

static void set_node(struct running *running, const char *node)
{
	if (strcmp(running->boot.node, node) == 0)
		return;
	str_copy(running->boot.node, sizeof(running->boot.node), node);
	timeline_clear_reason(running); /* it was that of a parked board */
	running->changed = true;
}

static struct running *find_or_begin(
	struct brambled *brambled, const struct mac *mac, const char *node)
{
	struct running *running = timeline_find(brambled, mac);
	char text[MAC_TEXT_SIZE], subject[MAC_TEXT_SIZE];

	if (running) {
		set_node(running, node);
		return running;
	}
	running = make_room(brambled);
	*running = (struct running){
		.boot = { .mac = *mac, .stage = "dhcp", .started_ms = clock_wall_ms() }
	};
	str_copy(running->boot.node, sizeof(running->boot.node), node);
	timeline_move(running);
	write_boot(brambled, running);
	str_format_mac(mac, text);
	brambled_event(brambled, "boot.started", timeline_subject(&running->boot, subject),
		"board %s was powered on (boot %lld)", text, (long long)running->boot.id);
	return running;
}

const struct registry_boot *timeline_boot_or_begin(
	struct brambled *brambled, const struct mac *mac, const char *node)
{
	const struct registry_boot *boot = &find_or_begin(brambled, mac, node)->boot;

	console_attach(brambled, mac);
	return boot;
}

void timeline_revive(struct brambled *brambled, const struct registry_boot *boot)
{
	struct running *running;

	if (timeline_find(brambled, &boot->mac))
		return;
	running = make_room(brambled);
	*running = (struct running){ .boot = *boot };
	running->boot.ended_ms = 0;
	timeline_clear_reason(running);
	timeline_move(running);
}

/* Which file, which server. */
static void name_culprit(struct running *running)
{
	struct registry_boot *boot = &running->boot;
	size_t used = strlen(boot->reason);
	char server[ADDRESS_TEXT_SIZE];

	if (strcmp(boot->cause, "missing-file") == 0) {
		snprintf(boot->reason + used, sizeof(boot->reason) - used, ": %s",
			running->clues.missing);
	} else if (strcmp(boot->cause, "foreign-dhcp") == 0) {
		str_format_address(running->clues.foreign, server);
		snprintf(boot->reason + used, sizeof(boot->reason) - used, ": %s", server);
	}
}

/* From what was seen, unless somebody has said why. */
static void conclude(struct running *running)
{
	const struct diagnosis_cause *cause =
		diagnosis_find(diagnosis_infer(running->boot.stage, &running->clues));

	if (running->boot.reason[0])
		return;
	timeline_set_reason(running, cause->code, cause->text);
	name_culprit(running);
}

/* The board's firmware tries again, or somebody switched it off and on. */
static void start_over(struct brambled *brambled, struct running *running)
{
	const char *stage = running->boot.stage;
	char reason[REGISTRY_REASON_SIZE];

	snprintf(reason, sizeof(reason), "the board started over after stage %s", stage);
	if (diagnosis_is_clear(&running->clues))
		conclude(running);
	else if (running->boot.reason[0] == '\0')
		timeline_set_reason(running, CAUSE_STARTED_OVER, reason);
	versions_boot_failed(brambled, &running->boot, running->interrupted);
	finish(brambled, running);
}

/* bootcode.bin of a Pi 3, the first file that it fetches, asks for an address once more
 * (raspberrypi/firmware issues 1124, 1699), and so does iPXE, of which UEFI may have fetched the
 * size before. */
static bool has_begun(const struct running *running)
{
	return (running->boot.files > 1 && !running->at_ipxe) || running->boot.token[0];
}

bool timeline_has_begun(struct brambled *brambled, const struct mac *mac)
{
	const struct running *running = timeline_find(brambled, mac);

	return running && has_begun(running);
}

void timeline_discover(
	struct brambled *brambled, const struct mac *mac, const char *node, unsigned secs)
{
	struct running *running = timeline_find(brambled, mac);
	struct registry_step step = {
		.at_ms = clock_wall_ms(), .stage = "dhcp", .detail = "DISCOVER"
	};

	if (running && (has_begun(running) || clock_monotonic_ns() - running->moved_ns > REPEAT_NS))
		start_over(brambled, running);
	running = find_or_begin(brambled, mac, node);
	if (running->clues.discovers++ == 0 && running->boot.files == 0)
		running->clues.late = secs >= LATE_SECS;
	/* It never falls silent, so that it doesn't count as stuck. */
	if (running->clues.discovers == DISCOVERS_IN_VAIN && running->boot.files == 0)
		conclude(running);
	timeline_step(brambled, mac, &step);
	console_attach(brambled, mac);
}

int timeline_set_image(struct brambled *brambled, const struct mac *mac, const char *hash)
{
	struct running *running = timeline_find(brambled, mac);

	if (!running)
		return -ENOENT;
	if (strcmp(running->boot.image_hash, hash) != 0) {
		str_copy(running->boot.image_hash, sizeof(running->boot.image_hash), hash);
		running->changed = true;
	}
	return 0;
}

const char *timeline_token(struct brambled *brambled, const struct mac *mac)
{
	struct running *running = timeline_find(brambled, mac);
	uint8_t random[(REGISTRY_TOKEN_SIZE - 1) / 2];

	if (!running)
		return NULL;
	if (running->boot.token[0] == '\0') {
		randombytes_buf(random, sizeof(random));
		str_format_hex(random, sizeof(random), running->boot.token);
		running->changed = true;
	}
	return running->boot.token;
}

unsigned timeline_count_waiting(const struct brambled *brambled)
{
	const struct timeline *timeline = brambled->timeline;
	unsigned n = 0;

	for (size_t i = 0; i < timeline->n; i++)
		n += timeline->boots[i].boot.node[0] == '\0' &&
		     timeline->boots[i].boot.image_hash[0];
	return n;
}

void timeline_count(const struct brambled *brambled, unsigned *going_on, unsigned *waiting)
{
	const struct timeline *timeline = brambled->timeline;

	*going_on = (unsigned)timeline->n;
	*waiting = 0;
	for (size_t i = 0; i < timeline->n; i++)
		*waiting += strcmp(timeline->boots[i].boot.cause, CAUSE_TURN) == 0;
}

bool timeline_is_spoken(const char *stage)
{
	return stages_rank(stage) >= stages_rank("init");
}

static void move_forward(struct brambled *brambled, struct running *running, const char *stage)
{
	struct registry_boot *boot = &running->boot;
	char text[MAC_TEXT_SIZE];

	if (stages_rank(stage) >= STAGES || stages_rank(stage) <= stages_rank(boot->stage))
		return;
	str_copy(boot->stage, sizeof(boot->stage), stage);
	if (boot->node[0]) /* a parked board stays parked, whatever it loads */
		timeline_clear_reason(running);
	brambled_event(brambled, "boot.stage", timeline_subject(boot, text),
		"%s, %.1f s and %.1f MB after power-on", stage,
		(double)(clock_wall_ms() - boot->started_ms) / 1000.0, (double)boot->bytes / 1e6);
}

void timeline_add_step(
	struct brambled *brambled, struct running *running, const struct registry_step *step)
{
	running->boot.bytes += step->bytes;
	running->boot.retransmissions += step->retransmissions;
	move_forward(brambled, running, step->stage);
	timeline_move(running);
	if (running->boot.id == 0)
		write_boot(brambled, running);
	if (running->boot.id == 0 || running->steps >= STEPS)
		return;
	running->steps++;
	(void)registry_add_step(brambled->registry, running->boot.id, step);
}

void timeline_step(
	struct brambled *brambled, const struct mac *mac, const struct registry_step *step)
{
	struct running *running = timeline_find(brambled, mac);

	if (running)
		timeline_add_step(brambled, running, step);
}

void timeline_touch(struct brambled *brambled, const struct mac *mac)
{
	struct running *running = timeline_find(brambled, mac);

	if (running)
		timeline_move(running);
}

void timeline_reason(
	struct brambled *brambled, const struct mac *mac, const char *cause, const char *reason)
{
	struct running *running = timeline_find(brambled, mac);
	char text[MAC_TEXT_SIZE];

	if (!running || strncmp(running->boot.reason, reason, REGISTRY_REASON_SIZE - 1) == 0)
		return;
	timeline_set_reason(running, cause, reason);
	running->changed = true;
	brambled_event(
		brambled, "boot.waiting", timeline_subject(&running->boot, text), "%s", reason);
}

void timeline_note_foreign(struct brambled *brambled, const struct mac *mac, struct in_addr server)
{
	struct running *running = timeline_find(brambled, mac);

	if (running)
		running->clues.foreign = server;
}

void timeline_note_missing(struct brambled *brambled, const struct mac *mac, const char *leaf)
{
	struct running *running = timeline_find(brambled, mac);

	if (running)
		diagnosis_note_missing(&running->clues, leaf);
}

void timeline_set_contradiction(struct brambled *brambled, const struct mac *mac)
{
	struct running *running = timeline_find(brambled, mac);

	if (running)
		running->contradicts = true;
}

bool timeline_has_contradiction(struct brambled *brambled, const struct mac *mac)
{
	const struct running *running = timeline_find(brambled, mac);

	return running && running->contradicts;
}

void timeline_joined(struct brambled *brambled, const struct mac *mac)
{
	struct registry_step step = { .at_ms = clock_wall_ms(), .stage = "joined" };
	struct running *running = timeline_find(brambled, mac);

	if (!running)
		return;
	timeline_add_step(brambled, running, &step);
	finish(brambled, running);
}

int timeline_advance(struct brambled *brambled, int64_t boot, const char *stage, const char *detail)
{
	struct registry_step step = { .at_ms = clock_wall_ms() };
	struct registry_boot stored;
	int result = registry_get_boot(brambled->registry, boot, &stored);

	if (result != 0)
		return result;
	if (!stages_have_joined(stored.stage) ||
		(strcmp(stage, "joined") != 0 && stages_rank(stage) <= stages_rank(stored.stage)))
		return 0;
	str_copy(step.stage, sizeof(step.stage), stage);
	str_copy(step.detail, sizeof(step.detail), detail);
	result = registry_add_step(brambled->registry, boot, &step);
	if (result != 0 || strcmp(stage, "joined") == 0)
		return result;
	str_copy(stored.stage, sizeof(stored.stage), stage);
	stored.changed_ms = stored.ended_ms = step.at_ms;
	return registry_put_boot(brambled->registry, &stored);
}

void timeline_end(struct brambled *brambled, const struct mac *mac, const char *reason)
{
	struct running *running = timeline_find(brambled, mac);

	if (!running || brambled->rehearsing)
		return;
	timeline_set_reason(running, CAUSE_GONE, reason);
	finish(brambled, running);
}

static void give_up(struct brambled *brambled, struct running *running)
{
	struct registry_boot *boot = &running->boot;
	char mac[MAC_TEXT_SIZE];

	/* A parked board that was switched off is no trouble. */
	if (boot->node[0] == '\0') {
		finish(brambled, running);
		return;
	}
	conclude(running);
	brambled_event(brambled, "boot.stuck", timeline_subject(boot, mac),
		"stopped at stage %s: %s", boot->stage, boot->reason);
	versions_boot_failed(brambled, boot, running->interrupted);
	finish(brambled, running);
}

void timeline_tick(struct brambled *brambled)
{
	struct timeline *timeline = brambled->timeline;
	uint64_t now = clock_monotonic_ns();
	uint64_t stuck_ns = (uint64_t)brambled->settings.stuck_after_s * NS_PER_S;

	for (size_t i = timeline->n; i-- > 0;) {
		if (now - timeline->boots[i].moved_ns >= stuck_ns)
			give_up(brambled, &timeline->boots[i]);
	}
}

void timeline_write(struct brambled *brambled)
{
	struct timeline *timeline = brambled->timeline;

	for (size_t i = 0; i < timeline->n; i++) {
		if (timeline->boots[i].changed)
			write_boot(brambled, &timeline->boots[i]);
	}
}

void timeline_after_rollback(struct brambled *brambled)
{
	struct timeline *timeline = brambled->timeline;

	for (size_t i = 0; i < timeline->n; i++) {
		struct running *running = &timeline->boots[i];
		struct registry_boot stored;

		/* Its number may be given to another boot now. */
		if (registry_get_boot(brambled->registry, running->boot.id, &stored) != 0 ||
			memcmp(&stored.mac, &running->boot.mac, sizeof(stored.mac)) != 0)
			running->boot.id = 0;
		running->changed = true;
	}
}

/* Is it the board's, or was it to be in what was rolled back? */
static bool has_node(const struct brambled *brambled, const struct registry_boot *boot)
{
	struct registry_node node;

	return boot->node[0] == '\0' ||
	       (registry_node_of_board(brambled->registry, &boot->mac, &node) == 0 &&
		       strcmp(node.name, boot->node) == 0);
}

void timeline_note_unwritten(struct brambled *brambled)
{
	struct timeline *timeline = brambled->timeline;

	for (size_t i = 0; i < timeline->n; i++) {
		struct registry_boot *boot = &timeline->boots[i].boot;

		if (boot->id != 0)
			continue;
		if (!has_node(brambled, boot))
			boot->node[0] = '\0';
		timeline_set_reason(
			&timeline->boots[i], CAUSE_DISK_FULL, brambled->registry_warning);
	}
}
