/* SPDX-License-Identifier: ISC */
#include "tests/soak/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/soak/random.h"

#define TEMPORARY ".new"
#define LARGEST (1024u * 1024u)

static uint8_t byte_at(uint64_t seed, size_t position)
{
	return (uint8_t)(random_mix(seed + position / 8) >> (position % 8 * 8));
}

static void fill(uint64_t seed, uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += 8) {
		uint64_t word = random_mix(seed + at / 8);

		for (size_t i = 0; i < 8 && at + i < size; i++)
			bytes[at + i] = (uint8_t)(word >> (i * 8));
	}
}

/* Small as most boot files, at the edges of blocks, a few large ones. */
static uint32_t choose_size(uint64_t *random, unsigned file, enum soak_habit habit)
{
	static const uint32_t edges[] = { 0, 1, 7, 8, 9, 511, 512, 513, 1023, 1024, 1467, 1468,
		1469, 2936, 4096, 8192, 14680, 16384 };

	if (file % 64 == 63)
		return LARGEST - random_below(random, 4096) * (habit != SOAK_STABLE);
	if (habit == SOAK_CUT)
		return 20000 + random_below(random, 200000);
	switch (random_below(random, 8)) {
	case 0:
	case 1:
		return edges[random_below(random, sizeof(edges) / sizeof(edges[0]))];
	case 2:
		return random_below(random, 65536);
	case 3:
	case 4:
		return random_below(random, 16384);
	default:
		return random_below(random, 3000);
	}
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0)
			return -errno;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* A new inode under the name, at once. */
static int publish(const struct soak_files *files, const char *name, uint64_t seed, uint32_t size)
{
	uint8_t *bytes = malloc(size + 1u);
	int fd =
		openat(files->directory, TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int result = !bytes ? -ENOMEM : fd < 0 ? -errno : 0;

	if (result == 0) {
		fill(seed, bytes, size);
		result = write_all(fd, bytes, size);
	}
	if (result == 0 && renameat(files->directory, TEMPORARY, files->directory, name) != 0)
		result = -errno;
	if (fd >= 0)
		close(fd);
	free(bytes);
	return result;
}

/* In place: shorter, or longer by what continues the content. */
static int resize(const struct soak_files *files, const struct soak_file *file, uint32_t size)
{
	const struct soak_epoch *now = &file->epochs[file->n - 1];
	int fd = openat(files->directory, file->name, O_WRONLY | O_APPEND | O_CLOEXEC);
	int result = fd < 0 ? -errno : 0;

	if (result == 0 && size < now->size) {
		result = ftruncate(fd, size) == 0 ? 0 : -errno;
	} else if (result == 0) {
		uint8_t *bytes = malloc(size + 1u);

		if (bytes) {
			fill(now->seed, bytes, size);
			result = write_all(fd, bytes + now->size, size - now->size);
		}
		free(bytes);
	}
	if (fd >= 0)
		close(fd);
	return result;
}

static struct soak_epoch fresh(struct soak_files *files, unsigned index)
{
	struct soak_epoch epoch = { .present = true };

	epoch.seed = random_next(&files->random);
	epoch.size = choose_size(&files->random, index, files->file[index].habit);
	return epoch;
}

static int change_by_rename(struct soak_files *files, unsigned index)
{
	struct soak_file *file = &files->file[index];
	struct soak_epoch next = fresh(files, index);
	int result = publish(files, file->name, next.seed, next.size);

	if (result == 0)
		file->epochs[file->n++] = next;
	return result;
}

static int change_in_place(struct soak_files *files, unsigned index, uint32_t size)
{
	struct soak_file *file = &files->file[index];
	struct soak_epoch next = file->epochs[file->n - 1];
	int result = resize(files, file, size);

	next.cut = size < next.size;
	next.size = size;
	files->cuts += next.cut;
	if (result == 0)
		file->epochs[file->n++] = next;
	return result;
}

static int change_by_deletion(struct soak_files *files, unsigned index)
{
	struct soak_file *file = &files->file[index];

	if (unlinkat(files->directory, file->name, 0) != 0)
		return -errno;
	file->epochs[file->n++] = (struct soak_epoch){ 0 };
	return 0;
}

int files_change(struct soak_files *files)
{
	unsigned index = random_below(&files->random, SOAK_FILES);
	const struct soak_file *file = &files->file[index];
	const struct soak_epoch *now = files_now(files, index);
	bool turn = file->n % 2 == 1;

	if (file->n == SOAK_EPOCHS || file->habit == SOAK_STABLE)
		return 0;
	files->changes++;
	if (file->habit == SOAK_DELETED && turn)
		return change_by_deletion(files, index);
	if (file->habit == SOAK_CUT && turn && now->size > 0)
		return change_in_place(files, index, random_below(&files->random, now->size));
	if (file->habit == SOAK_GROWN && turn)
		return change_in_place(
			files, index, now->size + 1 + random_below(&files->random, 5000));
	return change_by_rename(files, index);
}

int files_create(struct soak_files *files, int directory, uint64_t seed)
{
	static const enum soak_habit habits[] = { SOAK_RENAMED, SOAK_STABLE, SOAK_CUT, SOAK_RENAMED,
		SOAK_DELETED, SOAK_STABLE, SOAK_GROWN, SOAK_RENAMED };

	files->directory = directory;
	files->random = seed;
	for (unsigned i = 0; i < SOAK_FILES; i++) {
		struct soak_file *file = &files->file[i];
		int result;

		snprintf(file->name, sizeof(file->name), "file-%u.bin", i);
		file->habit = habits[i % 8];
		result = change_by_rename(files, i);
		if (result != 0)
			return result;
	}
	return 0;
}

static bool is_epoch(const struct soak_epoch *epoch, const uint8_t *bytes, size_t size)
{
	if (!epoch->present || epoch->size != size)
		return false;
	for (size_t at = 0; at + 8 <= size; at += 8) {
		uint64_t word = random_mix(epoch->seed + at / 8), got = 0;

		for (size_t i = 0; i < 8; i++)
			got |= (uint64_t)bytes[at + i] << (i * 8);
		if (got != word)
			return false;
	}
	for (size_t at = size & ~(size_t)7; at < size; at++) {
		if (bytes[at] != byte_at(epoch->seed, at))
			return false;
	}
	return true;
}

bool files_hold(const struct soak_files *files, unsigned file, unsigned from, unsigned to,
	const uint8_t *bytes, size_t size)
{
	for (unsigned i = from; i <= to; i++) {
		if (is_epoch(&files->file[file].epochs[i], bytes, size))
			return true;
	}
	return false;
}

bool files_missed(const struct soak_files *files, unsigned file, unsigned from, unsigned to)
{
	for (unsigned i = from; i <= to; i++) {
		if (!files->file[file].epochs[i].present)
			return true;
	}
	return false;
}

bool files_cut(const struct soak_files *files, unsigned file, unsigned from)
{
	for (unsigned i = from + 1; i < files->file[file].n; i++) {
		if (files->file[file].epochs[i].cut)
			return true;
	}
	return false;
}

void files_remove(struct soak_files *files)
{
	for (unsigned i = 0; i < SOAK_FILES; i++)
		(void)unlinkat(files->directory, files->file[i].name, 0);
	(void)unlinkat(files->directory, TEMPORARY, 0);
}
