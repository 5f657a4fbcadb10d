/* SPDX-License-Identifier: ISC */
/*
 * What the suites for TFTP and HTTP have in common: what comes out of a case, and what main.c,
 * which is the program of both, asks of each.
 */
#ifndef BRAMBLE_CONFORMANCE_SUITE_H
#define BRAMBLE_CONFORMANCE_SUITE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#define REASON_SIZE 200

enum level {
	LEVEL_MUST,	/* the section says must, or the protocol doesn't work without it */
	LEVEL_SHOULD,	/* the section says should or ought to */
	LEVEL_PRACTICE, /* no section asks for it: what a server that others rely on does */
};

enum status { STATUS_PASS, STATUS_FAIL, STATUS_NOT_APPLICABLE };

struct result {
	const void *conformance_case; /* the suite's own */
	const char *name;	      /* what holds */
	enum level level;
	const char *group;
	char id[24]; /* section and number in it: "1350.4-03" */
	enum status status;
	char reason[REASON_SIZE];
	char first_reason[REASON_SIZE]; /* of a failure that was repeated */
	unsigned milliseconds;
};

/* Who is tested. */
struct target {
	struct sockaddr_in server;
	const char *tree; /* the served directory if it is here, else NULL */
	bool confirm;	  /* a case that failed is run once more, the second verdict counts */
};

/* The program's name. */
extern const char suite_program[];
/* Can the suite confirm? */
extern const bool suite_confirms;

/* Case `i` of the suite, in order of its groups, into `result` but for its id; and its section.
 * False: there are no more. */
bool suite_case(size_t i, struct result *result, const char **section);
/* Its body, for an array of pointers to the suite's groups of cases of the suite's own type. */
#define SUITE_CASES(groups, case_type)                                                             \
	bool suite_case(size_t i, struct result *result, const char **section)                     \
	{                                                                                          \
		for (size_t g = 0; g < sizeof(groups) / sizeof((groups)[0]); g++) {                \
			if (i < (groups)[g]->n) {                                                  \
				const case_type *found = &(groups)[g]->cases[i];                   \
                                                                                                   \
				*result = (struct result){ .conformance_case = found,              \
					.name = found->name,                                       \
					.level = found->level,                                     \
					.group = (groups)[g]->title };                             \
				*section = found->section;                                         \
				return true;                                                       \
			}                                                                          \
			i -= (groups)[g]->n;                                                       \
		}                                                                                  \
		return false;                                                                      \
	}

/* All cases; the caller frees *results. Returns how many, 0 when out of memory. */
size_t suite_list(struct result **results);
/* Is the case among those whose id or name holds `only` (NULL: all)? If not, it says so. */
bool suite_chooses(struct result *result, const char *only);

/* Run the cases that `only` chooses; the others become not applicable. What failed only because the
 * machine was busy says nothing about the server: see `confirm`. */
void suite_run(const struct target *target, struct result *results, size_t n, const char *only);

/* Make the served tree in `directory`, which exists or not. Returns 0, or -errno with the path in
 * *what. */
int tree_make(const char *directory, const char **what);

#endif
