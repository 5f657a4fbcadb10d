/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/throttled.h"
#include "provisioner/nodes/by_node.h"
#include "provisioner/nodes/health_sum.h"
#include "provisioner/nodes/rules.h"

#define FRESH_MS (5LL * SERIES_MINUTE_MS)
#define WRITE_NS (60 * NS_PER_S)

struct node_health {
	uint32_t node;
	uint64_t unwritten; /* a bit for each place of the minutes */
	bool image_corrupt; /* its kernel has found a changed byte in its image */
	struct series_sample now;
	struct series_sample minutes[SERIES_MINUTES]; /* each in its place of the hour */
	struct health_sum hour;
};

struct slot {
	uint32_t node;
	struct node_health *health; /* large: it stays where it is while others are added */
};

struct health {
	struct by_node slots;
	struct series *series; /* NULL = can't be opened */
	uint64_t write_ns;
	bool is_failing; /* that was told */
};

static unsigned minute_place(int64_t at_ms)
{
	return (unsigned)(at_ms / SERIES_MINUTE_MS % SERIES_MINUTES);
}

static struct series_sample *place_in_hour(struct node_health *health, int64_t at_ms)
{
	return &health->minutes[minute_place(at_ms)];
}

static void warn_unwritten(struct brambled *brambled, int error)
{
	if (!brambled->health->is_failing)
		log_warning(
			"how nodes are can't be written to %s/state/health.db: %s; trying again "
			"every minute, what is heard meanwhile is lost when brambled ends",
			brambled->settings.share, strerror(-error));
	brambled->health->is_failing = true;
}

static void open_series(struct brambled *brambled)
{
	char path[320];
	bool anew;
	int result;

	snprintf(path, sizeof(path), "%s/state/health.db", brambled->settings.share);
	result = series_open(path, &brambled->health->series, &anew);
	if (anew)
		log_warning("%s was damaged and is begun anew: how nodes were is lost", path);
	if (result != 0)
		warn_unwritten(brambled, result);
}

/* The hour is over: it takes its place among the others. */
static void close_hour(struct health *health, struct node_health *node)
{
	const struct series_hour hour = health_sum_hour(&node->hour);

	if (node->hour.minutes > 0 && health->series)
		(void)series_put_hour(health->series, node->node, &hour);
	node->hour.minutes = 0;
}

static void take_sample(
	struct health *health, struct node_health *node, const struct series_sample *sample)
{
	struct series_sample *place = place_in_hour(node, sample->at_ms);

	if (node->hour.minutes > 0 && node->hour.at_ms != health_hour_of(sample->at_ms))
		close_hour(health, node);
	health_sum_add(&node->hour, sample);
	node->now = *sample;
	/* The first of each minute stays. */
	if (place->at_ms / SERIES_MINUTE_MS == sample->at_ms / SERIES_MINUTE_MS)
		return;
	*place = *sample;
	node->unwritten |= UINT64_C(1) << minute_place(sample->at_ms);
}

static struct node_health *find(const struct health *health, uint32_t node)
{
	const struct slot *slot = by_node_get(&health->slots, node);

	return slot ? slot->health : NULL;
}

/* NULL: out of memory, then it isn't known how the node is. */
static struct node_health *find_or_add(struct health *health, uint32_t node)
{
	struct node_health *found = find(health, node);
	struct slot *slot;

	if (found)
		return found;
	found = calloc(1, sizeof(*found));
	slot = found ? by_node_get_or_add(&health->slots, node) : NULL;
	if (!slot) {
		free(found);
		return NULL;
	}
	found->node = node;
	slot->health = found;
	return found;
}

/* From before brambled's start. Hours that ended meanwhile are closed by what comes behind them. */
static int remember(void *argument, uint32_t node, const struct series_sample *sample)
{
	struct brambled *brambled = argument;
	struct node_health *health;

	/* The clock was set back. */
	if (sample->at_ms > clock_wall_ms())
		return 0;
	health = find_or_add(brambled->health, node);
	if (!health)
		return -ENOMEM;
	take_sample(brambled->health, health, sample);
	health->unwritten = 0;
	return 0;
}

int health_start(struct brambled *brambled)
{
	struct health *health = calloc(1, sizeof(*health));
	int result = 0;

	if (!health)
		return -ENOMEM;
	brambled->health = health;
	health->slots.size = sizeof(struct slot);
	health->write_ns = clock_monotonic_ns() + WRITE_NS;
	open_series(brambled);
	if (health->series)
		result = series_each_minute(health->series, remember, brambled);
	if (result != 0)
		log_warning("how nodes were in the last hour can't be read: %s", strerror(-result));
	return 0;
}

void health_stop(struct brambled *brambled)
{
	struct health *health = brambled->health;
	const struct slot *slots;

	if (!health)
		return;
	slots = health->slots.records;
	series_close(health->series);
	for (size_t i = 0; i < health->slots.n; i++)
		free(slots[i].health);
	by_node_free(&health->slots);
	free(health);
	brambled->health = NULL;
}

