/* SPDX-License-Identifier: ISC */
#include "provisioner/image/space.h"

#include <errno.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "rootfs/import.h"

#define MEGABYTE (UINT64_C(1) << 20)
/* Measured with the default recipe, with some reserve. */
#define WORK_MB 700    /* a root unpacked and compressed */
#define IMPORT_MB 250  /* boot set and modules, for a root made elsewhere */
#define LAYERS_MB 1200 /* kernel package unpacked, root as tar */
#define RESULT_MB 200  /* a copy for the cache */
#define EXHAUSTED_MB 16

#define FREE_VERSIONS "`bramble image gc` removes versions that nothing needs"
#define FREE_CACHE "everything in it can be deleted"

static uint64_t free_megabytes(const char *path)
{
	struct statvfs status;

	return statvfs(path, &status) == 0 ? status.f_bavail * status.f_frsize / MEGABYTE
					   : UINT64_MAX;
}

static int check(struct workshop *shop, const char *path, uint64_t needed_mb, const char *advice)
{
	uint64_t there = free_megabytes(path);

	if (there >= needed_mb)
		return 0;
	return failure_set(&shop->failure, -ENOSPC,
		"not enough space: %s has %llu MB free, about %llu MB are needed there; %s", path,
		(unsigned long long)there, (unsigned long long)needed_mb, advice);
}

int space_check(struct workshop *shop, bool warm, bool apart)
{
	const char *from = shop->recipe->from;
	uint64_t work_mb = from[0] ? IMPORT_MB + import_estimate_bytes(from) / MEGABYTE : WORK_MB;
	int result;

	if (!apart)
		return check(shop, shop->work, work_mb + LAYERS_MB, FREE_VERSIONS);
	result = check(shop, shop->work, work_mb, FREE_VERSIONS);
	return result == 0
		       ? check(shop, shop->cache, RESULT_MB + (warm ? 0 : LAYERS_MB), FREE_CACHE)
		       : result;
}

int space_check_bytes(struct workshop *shop, uint64_t bytes)
{
	return check(shop, shop->work, bytes / MEGABYTE + 1, FREE_VERSIONS);
}

void space_explain(const struct workshop *shop)
{
	const struct {
		const char *path, *advice;
	} places[] = { { shop->work, FREE_VERSIONS }, { shop->cache, FREE_CACHE } };

	for (size_t i = 0; i < 2; i++)
		if (places[i].path[0] && free_megabytes(places[i].path) < EXHAUSTED_MB)
			fprintf(stderr, "bramble-image: no space is left on %s; %s\n",
				places[i].path, places[i].advice);
}
