/* SPDX-License-Identifier: ISC */
/* What the servers are to reach, beside others in the same run. */
#include "tests/bench/report.h"

#include <string.h>

#define TFTP "bramble-tftpd"
#define HTTPD "bramble-httpd"
#define LOCK_STEP "lock-step, 64 clients"
#define WINDOW "windowsize 16, 16 clients"
#define MANY "1000 clients at once"
#define HTTP "HTTP, 64 clients"

static const struct goal goals[] = {
	{ "CPU per GB", LOCK_STEP, TFTP, "dnsmasq", FIGURE_CPU, 0.5, false },
	{ "MB/s", LOCK_STEP, TFTP, "dnsmasq", FIGURE_SPEED, 1.5, true },
	{ "CPU per GB", WINDOW, TFTP, "atftpd", FIGURE_CPU, 0.25, false },
	{ "MB/s", "2 % loss, lock-step", TFTP, "", FIGURE_SPEED, 5, true },
	{ "MB/s", "2 % loss, windowsize 16", TFTP, "", FIGURE_SPEED, 5, true },
	{ "MB/s", "5 % loss, lock-step", TFTP, "", FIGURE_SPEED, 5, true },
	{ "MB/s", "5 % loss, windowsize 16", TFTP, "", FIGURE_SPEED, 5, true },
	{ "failed transfers", MANY, TFTP, NULL, FIGURE_FAILED, 0, false },
	{ "slowest / median", MANY, TFTP, NULL, FIGURE_SPREAD, 3, false },
	{ "memory, kB", MANY, TFTP, NULL, FIGURE_PEAK, 16384, false },
	{ "memory idle, kB", MANY, TFTP, NULL, FIGURE_IDLE, 4096, false },
	{ "memory of 1000 sessions, kB", MANY, TFTP, NULL, FIGURE_GROWN, 2000, false },
	{ "MB/s", HTTP, HTTPD, "nginx", FIGURE_SPEED, 0.9, true },
	{ "CPU per GB", HTTP, HTTPD, "nginx", FIGURE_CPU, 1, false },
};

const struct goal *goals_get(size_t i)
{
	return i < sizeof(goals) / sizeof(goals[0]) ? &goals[i] : NULL;
}

static const struct series *find_fastest_peer(const struct report *report, const struct goal *goal)
{
	const struct series *fastest = NULL;

	for (size_t i = 0; i < report->n; i++) {
		const struct series *series = &report->series[i];

		if (strcmp(series->scenario, goal->scenario) != 0 ||
			strcmp(series->server, goal->server) == 0)
			continue;
		if (!fastest || report_median(series, FIGURE_SPEED, NULL, NULL) >
					report_median(fastest, FIGURE_SPEED, NULL, NULL))
			fastest = series;
	}
	return fastest;
}

static const struct series *find_peer(const struct report *report, const struct goal *goal)
{
	if (!goal->peer)
		return NULL;
	if (goal->peer[0] == '\0')
		return find_fastest_peer(report, goal);
	return report_find(report, goal->scenario, goal->peer);
}

enum verdict goals_judge(const struct report *report, const struct goal *goal, double *value,
	const struct series **peer)
{
	const struct series *ours = report_find(report, goal->scenario, goal->server);

	*value = 0;
	*peer = find_peer(report, goal);
	if (!ours || !report_has_served(ours))
		return VERDICT_UNKNOWN;
	if (goal->peer && (!*peer || !report_has_served(*peer)))
		return VERDICT_UNKNOWN;
	*value = report_median(ours, goal->figure, NULL, NULL);
	if (*peer)
		*value /= report_median(*peer, goal->figure, NULL, NULL);
	if (goal->at_least ? *value >= goal->bound : *value <= goal->bound)
		return VERDICT_REACHED;
	return VERDICT_MISSED;
}

void goals_print(const struct report *report, FILE *out)
{
	static const char *const verdicts[] = { "reached", "missed", "unknown" };
	const struct goal *goal;

	fputs("\n| scenario | figure | goal | measured | |\n| --- | --- | --- | --- | --- |\n",
		out);
	for (size_t i = 0; (goal = goals_get(i)); i++) {
		const struct series *peer;
		double value;
		enum verdict verdict = goals_judge(report, goal, &value, &peer);

		fprintf(out, "| %s | %s%s%s | %s %g | %.2f | %s |\n", goal->scenario, goal->what,
			peer ? ", to that of " : "", peer ? peer->server : "",
			goal->at_least ? "at least" : "at most", goal->bound, value,
			verdicts[verdict]);
	}
}
