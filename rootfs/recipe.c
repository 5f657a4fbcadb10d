/* SPDX-License-Identifier: ISC */
#include "rootfs/recipe.h"

#include <errno.h>
#include <libconfig.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/str.h"
#include "rootfs/recipe_parse.h"

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
		"\"arm64\", \"armhf\" or \"amd64\"" },
	{ "kernel", offsetof(struct recipe, kernel), false, true, PACKAGE_ALPHABET,
		"a package, e.g. \"linux-image-arm64\"" },
	{ "firmware", offsetof(struct recipe, firmware), false, true, PACKAGE_ALPHABET,
		"a package, e.g. \"raspi-firmware\", or \"ipxe\" for PCs" },
	{ "components", offsetof(struct recipe, components), true, true, LOWER "-",
		"a list of archive components, e.g. ( \"main\", \"non-free-firmware\" )" },
	{ "packages", offsetof(struct recipe, packages), true, false, PACKAGE_ALPHABET,
		"a list of package names" },
	{ "exclude_modules", offsetof(struct recipe, exclude_modules), true, false, MODULE_ALPHABET,
		"a list of paths below lib/modules/RELEASE/kernel, e.g. ( \"sound\" )" },
	{ "enable", offsetof(struct recipe, enable), true, false, UNIT_ALPHABET,
		"a list of systemd units" },
	{ "mask", offsetof(struct recipe, mask), true, false, UNIT_ALPHABET,
		"a list of systemd units" },
};

#define RULES (sizeof(rules) / sizeof(rules[0]))

/* Settings that are more than words, each with its parser. */
static const struct part {
	const char *name;
	int (*read)(struct recipe_parser *parser, const config_setting_t *setting);
} parts[] = {
	{ "repositories", recipe_read_repositories },
	{ "files", recipe_read_files },
	{ "from", recipe_read_from },
	{ "script", recipe_read_script },
};

int recipe_refuse(const struct recipe_parser *parser, const config_setting_t *setting,
	const char *what, const char *allowed)
{
	return failure_set(parser->failure, -EINVAL, "%s:%u: %s %s; allowed: %s", parser->path,
		config_setting_source_line(setting),
		config_setting_name(setting) ? config_setting_name(setting) : "an entry", what,
		allowed);
}

bool recipe_is_word(const char *word, size_t size, const char *alphabet)
{
	size_t length = strlen(word);

	/* No word begins with '-': it would be an option of a tool; none climbs by "..". */
	return length > 0 && length < size && strspn(word, alphabet) == length && word[0] != '-' &&
	       word[0] != '/' && !strstr(word, "..");
}

static int read_word(const struct recipe_parser *parser, const config_setting_t *setting,
	const struct rule *rule, char out[static RECIPE_WORD_SIZE])
{
	const char *word = config_setting_get_string(setting);

	if (!word || !recipe_is_word(word, RECIPE_WORD_SIZE, rule->alphabet))
		return recipe_refuse(parser, setting, "is not valid", rule->allowed);
	str_copy(out, RECIPE_WORD_SIZE, word);
	return 0;
}

