/* SPDX-License-Identifier: ISC */
/* What a roll-out does next: from what there is and the time to actions. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/rollout/rollout.h"

struct step {
	const struct rollout_snapshot *snapshot;
	int64_t now_ms;
	struct rollout_action *actions;
	size_t n;
	bool stops;
};

__attribute__((format(printf, 5, 6))) static void act(struct step *step, enum rollout_deed deed,
	size_t node, enum registry_rollout_phase phase, const char *format, ...)
{
	struct rollout_action *action = &step->actions[step->n++];
	va_list arguments;

	*action = (struct rollout_action){ .deed = deed, .node = node, .phase = phase };
	va_start(arguments, format);
	vsnprintf(action->text, sizeof(action->text), format, arguments);
	va_end(arguments);
}

/* Only the first reason is told. */
static void stop(struct step *step, const struct rollout_view *view, const char *what)
{
	enum registry_rollout_state state = step->snapshot->rollout.state;

	if (step->stops || (state != ROLLOUT_RUNNING && state != ROLLOUT_PAUSED))
		return;
	step->stops = true;
	act(step, ROLLOUT_STOP, 0, ROLLOUT_SAME, "%s %.120s", view->row.name, what);
}

static bool is_late(const struct step *step, const struct rollout_view *view)
{
	return step->now_ms - view->row.since_ms >=
	       (int64_t)step->snapshot->rollout.within_s * 1000;
}

static bool is_over(const struct step *step)
{
	return step->snapshot->rollout.state == ROLLOUT_ABORTING;
}

static void follow_waiting(struct step *step, size_t i, const struct rollout_view *view)
{
	if (view->runs)
		act(step, is_over(step) ? ROLLOUT_MOVE : ROLLOUT_ASSIGN, i, ROLLOUT_RELEASING,
			"booted it by itself");
	else if (is_over(step))
		act(step, ROLLOUT_MOVE, i, ROLLOUT_LEFT_OUT, "aborted before its turn");
	else if (view->present && !view->row.seen)
		act(step, ROLLOUT_SEE, i, ROLLOUT_WAITING, "%s", view->row.text);
}

static void follow_draining(struct step *step, size_t i, const struct rollout_view *view)
{
	char what[REGISTRY_REASON_SIZE];

	if (is_over(step) || step->stops || step->snapshot->rollout.state == ROLLOUT_STOPPED) {
		act(step, ROLLOUT_MOVE, i, ROLLOUT_RELEASING, "not rebooted");
		return;
	}
	/* It has gone by itself: when it comes back, it has the version. */
	if (!view->present) {
		act(step, ROLLOUT_ASSIGN, i, ROLLOUT_REBOOTING, "went away by itself");
		return;
	}
	if (view->work == 0) {
		act(step, ROLLOUT_REBOOT, i, ROLLOUT_REBOOTING, "reboots");
		return;
	}
	if (view->work == -EAGAIN && !is_late(step, view))
		return;
	snprintf(what, sizeof(what), "can't be drained%s: %.100s",
		view->work == -EAGAIN ? " in time" : "", view->work_text);
	act(step, ROLLOUT_MOVE, i, ROLLOUT_RELEASING, "%s", what);
	stop(step, view, what);
}

static void follow_rebooting(struct step *step, size_t i, const struct rollout_view *view)
{
	char what[REGISTRY_REASON_SIZE];

	if (view->avoids) {
		act(step, ROLLOUT_MOVE, i, ROLLOUT_FAILED,
			"didn't come up with it; its next boot gets its last good version");
		stop(step, view, "didn't come up with it and goes back to its last good version");
	} else if (view->back && view->ready && (view->runs || is_over(step))) {
		act(step, ROLLOUT_MOVE, i, ROLLOUT_RELEASING, "is back");
	} else if (view->present && !view->back && view->row.order == 0) {
		act(step, ROLLOUT_MOVE, i, ROLLOUT_DRAINING, "came back without it");
	} else if (view->refused && view->present && !view->back) {
		act(step, ROLLOUT_UNASSIGN, i, ROLLOUT_RELEASING, "couldn't be told to reboot");
		stop(step, view, "couldn't be told to reboot: see `bramble node show`");
	} else if (is_late(step, view)) {
		snprintf(what, sizeof(what), "%s within %u s",
			view->back && view->runs ? "has joined with it, but isn't ready"
						 : "hasn't joined with it",
			step->snapshot->rollout.within_s);
		act(step, ROLLOUT_FALL_BACK, i, ROLLOUT_FAILED, "%s", what);
		stop(step, view, what);
	}
}

