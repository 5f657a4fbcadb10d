/* SPDX-License-Identifier: ISC */
/* The machine of roll-outs: every state of a node, and whole roll-outs in simulated time. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/rollout/rollout.h"

#define NODES 12
#define OLD "1111111111111111111111111111111111111111111111111111111111111111"
#define NEW "2222222222222222222222222222222222222222222222222222222222222222"
#define WITHIN_S 120

static void waves_are_read_strictly(void **state)
{
	static const char *const wrong[] = { "", ",", "1,", ",1", "0", "101%", "0%", "1 ,2", "-1",
		"1,,2", "%", "1%%", "100001", "99999999999", "1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8" };
	char reason[ROLLOUT_REASON_SIZE];
	struct rollout_waves waves;

	(void)state;
	assert_int_equal(rollout_parse_waves("1,25%,100%", &waves, reason), 0);
	assert_int_equal(waves.count, 3);
	assert_false(waves.limits[0].percent);
	assert_true(waves.limits[1].percent);
	assert_int_equal(waves.limits[1].value, 25);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (rollout_parse_waves(wrong[i], &waves, reason) != -EINVAL)
			fail_msg("\"%s\" was taken", wrong[i]);
	}
}

static void waves_hold_so_many_nodes(void **state)
{
	static const struct {
		const char *waves;
		size_t n;
		const char *of_each; /* the wave of each node, as digits */
	} cases[] = {
		{ "1,25%,100%", 12, "122333333333" },
		{ "1,25%,100%", 2, "13" },
		{ "1,25%,100%", 1, "1" },
		{ "50%", 5, "11122" }, /* the rest is a wave of its own */
		{ "3,1,100%", 5, "11133" },
		{ "100%", 3, "111" },
		{ "1%", 3, "122" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char reason[ROLLOUT_REASON_SIZE], of_each[NODES + 1] = "";
		struct rollout_waves waves;

		assert_int_equal(rollout_parse_waves(cases[i].waves, &waves, reason), 0);
		for (size_t place = 0; place < cases[i].n; place++)
			of_each[place] = (char)('0' + rollout_wave_of(&waves, place, cases[i].n));
		assert_string_equal(of_each, cases[i].of_each);
	}
}

/* --- every state of one node --- */

static bool may_become(enum registry_rollout_phase from, enum registry_rollout_phase to)
{
	static const struct {
		enum registry_rollout_phase from, to;
	} ways[] = {
		{ ROLLOUT_WAITING, ROLLOUT_WAITING }, /* seen */
		{ ROLLOUT_WAITING, ROLLOUT_DRAINING },
		{ ROLLOUT_WAITING, ROLLOUT_RELEASING },
		{ ROLLOUT_WAITING, ROLLOUT_LATER },
		{ ROLLOUT_DRAINING, ROLLOUT_REBOOTING },
		{ ROLLOUT_DRAINING, ROLLOUT_RELEASING },
		{ ROLLOUT_REBOOTING, ROLLOUT_RELEASING },
		{ ROLLOUT_REBOOTING, ROLLOUT_DRAINING },
		{ ROLLOUT_REBOOTING, ROLLOUT_FAILED },
		{ ROLLOUT_RELEASING, ROLLOUT_UPDATED },
		{ ROLLOUT_RELEASING, ROLLOUT_WAITING },
		{ ROLLOUT_RELEASING, ROLLOUT_PUT_BACK },
		{ ROLLOUT_LATER, ROLLOUT_UPDATED },
		{ ROLLOUT_LATER, ROLLOUT_FAILED },
		{ ROLLOUT_FAILED, ROLLOUT_RELEASING },
	};

	if (to == ROLLOUT_LEFT_OUT)
		return from != ROLLOUT_SAME && from != ROLLOUT_UPDATED && from != ROLLOUT_PUT_BACK;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (ways[i].from == from && ways[i].to == to)
			return true;
	}
	return false;
}

