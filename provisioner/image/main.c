/* SPDX-License-Identifier: ISC */
/* bramble-image: builds image versions, lists, shows, compares and verifies them. */
#include "provisioner/image/image.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "provisioner/settings/settings.h"
#include "rootfs/jail.h"
#include "rootfs/mapped.h"
#include "rootfs/run.h"

static const struct verb {
	const char *name, *arguments, *help;
	int (*run)(const struct image_options *options);
	bool takes_recipe;
	int min_words, max_words;
} verbs[] = {
	{ "build", "RECIPE", "build an image version and publish it", image_build, true, 1, 1 },
	{ "list", "", "list the image versions of a share", image_list, false, 0, 0 },
	{ "show", "NAME/HASH", "what is in a version", image_show, false, 1, 1 },
	{ "diff", "NAME/HASH NAME/HASH", "what a version has that another hasn't", image_diff,
		false, 2, 2 },
	{ "verify", "[NAME[/HASH]]", "hash everything again", image_verify, false, 0, 1 },
	{ "export", "NAME/HASH", "write a version into one file", image_export, false, 1, 1 },
	{ "import", "FILE", "take a version from such a file", image_import, false, 1, 1 },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

enum option_code {
	OPTION_CONFIG = 256,
	OPTION_SHARE,
	OPTION_CACHE,
	OPTION_NO_CACHE,
	OPTION_INIT,
	OPTION_AGENT,
	OPTION_UNIT,
	OPTION_MODE,
	OPTION_JSON,
	OPTION_JOB,
	OPTION_OUTPUT,
	OPTION_DRY_RUN,
	OPTION_HELP,
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "share", required_argument, NULL, OPTION_SHARE },
	{ "cache", required_argument, NULL, OPTION_CACHE },
	{ "no-cache", no_argument, NULL, OPTION_NO_CACHE },
	{ "init", required_argument, NULL, OPTION_INIT },
	{ "agent", required_argument, NULL, OPTION_AGENT },
	{ "unit", required_argument, NULL, OPTION_UNIT },
	{ "mode", required_argument, NULL, OPTION_MODE },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "job", required_argument, NULL, OPTION_JOB },
	{ "output", required_argument, NULL, OPTION_OUTPUT },
	{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

static void print_help(FILE *out)
{
	fputs("usage:\n", out);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "  bramble-image %-6s %-20s %s\n", verbs[i].name, verbs[i].arguments,
			verbs[i].help);
	fputs("\nRECIPE is a file, or the name of one in /etc/bramble/images. Of a HASH the "
	      "beginning is enough.\n\n"
	      "  --share DIR      the share (default: share.path of the configuration)\n"
	      "  --config FILE    in place of " SETTINGS_DEFAULT_PATH "\n"
	      "  --json           print JSON, for programs (not build)\n"
	      "  --output FILE    export: the file, or - for standard output\n"
	      "  --dry-run        import: only verify the file\n"
	      "\nbuild takes further:\n"
	      "  --cache DIR      where earlier builds left their parts (default: paths.cache of "
	      "the\n"
	      "                   configuration; with --share ~/.cache/bramble)\n"
	      "  --no-cache       use and leave nothing\n"
	      "  --init FILE      the program that becomes /init (default: beside this "
	      "program)\n"
	      "  --agent FILE     the agent (default: beside this program; \"\" for none)\n"
	      "  --unit FILE      a systemd unit to install and enable (default: the agent's); "
	      "repeatable\n"
	      "  --mode MODE      squashfs (default), or tree: a directory, for development\n"
	      "  --job FILE       tell in this file how far it is, as JSON\n",
		out);
}

static int refuse(const char *what, const char *which)
{
	fprintf(stderr, "bramble-image: %s%s (see bramble-image --help)\n", what, which);
	return 2;
}

static int take_mode(const char *text, struct image_options *options)
{
	if (strcmp(text, "squashfs") == 0)
		options->mode = IMAGE_SQUASHFS;
	else if (strcmp(text, "tree") == 0)
		options->mode = IMAGE_TREE;
	else
		return refuse("--mode is squashfs or tree, not ", text);
	return 0;
}

static int take_option(int option, char *value, struct image_options *options)
{
	switch (option) {
	case OPTION_CONFIG:
		options->config = value;
		return 0;
	case OPTION_SHARE:
		options->share = value;
		return 0;
	case OPTION_CACHE:
		options->cache = value;
		return 0;
	case OPTION_NO_CACHE:
		options->no_cache = true;
		return 0;
	case OPTION_INIT:
		options->init = value;
		return 0;
	case OPTION_AGENT:
		options->agent = value;
		return 0;
	case OPTION_UNIT:
		/* One place is left for the agent's own unit. */
		if (options->unit_count == ROOT_UNITS_LIMIT - 1)
			return refuse("too many --unit", "");
		options->units[options->unit_count++] = value;
		return 0;
	case OPTION_MODE:
		return take_mode(value, options);
	case OPTION_JOB:
		options->job = value;
		return 0;
	case OPTION_OUTPUT:
	case 'o':
		options->output = value;
		return 0;
	case OPTION_JSON:
		options->json = true;
		return 0;
	case OPTION_DRY_RUN:
		options->dry_run = true;
		return 0;
	default:
		return refuse("an option is not known or lacks its value", "");
	}
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int refuse_usage(const struct verb *verb)
{
	fprintf(stderr, "usage: bramble-image %s %s\n", verb->name, verb->arguments);
	return 2;
}

static int run_verb(const struct verb *verb, int count, char **words, struct image_options *options)
{
	struct image_defaults *defaults;
	struct failure failure = { 0 };
	int result;

	if (count < verb->min_words || count > verb->max_words)
		return refuse_usage(verb);
	options->target = count > 0 ? words[0] : NULL;
	options->other = count > 1 ? words[1] : NULL;
	defaults = calloc(1, sizeof(*defaults));
	if (!defaults)
		return refuse("out of memory", "");
	if (image_complete(options, verb->takes_recipe, defaults, &failure) == 0) {
		result = verb->run(options);
	} else {
		fprintf(stderr, "bramble-image: %s\n", failure.text);
		result = 1;
	}
	free(defaults);
	return result;
}

int main(int argc, char **argv)
{
	struct image_options options = { .mode = IMAGE_SQUASHFS };
	const struct verb *verb;
	int option;

	log_init("bramble-image", LOG_LEVEL_INFO);
	umask(022);
	(void)setenv("PATH", RUN_SAFE_PATH, 1);
	/* A build executes this program as what confines foreign code. */
	if (argc > 1 && strcmp(argv[1], JAIL_WORD) == 0)
		return jail_main(argc - 2, argv + 2);
	if (argc > 1 && strcmp(argv[1], MAPPED_WORD) == 0)
		return mapped_main(argc - 2, argv + 2);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "o:", long_options, NULL)) != -1) {
		int result = 0;

		if (option == OPTION_HELP) {
			print_help(stdout);
			return 0;
		}
		result = take_option(option, optarg, &options);
		if (result != 0)
			return result;
	}
	if (optind == argc) {
		print_help(stderr);
		return 2;
	}
	verb = find_verb(argv[optind]);
	if (!verb)
		return refuse("there is no verb ", argv[optind]);
	return run_verb(verb, argc - optind - 1, argv + optind + 1, &options);
}