/* Where a node belongs that the engine has let go. */
static enum registry_rollout_phase end_of(const struct step *step, const struct rollout_view *view)
{
	if (view->runs)
		return ROLLOUT_UPDATED;
	if (view->avoids)
		return ROLLOUT_PUT_BACK;
	return is_over(step) ? ROLLOUT_LEFT_OUT : ROLLOUT_WAITING;
}

static void follow_releasing(struct step *step, size_t i, const struct rollout_view *view)
{
	static const char *const texts[] = { [ROLLOUT_UPDATED] = "runs it",
		[ROLLOUT_PUT_BACK] = "runs its last good version again",
		[ROLLOUT_LEFT_OUT] = "aborted before it had it",
		[ROLLOUT_WAITING] = "" };
	enum registry_rollout_phase end = end_of(step, view);
	char what[REGISTRY_REASON_SIZE];

	if (view->work == 0) {
		act(step, ROLLOUT_MOVE, i, end, "%s", texts[end]);
		return;
	}
	if (view->work == -EAGAIN && !is_late(step, view))
		return;
	snprintf(what, sizeof(what), "can't take work again: %.100s", view->work_text);
	if (is_over(step))
		act(step, ROLLOUT_MOVE, i, ROLLOUT_LEFT_OUT, "%s", what);
	stop(step, view, what);
}

/* It hangs, or starts over by itself (nodes.patience_s); with its last good version it is let go.
 */
static void follow_failed(struct step *step, size_t i, const struct rollout_view *view)
{
	if (is_over(step))
		act(step, ROLLOUT_MOVE, i, ROLLOUT_RELEASING, "aborted");
	else if (view->back && view->ready && (!view->runs || !view->avoids))
		act(step, ROLLOUT_MOVE, i, ROLLOUT_RELEASING,
			view->runs ? "came up late" : "is back with its last good version");
}

static void follow_later(struct step *step, size_t i, const struct rollout_view *view)
{
	if (view->runs && view->ready) {
		act(step, ROLLOUT_MOVE, i, ROLLOUT_UPDATED, "runs it");
	} else if (view->avoids) {
		act(step, ROLLOUT_MOVE, i, ROLLOUT_FAILED, "came back and didn't come up with it");
		stop(step, view, "came back and didn't come up with it");
	} else if (is_over(step)) {
		act(step, ROLLOUT_MOVE, i, ROLLOUT_LEFT_OUT, "aborted before it came back");
	}
}

static bool is_settled(const struct rollout_view *view)
{
	switch (view->row.phase) {
	case ROLLOUT_SAME:
	case ROLLOUT_UPDATED:
	case ROLLOUT_LATER:
	case ROLLOUT_LEFT_OUT:
	case ROLLOUT_PUT_BACK:
		return true;
	case ROLLOUT_WAITING:
	case ROLLOUT_DRAINING:
	case ROLLOUT_REBOOTING:
	case ROLLOUT_RELEASING:
	case ROLLOUT_FAILED:
		return false;
	}
	return true;
}

static void follow(struct step *step, size_t i)
{
	const struct rollout_view *view = &step->snapshot->nodes[i];

	if (!view->exists && (!is_settled(view) || view->row.phase == ROLLOUT_LATER)) {
		act(step, ROLLOUT_UNASSIGN, i, ROLLOUT_LEFT_OUT, "gone, or of another image now");
		return;
	}
	switch (view->row.phase) {
	case ROLLOUT_WAITING:
		follow_waiting(step, i, view);
		break;
	case ROLLOUT_DRAINING:
		follow_draining(step, i, view);
		break;
	case ROLLOUT_REBOOTING:
		follow_rebooting(step, i, view);
		break;
	case ROLLOUT_RELEASING:
		follow_releasing(step, i, view);
		break;
	case ROLLOUT_LATER:
		follow_later(step, i, view);
		break;
	case ROLLOUT_FAILED:
		follow_failed(step, i, view);
		break;
	case ROLLOUT_SAME:
	case ROLLOUT_UPDATED:
	case ROLLOUT_LEFT_OUT:
	case ROLLOUT_PUT_BACK:
		break;
	}
}

/* Taken away, or gone by itself since it was there. What the administrator cordoned doesn't count
 * unless the roll-out has it under way. */
