/* SPDX-License-Identifier: ISC */
/* A share in a temporary directory, on which versions of the image "base" are published. */
#ifndef BRAMBLE_TEST_IMAGE_WORLD_H
#define BRAMBLE_TEST_IMAGE_WORLD_H

#include "tests/unit/test.h"

#include "provisioner/image/image.h"

struct world {
	char share[64];
	struct recipe recipe;
	struct workshop shop;
	struct image_version version; /* the one that a test published last */
};

int image_world_make(void **state); /* cmocka's setup and teardown */
int image_world_remove(void **state);

/* Write a file; 0 or -errno. */
int image_world_put(const char *directory, const char *name, const char *content);

#endif
