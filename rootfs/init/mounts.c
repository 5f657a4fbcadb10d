/* SPDX-License-Identifier: ISC */
/* From the router's share to a root: NFS (RFC 7862), a loop device, dm-verity, squashfs, overlayfs
 * over tmpfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "rootfs/init/init.h"
#include "rootfs/tcp.h"
#include "rootfs/verity_status.h"

/* What an image's file holds; tests/bench/formats compares it with another. */
#ifndef INIT_IMAGE_TYPE
#define INIT_IMAGE_TYPE "squashfs"
#endif

#define NFS_PORT 2049
#define CONNECT_MS 5000

static int fail(char reason[static INIT_REASON_SIZE], const char *what, const char *on, int error)
{
	snprintf(reason, INIT_REASON_SIZE, "%s %.150s: %s", what, on, strerror(error));
	return -error;
}

/* Does somebody listen there? mount(2) would wait for minutes, silently, to find out. */
static int probe_nfs(struct in_addr router)
{
	int fd = tcp_connect(router, NFS_PORT, clock_monotonic_ns() + CONNECT_MS * NS_PER_MS);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* mount(2) takes NFS options as text; the kernel's NFSv4 needs no helper (fs/nfs/fs_context.c). */
static int mount_nfs(const struct init_arguments *arguments, const struct init_network *network,
	const char *path, const char *target, unsigned long flags)
{
	static const char *const versions[] = { "4.2", "4.1" };
	char router[ADDRESS_TEXT_SIZE], client[ADDRESS_TEXT_SIZE], source[INIT_PATH_SIZE + 24],
		options[256];
	int error = 0;

	str_format_address(arguments->router, router);
	str_format_address(network->address, client);
	snprintf(source, sizeof(source), "%s:%s", router, path);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		/* hard: a router that is away for a while must not fail a read of the root. */
		snprintf(options, sizeof(options),
			"vers=%s,addr=%s,clientaddr=%s,proto=tcp,hard,timeo=100,retrans=3",
			versions[i], router, client);
		if (mount(source, target, "nfs4", flags, options) == 0)
			return 0;
		error = errno;
		if (error != EPROTONOSUPPORT && error != EINVAL)
			break;
	}
	return -error;
}

/* What the administrator can do about a failed mount. */
static const char *advise(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "it isn't exported to this node's address; see `bramble status` there";
	case ENOENT: /* nfs-ganesha doesn't show what it exports to others */
		return "it isn't exported to this node's address, or not there; see `bramble "
		       "status` there";
	case EIO:
	case ETIMEDOUT:
		return "its NFS server takes connections, but doesn't answer";
	case ENODEV:
		return "this kernel or initramfs has no NFS; build the image again";
	default:
		return "see `bramble status` there";
	}
}

/* Mount a directory of the router on `target`. 0 or -errno with `reason`. */
static int mount_from_router(const struct init_arguments *arguments,
	const struct init_network *network, const char *path, const char *target,
	unsigned long flags, char reason[static INIT_REASON_SIZE])
{
	int result = probe_nfs(arguments->router);

	if (result != 0) {
		snprintf(reason, INIT_REASON_SIZE,
			"the router's NFS server doesn't answer: %s; see `bramble status` there",
			strerror(-result));
		return result;
	}
	mkdir(target, 0755);
	result = mount_nfs(arguments, network, path, target, flags);
	if (result != 0)
		snprintf(reason, INIT_REASON_SIZE, "can't mount the router's %.120s: %s; %s", path,
			strerror(-result), advise(-result));
	return result;
}

int init_mount_share(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE])
{
	const char *slash = strrchr(arguments->image, '/');
	char directory[INIT_PATH_SIZE];

	/* The export is SHARE/images, the image lies in SHARE/images/NAME: mounting below an export
	 * is fine. */
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - arguments->image),
		arguments->image);
	return mount_from_router(
		arguments, network, directory, INIT_SHARE, MS_RDONLY | MS_NOATIME, reason);
}

static int find_free_loop(
	char device[static INIT_DEVICE_SIZE], char reason[static INIT_REASON_SIZE])
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), error = errno, number = -1;

	if (control >= 0) {
		number = ioctl(control, LOOP_CTL_GET_FREE);
		error = errno;
		close(control);
	}
	if (number < 0)
		return fail(reason, "no loop device by", "/dev/loop-control", error);
	snprintf(device, INIT_DEVICE_SIZE, "/dev/loop%d", number);
	return 0;
}

/* Returns the descriptor of a loop device over `image`, which keeps it attached until it is
 * mounted, or -errno. */
