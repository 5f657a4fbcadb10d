/* SPDX-License-Identifier: ISC */
#include "provisioner/image/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "provisioner/settings/settings.h"
#include "rootfs/tcp.h"

#define SHARE_WITHOUT_CONFIG "/srv/bramble"
#define CACHE_PATIENCE_NS (2 * NS_PER_S)

/* Tools take packages from the cache where there is one that answers, else from the archive. */
static void use_package_cache(const struct settings *settings)
{
	char url[SETTINGS_URL_SIZE];
	int fd;

	if (!settings->package_cache || getenv("http_proxy"))
		return;
	settings_format_package_cache(settings, url);
	fd = tcp_connect(
		settings->router, SETTINGS_PACKAGE_PORT, clock_monotonic_ns() + CACHE_PATIENCE_NS);
	if (fd >= 0) {
		close(fd);
		(void)setenv("http_proxy", url, 1);
	} else {
		log_warning(
			"the package cache %s doesn't answer: packages come from the archive", url);
	}
}

static int complete_places(struct image_options *options, const char *config, bool builds,
	struct image_defaults *defaults, struct failure *failure)
{
	struct conf_error error;
	struct settings *settings;
	int result;

	if (options->share && !(builds && options->config))
		return 0;
	if (!options->config && access(config, F_OK) != 0) {
		options->share = SHARE_WITHOUT_CONFIG;
		return 0;
	}
	settings = calloc(1, sizeof(*settings));
	if (!settings)
		return failure_set(failure, -ENOMEM, "out of memory");
	result = settings_load(config, settings, &error);
	if (result == 0 && builds)
		use_package_cache(settings);
	if (options->share) { /* nothing else is asked of it, be it as it may */
		free(settings);
		return 0;
	}
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
	int result = complete_places(options, config, target_is_recipe, defaults, failure);

	if (result == 0 && target_is_recipe)
		result = complete_recipe(options, config, defaults, failure);
	return result;
}
