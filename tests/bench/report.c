/* SPDX-License-Identifier: ISC */
/* bench-report: tables, goals and plot of the runs that tests/bench/run wrote. */
#include "tests/bench/report.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

const struct series *report_find(
	const struct report *report, const char *scenario, const char *server)
{
	for (size_t i = 0; i < report->n; i++) {
		if (strcmp(report->series[i].scenario, scenario) == 0 &&
			strcmp(report->series[i].server, server) == 0)
			return &report->series[i];
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double report_median(const struct series *series, enum figure figure, double *least, double *most)
{
	double sorted[REPORT_RUNS];
	size_t n = series->n;

	memcpy(sorted, series->values[figure], n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare);
	if (least)
		*least = sorted[0];
	if (most)
		*most = sorted[n - 1];
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

bool report_has_served(const struct series *series)
{
	return report_median(series, FIGURE_SPEED, NULL, NULL) > 0;
}

static double number(const cJSON *json, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static struct series *series_of(struct report *report, const char *scenario, const char *server)
{
	struct series *found = (struct series *)(void *)report_find(report, scenario, server);

	if (found || report->n == REPORT_SERIES)
		return found;
	found = &report->series[report->n++];
	str_copy(found->scenario, sizeof(found->scenario), scenario);
	str_copy(found->server, sizeof(found->server), server);
	return found;
}

static void take_run(struct report *report, const cJSON *run)
{
	const char *scenario =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run, "scenario"));
	const char *server = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run, "server"));
	const cJSON *load = cJSON_GetObjectItemCaseSensitive(run, "load");
	double gigabytes = number(load, "bytes") / 1e9, median = number(load, "median_s");
	struct series *series = scenario && server ? series_of(report, scenario, server) : NULL;

	if (!series || series->n == REPORT_RUNS)
		return;
	series->values[FIGURE_CPU][series->n] =
		gigabytes > 0 ? number(run, "cpu_us") / 1e6 / gigabytes : 0;
	series->values[FIGURE_SPEED][series->n] = number(load, "mb_per_s");
	series->values[FIGURE_P95][series->n] = number(load, "p95_s");
	series->values[FIGURE_SPREAD][series->n] = median > 0 ? number(load, "max_s") / median : 0;
	series->values[FIGURE_IDLE][series->n] = number(run, "idle_kb");
	series->values[FIGURE_PEAK][series->n] = number(run, "peak_kb");
	series->values[FIGURE_GROWN][series->n] = number(run, "peak_kb") - number(run, "idle_kb");
	series->values[FIGURE_FAILED][series->n] = number(load, "failures");
	series->n++;
}

static int read_runs(const char *path, struct report *report)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (!file) {
		perror(path);
		return -1;
	}
	while (getline(&line, &room, file) > 0) {
		cJSON *run = cJSON_Parse(line);

		take_run(report, run);
		cJSON_Delete(run);
	}
	free(line);
	fclose(file);
	return 0;
}

static void print_row(const struct series *series, FILE *out)
{
	double least, most, cpu = report_median(series, FIGURE_CPU, NULL, NULL);
	double speed = report_median(series, FIGURE_SPEED, &least, &most);

	fprintf(out, "| %s | %.2f | %.1f (%.1f–%.1f) | %.3f | %.1f | %.1f | %.0f |\n",
		series->server, cpu, speed, least, most,
		report_median(series, FIGURE_P95, NULL, NULL),
		report_median(series, FIGURE_SPREAD, NULL, NULL),
		report_median(series, FIGURE_PEAK, NULL, NULL) / 1024,
		report_median(series, FIGURE_FAILED, NULL, NULL));
}

static void print_tables(const struct report *report, FILE *out)
{
	const char *scenario = "";

	for (size_t i = 0; i < report->n; i++) {
		const struct series *series = &report->series[i];

		if (strcmp(series->scenario, scenario) != 0)
			fprintf(out,
				"\n**%s** (median of %zu)\n\n| server | CPU s/GB | MB/s | p95, s | "
				"slowest/median | peak MiB | failed |\n| --- | --- | --- | --- | "
				"--- | "
				"--- | --- |\n",
				series->scenario, series->n);
		scenario = series->scenario;
		print_row(series, out);
	}
}

static int write_file(
	const char *path, const struct report *report, void (*write)(const struct report *, FILE *))
{
	FILE *file = fopen(path, "we");

	if (!file) {
		perror(path);
		return -1;
	}
	write(report, file);
	return fclose(file);
}

int main(int argc, char **argv)
{
	static struct report report;

	if (argc != 2 && argc != 4) {
		fputs("usage: bench-report RUNS.jsonl [PLOT.svg FIGURES.json]: tables in "
		      "Markdown\n",
			stderr);
		return 64;
	}
	if (read_runs(argv[1], &report) != 0)
		return 1;
	goals_print(&report, stdout);
	print_tables(&report, stdout);
	if (argc == 2)
		return 0;
	return write_file(argv[2], &report, plot_growth) == 0 &&
			       write_file(argv[3], &report, figures_write) == 0
		       ? 0
		       : 1;
}
