/* SPDX-License-Identifier: ISC */
/*
 * The served files and all that was ever published under their names. Each change is an epoch of
 * its file; what a client got must be the whole of one epoch between its request and the server's
 * first answer, because that is when the server opened it.
 */
#ifndef BRAMBLE_SOAK_FILES_H
#define BRAMBLE_SOAK_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOAK_FILES 256u
#define SOAK_EPOCHS 128u /* changes of a file; then it stays as it is */
#define SOAK_NAME_SIZE 32

struct soak_epoch {
	uint64_t seed; /* of the content */
	uint32_t size;
	bool present; /* else the file doesn't exist */
	bool cut;     /* came by truncation in place: transfers of the epoch before fail */
};

enum soak_habit { SOAK_STABLE, SOAK_RENAMED, SOAK_DELETED, SOAK_CUT, SOAK_GROWN };

struct soak_file {
	char name[SOAK_NAME_SIZE];
	enum soak_habit habit;
	unsigned n; /* epochs so far; the last one is the present */
	struct soak_epoch epochs[SOAK_EPOCHS];
};

struct soak_files {
	int directory;
	uint64_t random;
	unsigned changes, cuts;
	struct soak_file file[SOAK_FILES];
};

/* Fill `directory` (stays the caller's). Returns 0 or -errno. */
int files_create(struct soak_files *files, int directory, uint64_t seed);

/* Change one file in its way. Returns 0 or -errno. */
int files_change(struct soak_files *files);

static inline const struct soak_epoch *files_now(const struct soak_files *files, unsigned file)
{
	return &files->file[file].epochs[files->file[file].n - 1];
}

/* Is this the whole of one of the epochs from … to? */
bool files_hold(const struct soak_files *files, unsigned file, unsigned from, unsigned to,
	const uint8_t *bytes, size_t size);
/* Was the file missing in one of the epochs from … to? */
bool files_missed(const struct soak_files *files, unsigned file, unsigned from, unsigned to);
/* Was it cut in place in one of the epochs behind `from`? */
bool files_cut(const struct soak_files *files, unsigned file, unsigned from);

/* Remove all. */
void files_remove(struct soak_files *files);

#endif
