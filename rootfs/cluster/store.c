/* SPDX-License-Identifier: ISC */
/* A file system for containers: overlayfs takes neither NFS nor another overlayfs below it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "rootfs/agent/scratch.h"
#include "rootfs/cluster/member.h"

#define LOOP_FILE "/data/.bramble/containers.ext4"
#define MIB (UINT64_C(1) << 20)
#define MKFS_S 120
#define MOUNT_S 60

/* What lies in the store, and where it is looked for. */
static const struct {
	const char *directory, *target;
} places[] = {
	{ MEMBER_STORE "/containerd", "/var/lib/containerd" },
	{ MEMBER_STORE "/kubelet", "/var/lib/kubelet" },
	{ MEMBER_STORE "/pods", "/var/log/pods" },
};

static bool is_mount(const char *path)
{
	char above[128];
	struct stat status, parent;

	snprintf(above, sizeof(above), "%s/..", path);
	return stat(path, &status) == 0 && stat(above, &parent) == 0 &&
	       status.st_dev != parent.st_dev;
}

static int explain(char detail[static MEMBER_REASON_SIZE], const char *what, int result)
{
	snprintf(detail, MEMBER_REASON_SIZE, "container store: %.120s: %.60s", what,
		result < 0 ? strerror(-result) : "the tool failed; see the journal");
	return result < 0 ? result : -EIO;
}

/* Sparse: it takes on the router what is in it. Another size is another file. */
static int make_file(uint64_t size_bytes, char detail[static MEMBER_REASON_SIZE])
{
	const char *const mkfs[] = { "mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,nodiscard",
		"-m", "0", LOOP_FILE, NULL };
	int fd = open(LOOP_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), result;

	if (fd < 0)
		return explain(detail, LOOP_FILE " can't be made", -errno);
	result = ftruncate(fd, (off_t)size_bytes) == 0 ? 0 : -errno;
	close(fd);
	if (result != 0)
		return explain(detail, LOOP_FILE " can't be made", result);
	result = member_run(mkfs, MKFS_S, NULL, 0);
	return result == 0 ? 0
			   : explain(detail, "no file system can be made in " LOOP_FILE, result);
}

static int mount_file(uint64_t size_bytes, char detail[static MEMBER_REASON_SIZE])
{
	const char *const mount_it[] = { "mount", "-t", "ext4", "-o", "loop,noatime", LOOP_FILE,
		MEMBER_STORE, NULL };
	struct stat status;
	int result = 0;

	if (stat(LOOP_FILE, &status) == 0 && (uint64_t)status.st_size == size_bytes) {
		if (member_run(mount_it, MOUNT_S, NULL, 0) == 0)
			return 0;
		log_warning(LOOP_FILE " can't be mounted: containers begin anew");
	}
	result = make_file(size_bytes, detail);
	if (result != 0)
		return result;
	result = member_run(mount_it, MOUNT_S, NULL, 0);
	return result == 0 ? 0 : explain(detail, LOOP_FILE " can't be mounted", result);
}

static int mount_memory(uint64_t size_mb, char detail[static MEMBER_REASON_SIZE])
{
	struct agent_facts facts;
	char options[64];
	uint64_t half_mb;

	agent_read_facts(&facts);
	half_mb = (uint64_t)facts.memory_total_kb / 2048;
	snprintf(options, sizeof(options), "mode=0755,size=%llum",
		(unsigned long long)(size_mb < half_mb ? size_mb : half_mb));
	if (mount("containers", MEMBER_STORE, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0)
		return 0;
	return explain(detail, "no memory can be mounted", -errno);
}

/* Scratch space that is itself a file on the router, or memory, is none for containers: the store
 * has its own of both, and they have the right size. Nor is what lies on the network. */
static bool has_disk(const struct config_world *world)
{
	struct config_mounted mounted;

	return scratch_kind(world) == SCRATCH_DISK &&
	       config_find_mount(world, SCRATCH_PATH, &mounted) &&
	       strncmp(mounted.source, "/dev/", strlen("/dev/")) == 0;
}

bool member_has_disk(void)
{
	const struct config_world world = { .root = "" };

	return has_disk(&world);
}

enum member_store member_choose_store(const struct config_world *world, enum member_store wanted)
{
	if (wanted != MEMBER_STORE_AUTO)
		return wanted;
	return has_disk(world) ? MEMBER_STORE_SCRATCH : MEMBER_STORE_LOOP;
}

static int mount_scratch(const struct config_world *world, char detail[static MEMBER_REASON_SIZE])
{
	static const char directory[] = SCRATCH_PATH "/containers";

	if (!has_disk(world))
		return explain(detail, "no local disk is mounted at " SCRATCH_PATH, -ENODEV);
	if ((mkdir(directory, 0711) != 0 && errno != EEXIST) ||
		mount(directory, MEMBER_STORE, NULL, MS_BIND, NULL) != 0)
		return explain(detail, directory, -errno);
	return 0;
}

static int mount_chosen(const struct config_world *world, enum member_store chosen,
	uint64_t size_mb, char detail[static MEMBER_REASON_SIZE])
{
	switch (chosen) {
	case MEMBER_STORE_SCRATCH:
		return mount_scratch(world, detail);
	case MEMBER_STORE_TMPFS:
		return mount_memory(size_mb, detail);
	case MEMBER_STORE_AUTO:
	case MEMBER_STORE_LOOP:
		return mount_file(size_mb * MIB, detail);
	}
	return -EINVAL;
}

static int bind_places(char detail[static MEMBER_REASON_SIZE])
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		int result = file_make_directories(places[i].directory, 0711);

		if (result == 0)
			result = file_make_directories(places[i].target, 0711);
		if (result == 0 && !is_mount(places[i].target) &&
			mount(places[i].directory, places[i].target, NULL, MS_BIND, NULL) != 0)
			result = -errno;
		/* The kubelet hands mounts on to containers. */
		if (result == 0 && mount(NULL, places[i].target, NULL, MS_SHARED, NULL) != 0)
			result = -errno;
		if (result != 0)
			return explain(detail, places[i].target, result);
	}
	return 0;
}

static void report(enum member_store chosen, char detail[static MEMBER_REASON_SIZE])
{
	static const char *const names[] = { "", "scratch disk", "file on the router", "memory" };
	struct statvfs status = { 0 };

	(void)statvfs(MEMBER_STORE, &status);
	snprintf(detail, MEMBER_REASON_SIZE, "container store: %s, %llu MB, %llu MB free",
		names[chosen], (unsigned long long)(status.f_blocks * status.f_frsize / 1000000),
		(unsigned long long)(status.f_bavail * status.f_frsize / 1000000));
}

int member_mount_store(const struct member_cluster *cluster, char detail[static MEMBER_REASON_SIZE])
{
	const struct config_world world = { .root = "" };
	enum member_store chosen = member_choose_store(&world, cluster->store);
	int result = file_make_directories(MEMBER_STORE, 0711);

	if (result == 0 && !is_mount(MEMBER_STORE))
		result = mount_chosen(&world, chosen, cluster->store_mb, detail);
	if (result == 0)
		result = bind_places(detail);
	if (result == 0)
		report(chosen, detail);
	return result;
}
