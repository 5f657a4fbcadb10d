/* SPDX-License-Identifier: ISC */
#include "tests/unit/image_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "rootfs/cache.h"

int image_world_make(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	snprintf(world->share, sizeof(world->share), "/tmp/image_test.XXXXXX");
	assert_non_null(mkdtemp(world->share));
	snprintf(world->recipe.name, sizeof(world->recipe.name), "base");
	world->shop.recipe = &world->recipe;
	*state = world;
	return 0;
}

int image_world_remove(void **state)
{
	struct world *world = *state;

	assert_int_equal(cache_remove_tree(world->share), 0);
	free(world);
	return 0;
}

int image_world_put(const char *directory, const char *name, const char *content)
{
	char path[WORKSHOP_PATH_SIZE + 64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return file_replace(path, content, strlen(content), 0444);
}
