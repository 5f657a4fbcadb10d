/* SPDX-License-Identifier: ISC */
#include "provisioner/hooks/queue.h"

static const struct hooks_event *at(const struct hooks_queue *queue, size_t i)
{
	return &queue->events[(queue->first + i) % HOOKS_QUEUE];
}

void hooks_queue_push(struct hooks_queue *queue, const struct hooks_event *event)
{
	if (queue->n > 0 && event->id <= at(queue, queue->n - 1)->id)
		return;
	if (queue->n == HOOKS_QUEUE) {
		queue->lost = at(queue, 0)->id;
		queue->first = (queue->first + 1) % HOOKS_QUEUE;
		queue->n--;
	}
	queue->events[(queue->first + queue->n++) % HOOKS_QUEUE] = *event;
}

/* The place of the first event behind `position`: they are in order. */
static size_t find(const struct hooks_queue *queue, int64_t position)
{
	size_t low = 0, high = queue->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (at(queue, middle)->id <= position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct hooks_event *hooks_queue_next(const struct hooks_queue *queue,
	const struct hooks_file *file, int64_t *position, bool *skipped)
{
	if (*position < queue->lost) {
		*skipped = true;
		*position = queue->lost;
	}
	for (size_t i = find(queue, *position); i < queue->n; i++) {
		const struct hooks_event *event = at(queue, i);

		if (hooks_wants(file, event->kind))
			return event;
		*position = event->id;
	}
	return NULL;
}
