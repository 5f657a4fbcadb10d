/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/args.h"

#include <stdio.h>
#include <string.h>

#include "common/nearest.h"
#include "common/str.h"

#define SHOWN_SIZE 64
#define LONGEST_S (24 * 3600)

static const struct args_option *find(const struct args_option *options, const char *word)
{
	size_t length = strcspn(word, "=");

	for (; options->name; options++) {
		if (word[1] != '-') {
			if (options->letter && word[1] == options->letter && word[2] == '\0')
				return options;
		} else if (strlen(options->name) + 2 == length &&
			   strncmp(options->name, word + 2, length - 2) == 0) {
			return options;
		}
	}
	return NULL;
}

static void complain_unknown(
	const struct args_option *options, const char *word, char error[static ARGS_ERROR_SIZE])
{
	char shown[SHOWN_SIZE];
	struct nearest nearest;

	str_copy_visible(shown, sizeof(shown), word, strcspn(word, "="));
	nearest_begin(&nearest, word + strspn(word, "-"));
	for (; options->name; options++)
		nearest_offer(&nearest, options->name);
	if (nearest.best)
		snprintf(error, ARGS_ERROR_SIZE, "unknown option %s; did you mean --%s?", shown,
			nearest.best);
	else
		snprintf(error, ARGS_ERROR_SIZE, "unknown option %s", shown);
}

/* Take the option at argv[i]. Returns how many words it used, or -1. */
static int take(int argc, char **argv, int i, const struct args_option *options,
	char error[static ARGS_ERROR_SIZE])
{
	const struct args_option *option = find(options, argv[i]);
	const char *equals = strchr(argv[i], '=');

	if (!option) {
		complain_unknown(options, argv[i], error);
		return -1;
	}
	if (option->flag) {
		*option->flag = true;
		if (!equals)
			return 1;
		snprintf(error, ARGS_ERROR_SIZE, "--%s takes no value", option->name);
		return -1;
	}
	if (*option->value) {
		snprintf(error, ARGS_ERROR_SIZE, "--%s is given twice", option->name);
		return -1;
	}
	if (equals) {
		*option->value = equals + 1;
		return 1;
	}
	if (i + 1 >= argc) {
		snprintf(error, ARGS_ERROR_SIZE, "--%s needs a value", option->name);
		return -1;
	}
	*option->value = argv[i + 1];
	return 2;
}

int args_parse(int argc, char **argv, const struct args_option *options, bool stop_at_word,
	char error[static ARGS_ERROR_SIZE])
{
	int words = 0;
	bool only_words = false;

	for (int i = 0; i < argc;) {
		int used;

		if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[words++] = argv[i++];
			only_words |= stop_at_word;
		} else if (strcmp(argv[i], "--") == 0) {
			only_words = true;
			i++;
		} else {
			used = take(argc, argv, i, options, error);
			if (used < 0)
				return -1;
			i += used;
		}
	}
	return words;
}

int64_t args_parse_duration(const char *text)
{
	char digits[12];
	size_t length = strlen(text);
	uint64_t number;
	int64_t unit;

	if (length < 2 || length > sizeof(digits))
		return 0;
	unit = text[length - 1] == 's' ? 1 : text[length - 1] == 'm' ? 60 : 3600;
	if (!strchr("smh", text[length - 1]))
		return 0;
	memcpy(digits, text, length - 1);
	digits[length - 1] = '\0';
	if (str_parse_u64(digits, 1, LONGEST_S, &number) != 0 || (int64_t)number * unit > LONGEST_S)
		return 0;
	return (int64_t)number * unit;
}