static void check_one(const struct rollout_snapshot *snapshot, const struct rollout_action *action)
{
	const struct rollout_view *view = &snapshot->nodes[0];
	enum registry_rollout_state state = snapshot->rollout.state;
	bool begins_nothing = state != ROLLOUT_RUNNING;

	switch (action->deed) {
	case ROLLOUT_STOP:
		assert_true(state == ROLLOUT_RUNNING || state == ROLLOUT_PAUSED);
		assert_true(action->text[0] != '\0');
		return;
	case ROLLOUT_FINISH:
		assert_true(state == ROLLOUT_RUNNING || state == ROLLOUT_ABORTING);
		return;
	case ROLLOUT_REBOOT:
		assert_int_equal(view->row.phase, ROLLOUT_DRAINING);
		assert_true(view->work == 0 && view->present && view->exists);
		assert_true(state == ROLLOUT_RUNNING || state == ROLLOUT_PAUSED);
		break;
	case ROLLOUT_FALL_BACK:
		assert_int_equal(view->row.phase, ROLLOUT_REBOOTING);
		assert_int_equal(action->phase, ROLLOUT_FAILED);
		break;
	case ROLLOUT_ASSIGN:
		assert_int_not_equal(state, ROLLOUT_ABORTING);
		break;
	case ROLLOUT_SEE:
	case ROLLOUT_MOVE:
	case ROLLOUT_UNASSIGN:
		break;
	}
	assert_true(may_become(view->row.phase, action->phase));
	if (view->row.phase == ROLLOUT_WAITING && action->phase == ROLLOUT_DRAINING)
		assert_false(begins_nothing || view->cordoned || !view->present);
	if (action->phase == ROLLOUT_LATER)
		assert_false(begins_nothing || view->present);
	if (action->phase == ROLLOUT_UPDATED)
		assert_true(view->runs);
}

static void every_state_of_a_node_is_handled(void **state)
{
	enum { FLAGS = 9 };
	struct rollout_view view;
	struct rollout_snapshot snapshot = {
		.rollout = { .id = 1, .max_unavailable = 1, .within_s = WITHIN_S },
		.n = 1,
		.nodes = &view,
	};
	static const int works[] = { 0, -EAGAIN, -EIO };
	struct rollout_action actions[ROLLOUT_ACTIONS_PER_NODE + 1];
	unsigned long checked = 0;

	(void)state;
	for (unsigned phase = ROLLOUT_SAME; phase <= ROLLOUT_PUT_BACK; phase++) {
		for (unsigned bits = 0; bits < 6u * 3 * 2 * (1u << FLAGS); bits++) {
			unsigned flags = bits % (1u << FLAGS), rest = bits >> FLAGS;
			int64_t now_ms = (rest % 2) * WITHIN_S * 1000;
			size_t n;

			snapshot.rollout.state = (enum registry_rollout_state)(rest / 6);
			view = (struct rollout_view){
				.row = { .node = 1,
					.name = "rasp1",
					.wave = 1,
					.phase = (enum registry_rollout_phase)phase,
					.seen = flags >> 8 & 1,
					.order = flags >> 7 & 1 },
				.exists = flags & 1,
				.cordoned = flags >> 1 & 1,
				.present = flags >> 2 & 1,
				.runs = (flags >> 3 & 1) && (flags >> 2 & 1),
				.back = (flags >> 4 & 1) && (flags >> 2 & 1),
				.ready = (flags >> 5 & 1) && (flags >> 2 & 1),
				.avoids = flags >> 6 & 1,
				.refused = flags >> 7 & 1,
				.work = works[rest / 2 % 3],
				.work_text = "why",
			};
			n = rollout_step(&snapshot, now_ms, actions);
			assert_true(n <= ROLLOUT_ACTIONS_PER_NODE + 1);
			if (!rollout_is_live(snapshot.rollout.state))
				assert_int_equal(n, 0);
			for (size_t i = 0; i < n; i++)
				check_one(&snapshot, &actions[i]);
			checked++;
		}
	}
	assert_true(checked > 100000);
}

