/* SPDX-License-Identifier: ISC */
/* Events and transactions: what is told is what has happened. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "provisioner/brambled.h"
#include "provisioner/timeline/timeline.h"

static void log_event(const struct registry_event *event)
{
	log_notice("%s%s%s: %s", event->kind, event->subject[0] ? " " : "", event->subject,
		event->text);
}

void brambled_event(
	struct brambled *brambled, const char *kind, const char *subject, const char *format, ...)
{
	struct registry_event event = { .at_ms = clock_wall_ms() };
	va_list arguments;

	str_copy(event.kind, sizeof(event.kind), kind);
	str_copy(event.subject, sizeof(event.subject), subject);
	va_start(arguments, format);
	vsnprintf(event.text, sizeof(event.text), format, arguments);
	va_end(arguments);
	(void)registry_add_event(brambled->registry, &event);
	if (brambled->n_unlogged < UNLOGGED_EVENTS)
		brambled->unlogged[brambled->n_unlogged++] = event;
	else if (!brambled->rehearsing)
		log_event(&event);
}

static void undone(struct brambled *brambled)
{
	for (size_t i = 0; i < brambled->n_unlogged; i++)
		log_debug("undone: %s %s: %s", brambled->unlogged[i].kind,
			brambled->unlogged[i].subject, brambled->unlogged[i].text);
	brambled->n_unlogged = 0;
	if (brambled->timeline)
		timeline_after_rollback(brambled);
}

int brambled_commit(struct brambled *brambled)
{
	char warning[WARNING_SIZE];
	int result;

	if (brambled->rehearsing)
		return registry_has_failed(brambled->registry) ? -EIO : 0;
	result = registry_commit(brambled->registry);
	if (result == 0) {
		for (size_t i = 0; i < brambled->n_unlogged; i++)
			log_event(&brambled->unlogged[i]);
		brambled->n_unlogged = 0;
		if (brambled->registry_warning[0])
			log_notice("the registry can be written again");
		brambled->registry_warning[0] = '\0';
		return 0;
	}
	undone(brambled);
	snprintf(warning, sizeof(warning),
		"the registry can't be written: %.50s (%.100s/state); running nodes go on, changes "
		"are refused",
		strerror(-result), brambled->settings.share);
	if (strcmp(brambled->registry_warning, warning) != 0)
		log_error("%s", warning);
	str_copy(brambled->registry_warning, sizeof(brambled->registry_warning), warning);
	timeline_note_unwritten(brambled);
	return result;
}

int brambled_settle(struct brambled *brambled)
{
	timeline_write(brambled);
	return brambled_commit(brambled);
}

void brambled_rollback(struct brambled *brambled)
{
	registry_rollback(brambled->registry);
	undone(brambled);
}

int brambled_conclude(struct brambled *brambled, int result)
{
	if (result == 0)
		return brambled_commit(brambled);
	brambled_rollback(brambled);
	return result;
}