static bool is_away(const struct rollout_view *view)
{
	switch (view->row.phase) {
	case ROLLOUT_DRAINING:
	case ROLLOUT_REBOOTING:
	case ROLLOUT_RELEASING:
	case ROLLOUT_FAILED:
		return true;
	case ROLLOUT_SAME:
	case ROLLOUT_WAITING:
	case ROLLOUT_UPDATED:
	case ROLLOUT_PUT_BACK:
		return view->exists && !view->cordoned && view->row.seen && !view->present;
	case ROLLOUT_LATER:
	case ROLLOUT_LEFT_OUT:
		return false;
	}
	return false;
}

static unsigned count_away(const struct rollout_snapshot *snapshot)
{
	unsigned away = 0;

	for (size_t i = 0; i < snapshot->n; i++)
		away += is_away(&snapshot->nodes[i]);
	return away;
}

/* The first wave that isn't settled; 0 when all are. */
static unsigned find_wave(const struct rollout_snapshot *snapshot)
{
	unsigned wave = 0;

	for (size_t i = 0; i < snapshot->n; i++) {
		const struct rollout_view *view = &snapshot->nodes[i];

		if (!is_settled(view) && (wave == 0 || view->row.wave < wave))
			wave = view->row.wave;
	}
	return wave;
}

/* The turn of nodes that wait in this wave. */
static void begin_more(struct step *step, unsigned wave)
{
	const struct rollout_snapshot *snapshot = step->snapshot;
	unsigned away = count_away(snapshot);

	for (size_t i = 0; i < snapshot->n; i++) {
		const struct rollout_view *view = &snapshot->nodes[i];

		if (view->row.phase != ROLLOUT_WAITING || view->row.wave != wave || view->runs ||
			!view->exists)
			continue;
		if (view->cordoned) {
			act(step, ROLLOUT_MOVE, i, ROLLOUT_LEFT_OUT, "cordoned");
		} else if (!view->present && !view->row.seen) {
			act(step, ROLLOUT_ASSIGN, i, ROLLOUT_LATER,
				"isn't there; gets it when it comes back");
		} else if (view->present && away < snapshot->rollout.max_unavailable) {
			act(step, ROLLOUT_MOVE, i, ROLLOUT_DRAINING, "its work is taken away");
			away++;
		}
	}
}

size_t rollout_step(
	const struct rollout_snapshot *snapshot, int64_t now_ms, struct rollout_action *actions)
{
	struct step step = { .snapshot = snapshot, .now_ms = now_ms, .actions = actions };
	unsigned wave = find_wave(snapshot);

	if (!rollout_is_live(snapshot->rollout.state))
		return 0;
	/* Those that may stop it first: then no other one is told to reboot. */
	for (size_t i = 0; i < snapshot->n; i++) {
		if (snapshot->nodes[i].row.phase != ROLLOUT_DRAINING)
			follow(&step, i);
	}
	for (size_t i = 0; i < snapshot->n; i++) {
		if (snapshot->nodes[i].row.phase == ROLLOUT_DRAINING)
			follow(&step, i);
	}
	if (wave == 0 && !step.stops &&
		(snapshot->rollout.state == ROLLOUT_RUNNING || is_over(&step)))
		act(&step, ROLLOUT_FINISH, 0, ROLLOUT_SAME, "no node is left");
	else if (snapshot->rollout.state == ROLLOUT_RUNNING && !step.stops)
		begin_more(&step, wave);
	return step.n;
}

bool rollout_is_live(enum registry_rollout_state state)
{
	return state != ROLLOUT_DONE && state != ROLLOUT_ABORTED;
}

void rollout_explain(const struct rollout_snapshot *snapshot, char text[static ROLLOUT_REASON_SIZE])
{
	const struct rollout_view *missing = NULL;

	text[0] = '\0';
	if (snapshot->rollout.state != ROLLOUT_RUNNING || find_wave(snapshot) == 0)
		return;
	for (size_t i = 0; i < snapshot->n; i++) {
		const struct rollout_view *view = &snapshot->nodes[i];

		/* Something is under way. */
		if (is_away(view) && !is_settled(view) && view->row.phase != ROLLOUT_WAITING)
			return;
		if (is_away(view))
			missing = view;
	}
	if (missing && count_away(snapshot) >= snapshot->rollout.max_unavailable)
		snprintf(text, ROLLOUT_REASON_SIZE,
			"%s is away by itself and counts against max-unavailable; `bramble node "
			"cordon %s` goes on without it",
			missing->row.name, missing->row.name);
}
