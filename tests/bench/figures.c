/* SPDX-License-Identifier: ISC */
/* The medians of `make bench` for programs. */
#include <cjson/cJSON.h>

#include "tests/bench/report.h"

static const char *const names[FIGURES] = {
	[FIGURE_CPU] = "cpu_s_per_gb",
	[FIGURE_SPEED] = "mb_per_s",
	[FIGURE_P95] = "p95_s",
	[FIGURE_SPREAD] = "slowest_to_median",
	[FIGURE_IDLE] = "idle_kb",
	[FIGURE_PEAK] = "peak_kb",
	[FIGURE_GROWN] = "grown_kb",
	[FIGURE_FAILED] = "failed",
};

static void add_series(cJSON *list, const struct series *series)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "scenario", series->scenario);
	cJSON_AddStringToObject(json, "server", series->server);
	cJSON_AddNumberToObject(json, "runs", (double)series->n);
	for (enum figure i = 0; i < FIGURES; i++) {
		double least, most, median = report_median(series, i, &least, &most);
		cJSON *figure = cJSON_AddObjectToObject(json, names[i]);

		cJSON_AddNumberToObject(figure, "median", median);
		cJSON_AddNumberToObject(figure, "least", least);
		cJSON_AddNumberToObject(figure, "most", most);
	}
	cJSON_AddItemToArray(list, json);
}

static void add_goal(cJSON *list, const struct report *report, const struct goal *goal)
{
	static const char *const verdicts[] = { "reached", "missed", "unknown" };
	const struct series *peer;
	double value;
	enum verdict verdict = goals_judge(report, goal, &value, &peer);
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "scenario", goal->scenario);
	cJSON_AddStringToObject(json, "server", goal->server);
	cJSON_AddStringToObject(json, "figure", names[goal->figure]);
	if (peer)
		cJSON_AddStringToObject(json, "peer", peer->server);
	cJSON_AddNumberToObject(json, goal->at_least ? "at_least" : "at_most", goal->bound);
	cJSON_AddNumberToObject(json, "measured", value);
	cJSON_AddStringToObject(json, "verdict", verdicts[verdict]);
	cJSON_AddItemToArray(list, json);
}

void figures_write(const struct report *report, FILE *out)
{
	cJSON *json = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(json, "goals");
	const struct goal *goal;
	char *text;

	for (size_t i = 0; (goal = goals_get(i)); i++)
		add_goal(list, report, goal);
	list = cJSON_AddArrayToObject(json, "figures");
	for (size_t i = 0; i < report->n; i++)
		add_series(list, &report->series[i]);
	text = cJSON_Print(json);
	fprintf(out, "%s\n", text ? text : "");
	cJSON_free(text);
	cJSON_Delete(json);
}
