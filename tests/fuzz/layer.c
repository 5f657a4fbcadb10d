/* SPDX-License-Identifier: ISC */
/* A layer of an OCI image from anywhere, put into a root: whatever is in it, the file beside the
 * root stays as it is. */
#include <archive.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/cache.h"
#include "rootfs/layer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char world[64];

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void clean_up(void)
{
	(void)cache_remove_tree(world);
}

static void make_world(void)
{
	char path[80];
	int fd;

	snprintf(world, sizeof(world), "/tmp/fuzz_layer.XXXXXX");
	must(mkdtemp(world) != NULL);
	(void)atexit(clean_up);
	snprintf(path, sizeof(path), "%s/outside", world);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, "kept", 4) == 4);
	close(fd);
}

static void run(const uint8_t *data, size_t size, int root,
	int (*pass)(
		struct archive *in, int root, struct progress *progress, struct failure *failure))
{
	struct archive *in = archive_read_new();
	struct progress progress = { 0 };
	struct failure failure = { 0 };

	archive_read_support_format_tar(in);
	if (archive_read_open_memory(in, data, size) == ARCHIVE_OK)
		(void)pass(in, root, &progress, &failure);
	archive_read_free(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[80], clean[LAYER_PATH_SIZE], *text = malloc(size + 1);
	struct stat status;
	int root, kind;

	if (!world[0])
		make_world();
	memcpy(text, data, size);
	text[size] = '\0';
	kind = layer_read_path(text, clean);
	if (kind >= 0)
		must(clean[0] != '/' && strncmp(clean, "../", 3) != 0 && !strstr(clean, "/../"));
	free(text);
	snprintf(path, sizeof(path), "%s/root", world);
	must(mkdir(path, 0755) == 0);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(root >= 0);
	run(data, size, root, layer_remove);
	run(data, size, root, layer_unpack);
	run(data, size, root, layer_remove);
	run(data, size, root, layer_unpack);
	close(root);
	must(cache_remove_tree(path) == 0);
	snprintf(path, sizeof(path), "%s/outside", world);
	must(stat(path, &status) == 0 && status.st_size == 4 && status.st_nlink == 1);
	return 0;
}
