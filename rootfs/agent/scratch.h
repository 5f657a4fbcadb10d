/* SPDX-License-Identifier: ISC */
/*
 * Scratch space: room for what needn't outlive the node, mounted on /scratch before anything that
 * is ordered behind bramble-agent.service starts. A local disk that carries Bramble's label, else a
 * file in the node's data directory on the router, else memory.
 */
#ifndef BRAMBLE_AGENT_SCRATCH_H
#define BRAMBLE_AGENT_SCRATCH_H

#include "rootfs/agent/configure.h"

#define SCRATCH_PATH "/scratch"
#define SCRATCH_LABEL "bramble-scratch" /* of an ext4 file system: at most 16 bytes */
#define SCRATCH_DEVICE_SIZE 64

/* The label of the ext2, ext3 or ext4 whose first 2048 bytes these are; false when there is none.
 * Pure. */
bool scratch_parse_label(const uint8_t bytes[static 2048], char label[static 17]);

/* The block device with the label, "sda1"; false when there is none. */
bool scratch_find_disk(const struct config_world *world, char device[static SCRATCH_DEVICE_SIZE]);

/* Made of memory or of other devices, by its name: "loop0", "dm-1". Pure. */
bool scratch_is_no_disk(const char *name);

/* Make a file system with the label on a disk or partition ("sda1"), which loses what it holds. One
 * that is in use is left alone, and without `force` one that isn't empty, too. 0 with what came of
 * it in `reason`, or -errno. */
int scratch_format(struct config_world *world, const char *device, bool force,
	char reason[static CONFIG_REASON_SIZE]);

/* Attach a loop device to the file, for as long as it is used. Returns its descriptor, which keeps
 * it until it is mounted, or -errno. */
int scratch_attach_loop(const char *file, char device[static 32]);

enum scratch_kind { SCRATCH_NONE, SCRATCH_DISK, SCRATCH_FILE, SCRATCH_MEMORY };
/* What is mounted there now. */
enum scratch_kind scratch_kind(const struct config_world *world);
/* Measure it and say in world->scratch what there is: "file, 4096 MiB, writes 21 MB/s". Writes a
 * few megabytes for at most some seconds. */
void scratch_measure(struct config_world *world);

#endif
