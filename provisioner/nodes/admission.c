/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/admission.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

#define UNTIL "admission.until_ms"
#define LEFT "admission.left"
#define EXHAUSTED (-1) /* as `left`: every board that was allowed has joined */

void admission_start(struct brambled *brambled)
{
	(void)registry_get_fact(brambled->registry, UNTIL, &brambled->admit_until_ms);
	(void)registry_get_fact(brambled->registry, LEFT, &brambled->admit_left);
}

struct admission_window admission_window(const struct brambled *brambled)
{
	int64_t now = clock_wall_ms(), until = brambled->admit_until_ms;

	/* A clock that was set back doesn't leave it open for ever. */
	if (now >= until || until - now > ADMISSION_LONGEST_MS || brambled->admit_left < 0)
		return (struct admission_window){ 0 };
	return (struct admission_window){ .until_ms = until, .left = brambled->admit_left };
}

static int set(struct brambled *brambled, int64_t until_ms, int64_t left)
{
	int result = registry_put_fact(brambled->registry, UNTIL, until_ms);

	if (result == 0)
		result = registry_put_fact(brambled->registry, LEFT, left);
	if (result == 0) {
		brambled->admit_until_ms = until_ms;
		brambled->admit_left = left;
	}
	return result;
}

/* Make a change durable, or undo it. */
static int conclude(
	struct brambled *brambled, int result, char reason[static ADMISSION_REASON_SIZE])
{
	result = brambled_conclude(brambled, result);
	if (result != 0 && reason[0] == '\0')
		snprintf(reason, ADMISSION_REASON_SIZE, "it can't be written now: %s",
			strerror(-result));
	if (result != 0) {
		brambled->admit_until_ms = brambled->admit_left = 0;
		admission_start(brambled);
	}
	return result;
}

int admission_open(struct brambled *brambled, int64_t for_ms, int64_t count,
	char reason[static ADMISSION_REASON_SIZE])
{
	int result;

	reason[0] = '\0';
	if (brambled->settings.join == JOIN_AUTO || brambled->settings.join == JOIN_DENY) {
		snprintf(reason, ADMISSION_REASON_SIZE,
			brambled->settings.join == JOIN_AUTO
				? "nodes.join is \"auto\": every board joins by itself"
				: "nodes.join is \"deny\" in %.100s; \"window\" lets boards in for "
				  "a time",
			brambled->config_path);
		return -EEXIST;
	}
	(void)brambled_commit(brambled); /* so that undoing undoes nothing else */
	result = set(brambled, clock_wall_ms() + for_ms, count);
	if (result == 0)
		brambled_event(brambled, "admission.open", "lan",
			"unknown boards join by themselves for %lld s", (long long)(for_ms / 1000));
	return conclude(brambled, result, reason);
}

int admission_close(struct brambled *brambled, char reason[static ADMISSION_REASON_SIZE])
{
	int result;

	reason[0] = '\0';
	if (admission_window(brambled).until_ms == 0)
		return 0;
	(void)brambled_commit(brambled);
	result = set(brambled, 0, 0);
	if (result == 0)
		brambled_event(brambled, "admission.closed", "lan",
			"unknown boards are parked again: the administrator closed the window");
	return conclude(brambled, result, reason);
}

void admission_count(struct brambled *brambled)
{
	if (brambled->admit_left <= 0)
		return;
	if (set(brambled, brambled->admit_until_ms,
		    brambled->admit_left == 1 ? EXHAUSTED : brambled->admit_left - 1) == 0 &&
		brambled->admit_left == EXHAUSTED)
		brambled_event(brambled, "admission.closed", "lan",
			"unknown boards are parked again: as many as were allowed have joined");
}

void admission_tick(struct brambled *brambled)
{
	if (brambled->admit_until_ms == 0 || brambled->admit_left < 0 ||
		admission_window(brambled).until_ms != 0)
		return;
	if (set(brambled, 0, 0) == 0)
		brambled_event(brambled, "admission.closed", "lan",
			"unknown boards are parked again: the time is over");
}

bool admission_normalize(const char *text, char board[static MAC_TEXT_SIZE])
{
	size_t length = strlen(text), digits = strspn(text, "0123456789abcdefABCDEF");
	struct mac mac;

	if (digits == length && length == 16) {
		text += 8; /* the firmware tells the lower half */
		length = 8;
	}
	if (digits >= length && length == 8) {
		for (size_t i = 0; i <= length; i++)
			board[i] = (char)tolower((unsigned char)text[i]);
		return true;
	}
	if (str_parse_mac(text, &mac) != 0)
		return false;
	str_format_mac(&mac, board);
	return true;
}

/* NULL, or what is wrong with an entry. */
static const char *check(const struct registry_expected *expected)
{
	char board[MAC_TEXT_SIZE];

	if (!admission_normalize(expected->board, board))
		return "is neither a serial (8 or 16 hex digits) nor a MAC";
	if (expected->node[0] && !str_is_node_name(expected->node))
		return "has a node that is no name of lower-case letters, digits and '-'";
	if (expected->role[0] && !str_is_node_name(expected->role))
		return "has a role that is no name of lower-case letters, digits and '-'";
	return NULL;
}

int admission_expect(struct brambled *brambled, const struct registry_expected *list, size_t n,
	char reason[static ADMISSION_REASON_SIZE])
{
	int result = 0;

	reason[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		const char *wrong = check(&list[i]);

		if (!wrong)
			continue;
		snprintf(reason, ADMISSION_REASON_SIZE, "entry %zu, \"%s\", %s", i + 1,
			list[i].board, wrong);
		return -EINVAL;
	}
	(void)brambled_commit(brambled);
	for (size_t i = 0; result == 0 && i < n; i++) {
		struct registry_expected expected = list[i];

		admission_normalize(list[i].board, expected.board);
		result = registry_put_expected(brambled->registry, &expected);
	}
	if (result == 0)
		brambled_event(brambled, "admission.list", "lan", "%zu boards were announced", n);
	return conclude(brambled, result, reason);
}

int admission_forget(
	struct brambled *brambled, const char *board, char reason[static ADMISSION_REASON_SIZE])
{
	char normal[MAC_TEXT_SIZE];
	int result = -ENOENT;

	reason[0] = '\0';
	(void)brambled_commit(brambled);
	if (admission_normalize(board, normal))
		result = registry_delete_expected(brambled->registry, normal);
	if (result == 0)
		brambled_event(brambled, "admission.list", "lan", "board %s is announced no longer",
			normal);
	if (result == -ENOENT)
		snprintf(reason, ADMISSION_REASON_SIZE,
			"no board %.40s was announced; `bramble admit list` shows those that were",
			board);
	return conclude(brambled, result, reason);
}
