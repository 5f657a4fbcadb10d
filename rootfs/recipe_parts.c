/* SPDX-License-Identifier: ISC */
/* A recipe's repositories, files and script. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "rootfs/recipe_parse.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define URL_ALPHABET LOWER UPPER DIGITS ":/._~+%@-"
#define SUITE_ALPHABET LOWER UPPER DIGITS "._/-"
#define COMPONENT_ALPHABET LOWER UPPER DIGITS "._/-"
#define OWNER_ALPHABET LOWER DIGITS "_-"

int recipe_locate(const struct recipe_parser *parser, const config_setting_t *setting,
	const char *name, char out[static RECIPE_PATH_SIZE])
{
	const char *slash = strrchr(parser->path, '/');
	int length = name[0] != '/' && slash ? (int)(slash + 1 - parser->path) : 0;
	int n = snprintf(out, RECIPE_PATH_SIZE, "%.*s%s", length, parser->path, name);
	unsigned line = config_setting_source_line(setting);

	if (n < 0 || n >= RECIPE_PATH_SIZE)
		return recipe_refuse(parser, setting, "is too long", "a path of 1023 bytes");
	if (access(out, R_OK) == 0)
		return 0;
	return failure_set(parser->failure, -errno, "%s:%u: %s: %s can't be read: %s", parser->path,
		line, config_setting_name(setting), out, strerror(errno));
}

/* A member of a group that is a text; NULL when it isn't there or no text. */
static const char *text_of(const config_setting_t *group, const char *name)
{
	const config_setting_t *member = config_setting_get_member(group, name);

	return member ? config_setting_get_string(member) : NULL;
}

static int check_members(const struct recipe_parser *parser, const config_setting_t *group,
	const char *const *names, const char *allowed)
{
	if (!config_setting_is_group(group))
		return recipe_refuse(parser, group, "is not a group", allowed);
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
		size_t known = 0;

		while (names[known] && strcmp(names[known], config_setting_name(member)) != 0)
			known++;
		if (!names[known])
			return recipe_refuse(parser, member, "is not known here", allowed);
	}
	return 0;
}

static int read_url(const struct recipe_parser *parser, const config_setting_t *group,
	struct recipe_repository *repository)
{
	static const char *const schemes[] = { "http://", "https://", "file:/" };
	const char *url = text_of(group, "url");

	for (size_t i = 0; url && i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncmp(url, schemes[i], strlen(schemes[i])) != 0 ||
			!recipe_is_word(url, sizeof(repository->url), URL_ALPHABET))
			continue;
		repository->local = strcmp(schemes[i], "file:/") == 0;
		str_copy(repository->url, sizeof(repository->url), url);
		return 0;
	}
	return recipe_refuse(parser, group, "has no valid url",
		"url = \"http://…\", \"https://…\", or \"file:/…\" for a directory of this "
		"machine");
}

static int read_suite(const struct recipe_parser *parser, const config_setting_t *group,
	struct recipe_repository *repository)
{
	const char *suite = text_of(group, "suite");
	size_t length = suite ? strlen(suite) : 0;
	bool rooted = length == 1 && suite[0] == '/';

	if (length == 0 ||
		(!rooted && !recipe_is_word(suite, sizeof(repository->suite), SUITE_ALPHABET)))
		return recipe_refuse(parser, group, "has no valid suite",
			"suite = \"bookworm\", or \"/\" or \"./\" for an archive without "
			"components");
	str_copy(repository->suite, sizeof(repository->suite), suite);
	return 0;
}

static int read_components(const struct recipe_parser *parser, const config_setting_t *group,
	struct recipe_repository *repository)
{
	const config_setting_t *list = config_setting_get_member(group, "components");
	bool flat = repository->suite[strlen(repository->suite) - 1] == '/';
	int count = list ? config_setting_length(list) : 0;
	size_t used = 0;

	if (flat != (count == 0) ||
		(list && !config_setting_is_list(list) && !config_setting_is_array(list)))
		return recipe_refuse(parser, group, "has wrong components",
			"components = ( \"main\" ), or none where the suite ends with '/'");
	for (int i = 0; i < count; i++) {
		const char *word = config_setting_get_string_elem(list, i);

		if (!word || !recipe_is_word(word, RECIPE_WORD_SIZE, COMPONENT_ALPHABET) ||
			used + strlen(word) + 2 > sizeof(repository->components))
			return recipe_refuse(parser, list, "is not valid", "names of components");
		used += (size_t)snprintf(repository->components + used,
			sizeof(repository->components) - used, "%s%s", i > 0 ? " " : "", word);
	}
	return 0;
}

