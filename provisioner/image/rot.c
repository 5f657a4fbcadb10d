/* SPDX-License-Identifier: ISC */
/* Which blocks of a damaged root are damaged, and which files: those that, unpacked, aren't what
 * the build listed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/verity.h"
#include "provisioner/image/image.h"
#include "rootfs/cache.h"
#include "rootfs/contents.h"
#include "rootfs/run.h"

#define SHOWN_LIMIT 20

struct rot {
	void (*tell)(void *context, const char *text);
	void *context;
	unsigned count;
};

__attribute__((format(printf, 2, 3))) static void tell(struct rot *rot, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	rot->tell(rot->context, text);
}

static void tell_block(void *context, uint64_t block, uint64_t blocks)
{
	struct rot *rot = context;

	if (rot->count++ >= SHOWN_LIMIT)
		return;
	if (block < blocks)
		tell(rot, "block %" PRIu64 " of %" PRIu64 ", from byte %" PRIu64 " on, has changed",
			block, blocks, block * VERITY_BLOCK);
	else
		tell(rot, "block %" PRIu64 " of its hash tree has changed", block - blocks);
}

/* Those that nodes refuse. */
static void examine_blocks(struct rot *rot, const struct image_version *version)
{
	int fd = open(version->root, O_RDONLY | O_CLOEXEC);
	int result = fd >= 0 ? image_find_blocks(fd, tell_block, rot) : -errno;

	if (fd >= 0)
		close(fd);
	if (rot->count > SHOWN_LIMIT)
		tell(rot, "and %u more blocks", rot->count - SHOWN_LIMIT);
	if (result == -EBADMSG)
		tell(rot, "its last block, which says where the hash tree is, has changed");
	else if (result != 0 && result != -ENODATA)
		tell(rot, "which blocks can't be said: %s", strerror(-result));
	rot->count = 0;
}

static void tell_rotten(
	void *context, const struct contents_line *old, const struct contents_line *new)
{
	struct rot *rot = context;

	if (!old || old->kind != CONTENTS_PATH)
		return;
	if (rot->count++ < SHOWN_LIMIT)
		tell(rot, "%s %s", old->name, new ? "is damaged" : "can't be read");
}

static void compare(struct rot *rot, const char *listed, const char *found)
{
	struct contents before, after;
	struct failure failure = { 0 };
	int result = contents_read(listed, &before, &failure);

	if (contents_read(found, &after, &failure) == 0 && result == 0) {
		contents_compare(&before, &after, tell_rotten, rot);
		if (rot->count > SHOWN_LIMIT)
			tell(rot, "and %u more", rot->count - SHOWN_LIMIT);
		if (rot->count == 0)
			tell(rot, "no file of it is: what is damaged isn't used");
	} else {
		tell(rot, "which files can't be said: %s", failure.text);
	}
	contents_free(&before);
	contents_free(&after);
}

static void examine(struct rot *rot, const struct image_version *version, const char *work)
{
	char root[WORKSHOP_PATH_SIZE + 32], found[WORKSHOP_PATH_SIZE + 32];
	char listed[WORKSHOP_PATH_SIZE + 16];
	const char *const arguments[] = { "unsquashfs", "-no-progress", "-ignore-errors", "-dest",
		root, version->root, NULL };
	const struct run run = { .arguments = arguments };
	struct failure failure = { 0 };

	snprintf(root, sizeof(root), "%s/root", work);
	snprintf(found, sizeof(found), "%s/found", work);
	snprintf(listed, sizeof(listed), "%s/" CONTENTS_NAME, version->boot);
	(void)run_tool(&run, &failure); /* it goes on behind what it can't read */
	if (access(root, F_OK) == 0 && contents_write(root, found) == 0)
		compare(rot, listed, found);
	else
		tell(rot, "it can't be unpacked: %s", failure.text);
}

void image_find_rot(const struct image_version *version,
	void (*tell_line)(void *context, const char *text), void *context)
{
	struct rot rot = { .tell = tell_line, .context = context };
	char work[WORKSHOP_PATH_SIZE + 16];
	int directory = (int)(strrchr(version->root, '/') - version->root);

	if (version->mode != IMAGE_SQUASHFS)
		return;
	examine_blocks(&rot, version);
	if (geteuid() != 0)
		return;
	/* Swept by the next build, should this one be killed. */
	snprintf(work, sizeof(work), "%.*s/.build-XXXXXX", directory, version->root);
	if (!mkdtemp(work))
		return;
	examine(&rot, version, work);
	(void)cache_remove_tree(work);
}
