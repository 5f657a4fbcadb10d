/* SPDX-License-Identifier: ISC */
#include "rootfs/recipe.h"

#include <errno.h>
#include <libconfig.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/str.h"

#define RECIPE_LIMIT (256u * 1024u)

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

struct rule {
	const char *name;
	size_t offset;
	bool list;
	bool required;
	const char *alphabet;
	const char *allowed; /* in words, for errors */
};

#define PACKAGE_ALPHABET LOWER DIGITS "+.-"
#define UNIT_ALPHABET LOWER UPPER DIGITS "@._-"
#define MODULE_ALPHABET LOWER UPPER DIGITS "._-/"

static const struct rule rules[] = {
	{ "suite", offsetof(struct recipe, suite), false, true, LOWER "-",
		"the code name of a Debian release, e.g. \"bookworm\"" },
	{ "architecture", offsetof(struct recipe, architecture), false, true, LOWER DIGITS,
		"\"arm64\"" },
	{ "kernel", offsetof(struct recipe, kernel), false, true, PACKAGE_ALPHABET,
		"a package, e.g. \"linux-image-arm64\"" },
	{ "firmware", offsetof(struct recipe, firmware), false, true, PACKAGE_ALPHABET,
		"a package, e.g. \"raspi-firmware\"" },
	{ "components", offsetof(struct recipe, components), true, true, LOWER "-",
		"a list of archive components, e.g. ( \"main\", \"non-free-firmware\" )" },
	{ "packages", offsetof(struct recipe, packages), true, true, PACKAGE_ALPHABET,
		"a list of package names" },
	{ "exclude_modules", offsetof(struct recipe, exclude_modules), true, false, MODULE_ALPHABET,
		"a list of paths below lib/modules/RELEASE/kernel, e.g. ( \"sound\" )" },
	{ "enable", offsetof(struct recipe, enable), true, false, UNIT_ALPHABET,
		"a list of systemd units" },
	{ "mask", offsetof(struct recipe, mask), true, false, UNIT_ALPHABET,
		"a list of systemd units" },
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

static int refuse(struct failure *failure, const char *path, const config_setting_t *setting,
	const char *what, const char *allowed)
{
	return failure_set(failure, -EINVAL, "%s:%u: %s %s; allowed: %s", path,
		config_setting_source_line(setting),
		config_setting_name(setting) ? config_setting_name(setting) : "an entry", what,
		allowed);
}

static bool is_word(const char *word, const char *alphabet)
{
	size_t length = strlen(word);

	/* No word begins with '-': it would be an option of a tool; none climbs by "..". */
	return length > 0 && length < RECIPE_WORD_SIZE && strspn(word, alphabet) == length &&
	       word[0] != '-' && word[0] != '/' && !strstr(word, "..");
}

static int read_word(const config_setting_t *setting, const struct rule *rule, const char *path,
	char out[static RECIPE_WORD_SIZE], struct failure *failure)
{
	const char *word = config_setting_get_string(setting);

	if (!word || !is_word(word, rule->alphabet))
		return refuse(failure, path, setting, "is not valid", rule->allowed);
	str_copy(out, RECIPE_WORD_SIZE, word);
	return 0;
}

static int read_list(const config_setting_t *setting, const struct rule *rule, const char *path,
	struct recipe_list *list, struct failure *failure)
{
	int count = config_setting_length(setting);

	if (!config_setting_is_list(setting) && !config_setting_is_array(setting))
		return refuse(failure, path, setting, "is not a list", rule->allowed);
	if (count > RECIPE_LIST_LIMIT)
		return refuse(failure, path, setting, "is too long", "at most 256 entries");
	for (int i = 0; i < count; i++) {
		int result = read_word(config_setting_get_elem(setting, (unsigned)i), rule, path,
			list->items[list->count], failure);

		if (result != 0)
			return result;
		list->count++;
	}
	return 0;
}

static const struct rule *find_rule(const char *name)
{
	for (size_t i = 0; i < RULES; i++)
		if (strcmp(rules[i].name, name) == 0)
			return &rules[i];
	return NULL;
}

static int read_setting(const config_setting_t *setting, const char *path, struct recipe *recipe,
	struct failure *failure)
{
	const struct rule *rule = find_rule(config_setting_name(setting));
	char *target;

	if (!rule)
		return refuse(failure, path, setting, "is not a setting of a recipe",
			"suite, architecture, components, packages, kernel, firmware, "
			"exclude_modules, "
			"enable, mask");
	target = (char *)recipe + rule->offset;
	if (rule->list)
		return read_list(
			setting, rule, path, (struct recipe_list *)(void *)target, failure);
	return read_word(setting, rule, path, target, failure);
}

static int check_complete(const config_t *config, const char *path, const struct recipe *recipe,
	struct failure *failure)
{
	for (size_t i = 0; i < RULES; i++)
		if (rules[i].required && !config_lookup(config, rules[i].name))
			return failure_set(failure, -EINVAL, "%s: %s is missing; allowed: %s", path,
				rules[i].name, rules[i].allowed);
	if (strcmp(recipe->architecture, "arm64") != 0)
		return failure_set(failure, -EINVAL,
			"%s: architecture \"%s\": a node's programs are built for arm64 only", path,
			recipe->architecture);
	return 0;
}

static int take_name(const char *path, struct recipe *recipe, struct failure *failure)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	const char *dot = strrchr(file, '.');
	size_t length = dot ? (size_t)(dot - file) : strlen(file);

	if (length < sizeof(recipe->name)) {
		memcpy(recipe->name, file, length);
		recipe->name[length] = '\0';
		if (str_is_node_name(recipe->name))
			return 0;
	}
	return failure_set(failure, -EINVAL,
		"%s: the file's name names the image: lower-case letters, digits and '-', then "
		".conf",
		path);
}

static int parse(const char *path, const char *text, struct recipe *recipe, struct failure *failure)
{
	config_t config;
	config_setting_t *root;
	int result = 0;

	config_init(&config);
	if (config_read_string(&config, text) != CONFIG_TRUE)
		result = failure_set(failure, -EINVAL, "%s:%d: %s", path,
			config_error_line(&config), config_error_text(&config));
	root = config_root_setting(&config);
	for (int i = 0; result == 0 && i < config_setting_length(root); i++)
		result = read_setting(
			config_setting_get_elem(root, (unsigned)i), path, recipe, failure);
	if (result == 0)
		result = check_complete(&config, path, recipe, failure);
	config_destroy(&config);
	return result;
}

int recipe_load(const char *path, struct recipe *recipe, struct failure *failure)
{
	char *text;
	size_t size;
	int result = file_read(path, RECIPE_LIMIT, &text, &size);

	if (result != 0)
		return failure_set(
			failure, result, "%s can't be read: %s", path, strerror(-result));
	memset(recipe, 0, sizeof(*recipe));
	if (strlen(text) != size)
		result = failure_set(failure, -EINVAL, "%s holds a NUL byte", path);
	if (result == 0)
		result = take_name(path, recipe, failure);
	if (result == 0)
		result = parse(path, text, recipe, failure);
	free(text);
	return result;
}
