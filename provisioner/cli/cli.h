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

/* Exit status of the program: a promise to scripts, in bramble(8). */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,	     /* it was tried and failed, or was refused */
	CLI_USAGE = 2,	     /* the command line is wrong */
	CLI_UNREACHABLE = 3, /* brambled isn't running or doesn't answer */
	CLI_NOT_FOUND = 4,   /* there is no such node, board, boot or image */
};

#define CLI_CONFIRM_SIZE 16

struct cli {
	FILE *in, *out, *error;
	const char *config; /* path of bramble.conf; NULL: the usual one */
	bool json, help;
	bool completing;  /* see complete.h */
	bool color;	  /* `out` shows colours */
	bool interactive; /* a person can be asked: `in` and `error` are terminals */
	size_t width;	  /* columns of `out`; 0: no limit */
	bool has_client;
	struct client client;
};

/* One line of a table of verbs. `help` says in one line what it does. */
struct cli_command {
	const char *name;
	enum cli_exit (*run)(struct cli *cli, int argc, char **argv);
	const char *help;
};

/* What one verb takes. */
struct cli_syntax {
	const char *usage; /* "node admit ID [--name NAME]" */
	const char *text;  /* more lines for --help, each ending in '\n'; may be NULL */
	int min_words, max_words;
	const struct args_option *options; /* besides the common ones; NULL: none */
};

#define CLI_OPTIONS_LIMIT 8  /* of one verb */
#define CLI_MANY_WORDS 10000 /* max_words of a verb that takes as many as there are */

/* Run the command of `table` (ended by name == NULL) that argv[0] names. `parent` is what stands
 * before it on the command line, "" for the program's own verbs. */
enum cli_exit cli_dispatch(struct cli *cli, const struct cli_command *table, const char *parent,
	int argc, char **argv);

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
 * --json its text was printed, so that nothing is left to say. `body` (may be NULL) is deleted. */
enum cli_exit cli_call(
	struct cli *cli, enum ipc_method method, const char *path, cJSON *body, cJSON **json);

/* The same without telling or printing: 0 or -errno from client_call (-EINVAL: not JSON), *status
 * the HTTP status; *json may be NULL. */
int cli_try(struct cli *cli, const char *path, unsigned timeout_ms, int *status, cJSON **json);

/* Print JSON of our own making, indented, and delete it. */
void cli_print_json(struct cli *cli, cJSON *json);
/* Print it as one line of many. */
void cli_print_json_line(struct cli *cli, const cJSON *json);

/* Say why client_call failed. */
enum cli_exit cli_explain_failure(struct cli *cli, int error);

/* Ask a person; only "y" and "yes" are a yes. */
bool cli_confirm(struct cli *cli, const char *question);

/* The client, connected at its first call. NULL when memory is short. */
struct client *cli_client(struct cli *cli);

void cli_free(struct cli *cli);

/* "Raspberry Pi 4" is "Pi 4" in a table. */
const char *cli_short_model(const char *model);

/* A text that came from outside, in a line of its own: "  title   text", wrapped. */
void cli_field(const struct cli *cli, const char *title, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
