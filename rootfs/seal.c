/* SPDX-License-Identifier: ISC */
#include "rootfs/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/verity.h"
#include "rootfs/run.h"

static int explain(struct workshop *shop, const char *path, int result)
{
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "%s can't be sealed: %s", path,
				     strerror(-result));
}

/* "Root hash:      	004cf38e…" */
static int find_root(char *output, struct verity *verity)
{
	static const char label[] = "Root hash:";
	char *at = strstr(output, label);

	if (!at)
		return -EBADMSG;
	at += strlen(label);
	at += strspn(at, " \t");
	at[strcspn(at, " \t\n")] = '\0';
	if (!str_is_hash(at, strlen(at)))
		return -EBADMSG;
	str_copy(verity->root, sizeof(verity->root), at);
	return 0;
}

static int append_tree(struct workshop *shop, const char *path, struct verity *verity)
{
	char blocks[40], offset[40], output[2048];
	const char *const arguments[] = { "veritysetup", "format", "--no-superblock",
		"--hash=sha256", "--salt=-", "--data-block-size=4096", "--hash-block-size=4096",
		blocks, offset, path, path, NULL };
	const struct run run = { .arguments = arguments,
		.log = shop->log,
		.output = output,
		.output_size = sizeof(output),
		.progress = &shop->progress };
	int result;

	snprintf(blocks, sizeof(blocks), "--data-blocks=%" PRIu64, verity->blocks);
	snprintf(offset, sizeof(offset), "--hash-offset=%" PRIu64, verity->blocks * VERITY_BLOCK);
	result = run_tool(&run, &shop->failure);
	return result == 0 ? explain(shop, path, find_root(output, verity)) : result;
}

/* How many blocks the file has, which is made a whole number of them. */
static int measure(const char *path, uint64_t *blocks)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return -errno;
	*blocks = ((uint64_t)status.st_size + VERITY_BLOCK - 1) / VERITY_BLOCK;
	if (*blocks == 0)
		return -ENODATA;
	return truncate(path, (off_t)(*blocks * VERITY_BLOCK)) == 0 ? 0 : -errno;
}

static int append_trailer(const char *path, const struct verity *verity)
{
	uint8_t block[VERITY_BLOCK];
	uint64_t blocks = 0;
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC), result;

	if (fd < 0)
		return -errno;
	result = measure(path, &blocks);
	if (result == 0 && blocks != verity->blocks + verity_tree_blocks(verity->blocks))
		result = -EBADMSG;
	verity_format(verity, block);
	if (result == 0 && write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
		result = -EIO;
	if (close(fd) != 0 && result == 0)
		result = -errno;
	return result;
}

int root_seal(struct workshop *shop, const char *path)
{
	struct verity verity = { 0 };
	int result = explain(shop, path, measure(path, &verity.blocks));

	progress_note(&shop->progress, "hash tree");
	if (result == 0)
		result = append_tree(shop, path, &verity);
	return result == 0 ? explain(shop, path, append_trailer(path, &verity)) : result;
}
