/* SPDX-License-Identifier: ISC */
#include "rootfs/repositories.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "rootfs/tree.h"

#define KEY_LIMIT (1u << 20)
#define NODE_KEYRINGS "/etc/apt/keyrings"

static const char *extension_of(const struct recipe_repository *repository)
{
	return repository->key[0] ? strrchr(repository->key, '.') : "";
}

/* apt takes packages of a "copy:" archive into its own directory, so that a root needs no way to
 * this machine's files. */
static int format_line(const struct recipe_repository *repository, size_t number,
	const char *keyrings, char out[static APT_LINE_SIZE])
{
	const char *url = repository->local ? repository->url + strlen("file:") : repository->url;
	int n = repository->key[0]
			? snprintf(out, APT_LINE_SIZE,
				  "deb [signed-by=%s/repository-%zu%s] %s%s %s%s%s", keyrings,
				  number, extension_of(repository),
				  repository->local ? "copy:" : "", url, repository->suite,
				  repository->components[0] ? " " : "", repository->components)
			: snprintf(out, APT_LINE_SIZE, "deb [trusted=yes] copy:%s %s%s%s", url,
				  repository->suite, repository->components[0] ? " " : "",
				  repository->components);

	return n < 0 || n >= APT_LINE_SIZE ? -ENAMETOOLONG : 0;
}

static int copy_key(struct workshop *shop, const struct recipe_repository *repository,
	const char *keyrings, size_t number)
{
	char path[WORKSHOP_PATH_SIZE];
	char *data = NULL;
	size_t size;
	int result = failure_path(&shop->failure, path, sizeof(path), "%s/repository-%zu%s",
		keyrings, number, extension_of(repository));

	if (result == 0)
		result = file_read(repository->key, KEY_LIMIT, &data, &size);
	if (result == 0)
		result = file_replace(path, data, size, 0644);
	free(data);
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "the key %s can't be copied: %s",
				     repository->key, strerror(-result));
}

int repositories_prepare(struct apt *apt)
{
	struct workshop *shop = apt->shop;
	const struct recipe *recipe = shop->recipe;
	char keyrings[WORKSHOP_PATH_SIZE];
	int result =
		failure_path(&shop->failure, keyrings, sizeof(keyrings), "%s/keys", shop->work);

	if (result == 0 && recipe->repository_count > 0)
		result = file_make_directories(keyrings, 0755);
	for (size_t i = 0; result == 0 && i < recipe->repository_count; i++) {
		const struct recipe_repository *repository = &recipe->repositories[i];

		result = format_line(repository, i + 1, keyrings, apt->repositories[i]);
		if (result == 0 && repository->key[0])
			result = copy_key(shop, repository, keyrings, i + 1);
	}
	return result == 0 ? 0
			   : failure_set(&shop->failure, result,
				     "the recipe's repositories can't be prepared: %s",
				     strerror(-result));
}

int repositories_add_to_key(struct workshop *shop, struct cache_key *key)
{
	const struct recipe *recipe = shop->recipe;
	char line[APT_LINE_SIZE];
	int result = 0;

	for (size_t i = 0; result == 0 && i < recipe->repository_count; i++) {
		result = format_line(&recipe->repositories[i], i + 1, NODE_KEYRINGS, line);
		cache_key_add(key, line);
		if (result == 0 && recipe->repositories[i].key[0])
			result = cache_key_add_file(key, recipe->repositories[i].key);
	}
	return result == 0
		       ? 0
		       : failure_set(&shop->failure, result,
				 "the recipe's repositories can't be read: %s", strerror(-result));
}

static int install_one(struct workshop *shop, int root, size_t index)
{
	const struct recipe_repository *repository = &shop->recipe->repositories[index];
	char line[APT_LINE_SIZE], text[APT_LINE_SIZE + 1], path[128];
	int result = format_line(repository, index + 1, NODE_KEYRINGS, line);
	int length = snprintf(text, sizeof(text), "%s\n", line);

	if (result != 0)
		return result;
	snprintf(path, sizeof(path), "etc/apt/sources.list.d/repository-%zu.list", index + 1);
	result = tree_write(root, path, text, (size_t)length, 0644);
	snprintf(path, sizeof(path), "%s/repository-%zu%s", &NODE_KEYRINGS[1], index + 1,
		extension_of(repository));
	return result == 0 ? tree_copy(root, path, repository->key, 0644, 0, 0) : result;
}

int repositories_install(struct workshop *shop, int root)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < shop->recipe->repository_count; i++)
		if (!shop->recipe->repositories[i].local)
			result = install_one(shop, root, i);
	return result == 0 ? 0
			   : failure_set(&shop->failure, result,
				     "the recipe's repositories can't be put into the root: %s",
				     strerror(-result));
}