/* What a recipe lists comes behind what the one that it extends lists. */
static int read_list(const struct recipe_parser *parser, const config_setting_t *setting,
	const struct rule *rule, struct recipe_list *list)
{
	int count = config_setting_length(setting);

	if (!config_setting_is_list(setting) && !config_setting_is_array(setting))
		return recipe_refuse(parser, setting, "is not a list", rule->allowed);
	for (int i = 0; i < count; i++) {
		int result;

		if (list->count == RECIPE_LIST_LIMIT)
			return recipe_refuse(
				parser, setting, "is too long", "at most 256 entries in all");
		result = read_word(parser, config_setting_get_elem(setting, (unsigned)i), rule,
			list->items[list->count]);
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

static int read_setting(struct recipe_parser *parser, const config_setting_t *setting)
{
	const char *name = config_setting_name(setting);
	const struct rule *rule = find_rule(name);
	char *target;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(parts[i].name, name) == 0)
			return parts[i].read(parser, setting);
	if (strcmp(name, "extends") == 0)
		return 0; /* was read before all others */
	if (!rule)
		return recipe_refuse(parser, setting, "is not a setting of a recipe",
			"suite, architecture, components, packages, kernel, firmware, "
			"exclude_modules, enable, mask, repositories, files, from, script, "
			"extends");
	parser->seen |= 1u << (rule - rules);
	target = (char *)parser->recipe + rule->offset;
	if (rule->list)
		return read_list(parser, setting, rule, (struct recipe_list *)(void *)target);
	return read_word(parser, setting, rule, target);
}

static int check_complete(const struct recipe_parser *parser)
{
	static const char *const architectures[] = { "arm64", "armhf", "amd64" };
	const struct recipe *recipe = parser->recipe;

	for (size_t i = 0; i < RULES; i++)
		if (rules[i].required && !(parser->seen & (1u << i)))
			return failure_set(parser->failure, -EINVAL,
				"%s: %s is missing; allowed: %s", parser->path, rules[i].name,
				rules[i].allowed);
	if (recipe->from[0] && recipe->packages.count + recipe->repository_count > 0)
		return failure_set(parser->failure, -EINVAL,
			"%s: from: a root made elsewhere brings its packages; allowed: from, or "
			"packages and repositories",
			parser->path);
	if (!recipe->from[0] && recipe->packages.count == 0)
		return failure_set(parser->failure, -EINVAL,
			"%s: packages is missing; allowed: a list of package names, or from = "
			"\"FILE\" for a root made elsewhere",
			parser->path);
	for (size_t i = 0; i < sizeof(architectures) / sizeof(architectures[0]); i++)
		if (strcmp(recipe->architecture, architectures[i]) == 0)
			return 0;
	return failure_set(parser->failure, -EINVAL,
		"%s: architecture \"%s\" is not known; allowed: \"arm64\", \"armhf\" for 32-bit "
		"programs under the kernel of arm64, or \"amd64\" for PCs",
		parser->path, recipe->architecture);
}

bool recipe_is_for_pcs(const struct recipe *recipe)
{
	return strcmp(recipe->architecture, "amd64") == 0;
}

const char *recipe_kernel_architecture(const struct recipe *recipe)
{
	return recipe_is_for_pcs(recipe) ? "amd64" : "arm64";
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

static int read_file(struct recipe_parser *parser, const char *path, unsigned depth);

/* "extends": the recipe beside this one that holds the rest. */
static int read_extended(struct recipe_parser *parser, const config_setting_t *root, unsigned depth)
{
	const config_setting_t *setting = config_setting_get_member(root, "extends");
	const char *name = setting ? config_setting_get_string(setting) : NULL;
	char beside[RECIPE_WORD_SIZE], path[RECIPE_PATH_SIZE];
	int result;

	if (!setting)
		return 0;
	if (!name || !str_is_node_name(name))
		return recipe_refuse(parser, setting, "is not valid",
			"the name of a recipe beside this one, without .conf, e.g. \"base\"");
	if (depth + 1 == RECIPE_DEPTH_LIMIT)
		return recipe_refuse(parser, setting, "leads too far",
			"recipes that extend each other at most 8 deep, never in a circle");
	snprintf(beside, sizeof(beside), "%s.conf", name);
	result = recipe_locate(parser, setting, beside, path);
	return result == 0 ? read_file(parser, path, depth + 1) : result;
}

static int read_text(struct recipe_parser *parser, const char *text, unsigned depth)
{
	const char *path = parser->path;
	config_t config;
	config_setting_t *root;
	int result = 0;

	config_init(&config);
	if (config_read_string(&config, text) != CONFIG_TRUE)
		result = failure_set(parser->failure, -EINVAL, "%s:%d: %s", path,
			config_error_line(&config), config_error_text(&config));
	root = config_root_setting(&config);
	if (result == 0)
		result = read_extended(parser, root, depth);
	parser->path = path;
	parser->input = depth;
	for (int i = 0; result == 0 && i < config_setting_length(root); i++)
		result = read_setting(parser, config_setting_get_elem(root, (unsigned)i));
	config_destroy(&config);
	return result;
}

static int read_file(struct recipe_parser *parser, const char *path, unsigned depth)
{
	struct recipe *recipe = parser->recipe;
	char *text;
	size_t size;
	int result = file_read(path, RECIPE_LIMIT, &text, &size);

	if (result != 0)
		return failure_set(
			parser->failure, result, "%s can't be read: %s", path, strerror(-result));
	if (strlen(text) != size)
		result = failure_set(parser->failure, -EINVAL, "%s holds a NUL byte", path);
	else if (!str_copy(recipe->inputs[depth], RECIPE_PATH_SIZE, path))
		result = failure_set(
			parser->failure, -ENAMETOOLONG, "a path is too long: %.200s", path);
	recipe->input_count = depth + 1;
	parser->path = recipe->inputs[depth];
	if (result == 0)
		result = read_text(parser, text, depth);
	free(text);
	return result;
}

int recipe_load(const char *path, struct recipe *recipe, struct failure *failure)
{
	struct recipe_parser parser = { .recipe = recipe, .failure = failure, .path = path };
	int result;

	memset(recipe, 0, sizeof(*recipe));
	result = read_file(&parser, path, 0);
	if (result == 0)
		result = take_name(path, recipe, failure);
	return result == 0 ? check_complete(&parser) : result;
}
