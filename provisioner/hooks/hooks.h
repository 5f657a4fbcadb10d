/* SPDX-License-Identifier: ISC */
/*
 * Hooks: executables of the administrator that run when something happened. In hooks.d itself they
 * hear of everything but boot.stage, of which every boot has a dozen; in a directory hooks.d/KIND
 * of events of that kind, or of all that begin with "KIND.".
 */
#ifndef BRAMBLE_HOOKS_H
#define BRAMBLE_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOOKS_LIMIT 32
#define HOOKS_NAME_SIZE 96
#define HOOKS_KIND_SIZE 32
#define HOOKS_TEXT_SIZE 256
#define HOOKS_TROUBLE_SIZE 96

/* What happened, as the API tells it. */
struct hooks_event {
	int64_t id, at_ms;
	char kind[HOOKS_KIND_SIZE]; /* "node.joined" */
	char subject[64];	    /* a node's name, a MAC, an image … */
	char text[HOOKS_TEXT_SIZE];
};

struct hooks_file {
	char name[HOOKS_NAME_SIZE];	  /* "10-mail", "node.joined/10-mail" */
	char kind[HOOKS_KIND_SIZE];	  /* "" = everything but boot.stage */
	char trouble[HOOKS_TROUBLE_SIZE]; /* why it can't be run, "" = it can */
};

struct hooks_list {
	size_t n;
	struct hooks_file files[HOOKS_LIMIT]; /* by the name of the file */
	unsigned left_out;		      /* more than HOOKS_LIMIT */
};

/* --- find.c --- */
/* What is in `directory`; one that isn't there is empty. 0 or -errno. */
int hooks_find(const char *directory, struct hooks_list *list);
/* Letters, digits and . _ - , no hidden file, no editor's or dpkg's copy. Pure. */
bool hooks_is_name(const char *name);
/* Is the hook to hear of this kind of event? Never of hook.…, which would go round. Pure. */
bool hooks_wants(const struct hooks_file *file, const char *kind);

/* --- event.c --- */
#define HOOKS_VARIABLES 12
#define HOOKS_ENVIRONMENT_SIZE 2048
struct hooks_environment {
	char text[HOOKS_ENVIRONMENT_SIZE];
	char *variables[HOOKS_VARIABLES + 1];
};
/* What the hook finds in its environment: a path, its directory, the event. Pure. */
void hooks_make_environment(const struct hooks_event *event, const char *directory,
	struct hooks_environment *environment);
/* The event as a line of JSON with its newline, for the hook's standard input; the caller frees it.
 * NULL: out of memory. */
char *hooks_format_event(const struct hooks_event *event);

/* --- lines.c: what a hook says, as lines of a log --- */
#define HOOKS_LINE_SIZE 200
#define HOOKS_LINES 50 /* of one run */
struct hooks_lines {
	char text[HOOKS_LINE_SIZE];
	size_t used;
	unsigned taken, dropped; /* lines */
	void (*line)(void *argument, const char *text);
	void *argument;
};
/* Longer lines are cut into several; what is beyond HOOKS_LINES is counted. Pure. */
void hooks_lines_take(struct hooks_lines *lines, const char *bytes, size_t n);
/* The end: a line without newline, and how many were left out. */
void hooks_lines_end(struct hooks_lines *lines);

/* --- cage.c --- */
/* bramble-hooks --cage PARENT USER DIRECTORY PROGRAM, the arguments behind --cage: ends the process
 * with the hook's status (128 + signal), or returns HOOKS_CAGE_FAILED after a message. PARENT: the
 * number of the process that started it, with which it ends. */
#define HOOKS_CAGE "--cage"
#define HOOKS_CAGE_FAILED 125
int hooks_cage_main(int argc, char **argv);

#endif