/* Packages run as root while they are installed: a signature, or a directory of one's own. */
static int read_key(const struct recipe_parser *parser, const config_setting_t *group,
	struct recipe_repository *repository)
{
	const config_setting_t *key = config_setting_get_member(group, "key"),
			       *trusted = config_setting_get_member(group, "trusted");
	const char *name = key ? config_setting_get_string(key) : NULL;
	size_t length = name ? strlen(name) : 0;

	if (trusted && !(config_setting_type(trusted) == CONFIG_TYPE_BOOL &&
			       config_setting_get_bool(trusted) && repository->local && !key))
		return recipe_refuse(parser, trusted, "is not valid",
			"true, without a key, for a repository on this machine (file:/…)");
	if (trusted)
		return 0;
	if (length < 5 ||
		(strcmp(name + length - 4, ".asc") != 0 && strcmp(name + length - 4, ".gpg") != 0))
		return recipe_refuse(parser, key ? key : group, "has no valid key",
			"key = \"FILE.asc\" or \"FILE.gpg\", the OpenPGP key that signs the "
			"repository; or trusted = true for one on this machine");
	return recipe_locate(parser, key, name, repository->key);
}

static int read_repository(struct recipe_parser *parser, const config_setting_t *group)
{
	static const char *const members[] = { "url", "suite", "components", "key", "trusted",
		NULL };
	struct recipe *recipe = parser->recipe;
	struct recipe_repository *repository = &recipe->repositories[recipe->repository_count];
	int result = check_members(parser, group, members,
		"{ url = …; suite = …; components = …; key = …; } or trusted = true");

	if (result == 0)
		result = read_url(parser, group, repository);
	if (result == 0)
		result = read_suite(parser, group, repository);
	if (result == 0)
		result = read_components(parser, group, repository);
	if (result == 0)
		result = read_key(parser, group, repository);
	if (result == 0)
		recipe->repository_count++;
	return result;
}

static int each_group(struct recipe_parser *parser, const config_setting_t *setting,
	const size_t *count, size_t limit,
	int (*read)(struct recipe_parser *parser, const config_setting_t *group))
{
	int result = 0;

	if (!config_setting_is_list(setting))
		return recipe_refuse(parser, setting, "is not a list", "( { … }, { … } )");
	for (int i = 0; result == 0 && i < config_setting_length(setting); i++) {
		if (*count == limit)
			return recipe_refuse(
				parser, setting, "is too long", "8 repositories, 64 files");
		result = read(parser, config_setting_get_elem(setting, (unsigned)i));
	}
	return result;
}

int recipe_read_repositories(struct recipe_parser *parser, const config_setting_t *setting)
{
	return each_group(parser, setting, &parser->recipe->repository_count,
		RECIPE_REPOSITORIES_LIMIT, read_repository);
}

/* "0644": in quotes, for libconfig would read 0644 as decimal. */
static int read_mode(
	const struct recipe_parser *parser, const config_setting_t *group, struct recipe_file *file)
{
	const config_setting_t *setting = config_setting_get_member(group, "mode");
	const char *text = setting ? config_setting_get_string(setting) : NULL;
	mode_t mode = 0;

	if (!setting)
		return 0;
	if (!text || strlen(text) != 4 || text[0] != '0' || strspn(text, "01234567") != 4)
		return recipe_refuse(parser, setting, "is not valid",
			"four octal digits in quotes, the first 0, e.g. \"0644\"");
	for (; *text; text++)
		mode = mode * 8 + (mode_t)(*text - '0');
	if (!(mode & 0400))
		return recipe_refuse(
			parser, setting, "is not valid", "a mode that lets the owner read");
	file->mode = mode;
	return 0;
}