static void a_node_under_way_goes_where_it_should(void **state)
{
	static const struct {
		const char *what;
		struct rollout_view view;
		enum registry_rollout_phase becomes;
		bool stops;
	} cases[] = {
		{ "fell back before its time was over", { .avoids = true }, ROLLOUT_FAILED, true },
		{ "came back by itself, without it", { .present = true }, ROLLOUT_DRAINING, false },
		{ "is well", { .present = true, .back = true, .runs = true, .ready = true },
			ROLLOUT_RELEASING, false },
		{ "couldn't be told", { .row = { .order = 5 }, .present = true, .refused = true },
			ROLLOUT_RELEASING, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rollout_action actions[ROLLOUT_ACTIONS_PER_NODE + 1];
		struct rollout_view view = cases[i].view;
		struct rollout_snapshot snapshot = {
			.rollout = { .id = 1, .max_unavailable = 1, .within_s = WITHIN_S },
			.n = 1,
			.nodes = &view,
		};
		size_t n;

		view.exists = true;
		view.row.wave = 1;
		view.row.phase = ROLLOUT_REBOOTING;
		n = rollout_step(&snapshot, 1000, actions);
		if (n != 1 + (size_t)cases[i].stops || actions[0].phase != cases[i].becomes)
			fail_msg("a node that %s", cases[i].what);
		if (cases[i].stops)
			assert_int_equal(actions[1].deed, ROLLOUT_STOP);
	}
}

/* --- a cluster in simulated time --- */

enum nature { SOUND, PANICS, HANGS, SLOW, JOINS_BUT_ISNT_READY };

struct machine {
	enum nature nature; /* with the new version */
	bool on, joined, cordoned, drained;
	bool has_new;	       /* what it runs or boots */
	bool assigned, avoids; /* the new version */
	unsigned failures;
	int64_t boot, joined_boot, up_at, over_at, drained_at; /* times in s; 0 = none */
	int64_t reboot_at;
};

struct cluster {
	unsigned seed;
	int64_t now; /* s */
	bool new_is_current, disturbed;
	size_t n;
	struct machine machines[NODES];
	struct rollout_view views[NODES];
	struct rollout_snapshot snapshot;
	struct rollout_action actions[ROLLOUT_ACTIONS_PER_NODE * NODES + 1];
};

static unsigned draw(struct cluster *cluster, unsigned n)
{
	cluster->seed = cluster->seed * 1103515245u + 12345u;
	return (cluster->seed >> 16) % n;
}

static void power_on(struct cluster *cluster, struct machine *machine)
{
	machine->on = true;
	machine->joined = false;
	machine->boot++;
	machine->has_new = (machine->assigned || cluster->new_is_current) && !machine->avoids;
	machine->up_at = cluster->now + 20 + draw(cluster, 30);
	machine->over_at = 0;
	if (!machine->has_new)
		return;
	if (machine->nature == SLOW)
		machine->up_at += 2 * WITHIN_S;
	if (machine->nature == PANICS || machine->nature == HANGS) {
		machine->over_at = cluster->now + (machine->nature == PANICS ? 15 : 70);
		machine->up_at = 0;
	}
}

static void live(struct cluster *cluster, struct machine *machine)
{
	if (!machine->on)
		return;
	if (machine->over_at != 0 && cluster->now >= machine->over_at) {
		if (++machine->failures >= 3)
			machine->avoids = true;
		power_on(cluster, machine);
	} else if (machine->reboot_at != 0 && cluster->now >= machine->reboot_at &&
		   machine->joined) {
		machine->reboot_at = 0;
		power_on(cluster, machine);
	} else if (!machine->joined && machine->up_at != 0 && cluster->now >= machine->up_at) {
		machine->joined = true;
		machine->joined_boot = machine->boot;
		if (machine->has_new && machine->nature != JOINS_BUT_ISNT_READY)
			machine->avoids = false;
	}
}

static void look(struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->n; i++) {
		const struct machine *machine = &cluster->machines[i];
		struct rollout_view *view = &cluster->views[i];

		view->exists = true;
		view->cordoned = machine->cordoned;
		view->present = machine->on && machine->joined;
		view->runs = view->present && machine->has_new;
		view->back = view->present && machine->joined_boot > view->row.boot;
		view->ready = view->present &&
			      !(machine->has_new && machine->nature == JOINS_BUT_ISNT_READY);
		view->avoids = machine->avoids;
		view->work = 0;
		if (view->row.phase == ROLLOUT_DRAINING && cluster->now < machine->drained_at)
			view->work = -EAGAIN;
	}
}

static bool is_taken(const struct rollout_view *view)
{
	return view->row.phase == ROLLOUT_DRAINING || view->row.phase == ROLLOUT_REBOOTING ||
	       view->row.phase == ROLLOUT_RELEASING || view->row.phase == ROLLOUT_FAILED;
}

/* Whoever waits in an earlier wave keeps later ones from beginning. */
static bool has_earlier(const struct cluster *cluster, unsigned wave)
{
	for (size_t i = 0; i < cluster->n; i++) {
		const struct rollout_view *view = &cluster->views[i];

		if (view->row.wave < wave && (view->row.phase == ROLLOUT_WAITING || is_taken(view)))
			return true;
	}
	return false;
}