static void write_nodes(struct health *health, int64_t now_ms)
{
	const struct slot *slots = health->slots.records;

	(void)series_trim(health->series, now_ms);
	for (size_t i = 0; i < health->slots.n; i++) {
		struct node_health *node = slots[i].health;

		/* Two, if it was first heard between the last write and the end of a minute. */
		for (unsigned place = 0; place < SERIES_MINUTES; place++)
			if (node->unwritten & UINT64_C(1) << place)
				(void)series_put_minute(
					health->series, node->node, &node->minutes[place]);
		/* Of one that fell silent, or whose clock was set. */
		if (node->hour.minutes > 0 && node->hour.at_ms != health_hour_of(now_ms))
			close_hour(health, node);
	}
}

static void forget_written(struct health *health)
{
	const struct slot *slots = health->slots.records;

	for (size_t i = 0; i < health->slots.n; i++)
		slots[i].health->unwritten = 0;
}

void health_write(struct brambled *brambled)
{
	struct health *health = brambled->health;
	int result;

	if (!health->series)
		open_series(brambled);
	if (!health->series)
		return;
	write_nodes(health, clock_wall_ms());
	result = series_commit(health->series);
	if (result == 0) {
		forget_written(health);
		health->is_failing = false;
		return;
	}
	warn_unwritten(brambled, result);
	/* Damaged while it was open: the next write finds out and begins anew. */
	if (result == -EUCLEAN) {
		series_close(health->series);
		health->series = NULL;
	}
}

void health_tick(struct brambled *brambled)
{
	const uint64_t now = clock_monotonic_ns();

	if (now < brambled->health->write_ns)
		return;
	brambled->health->write_ns = now + WRITE_NS;
	health_write(brambled);
}

static double number(const cJSON *body, const char *name, double least, double most, double unknown)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, name);

	return cJSON_IsNumber(item) && item->valuedouble >= least && item->valuedouble <= most
		       ? item->valuedouble
		       : unknown;
}

static void hear_corruption(struct brambled *brambled, struct node_health *health,
	const struct registry_node *node, bool corrupt)
{
	const char *image = rules_image(&brambled->settings, node);

	if (corrupt && !health->image_corrupt)
		brambled_event(brambled, "node.image-corrupt", node->name,
			"%s has read changed bytes of its image %s %.12s; `bramble image "
			"verify %s/%.12s` says whether the router's copy is damaged, and where",
			node->name, image, node->image_hash, image, node->image_hash);
	health->image_corrupt = corrupt;
}

void health_hear(struct brambled *brambled, const struct registry_node *node, const cJSON *body)
{
	struct node_health *health = find_or_add(brambled->health, node->id);
	const struct series_sample sample = { .at_ms = clock_wall_ms(),
		.temperature_mc = (int32_t)number(body, "temperature_mc", -100000, 200000, 0),
		.throttled = (int32_t)number(body, "throttled", 0, 0xfffff, -1),
		.memory_total_kb = (uint32_t)number(body, "memory_total_kb", 0, 1e9, 0),
		.memory_available_kb = (uint32_t)number(body, "memory_available_kb", 0, 1e9, 0),
		.nfs_us = (uint32_t)number(body, "nfs_us", 0, 1e9, 0),
		.link_mbps = (uint32_t)number(body, "link_mbps", 0, 1e6, 0),
		.load_hundredths = (uint32_t)(number(body, "load1", 0, 1e6, 0) * 100 + 0.5) };

	if (!health)
		return;
	hear_corruption(brambled, health, node,
		cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "image_corrupt")));
	take_sample(brambled->health, health, &sample);
}

static void add_throttled(cJSON *json, int32_t throttled)
{
	if (throttled >= 0)
		cJSON_AddNumberToObject(json, "throttled", throttled);
	else
		cJSON_AddNullToObject(json, "throttled");
}

static cJSON *sample_json(const struct series_sample *sample)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "at_ms", (double)sample->at_ms);
	cJSON_AddNumberToObject(json, "load1", sample->load_hundredths / 100.0);
	cJSON_AddNumberToObject(json, "memory_total_kb", sample->memory_total_kb);
	cJSON_AddNumberToObject(json, "memory_available_kb", sample->memory_available_kb);
	cJSON_AddNumberToObject(json, "temperature_mc", sample->temperature_mc);
	add_throttled(json, sample->throttled);
	cJSON_AddNumberToObject(json, "nfs_us", sample->nfs_us);
	cJSON_AddNumberToObject(json, "link_mbps", sample->link_mbps);
	return json;
}

static void add_range(
	cJSON *json, const char *name, const struct series_range *range, double divisor)
{
	const double values[] = { (double)range->least / divisor, (double)range->mean / divisor,
		(double)range->most / divisor };

	cJSON_AddItemToObject(json, name, cJSON_CreateDoubleArray(values, 3));
}

