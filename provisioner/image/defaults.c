/* SPDX-License-Identifier: ISC */
#include "provisioner/image/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provisioner/settings.h"

#define SHARE_WITHOUT_CONFIG "/srv/bramble"

static int complete_places(struct image_options *options, const char *config,
	struct image_defaults *defaults, struct failure *failure)
{
	struct conf_error error;
	struct settings *settings;
	int result;

	if (options->share)
		return 0;
	if (!options->config && access(config, F_OK) != 0) {
		options->share = SHARE_WITHOUT_CONFIG;
		return 0;
	}
	settings = calloc(1, sizeof(*settings));
	if (!settings)
		return failure_set(failure, -ENOMEM, "out of memory");
	result = settings_load(config, settings, &error);
	if (result != 0)
		failure_set(failure, result, "%s", error.text);
	str_copy(defaults->share, sizeof(defaults->share), settings->share);
	str_copy(defaults->cache, sizeof(defaults->cache), settings->cache);
	free(settings);
	options->share = defaults->share;
	if (!options->cache)
		options->cache = defaults->cache;
	return result;
}

static bool is_file_name(const char *recipe)
{
	size_t length = strlen(recipe);

	return strchr(recipe, '/') || (length > 5 && strcmp(recipe + length - 5, ".conf") == 0);
}

static int complete_recipe(struct image_options *options, const char *config,
	struct image_defaults *defaults, struct failure *failure)
{
	const char *slash = strrchr(config, '/');
	int result;

	if (is_file_name(options->target))
		return 0;
	result = failure_path(failure, defaults->recipe, sizeof(defaults->recipe),
		"%.*simages/%s.conf", slash ? (int)(slash + 1 - config) : 0, config,
		options->target);
	options->target = defaults->recipe;
	return result;
}

int image_complete(struct image_options *options, bool target_is_recipe,
	struct image_defaults *defaults, struct failure *failure)
{
	const char *config = options->config ? options->config : SETTINGS_DEFAULT_PATH;
	int result = complete_places(options, config, defaults, failure);

	if (result == 0 && target_is_recipe)
		result = complete_recipe(options, config, defaults, failure);
	return result;
}
