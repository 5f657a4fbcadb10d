/* SPDX-License-Identifier: ISC */
/* Runs of `make bench`, gathered by scenario and server. */
#ifndef BRAMBLE_BENCH_REPORT_H
#define BRAMBLE_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define REPORT_NAME_SIZE 48
#define REPORT_SERIES 128
#define REPORT_RUNS 64

enum figure {
	FIGURE_CPU,    /* seconds of processor time per GB */
	FIGURE_SPEED,  /* MB per second */
	FIGURE_P95,    /* of the time of a transfer, seconds */
	FIGURE_SPREAD, /* slowest transfer / median */
	FIGURE_IDLE,   /* resident memory before the load, kB */
	FIGURE_PEAK,   /* … the most, kB */
	FIGURE_GROWN,  /* … more than before the load, kB */
	FIGURE_FAILED, /* transfers */
	FIGURES,
};

/* One server in one scenario. */
struct series {
	char scenario[REPORT_NAME_SIZE], server[REPORT_NAME_SIZE];
	size_t n;
	double values[FIGURES][REPORT_RUNS];
};

struct report {
	size_t n;
	struct series series[REPORT_SERIES];
};

/* NULL when there is none. */
const struct series *report_find(
	const struct report *report, const char *scenario, const char *server);
/* Of the runs; least and most too if asked for (may be NULL). */
double report_median(const struct series *series, enum figure figure, double *least, double *most);

/* Did anything arrive in most of the runs? If not, its other figures say nothing. */
bool report_has_served(const struct series *series);

/* A promise: a figure of ours against a peer's, or against a constant. */
struct goal {
	const char *what, *scenario, *server;
	const char *peer; /* NULL: `bound` is absolute; "": whichever is the fastest */
	enum figure figure;
	double bound;
	bool at_least; /* else at most */
};

enum verdict { VERDICT_REACHED, VERDICT_MISSED, VERDICT_UNKNOWN /* who doesn't serve */ };

/* The i-th goal; NULL after the last. */
const struct goal *goals_get(size_t i);
/* What was measured, as the goal counts it (0 when unknown), and against whom (NULL: nobody). */
enum verdict goals_judge(const struct report *report, const struct goal *goal, double *value,
	const struct series **peer);
/* All that were measured, as a table in Markdown. */
void goals_print(const struct report *report, FILE *out);
/* All figures and goals as JSON. */
void figures_write(const struct report *report, FILE *out);

/* CPU per GB and p95 against the number of clients ("growth N"), as SVG. */
void plot_growth(const struct report *report, FILE *out);

#endif
