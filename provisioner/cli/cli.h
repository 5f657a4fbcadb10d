/* SPDX-License-Identifier: ISC */
/* What all verbs of `bramble` share: the world they run in, their arguments, the call of brambled.
 */
#ifndef BRAMBLE_CLI_H
#define BRAMBLE_CLI_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/ipc.h"
#include "provisioner/cli/args.h"
#include "provisioner/cli/client.h"
#include "provisioner/cli/json.h"

/* Exit status of the program: a promise to scripts, in bramble(8). */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,	     /* it was tried and failed, or was refused */
	CLI_USAGE = 2,	     /* the command line is wrong */
	CLI_UNREACHABLE = 3, /* brambled isn't running or doesn't answer */
	CLI_NOT_FOUND = 4,   /* there is no such node, board, boot or image */
};

struct cli_command;

struct cli {
	FILE *in, *out, *error;
	const char *config; /* path of bramble.conf; NULL: the usual one */
	bool json, help;
	bool dry_run, yes; /* of verbs that have these options */
	bool quiet;	   /* what calls answer is printed by the verb, not by cli_call() */
	const struct cli_command *verb; /* that runs */
	bool completing;		/* see complete.h */
	bool color;			/* `out` shows colours */
	bool interactive;		/* a person can be asked: `in` and `error` are terminals */
	size_t width;			/* columns of `out`; 0: no limit */
	bool has_client;
	int cluster_lock; /* of cluster_seize(); 0: none */
	struct client client;
};

/* What a verb is like; commands.c says it for each, tests/unit/verbs_test.c holds it. */
#define CLI_CHANGES 1u	/* has --dry-run, and then changes nothing */
#define CLI_ASKS 2u	/* what it does can't be taken back, or not easily: cli_confirm(), --yes */
#define CLI_NODES 4u	/* takes names of nodes, of many by a pattern (targets.h) */
#define CLI_FOLLOWS 8u	/* goes on until it is ended; a line of JSON for each thing that happens */
#define CLI_ALONE 16u	/* works without brambled */
#define CLI_CLUSTER 32u /* asks for a cluster in bramble.conf */

/* One line of a table of verbs. `help` says in one line what it does. */
struct cli_command {
	const char *name;
	enum cli_exit (*run)(struct cli *cli, int argc, char **argv); /* NULL: only those below */
	const char *help;
	unsigned traits;
	const char *schema; /* what --json prints, in docs/schema.json; NULL: none */
	const struct cli_command *below;
};

/* What one verb takes. */
struct cli_syntax {
	const char *usage; /* "node admit BOARD [--name NODE]", without options that many have */
	const char *text;  /* more lines for --help, each ending in '\n'; may be NULL */
	int min_words, max_words;
	const struct args_option *options; /* besides the common ones; NULL: none */
};

#define CLI_OPTIONS_LIMIT 8  /* of one verb */
#define CLI_MANY_WORDS 10000 /* max_words of a verb that takes as many as there are */

/* Run the command of `table` (ended by name == NULL) that argv[0] names, or one below it. `parent`
 * is what stands before it on the command line, "" for the program's own verbs. */
enum cli_exit cli_dispatch(struct cli *cli, const struct cli_command *table, const char *parent,
	int argc, char **argv);

/* Run one; argv begins behind its name. */
enum cli_exit cli_run(struct cli *cli, const struct cli_command *command, int argc, char **argv);

/* List a table of verbs for --help. */
void cli_print_commands(FILE *out, const struct cli_command *table, const char *parent);

/* Take options out of argv (argc words behind the verb, then NULL), check the number of words that
 * remain; NULL stands behind the last of them. Returns true if the verb shall go on; else
 * *exit_code is what to return (help was asked for, or the usage is wrong and was shown). */
bool cli_arguments(struct cli *cli, const struct cli_syntax *syntax, int argc, char **argv,
	enum cli_exit *exit_code);

/* "bramble: …" on cli->error. Returns `code`, for `return cli_complain(…)`. */
enum cli_exit cli_complain(struct cli *cli, enum cli_exit code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The path of bramble.conf. */
const char *cli_config_path(const struct cli *cli);

/* Call the API; tells what failed. On CLI_OK *json is the answer, which the caller deletes; with
 * --json its text was printed, and with --dry-run what a change would be: see cli_tells(). `body`
 * (may be NULL) is deleted. With --dry-run brambled changes nothing, whatever is called. */
enum cli_exit cli_call(
	struct cli *cli, enum ipc_method method, const char *path, cJSON *body, cJSON **json);

/* Ask for what the verb needs to know: nothing is printed but what failed. */
enum cli_exit cli_get(struct cli *cli, const char *path, cJSON **json);

/* Ask for a text, however long; tells what failed. On CLI_OK the caller frees answer->text. */
enum cli_exit cli_ask_text(struct cli *cli, const char *path, struct client_answer *answer);

/* Ask for a list, {"NAME":[item, …]}, however long. With --json its text is passed on unread;
 * else, or when the verb prints it (cli->quiet), `each` gets its items. */
enum cli_exit cli_list(
	struct cli *cli, const char *path, const char *name, json_each *each, void *argument);

/* Is it left to the verb to tell a person what came of it? */
bool cli_tells(const struct cli *cli);

/* What a change would be that brambled has no part in; as cli_call() prints it. */
enum cli_exit cli_would(struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same as cli_call without telling or printing: 0 or -errno from client_call (-EINVAL: not
 * JSON), *status the HTTP status; *json may be NULL. */
int cli_try(struct cli *cli, const char *path, unsigned timeout_ms, int *status, cJSON **json);

/* Print JSON of our own making, indented, and delete it. */
void cli_print_json(struct cli *cli, cJSON *json);
/* Print it as one line of many. */
void cli_print_json_line(struct cli *cli, const cJSON *json);

/* Say why client_call failed. */
enum cli_exit cli_explain_failure(struct cli *cli, int error);

/* Ask a person whether to do it; only "y" and "yes" are a yes. CLI_OK: do it (also by --yes, and
 * with --dry-run, which does nothing). Else it was said: CLI_FAILED the answer is no, CLI_USAGE
 * nobody can be asked. */
enum cli_exit cli_confirm(struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The client, connected at its first call. NULL when memory is short. */
struct client *cli_client(struct cli *cli);

void cli_free(struct cli *cli);

/* "Raspberry Pi 4" is "Pi 4" in a table. */
const char *cli_short_model(const char *model);

/* A text that came from outside, in a line of its own: "  title   text", wrapped. */
void cli_field(const struct cli *cli, const char *title, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
