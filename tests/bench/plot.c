/* SPDX-License-Identifier: ISC */
/* Two panels side by side, both axes logarithmic; each line is named at its end. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/report.h"

#define PREFIX "growth "
#define PANEL_WIDTH 360.0
#define PANEL_HEIGHT 260.0
#define LEFT 64.0
#define TOP 48.0
#define BETWEEN 170.0 /* room for names and the next axis */
#define POINTS 16

struct panel {
	const char *title;
	enum figure figure;
	double x;	  /* of its left edge */
	double low, high; /* of the vertical axis, powers of ten */
};

static const struct {
	const char *server, *color;
} servers[] = {
	{ "bramble-tftpd", "#c51a4a" },
	{ "dnsmasq", "#3366aa" },
	{ "tftpd-hpa", "#2f8f5b" },
	{ "atftpd", "#8a6d00" },
};

static double across(const struct panel *panel, double clients)
{
	return panel->x + PANEL_WIDTH * log10(clients) / 3; /* 1 … 1000 */
}

static double up(const struct panel *panel, double value)
{
	double part = (log10(value) - log10(panel->low)) / (log10(panel->high) - log10(panel->low));

	return TOP + PANEL_HEIGHT * (1 - part);
}

static void find_range(const struct report *report, struct panel *panel)
{
	double low = 1e9, high = 1e-9;

	for (size_t i = 0; i < report->n; i++) {
		double value;

		if (strncmp(report->series[i].scenario, PREFIX, strlen(PREFIX)) != 0)
			continue;
		value = report_median(&report->series[i], panel->figure, NULL, NULL);
		if (value > 0 && value < low)
			low = value;
		if (value > high)
			high = value;
	}
	panel->low = pow(10, floor(log10(low)));
	panel->high = pow(10, ceil(log10(high)));
	if (panel->high <= panel->low)
		panel->high = panel->low * 10;
}

static void draw_axes(const struct panel *panel, FILE *out)
{
	fprintf(out, "<text x=\"%.0f\" y=\"%.0f\" font-weight=\"bold\">%s</text>\n", panel->x,
		TOP - 18, panel->title);
	for (int power = 0; panel->low * pow(10, power) <= panel->high * 1.01; power++) {
		const double v = panel->low * pow(10, power);

		fprintf(out,
			"<path d=\"M%.1f %.1fh%.0f\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%.1f\" "
			"text-anchor=\"end\">%g</text>\n",
			panel->x, up(panel, v), PANEL_WIDTH, panel->x - 6, up(panel, v) + 4, v);
	}
	for (unsigned v = 1; v <= 1000; v *= 10)
		fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%u</text>\n",
			across(panel, v), TOP + PANEL_HEIGHT + 18, v);
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">clients at once</text>\n",
		panel->x + PANEL_WIDTH / 2, TOP + PANEL_HEIGHT + 36);
}

/* Returns where the line ends, vertically; 0 when there is none. */
static double draw_line(const struct report *report, const struct panel *panel, const char *server,
	const char *color, FILE *out)
{
	double y = 0;
	bool first = true;

	fprintf(out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"", color);
	for (size_t i = 0; i < report->n; i++) {
		const struct series *series = &report->series[i];
		double value;

		if (strcmp(series->server, server) != 0 ||
			strncmp(series->scenario, PREFIX, strlen(PREFIX)) != 0)
			continue;
		value = report_median(series, panel->figure, NULL, NULL);
		if (value <= 0)
			continue;
		y = up(panel, value);
		fprintf(out, "%s%.1f %.1f", first ? "M" : "L",
			across(panel, strtod(series->scenario + strlen(PREFIX), NULL)), y);
		first = false;
	}
	fputs("\"/>\n", out);
	return y;
}

static void draw_panel(const struct report *report, struct panel *panel, FILE *out)
{
	double taken[sizeof(servers) / sizeof(servers[0])] = { 0 };

	find_range(report, panel);
	draw_axes(panel, out);
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		double y = draw_line(report, panel, servers[i].server, servers[i].color, out);

		/* Names don't cover each other. */
		for (size_t k = 0; k < i; k++) {
			if (fabs(y - taken[k]) < 14)
				y = taken[k] + 14;
		}
		taken[i] = y;
		fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\">%s</text>\n",
			panel->x + PANEL_WIDTH + 6, y + 4, servers[i].color, servers[i].server);
	}
}

void plot_growth(const struct report *report, FILE *out)
{
	struct panel cpu = {
		.title = "server CPU, seconds per GB", .figure = FIGURE_CPU, .x = LEFT
	};
	struct panel time = { .title = "p95 time of a 1 MB transfer, seconds",
		.figure = FIGURE_P95,
		.x = LEFT + PANEL_WIDTH + BETWEEN };
	double width = time.x + PANEL_WIDTH + BETWEEN - LEFT, height = TOP + PANEL_HEIGHT + 56;

	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
		"font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		width, height);
	draw_panel(report, &cpu, out);
	draw_panel(report, &time, out);
	fputs("</svg>\n", out);
}