/* "USER" or "USER:GROUP" */
static int read_owner(
	const struct recipe_parser *parser, const config_setting_t *group, struct recipe_file *file)
{
	const config_setting_t *setting = config_setting_get_member(group, "owner");
	const char *text = setting ? config_setting_get_string(setting) : NULL;
	size_t user = text ? strcspn(text, ":") : 0;

	if (!setting)
		return 0;
	if (text && user < sizeof(file->user)) {
		memcpy(file->user, text, user);
		if (text[user] == ':')
			str_copy(file->group, sizeof(file->group), text + user + 1);
		if (recipe_is_word(file->user, sizeof(file->user), OWNER_ALPHABET) &&
			(text[user] == '\0' || (recipe_is_word(text + user + 1, sizeof(file->group),
						       OWNER_ALPHABET))))
			return 0;
	}
	return recipe_refuse(parser, setting, "is not valid",
		"\"USER\" or \"USER:GROUP\", by names that the root knows, or numbers");
}

static int read_target(
	const struct recipe_parser *parser, const config_setting_t *group, struct recipe_file *file)
{
	const char *path = text_of(group, "path");
	size_t length = path ? strlen(path) : 0;

	if (length < 2 || length >= sizeof(file->path) || path[0] != '/' ||
		path[length - 1] == '/' || strstr(path, "//") || strstr(path, "/../") ||
		strstr(path, "/./") || strcmp(path + length - 2, "/.") == 0 ||
		(length > 2 && strcmp(path + length - 3, "/..") == 0))
		return recipe_refuse(parser, group, "has no valid path",
			"path = \"/etc/motd\": absolute, as the node will see it");
	str_copy(file->path, sizeof(file->path), path + 1);
	return 0;
}

static int read_source(
	const struct recipe_parser *parser, const config_setting_t *group, struct recipe_file *file)
{
	const config_setting_t *setting = config_setting_get_member(group, "source");
	const char *name = setting ? config_setting_get_string(setting) : NULL;
	struct stat status = { 0 };
	int result;

	if (!name || name[0] == '\0')
		return recipe_refuse(parser, group, "has no source",
			"source = \"FILE\": a file or directory, relative to the recipe");
	result = recipe_locate(parser, setting, name, file->source);
	if (result != 0)
		return result;
	if (stat(file->source, &status) == 0 && S_ISREG(status.st_mode))
		return 0;
	if (!S_ISDIR(status.st_mode))
		return recipe_refuse(parser, setting, "is not valid", "a file or a directory");
	return file->mode == 0 ? 0
			       : recipe_refuse(parser, group, "has a mode for a directory",
					 "mode for a single file; below a directory each file is "
					 "0755 or 0644, by the owner's x bit of its source");
}

static int read_file(struct recipe_parser *parser, const config_setting_t *group)
{
	static const char *const members[] = { "source", "path", "mode", "owner", NULL };
	struct recipe *recipe = parser->recipe;
	struct recipe_file *file = &recipe->files[recipe->file_count];
	int result = check_members(parser, group, members,
		"{ source = …; path = …; mode = \"0644\"; owner = \"USER:GROUP\"; }");

	file->line = config_setting_source_line(group);
	file->input = parser->input;
	if (result == 0)
		result = read_target(parser, group, file);
	if (result == 0)
		result = read_mode(parser, group, file);
	if (result == 0)
		result = read_owner(parser, group, file);
	if (result == 0)
		result = read_source(parser, group, file);
	if (result == 0)
		recipe->file_count++;
	return result;
}

int recipe_read_files(struct recipe_parser *parser, const config_setting_t *setting)
{
	return each_group(
		parser, setting, &parser->recipe->file_count, RECIPE_FILES_LIMIT, read_file);
}

static int read_one_file(struct recipe_parser *parser, const config_setting_t *setting,
	char out[static RECIPE_PATH_SIZE])
{
	const char *name = config_setting_get_string(setting);
	struct stat status = { 0 };
	int result;

	if (!name || name[0] == '\0')
		return recipe_refuse(
			parser, setting, "is not valid", "a file, relative to the recipe");
	result = recipe_locate(parser, setting, name, out);
	if (result == 0 && (stat(out, &status) != 0 || !S_ISREG(status.st_mode)))
		return recipe_refuse(parser, setting, "is not valid", "a file");
	return result;
}

int recipe_read_from(struct recipe_parser *parser, const config_setting_t *setting)
{
	return read_one_file(parser, setting, parser->recipe->from);
}

int recipe_read_script(struct recipe_parser *parser, const config_setting_t *setting)
{
	return read_one_file(parser, setting, parser->recipe->script);
}