static int attach_loop(
	int image, char device[static INIT_DEVICE_SIZE], char reason[static INIT_REASON_SIZE])
{
	const struct loop_config config = { .fd = (uint32_t)image,
		.info = { .lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR } };
	int fd, result = find_free_loop(device, reason);

	if (result != 0)
		return result;
	fd = open(device, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(reason, "can't open", device, errno);
	if (ioctl(fd, LOOP_CONFIGURE, &config) != 0) {
		result = fail(reason, "can't attach the image to", device, errno);
		close(fd);
		return result;
	}
	return fd;
}

static int mount_device(const char *device, const char *path, char reason[static INIT_REASON_SIZE])
{
	if (mount(device, INIT_IMAGE, INIT_IMAGE_TYPE, MS_RDONLY, NULL) == 0)
		return 0;
	return fail(reason,
		"the image is damaged (run `bramble image verify` on the router):", path, errno);
}

/* Likewise, with dm-verity between loop device and squashfs. */
static int mount_verified(
	const struct init_arguments *arguments, int loop, char reason[static INIT_REASON_SIZE])
{
	char device[INIT_DEVICE_SIZE];
	struct stat status;
	int control = init_open_verity(), result;

	if (control < 0)
		return fail(reason, "can't open", "/dev/mapper/control", -control);
	if (fstat(loop, &status) != 0)
		result = -errno;
	else
		result = init_lay_verity(control, &arguments->verity, status.st_rdev, device);
	if (result != 0) {
		fail(reason,
			"the image can't be verified by this kernel (dm-verity):", arguments->image,
			-result);
	} else {
		result = mount_device(device, arguments->image, reason);
		if (result != 0 && verity_found_corruption(control))
			fail(reason, INIT_CORRUPT ":", arguments->image, -result);
		init_release_verity(control);
	}
	close(control);
	return result;
}

static int mount_squashfs(
	const struct init_arguments *arguments, int image, char reason[static INIT_REASON_SIZE])
{
	char device[INIT_DEVICE_SIZE];
	int loop = attach_loop(image, device, reason), result;

	if (loop < 0)
		return loop;
	if (arguments->verity.blocks > 0)
		result = mount_verified(arguments, loop, reason);
	else
		result = mount_device(device, arguments->image, reason);
	close(loop);
	return result;
}

static int mount_image(const struct init_arguments *arguments, char reason[static INIT_REASON_SIZE])
{
	const char *path = arguments->image;
	char here[INIT_PATH_SIZE];
	struct stat status;
	int fd, result = 0;

	snprintf(here, sizeof(here), "%s%s", arguments->in_memory ? INIT_MEMORY : INIT_SHARE,
		arguments->in_memory ? "/root" : strrchr(path, '/'));
	fd = open(here, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) != 0)
		result = fail(reason, "the image isn't on the router:", path, errno);
	else if (!S_ISDIR(status.st_mode))
		result = mount_squashfs(arguments, fd, reason);
	else if (mount(here, INIT_IMAGE, NULL, MS_BIND, NULL) != 0)
		result = fail(reason, "can't mount", path, errno);
	if (fd >= 0)
		close(fd);
	return result;
}

/* Where the kernel's own file systems move to; an image needn't hold empty directories. */
static int prepare_places(char reason[static INIT_REASON_SIZE])
{
	mkdir(NEW_ROOT "/dev", 0755);
	mkdir(NEW_ROOT "/proc", 0555);
	mkdir(NEW_ROOT "/sys", 0555);
	mkdir(NEW_ROOT "/run", 0755);
	/* systemd finds /run mounted and keeps it. */
	if (mount("run", NEW_ROOT "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=20%") != 0)
		return fail(reason, "can't mount", "/run", errno);
	mkdir(NEW_ROOT "/run/bramble", 0755);
	return 0;
}

int init_mount_root(const struct init_arguments *arguments, char reason[static INIT_REASON_SIZE])
{
	struct stat status;
	int result;

	mkdir(INIT_IMAGE, 0755);
	mkdir(INIT_SCRATCH, 0755);
	mkdir(NEW_ROOT, 0755);
	result = mount_image(arguments, reason);
	if (result != 0)
		return result;
	if (mount("scratch", INIT_SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=50%") !=
		0)
		return fail(reason, "can't mount", "tmpfs", errno);
	mkdir(INIT_SCRATCH "/upper", 0755);
	mkdir(INIT_SCRATCH "/work", 0755);
	if (mount("root", NEW_ROOT, "overlay", 0,
		    "lowerdir=" INIT_IMAGE ",upperdir=" INIT_SCRATCH "/upper,workdir=" INIT_SCRATCH
		    "/work") != 0)
		return fail(reason, "can't lay a writable layer over", arguments->image, errno);
	/* It may be an absolute link, which leads elsewhere from here. */
	if (lstat(NEW_ROOT "/sbin/init", &status) != 0)
		return fail(reason, "no system is in this image: /sbin/init of", arguments->image,
			errno);
	return prepare_places(reason);
}

/* A node whose /shared is only its own memory would lose what users put there: no root without it.
 */
int init_mount_data(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE])
{
	int result = mount_from_router(arguments, network, arguments->data, NEW_ROOT "/data",
		MS_NOSUID | MS_NODEV, reason);

	if (result == 0 && arguments->shared[0])
		result = mount_from_router(arguments, network, arguments->shared,
			NEW_ROOT "/shared", MS_NOSUID | MS_NODEV, reason);
	return result;
}