static unsigned count_unavailable(const struct cluster *cluster)
{
	unsigned n = 0;

	for (size_t i = 0; i < cluster->n; i++) {
		const struct rollout_view *view = &cluster->views[i];

		n += is_taken(view) || (view->row.seen && !view->cordoned && !view->present &&
					       view->row.phase != ROLLOUT_LATER &&
					       view->row.phase != ROLLOUT_LEFT_OUT);
	}
	return n;
}

static void apply(struct cluster *cluster, const struct rollout_action *action)
{
	struct rollout_view *view = &cluster->views[action->node];
	struct machine *machine = &cluster->machines[action->node];
	enum registry_rollout_state *state = &cluster->snapshot.rollout.state;

	if (action->deed == ROLLOUT_STOP) {
		*state = ROLLOUT_STOPPED;
		return;
	}
	if (action->deed == ROLLOUT_FINISH) {
		cluster->new_is_current |= *state == ROLLOUT_RUNNING;
		*state = *state == ROLLOUT_RUNNING ? ROLLOUT_DONE : ROLLOUT_ABORTED;
		for (size_t i = 0; i < cluster->n; i++)
			cluster->machines[i].assigned = false;
		return;
	}
	if (action->deed == ROLLOUT_SEE) {
		view->row.seen = true;
		return;
	}
	assert_int_not_equal(view->row.phase, ROLLOUT_SAME);
	if (action->phase == ROLLOUT_DRAINING) {
		if (view->row.phase == ROLLOUT_WAITING) {
			assert_int_equal(*state, ROLLOUT_RUNNING);
			assert_false(has_earlier(cluster, view->row.wave));
			assert_false(machine->cordoned);
		}
		machine->drained_at = cluster->now + draw(cluster, 20);
	}
	if (action->deed == ROLLOUT_ASSIGN || action->deed == ROLLOUT_REBOOT)
		machine->assigned = true;
	if (action->deed == ROLLOUT_UNASSIGN)
		machine->assigned = false;
	if (action->deed == ROLLOUT_FALL_BACK)
		machine->avoids = true;
	if (action->deed == ROLLOUT_REBOOT ||
		(action->deed == ROLLOUT_FALL_BACK && machine->joined)) {
		machine->reboot_at = cluster->now + 1 + draw(cluster, 5);
		view->row.order = 1;
	}
	if (action->phase == ROLLOUT_REBOOTING)
		view->row.boot = machine->boot;
	view->row.phase = action->phase;
	view->row.since_ms = cluster->now * 1000;
}

/* What people, power and time do. */
static void disturb(struct cluster *cluster)
{
	struct machine *machine = &cluster->machines[draw(cluster, (unsigned)cluster->n)];
	enum registry_rollout_state *state = &cluster->snapshot.rollout.state;

	switch (draw(cluster, 60)) {
	case 0:
		machine->on = machine->joined = false;
		break;
	case 1:
	case 2:
		if (!machine->on)
			power_on(cluster, machine);
		break;
	case 3:
		machine->cordoned = !machine->cordoned;
		break;
	case 4:
		if (*state == ROLLOUT_RUNNING)
			*state = ROLLOUT_PAUSED;
		break;
	case 5:
		if (*state == ROLLOUT_PAUSED)
			*state = ROLLOUT_RUNNING;
		break;
	case 6: /* brambled is started anew: everybody has the whole time again */
		for (size_t i = 0; i < cluster->n; i++)
			cluster->views[i].row.since_ms = cluster->now * 1000;
		break;
	default:
		break;
	}
}

static void tick(struct cluster *cluster)
{
	size_t n;

	cluster->now++;
	for (size_t i = 0; i < cluster->n; i++)
		live(cluster, &cluster->machines[i]);
	if (cluster->disturbed)
		disturb(cluster);
	look(cluster);
	n = rollout_step(&cluster->snapshot, cluster->now * 1000, cluster->actions);
	for (size_t i = 0; i < n; i++) {
		bool begins = cluster->actions[i].phase == ROLLOUT_DRAINING &&
			      cluster->views[cluster->actions[i].node].row.phase == ROLLOUT_WAITING;

		apply(cluster, &cluster->actions[i]);
		if (begins &&
			count_unavailable(cluster) > cluster->snapshot.rollout.max_unavailable)
			fail_msg("too many are away at second %lld", (long long)cluster->now);
	}
}

