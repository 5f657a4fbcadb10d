/* SPDX-License-Identifier: ISC */
/* What the parsers of a recipe's settings share; nobody else includes it. */
#ifndef BRAMBLE_ROOTFS_RECIPE_PARSE_H
#define BRAMBLE_ROOTFS_RECIPE_PARSE_H

#include <libconfig.h>
#include <stdbool.h>

#include "rootfs/recipe.h"

struct recipe_parser {
	struct recipe *recipe;
	struct failure *failure;
	const char *path; /* of the recipe that is being read */
	unsigned input;	  /* its index in recipe->inputs */
	unsigned seen;	  /* a bit per rule of recipe.c */
};

/* Say what is wrong with a setting, with file and line. Returns -EINVAL. */
int recipe_refuse(const struct recipe_parser *parser, const config_setting_t *setting,
	const char *what, const char *allowed);

/* One word of that alphabet, shorter than `size`. */
bool recipe_is_word(const char *word, size_t size, const char *alphabet);

/* The path of something that the recipe names: absolute, or relative to the recipe. It must be
 * there. Returns 0 or -errno with the parser's failure. */
int recipe_locate(const struct recipe_parser *parser, const config_setting_t *setting,
	const char *name, char out[static RECIPE_PATH_SIZE]);

/* The settings that are more than words. */
int recipe_read_repositories(struct recipe_parser *parser, const config_setting_t *setting);
int recipe_read_files(struct recipe_parser *parser, const config_setting_t *setting);
int recipe_read_from(struct recipe_parser *parser, const config_setting_t *setting);
int recipe_read_script(struct recipe_parser *parser, const config_setting_t *setting);

#endif
