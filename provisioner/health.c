/* SPDX-License-Identifier: ISC */
#include "provisioner/health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/throttled.h"

#define MINUTES 60u
#define MINUTE_MS 60000
#define FRESH_MS (5 * MINUTE_MS)

struct series {
	uint32_t node;
	struct health_sample now, minutes[MINUTES];
	unsigned n; /* ever taken; the newest is at (n - 1) % MINUTES */
};

struct health {
	struct series **series;
	size_t n;
};

int health_start(struct brambled *brambled)
{
	brambled->health = calloc(1, sizeof(*brambled->health));
	return brambled->health ? 0 : -ENOMEM;
}

void health_stop(struct brambled *brambled)
{
	if (!brambled->health)
		return;
	for (size_t i = 0; i < brambled->health->n; i++)
		free(brambled->health->series[i]);
	free(brambled->health->series);
	free(brambled->health);
	brambled->health = NULL;
}

/* Where the node's series is, or would be: they are in the order of the nodes' numbers. */
static size_t place_of(const struct health *health, uint32_t node)
{
	size_t low = 0, high = health->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (health->series[middle]->node < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct series *find(const struct health *health, uint32_t node)
{
	size_t i = place_of(health, node);

	return i < health->n && health->series[i]->node == node ? health->series[i] : NULL;
}

/* Nodes are never more than addresses. NULL: out of memory, then it isn't known how the node is. */
static struct series *find_or_add(struct health *health, uint32_t node)
{
	struct series *series = find(health, node), **grown;
	size_t i = place_of(health, node);

	if (series)
		return series;
	series = calloc(1, sizeof(*series));
	grown = series ? realloc(health->series, (health->n + 1) * sizeof(struct series *)) : NULL;
	if (!grown) {
		free(series);
		return NULL;
	}
	series->node = node;
	health->series = grown;
	memmove(grown + i + 1, grown + i, (health->n - i) * sizeof(struct series *));
	health->n++;
	grown[i] = series;
	return series;
}

static double number(const cJSON *body, const char *name, double least, double most, double unknown)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, name);

	return cJSON_IsNumber(item) && item->valuedouble >= least && item->valuedouble <= most
		       ? item->valuedouble
		       : unknown;
}

void health_hear(struct brambled *brambled, const struct registry_node *node, const cJSON *body)
{
	struct series *series = find_or_add(brambled->health, node->id);
	const struct health_sample *last;

	if (!series)
		return;
	series->now = (struct health_sample){ .at_ms = clock_wall_ms(),
		.temperature_mc = (int32_t)number(body, "temperature_mc", -100000, 200000, 0),
		.throttled = (int32_t)number(body, "throttled", 0, 0xfffff, -1),
		.memory_total_kb = (uint32_t)number(body, "memory_total_kb", 0, 1e9, 0),
		.memory_available_kb = (uint32_t)number(body, "memory_available_kb", 0, 1e9, 0),
		.nfs_us = (uint32_t)number(body, "nfs_us", 0, 1e9, 0),
		.link_mbps = (uint32_t)number(body, "link_mbps", 0, 1e6, 0),
		.load1 = number(body, "load1", 0, 1e6, 0) };
	last = series->n > 0 ? &series->minutes[(series->n - 1) % MINUTES] : NULL;
	/* A clock that was set back begins anew. */
	if (!last || series->now.at_ms - last->at_ms >= MINUTE_MS ||
		series->now.at_ms < last->at_ms)
		series->minutes[series->n++ % MINUTES] = series->now;
}

static cJSON *sample_json(const struct health_sample *sample)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "at_ms", (double)sample->at_ms);
	cJSON_AddNumberToObject(json, "load1", sample->load1);
	cJSON_AddNumberToObject(json, "memory_total_kb", sample->memory_total_kb);
	cJSON_AddNumberToObject(json, "memory_available_kb", sample->memory_available_kb);
	cJSON_AddNumberToObject(json, "temperature_mc", sample->temperature_mc);
	if (sample->throttled >= 0)
		cJSON_AddNumberToObject(json, "throttled", sample->throttled);
	else
		cJSON_AddNullToObject(json, "throttled");
	cJSON_AddNumberToObject(json, "nfs_us", sample->nfs_us);
	cJSON_AddNumberToObject(json, "link_mbps", sample->link_mbps);
	return json;
}

cJSON *health_describe(struct brambled *brambled, const struct registry_node *node)
{
	const struct series *series = find(brambled->health, node->id);
	cJSON *json = cJSON_CreateObject(), *minutes;
	unsigned first = series && series->n > MINUTES ? series->n - MINUTES : 0;

	cJSON_AddStringToObject(json, "node", node->name);
	if (series)
		cJSON_AddItemToObject(json, "now", sample_json(&series->now));
	else
		cJSON_AddNullToObject(json, "now");
	minutes = cJSON_AddArrayToObject(json, "minutes");
	for (unsigned i = first; series && i < series->n; i++)
		cJSON_AddItemToArray(minutes, sample_json(&series->minutes[i % MINUTES]));
	return json;
}

static bool has_bit(const struct health_sample *sample, int32_t bit)
{
	return sample->throttled >= 0 && sample->throttled & bit;
}

static bool is_too_hot(const struct health_sample *sample)
{
	return sample->temperature_mc >= THROTTLED_HOT_MC || has_bit(sample, THROTTLED_NOW);
}

static void describe_trouble(
	const struct health_sample *sample, const char *name, char text[static HEALTH_WARNING_SIZE])
{
	if (has_bit(sample, THROTTLED_UNDER_VOLTAGE))
		snprintf(text, HEALTH_WARNING_SIZE,
			"%.63s gets too little voltage: use a better power supply or cable", name);
	else
		snprintf(text, HEALTH_WARNING_SIZE,
			"%.63s is too hot (%d °C) and slows down: it needs air", name,
			(int)(sample->temperature_mc / 1000));
}

int health_each_warning(
	struct brambled *brambled, int (*each)(void *argument, const char *text), void *argument)
{
	const int64_t since_ms = clock_wall_ms() - FRESH_MS;
	int result = 0;

	for (size_t i = 0; result == 0 && i < brambled->health->n; i++) {
		const struct series *series = brambled->health->series[i];
		const struct health_sample *now = &series->now;
		char text[HEALTH_WARNING_SIZE];
		struct registry_node node;

		if (now->at_ms < since_ms ||
			(!is_too_hot(now) && !has_bit(now, THROTTLED_UNDER_VOLTAGE)) ||
			registry_node_of_id(brambled->registry, series->node, &node) != 0)
			continue;
		describe_trouble(now, node.name, text);
		result = each(argument, text);
	}
	return result;
}