static void set_up(struct cluster *cluster, unsigned seed, unsigned max_unavailable)
{
	struct rollout_waves waves;
	char reason[ROLLOUT_REASON_SIZE];

	*cluster = (struct cluster){ .seed = seed * 7919 + 1, .n = NODES };
	cluster->snapshot = (struct rollout_snapshot){
		.rollout = { .id = 1,
			.max_unavailable = max_unavailable,
			.within_s = WITHIN_S,
			.version = NEW,
			.before = OLD },
		.n = NODES,
		.nodes = cluster->views,
	};
	assert_int_equal(rollout_parse_waves("1,25%,100%", &waves, reason), 0);
	for (size_t i = 0; i < NODES; i++) {
		struct registry_rollout_node *row = &cluster->views[i].row;

		cluster->machines[i] =
			(struct machine){ .on = true, .joined = true, .boot = 1, .joined_boot = 1 };
		*row = (struct registry_rollout_node){ .node = (uint32_t)i + 1,
			.wave = rollout_wave_of(&waves, i, NODES),
			.phase = ROLLOUT_WAITING,
			.seen = true };
		snprintf(row->name, sizeof(row->name), "rasp%zu", i + 1);
	}
}

static unsigned count(const struct cluster *cluster, enum registry_rollout_phase phase)
{
	unsigned n = 0;

	for (size_t i = 0; i < cluster->n; i++)
		n += cluster->views[i].row.phase == phase;
	return n;
}

static void run_until_over(struct cluster *cluster, int64_t limit_s)
{
	int64_t end = cluster->now + limit_s;

	while (cluster->now < end && cluster->snapshot.rollout.state != ROLLOUT_DONE &&
		cluster->snapshot.rollout.state != ROLLOUT_ABORTED)
		tick(cluster);
}

static void sound_nodes_all_get_it(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 50; seed++) {
		struct cluster cluster;

		set_up(&cluster, seed, 1 + seed % 4);
		cluster.views[3].row.phase = ROLLOUT_SAME;
		cluster.machines[3].has_new = true;
		run_until_over(&cluster, 5000);
		assert_int_equal(cluster.snapshot.rollout.state, ROLLOUT_DONE);
		assert_int_equal(count(&cluster, ROLLOUT_UPDATED), NODES - 1);
		for (size_t i = 0; i < NODES; i++) {
			assert_true(cluster.machines[i].has_new && cluster.machines[i].joined);
			assert_int_equal(cluster.machines[i].boot, i == 3 ? 1 : 2);
		}
	}
}

static void the_first_that_fails_stops_it_and_is_put_back(void **state)
{
	static const enum nature natures[] = { PANICS, HANGS, SLOW, JOINS_BUT_ISNT_READY };

	(void)state;
	for (unsigned seed = 0; seed < 80; seed++) {
		const size_t broken = seed % NODES;
		struct cluster cluster;

		set_up(&cluster, seed, 1);
		cluster.machines[broken].nature = natures[seed % 4];
		run_until_over(&cluster, 5000);
		assert_int_equal(cluster.snapshot.rollout.state, ROLLOUT_STOPPED);
		if (natures[seed % 4] == SLOW) /* it came up after all, late */
			assert_true(cluster.machines[broken].joined);
		else
			assert_int_equal(cluster.views[broken].row.phase, ROLLOUT_PUT_BACK);
		for (size_t i = 0; i < NODES; i++) {
			assert_true(cluster.machines[i].joined);
			if (i > broken)
				assert_int_equal(cluster.machines[i].boot, 1);
			if (i < broken)
				assert_true(cluster.machines[i].has_new);
		}
		/* Without the broken one it goes on. */
		cluster.machines[broken].nature = SOUND;
		cluster.machines[broken].avoids = false;
		if (cluster.views[broken].row.phase == ROLLOUT_PUT_BACK)
			cluster.views[broken].row.phase = ROLLOUT_WAITING;
		cluster.snapshot.rollout.state = ROLLOUT_RUNNING;
		run_until_over(&cluster, 5000);
		assert_int_equal(cluster.snapshot.rollout.state, ROLLOUT_DONE);
	}
}

static void who_is_not_there_gets_it_later_and_holds_up_nobody(void **state)
{
	struct cluster cluster;

	(void)state;
	set_up(&cluster, 1, 1);
	for (size_t i = 6; i < 9; i++) {
		cluster.machines[i].on = cluster.machines[i].joined = false;
		cluster.views[i].row.seen = false;
	}
	cluster.machines[0].cordoned = true;
	run_until_over(&cluster, 5000);
	assert_int_equal(cluster.snapshot.rollout.state, ROLLOUT_DONE);
	assert_int_equal(count(&cluster, ROLLOUT_LATER), 3);
	assert_int_equal(cluster.views[0].row.phase, ROLLOUT_LEFT_OUT);
	assert_int_equal(cluster.machines[0].boot, 1);
	power_on(&cluster, &cluster.machines[6]);
	assert_true(cluster.machines[6].has_new);
}

