/* SPDX-License-Identifier: ISC */
/* Versions that an administrator wants to keep. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/images.h"

#define SHORTEST_BEGINNING 8

/* The place of the pin; n_pinned when there is none. */
static size_t find_pin(const struct registry_image *image, const char *beginning)
{
	size_t i = 0;

	while (i < image->n_pinned && strncmp(image->pinned[i], beginning, strlen(beginning)) != 0)
		i++;
	return i;
}

static int pin(
	struct registry_image *image, const char *hash, char reason[static IMAGES_REASON_SIZE])
{
	if (find_pin(image, hash) < image->n_pinned)
		return -EALREADY;
	if (image->n_pinned == REGISTRY_PINS) {
		snprintf(reason, IMAGES_REASON_SIZE,
			"image %s has %d pinned versions already: let go of one with `bramble "
			"image unpin`",
			image->name, REGISTRY_PINS);
		return -EINVAL;
	}
	str_copy(image->pinned[image->n_pinned++], HASH_TEXT_SIZE, hash);
	return 0;
}

static int unpin(struct registry_image *image, const char *hash)
{
	size_t i = find_pin(image, hash);

	if (i == image->n_pinned)
		return -EALREADY;
	image->n_pinned--;
	memmove(image->pinned[i], image->pinned[i + 1], (image->n_pinned - i) * HASH_TEXT_SIZE);
	return 0;
}

static int put(struct brambled *brambled, const struct registry_image *image, const char *hash,
	bool pinned)
{
	int result = registry_put_image(brambled->registry, image);

	if (result == 0)
		brambled_event(brambled, pinned ? "image.pinned" : "image.unpinned", image->name,
			pinned ? "version %.12s of image %s is kept from now on"
			       : "version %.12s of image %s isn't kept any longer",
			hash, image->name);
	return brambled_conclude(brambled, result);
}

int images_pin(struct brambled *brambled, const char *name, const char *beginning, bool pinned,
	char hash[static HASH_TEXT_SIZE], char reason[static IMAGES_REASON_SIZE])
{
	struct registry_image image = { 0 };
	int result = images_current(brambled, name, hash, reason);

	if (result == 0)
		result = registry_get_image(brambled->registry, name, &image);
	if (result != 0)
		return result;
	if (!pinned && strlen(beginning) >= SHORTEST_BEGINNING &&
		find_pin(&image, beginning) < image.n_pinned)
		str_copy(hash, HASH_TEXT_SIZE, image.pinned[find_pin(&image, beginning)]);
	else
		result = images_find(brambled, name, beginning, hash, reason);
	if (result != 0)
		return result;
	result = pinned ? pin(&image, hash, reason) : unpin(&image, hash);
	if (result == -EALREADY)
		return 0;
	if (result != 0)
		return result;
	result = put(brambled, &image, hash, pinned);
	if (result != 0)
		snprintf(reason, IMAGES_REASON_SIZE, "the registry can't be written: %s",
			strerror(-result));
	return result;
}
