/* SPDX-License-Identifier: ISC */
/* The manifests of an add-on: documents of YAML, each an object of the API. Pure. */
#ifndef BRAMBLE_ADDONS_MANIFEST_H
#define BRAMBLE_ADDONS_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#define ADDON_NAME_SIZE 64
#define ADDON_OBJECTS 256u
#define ADDON_IMAGES 64u
#define ADDON_IMAGE_SIZE 256
#define ADDON_TEXT_LIMIT (1u << 20)
#define ADDON_LABEL "bramble/addon" /* on each of its objects: the add-on's name */
#define ADDON_ERROR_SIZE 256

struct addon_object {
	char api[96];	/* "apps/v1" */
	char kind[64];	/* "Deployment" */
	char space[64]; /* namespace, "" none is named */
	char name[256];
};

/* Two parts, because not every API server can apply objects of apiregistration.k8s.io by itself
 * (server side; 1.20 can't): kubectl must. */
enum addon_part { ADDON_SERVER_SIDE, ADDON_CLIENT_SIDE, ADDON_PARTS };

struct addon_manifest {
	char name[ADDON_NAME_SIZE];
	char about[160]; /* the first comment that isn't a licence, "" none */
	char hash[65];	 /* SHA-256 of both texts */
	struct {
		char *text; /* what kubectl gets: YAML, each object with the label; NULL: none */
		size_t size;
	} parts[ADDON_PARTS];
	size_t n_objects, n_images;
	struct addon_object objects[ADDON_OBJECTS];
	char images[ADDON_IMAGES][ADDON_IMAGE_SIZE]; /* of containers, each once */
};

void addon_manifest_init(struct addon_manifest *manifest, const char *name);
void addon_manifest_free(struct addon_manifest *manifest);

/* Take the documents of one file. Refused are what isn't YAML, objects without apiVersion, kind and
 * name, lists of objects, an object that is named twice, and one that bears the label already.
 * Returns 0, -EINVAL with the line (0: none) and what is wrong, -E2BIG or -ENOMEM. Fuzzed. */
int addon_manifest_add(struct addon_manifest *manifest, const char *text, size_t size,
	unsigned *line, char error[static ADDON_ERROR_SIZE]);

/* After the last file: compute the hash. */
void addon_manifest_end(struct addon_manifest *manifest);

/* Are they the same object? The version of the API doesn't count, its group does. */
bool addon_object_is(const struct addon_object *one, const struct addon_object *other);

#endif