static void an_aborted_one_comes_to_an_end(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 200; seed++) {
		struct cluster cluster;

		set_up(&cluster, seed, 1 + seed % 3);
		if (seed % 2)
			cluster.machines[seed % NODES].nature = (enum nature)(seed % 5);
		run_until_over(&cluster, 1 + seed * 3);
		if (!rollout_is_live(cluster.snapshot.rollout.state))
			continue;
		cluster.snapshot.rollout.state = ROLLOUT_ABORTING;
		for (size_t i = 0; i < NODES; i++)
			cluster.machines[i].assigned = false;
		run_until_over(&cluster, 2 * WITHIN_S);
		assert_int_equal(cluster.snapshot.rollout.state, ROLLOUT_ABORTED);
		assert_false(cluster.new_is_current);
		assert_int_equal(count(&cluster, ROLLOUT_WAITING), 0);
	}
}

static void whatever_happens_it_keeps_its_promises_and_converges(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 300; seed++) {
		struct cluster cluster;
		unsigned tries = 0;

		set_up(&cluster, seed, 1 + seed % 3);
		if (seed % 3 == 0)
			cluster.machines[seed % NODES].nature = (enum nature)(seed % 5);
		cluster.disturbed = true;
		run_until_over(&cluster, 2000);
		/* Then calm returns, and somebody who repairs what stopped it. */
		cluster.disturbed = false;
		while (cluster.snapshot.rollout.state != ROLLOUT_DONE && tries++ < NODES + 5) {
			for (size_t i = 0; i < NODES; i++) {
				struct machine *machine = &cluster.machines[i];
				enum registry_rollout_phase *phase = &cluster.views[i].row.phase;

				machine->nature = SOUND;
				machine->cordoned = false;
				if (!machine->on)
					power_on(&cluster, machine);
				if (*phase == ROLLOUT_FAILED || *phase == ROLLOUT_PUT_BACK) {
					*phase = ROLLOUT_WAITING;
					machine->avoids = false;
				}
			}
			cluster.snapshot.rollout.state = ROLLOUT_RUNNING;
			run_until_over(&cluster, 4000);
		}
		if (cluster.snapshot.rollout.state != ROLLOUT_DONE)
			fail_msg("seed %u: not done", seed);
	}
}

static struct rollout_view *find_name(struct cluster *cluster, size_t i)
{
	return &cluster->views[i];
}

static void it_says_for_whom_it_waits(void **state)
{
	char text[ROLLOUT_REASON_SIZE];
	struct cluster cluster;

	(void)state;
	set_up(&cluster, 1, 1);
	look(&cluster);
	rollout_explain(&cluster.snapshot, text);
	assert_string_equal(text, "");
	cluster.machines[7].on = cluster.machines[7].joined = false;
	tick(&cluster);
	rollout_explain(&cluster.snapshot, text);
	assert_non_null(strstr(text, "bramble node cordon rasp8"));
	assert_int_equal(count(&cluster, ROLLOUT_WAITING), NODES);
	cluster.machines[7].cordoned = true;
	tick(&cluster);
	assert_int_equal(find_name(&cluster, 0)->row.phase, ROLLOUT_DRAINING);
	rollout_explain(&cluster.snapshot, text);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waves_are_read_strictly),
		cmocka_unit_test(waves_hold_so_many_nodes),
		cmocka_unit_test(every_state_of_a_node_is_handled),
		cmocka_unit_test(a_node_under_way_goes_where_it_should),
		cmocka_unit_test(sound_nodes_all_get_it),
		cmocka_unit_test(the_first_that_fails_stops_it_and_is_put_back),
		cmocka_unit_test(who_is_not_there_gets_it_later_and_holds_up_nobody),
		cmocka_unit_test(an_aborted_one_comes_to_an_end),
		cmocka_unit_test(whatever_happens_it_keeps_its_promises_and_converges),
		cmocka_unit_test(it_says_for_whom_it_waits),
	};

	return cmocka_run_group_tests_name("rollout-step", tests, NULL, NULL);
}