static cJSON *hour_json(const struct series_hour *hour)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "at_ms", (double)hour->at_ms);
	cJSON_AddNumberToObject(json, "minutes", hour->minutes);
	add_range(json, "load1", &hour->load_hundredths, 100);
	cJSON_AddNumberToObject(json, "memory_total_kb", hour->memory_total_kb);
	add_range(json, "memory_available_kb", &hour->memory_available_kb, 1);
	add_range(json, "temperature_mc", &hour->temperature_mc, 1);
	add_throttled(json, hour->throttled);
	add_range(json, "nfs_us", &hour->nfs_us, 1);
	cJSON_AddNumberToObject(json, "link_mbps", hour->link_mbps);
	return json;
}

/* The samples of the last hour, oldest first. */
static size_t list_minutes(const struct node_health *health, int64_t now_ms,
	const struct series_sample *list[static SERIES_MINUTES])
{
	const int64_t last = now_ms / SERIES_MINUTE_MS;
	size_t n = 0;

	for (int64_t minute = last - SERIES_MINUTES + 1; minute <= last; minute++) {
		const struct series_sample *sample = &health->minutes[minute % SERIES_MINUTES];

		if (sample->at_ms / SERIES_MINUTE_MS == minute)
			list[n++] = sample;
	}
	return n;
}

struct hours {
	const struct health_sum *present; /* NULL = the node wasn't heard lately */
	cJSON *array;
};

static int add_hour(void *argument, const struct series_hour *hour)
{
	const struct hours *hours = argument;

	/* Written before brambled's last start, and going on: the sum knows all of it. */
	if (!hours->present || hours->present->at_ms != hour->at_ms)
		cJSON_AddItemToArray(hours->array, hour_json(hour));
	return 0;
}

static void add_hours(struct brambled *brambled, uint32_t node, unsigned n, cJSON *json)
{
	const struct node_health *health = find(brambled->health, node);
	struct hours hours = { .array = cJSON_AddArrayToObject(json, "hours") };
	const int64_t last_ms = health_hour_of(clock_wall_ms()),
		      first_ms = last_ms - (int64_t)(n - 1) * SERIES_HOUR_MS;

	if (health && health->hour.minutes > 0 && health->hour.at_ms >= first_ms &&
		health->hour.at_ms <= last_ms)
		hours.present = &health->hour;
	if (brambled->health->series)
		(void)series_each_hour(
			brambled->health->series, node, first_ms, last_ms, add_hour, &hours);
	if (hours.present) {
		const struct series_hour present = health_sum_hour(hours.present);

		cJSON_AddItemToArray(hours.array, hour_json(&present));
	}
}

cJSON *health_describe(struct brambled *brambled, const struct registry_node *node, unsigned hours)
{
	const struct node_health *health = find(brambled->health, node->id);
	const struct series_sample *minutes[SERIES_MINUTES];
	size_t n = health ? list_minutes(health, clock_wall_ms(), minutes) : 0;
	cJSON *json = cJSON_CreateObject(), *array;

	cJSON_AddStringToObject(json, "node", node->name);
	cJSON_AddBoolToObject(json, "image_corrupt", health && health->image_corrupt);
	cJSON_AddItemToObject(json, "now", health ? sample_json(&health->now) : cJSON_CreateNull());
	array = cJSON_AddArrayToObject(json, "minutes");
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(array, sample_json(minutes[i]));
	if (hours > 0)
		add_hours(brambled, node->id, hours, json);
	return json;
}

static bool has_bit(const struct series_sample *sample, int32_t bit)
{
	return sample->throttled >= 0 && sample->throttled & bit;
}

static bool is_too_hot(const struct series_sample *sample)
{
	return sample->temperature_mc >= THROTTLED_HOT_MC || has_bit(sample, THROTTLED_NOW);
}

static void describe_trouble(const struct settings *settings, const struct node_health *health,
	const struct registry_node *node, char text[static HEALTH_WARNING_SIZE])
{
	const char *image = rules_image(settings, node);
	const struct series_sample *sample = &health->now;
	const char *name = node->name;

	if (health->image_corrupt)
		snprintf(text, HEALTH_WARNING_SIZE,
			"%.63s has read changed bytes of its image %.63s %.12s: `bramble image "
			"verify %.63s/%.12s` says whether the router's copy is damaged, and where",
			name, image, node->image_hash, image, node->image_hash);
	else if (has_bit(sample, THROTTLED_UNDER_VOLTAGE))
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
	const struct slot *slots = brambled->health->slots.records;
	int result = 0;

	for (size_t i = 0; result == 0 && i < brambled->health->slots.n; i++) {
		const struct node_health *health = slots[i].health;
		const struct series_sample *now = &health->now;
		char text[HEALTH_WARNING_SIZE];
		struct registry_node node;

		if (now->at_ms < since_ms ||
			(!health->image_corrupt && !is_too_hot(now) &&
				!has_bit(now, THROTTLED_UNDER_VOLTAGE)) ||
			registry_node_of_id(brambled->registry, health->node, &node) != 0)
			continue;
		describe_trouble(&brambled->settings, health, &node, text);
		result = each(argument, text);
	}
	return result;
}
