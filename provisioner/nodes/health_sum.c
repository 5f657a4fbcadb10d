/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/health_sum.h"

int64_t health_hour_of(int64_t at_ms)
{
	return at_ms - at_ms % SERIES_HOUR_MS;
}

static void add(struct health_range_sum *sum, int64_t value)
{
	if (sum->n == 0 || value < sum->least)
		sum->least = value;
	if (sum->n == 0 || value > sum->most)
		sum->most = value;
	sum->sum += value;
	sum->n++;
}

static struct series_range range_of(const struct health_range_sum *sum)
{
	return (struct series_range){
		.least = sum->least, .mean = sum->n > 0 ? sum->sum / sum->n : 0, .most = sum->most
	};
}

void health_sum_add(struct health_sum *sum, const struct series_sample *sample)
{
	const int64_t minute_ms = sample->at_ms - sample->at_ms % SERIES_MINUTE_MS;

	if (sum->minutes == 0)
		*sum = (struct health_sum){ .at_ms = health_hour_of(sample->at_ms),
			.throttled = -1 };
	if (sum->minutes == 0 || minute_ms != sum->minute_ms)
		sum->minutes++;
	sum->minute_ms = minute_ms;
	add(&sum->load_hundredths, sample->load_hundredths);
	if (sample->temperature_mc != 0)
		add(&sum->temperature_mc, sample->temperature_mc);
	if (sample->memory_total_kb != 0)
		add(&sum->memory_available_kb, sample->memory_available_kb);
	if (sample->nfs_us != 0)
		add(&sum->nfs_us, sample->nfs_us);
	if (sample->throttled >= 0)
		sum->throttled =
			sum->throttled < 0 ? sample->throttled : sum->throttled | sample->throttled;
	if (sample->memory_total_kb != 0)
		sum->memory_total_kb = sample->memory_total_kb;
	if (sample->link_mbps != 0 && (sum->link_mbps == 0 || sample->link_mbps < sum->link_mbps))
		sum->link_mbps = sample->link_mbps;
}

struct series_hour health_sum_hour(const struct health_sum *sum)
{
	return (struct series_hour){ .at_ms = sum->at_ms,
		.minutes = sum->minutes,
		.temperature_mc = range_of(&sum->temperature_mc),
		.load_hundredths = range_of(&sum->load_hundredths),
		.memory_available_kb = range_of(&sum->memory_available_kb),
		.nfs_us = range_of(&sum->nfs_us),
		.throttled = sum->throttled,
		.memory_total_kb = sum->memory_total_kb,
		.link_mbps = sum->link_mbps };
}
