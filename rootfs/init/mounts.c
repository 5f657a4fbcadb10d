/* SPDX-License-Identifier: ISC */
/* From the router's share to a root: NFS (RFC 7862), a loop device, squashfs, overlayfs over tmpfs.
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

#include "common/file.h"
#include "rootfs/init/init.h"

#define SHARE "/image"	   /* the directory on the router that holds the image */
#define LOWER "/lower"	   /* the image's content */
#define SCRATCH "/scratch" /* tmpfs: what the node writes until it is switched off */

static int fail(char reason[static INIT_REASON_SIZE], const char *what, const char *on, int error)
{
	snprintf(reason, INIT_REASON_SIZE, "%s %.150s: %s", what, on, strerror(error));
	return -error;
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

int init_mount_share(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE])
{
	char directory[INIT_PATH_SIZE];
	const char *slash = strrchr(arguments->image, '/');
	int result;

	/* The export is SHARE/images; the image lies in SHARE/images/NAME. Mounting below an export
	 * is fine. */
	snprintf(directory, sizeof(directory), "%.*s", (int)(slash - arguments->image),
		arguments->image);
	mkdir(SHARE, 0755);
	result = mount_nfs(arguments, network, directory, SHARE, MS_RDONLY | MS_NOATIME);
	if (result != 0)
		return fail(reason, "the router doesn't let us mount", directory, -result);
	return 0;
}

static int attach_loop(
	const char *path, char device[static 32], char reason[static INIT_REASON_SIZE])
{
	struct loop_config config = { .info = { .lo_flags =
							LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR } };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int number = control >= 0 ? ioctl(control, LOOP_CTL_GET_FREE) : -1;
	int error = errno, fd;

	if (control >= 0)
		close(control);
	if (number < 0)
		return fail(reason, "no loop device for", path, error);
	snprintf(device, 32, "/dev/loop%d", number);
	config.fd = (uint32_t)open(path, O_RDONLY | O_CLOEXEC);
	if ((int)config.fd < 0)
		return fail(reason, "the image isn't on the router:", path, errno);
	fd = open(device, O_RDONLY | O_CLOEXEC);
	error = fd < 0 || ioctl(fd, LOOP_CONFIGURE, &config) != 0 ? errno : 0;
	close((int)config.fd);
	/* The device stays open until it is mounted, or autoclear would detach it: leave it to the
	 * exec. */
	return error ? fail(reason, "can't attach", device, error) : 0;
}

static int mount_image(const struct init_arguments *arguments, char reason[static INIT_REASON_SIZE])
{
	const char *name = strrchr(arguments->image, '/') + 1;
	char path[INIT_PATH_SIZE], device[32];
	struct stat status;
	int result;

	snprintf(path, sizeof(path), SHARE "/%s", name);
	if (stat(path, &status) != 0)
		return fail(reason, "the image isn't on the router:", arguments->image, errno);
	if (S_ISDIR(status.st_mode)) {
		if (mount(path, LOWER, NULL, MS_BIND, NULL) != 0)
			return fail(reason, "can't mount", arguments->image, errno);
		return 0;
	}
	result = attach_loop(path, device, reason);
	if (result != 0)
		return result;
	if (mount(device, LOWER, "squashfs", MS_RDONLY, NULL) != 0)
		return fail(reason,
			"the image is damaged (run `bramble-image verify` on the router):",
			arguments->image, errno);
	return 0;
}

/* Keep what lies under the root visible in it, out of the way. */
static int move_below(const char *from, const char *to, char reason[static INIT_REASON_SIZE])
{
	if (file_make_directories(to, 0755) != 0 || mount(from, to, NULL, MS_MOVE, NULL) != 0)
		return fail(reason, "can't move", from, errno);
	return 0;
}

int init_mount_root(const struct init_arguments *arguments, char reason[static INIT_REASON_SIZE])
{
	int result;

	mkdir(LOWER, 0755);
	mkdir(SCRATCH, 0755);
	mkdir(NEW_ROOT, 0755);
	result = mount_image(arguments, reason);
	if (result != 0)
		return result;
	if (mount("scratch", SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=50%") != 0)
		return fail(reason, "can't mount", "tmpfs", errno);
	mkdir(SCRATCH "/upper", 0755);
	mkdir(SCRATCH "/work", 0755);
	if (mount("root", NEW_ROOT, "overlay", 0,
		    "lowerdir=" LOWER ",upperdir=" SCRATCH "/upper,workdir=" SCRATCH "/work") != 0)
		return fail(reason, "can't lay a writable layer over", arguments->image, errno);
	/* Where the kernel's own file systems move to; an image needn't hold empty directories. */
	mkdir(NEW_ROOT "/dev", 0755);
	mkdir(NEW_ROOT "/proc", 0555);
	mkdir(NEW_ROOT "/sys", 0555);
	mkdir(NEW_ROOT "/run", 0755);
	/* systemd finds /run mounted and keeps it. */
	if (mount("run", NEW_ROOT "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=20%") != 0)
		return fail(reason, "can't mount", "/run", errno);
	result = move_below(SHARE, NEW_ROOT "/run/bramble/share", reason);
	if (result == 0)
		result = move_below(LOWER, NEW_ROOT "/run/bramble/image", reason);
	return result == 0 ? move_below(SCRATCH, NEW_ROOT "/run/bramble/scratch", reason) : result;
}

int init_mount_data(const struct init_arguments *arguments, const struct init_network *network,
	char reason[static INIT_REASON_SIZE])
{
	int result;

	mkdir(NEW_ROOT "/data", 0755);
	mkdir(NEW_ROOT "/shared", 0755);
	result = mount_nfs(
		arguments, network, arguments->data, NEW_ROOT "/data", MS_NOSUID | MS_NODEV);
	if (result != 0)
		return fail(reason, "the router doesn't let us mount our data directory",
			arguments->data, -result);
	if (arguments->shared[0] == '\0')
		return 0;
	result = mount_nfs(
		arguments, network, arguments->shared, NEW_ROOT "/shared", MS_NOSUID | MS_NODEV);
	/* A node can live without it. */
	if (result != 0)
		init_say("no shared directory: %s: %s", arguments->shared, strerror(-result));
	return 0;
}
