/* SPDX-License-Identifier: ISC */
/* What targets share that need more than bytes: time that stands still until told, a real tree of
 * files, and a watch over descriptors. */
#ifndef BRAMBLE_FUZZ_WORLD_H
#define BRAMBLE_FUZZ_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* End the program with a line that says where, unless `condition`. */
#define must(condition) fuzz_must(condition, #condition, __FILE__, __LINE__)
void fuzz_must(bool condition, const char *text, const char *file, int line);

/* Monotonic time, ns. This program's clock_gettime(2) shows it to everything in it, libevent
 * included, so nothing sleeps and every run is the same. */
void fuzz_set_time(uint64_t ns);
void fuzz_pass_time(uint64_t ns);
/* What clock_wall_ms() tells; common/clock.c isn't linked. */
void fuzz_set_wall(int64_t ms);

/* Which of the first 64 descriptors are open, as bits: the same before and after. */
uint64_t fuzz_descriptors(void);

/* Byte number `position` of every file here. */
uint8_t fuzz_byte(uint64_t position);
/* A memfd of that content; the caller closes it. */
int fuzz_file(uint64_t size);

/*
 * A directory in the file system, made once and removed at exit, with regular files ("a", "empty",
 * "large", "dir/b", "dir/sub/c", "with space") and what isn't to be opened: symbolic links to
 * inside and outside, a FIFO, a socket, a device (only as root), and a secret beside it.
 * Returns an O_PATH descriptor of it, which stays open.
 */
int fuzz_tree(void);
/* Is `fd` one of its regular files, of `size` bytes? */
bool fuzz_tree_holds(int fd, uint64_t size);

#endif
