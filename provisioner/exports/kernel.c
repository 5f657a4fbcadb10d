/* SPDX-License-Identifier: ISC */
/*
 * The kernel's NFS server. Its table of exports is nfs-utils' (exportfs, and rpc.mountd, which the
 * kernel asks), its switches are files in the file system "nfsd" (nfsd(7)). Two processes are
 * supervised: rpc.mountd, and nfsdcld, which remembers clients over a restart (nfsdcld(8)).
 *
 * The threads belong to the kernel: they live on when brambled dies, and are found again by the
 * port they listen on.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "provisioner/exports/private.h"

#define NFSD "/proc/fs/nfsd"
#define PIPEFS "/run/rpc_pipefs"
#define ETAB "/var/lib/nfs/etab"
#define EXPORTFS "/usr/sbin/exportfs"
#define MOUNTD "/usr/sbin/rpc.mountd"
#define NFSDCLD "/usr/sbin/nfsdcld"
#define TOOL_TIMEOUT_MS 10000
#define NFS_PORT 2049
#define ETAB_LIMIT (16u * 1024u * 1024u)
#define CONTROL_LIMIT 4096
#define SOCKETS_LIMIT (16u * 1024u * 1024u)
#define INOTIFY "anon_inode:inotify"
#define NFSDCLD_WAIT_NS (3 * NS_PER_S)

/* The type's module is loaded by the kernel itself. */
static int mount_nfsd(void)
{
	if (access(NFSD "/threads", F_OK) == 0)
		return 0;
	return mount("nfsd", NFSD, "nfsd", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0 ? 0
											: -errno;
}

static int mount_pipefs(void)
{
	int result = file_make_directories(PIPEFS, 0755);

	if (result != 0 || access(PIPEFS "/nfsd", F_OK) == 0)
		return result;
	return mount("rpc_pipefs", PIPEFS, "rpc_pipefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) ==
			       0
		       ? 0
		       : -errno;
}

/* /proc/fs/nfsd can be a mount point only after the module has made it, which asking for the type
 * does. */
static int check(char *reason, size_t size)
{
	int result = mount_nfsd();

	if (result == -ENOENT) {
		/* Any mount of the type loads the module. */
		if (mount("nfsd", "/proc/fs", "nfsd", 0, NULL) == 0)
			umount2("/proc/fs", MNT_DETACH);
		result = mount_nfsd();
	}
	if (result == -ENODEV || result == -ENOENT)
		snprintf(reason, size, "the kernel has no nfsd");
	else if (result != 0)
		snprintf(reason, size, "can't mount " NFSD ": %s", strerror(-result));
	if (result == 0 && (access(EXPORTFS, X_OK) != 0 || access(MOUNTD, X_OK) != 0)) {
		result = -ENOENT;
		snprintf(reason, size, "%s is missing; install the package nfs-kernel-server",
			EXPORTFS);
	}
	return result;
}

static int read_control(const char *name, char *out, size_t size)
{
	char path[64], *text;
	size_t length;
	int result;

	snprintf(path, sizeof(path), NFSD "/%s", name);
	result = file_read(path, CONTROL_LIMIT, &text, &length);
	if (result != 0)
		return result;
	str_copy(out, size, text);
	free(text);
	return 0;
}

static int write_control(const char *name, const char *text, char *reason, size_t size)
{
	char path[64];
	int fd, result = 0;

	snprintf(path, sizeof(path), NFSD "/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		result = -errno;
	if (fd >= 0)
		close(fd);
	if (result != 0)
		snprintf(reason, size, "can't write '%.*s' to %s: %s", (int)strcspn(text, "\n"),
			text, path, strerror(-result));
	return result;
}

/* The kernel lists what it knows, e.g. "-2 +3 +4 +4.1 +4.2"; of that only 4.1 and 4.2 stay.
 * Version 4.0 isn't listed while it is on. */
static int set_versions(char *reason, size_t size)
{
	char known[256], wanted[256] = "";
	int result = read_control("versions", known, sizeof(known));
	size_t used = 0;

	if (result != 0)
		return result;
	for (const char *p = known + strcspn(known, "+-"); *p; p += strcspn(p, "+-")) {
		size_t length = strcspn(++p, " \n");
		bool on = (length == 1 && p[0] == '4') ||
			  (length == 3 && (strncmp(p, "4.1", 3) == 0 || strncmp(p, "4.2", 3) == 0));

		used += (size_t)snprintf(wanted + used, sizeof(wanted) - used, "%c%.*s ",
			on ? '+' : '-', (int)length, p);
		if (used >= sizeof(wanted) - sizeof("-4.0\n"))
			return -EMSGSIZE;
	}
	memcpy(wanted + used, "-4.0\n", sizeof("-4.0\n"));
	return write_control("versions", wanted, reason, size);
}

/* Give the kernel a listening socket (nfsd(7), portlist). */
static int add_port(const struct settings *settings, char *reason, size_t size)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(NFS_PORT), .sin_addr = settings->router
	};
	const int on = 1;
	char number[16];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result = 0;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(fd, 64) != 0) {
		result = -errno;
		snprintf(reason, size, "can't listen on TCP port %d of %s: %s", NFS_PORT,
			settings->lan_address, strerror(errno));
	} else {
		snprintf(number, sizeof(number), "%d\n", fd);
		result = write_control("portlist", number, reason, size);
	}
	if (fd >= 0)
		close(fd);
	return result;
}

static bool runs(void)
{
	char threads[32];

	return read_control("threads", threads, sizeof(threads)) == 0 && threads[0] != '0';
}

/* Does it listen as we would have it, on our address alone? "portlist" tells no address, proc(5)
 * does: address and port as one hexadecimal word each, state 0A. */
static bool listens_as_ours(const struct settings *settings)
{
	char wanted[64], *text;
	size_t size;
	bool found;

	if (file_read("/proc/net/tcp", SOCKETS_LIMIT, &text, &size) != 0)
		return false;
	snprintf(wanted, sizeof(wanted), " %08X:%04X 00000000:0000 0A ", settings->router.s_addr,
		NFS_PORT);
	found = strstr(text, wanted) != NULL;
	free(text);
	return found;
}

/* nfsdcld is ready for the kernel when it watches for the pipe that the kernel is about to make; if
 * it is late, the kernel takes another way to remember clients, off the share. */
static bool watches_files(pid_t pid)
{
	char path[64], target[64];
	struct dirent *entry;
	bool found = false;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	while (!found && directory && (entry = readdir(directory))) {
		ssize_t n = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target));

		found = n == sizeof(INOTIFY) - 1 &&
			memcmp(target, INOTIFY, sizeof(INOTIFY) - 1) == 0;
	}
	if (directory)
		closedir(directory);
	return found;
}

static void wait_for_nfsdcld(const struct exports *exports)
{
	const struct timespec step = { .tv_nsec = 10 * (long)NS_PER_MS };
	uint64_t deadline = clock_monotonic_ns() + NFSDCLD_WAIT_NS;
	struct supervise_status status;

	for (size_t i = 0; supervise_get(exports->supervisor, i, &status); i++) {
		if (strcmp(status.name, "nfsdcld") != 0)
			continue;
		while (status.pid != 0 && !watches_files(status.pid) &&
			clock_monotonic_ns() < deadline)
			nanosleep(&step, NULL);
	}
}

static int set_times(char *reason, size_t size)
{
	char lease[16], grace[16];
	int result;

	snprintf(lease, sizeof(lease), "%d\n", EXPORTS_LEASE_S);
	snprintf(grace, sizeof(grace), "%d\n", EXPORTS_GRACE_S);
	result = write_control("nfsv4leasetime", lease, reason, size);
	return result != 0 ? result : write_control("nfsv4gracetime", grace, reason, size);
}

static int start_threads(const struct exports *exports, char *reason, size_t size)
{
	char threads[16];
	int result = 0;

	if (runs()) {
		if (listens_as_ours(exports->settings))
			return 0;
		log_notice(
			"the kernel's NFS server runs with other settings (nfs-server.service?); "
			"restarting it for Bramble");
		result = write_control("threads", "0\n", reason, size);
	}
	wait_for_nfsdcld(exports);
	snprintf(threads, sizeof(threads), "%d\n", EXPORTS_THREADS);
	if (result == 0)
		result = set_versions(reason, size);
	if (result == 0)
		result = set_times(reason, size);
	if (result == 0)
		result = add_port(exports->settings, reason, size);
	if (result == 0)
		result = write_control("threads", threads, reason, size);
	return result;
}

static int add_processes(struct exports *exports, char *reason, size_t size)
{
	char storage[EXPORTS_PATH_SIZE];
	const struct supervise_spec mountd = {
		.name = "mountd",
		.argv = { MOUNTD, "--foreground", "--no-nfs-version", "2", "--no-nfs-version",
			"3" },
	};
	const struct supervise_spec nfsdcld = {
		.name = "nfsdcld",
		.argv = { NFSDCLD, "--foreground", "--pipefsdir", PIPEFS, "--storagedir", storage },
	};
	int result = mount_pipefs();

	snprintf(storage, sizeof(storage), "%s/state/nfsdcld", exports->settings->share);
	if (result == 0)
		result = file_make_directories(storage, 0700);
	if (result == 0 && access(NFSDCLD, X_OK) == 0)
		result = supervise_add(exports->supervisor, &nfsdcld);
	if (result == 0)
		result = supervise_add(exports->supervisor, &mountd);
	if (result != 0)
		snprintf(reason, size, "can't start rpc.mountd and nfsdcld: %s", strerror(-result));
	return result;
}

static int run_exportfs(const char *const argv[], char *reason, size_t size)
{
	char said[512];
	int result = supervise_run_tool(argv, TOOL_TIMEOUT_MS, said, sizeof(said));

	if (result == 0)
		return 0;
	said[strcspn(said, "\n")] = '\0';
	snprintf(reason, size, "%s: %s", EXPORTFS, result < 0 ? strerror(-result) : said);
	return result < 0 ? result : -EIO;
}

static int add_export(const struct exports_entry *entry, char *reason, size_t size)
{
	char options[128], target[EXPORTS_PATH_SIZE + 32];
	const char *const argv[] = { EXPORTFS, "-o", options, target, NULL };

	exports_format_options(entry, options, sizeof(options));
	snprintf(target, sizeof(target), "%s:%s", entry->client, entry->path);
	return run_exportfs(argv, reason, size);
}

static int remove_export(const struct exports_entry *entry, char *reason, size_t size)
{
	char target[EXPORTS_PATH_SIZE + 32];
	const char *const argv[] = { EXPORTFS, "-u", target, NULL };

	snprintf(target, sizeof(target), "%s:%s", entry->client, entry->path);
	return run_exportfs(argv, reason, size);
}

static bool contains(
	const struct exports_entry *entries, size_t n, const struct exports_entry *entry)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(entries[i].client, entry->client) == 0 &&
			strcmp(entries[i].path, entry->path) == 0)
			return true;
	}
	return false;
}

/* Is it of our share? An administrator's other exports are left alone. */
static bool is_ours(const struct settings *settings, const struct exports_entry *entry)
{
	size_t length = strlen(settings->share);

	return strncmp(entry->path, settings->share, length) == 0 && entry->path[length] == '/';
}

/* What nfs-utils exports of the share now. Returns a fresh array or NULL without memory. */
static struct exports_entry *read_table(const struct settings *settings, size_t *n)
{
	struct exports_entry *entries;
	char *text, *line;
	size_t size, lines = 1;

	*n = 0;
	if (file_read(ETAB, ETAB_LIMIT, &text, &size) != 0)
		return calloc(1, sizeof(*entries));
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	entries = calloc(lines, sizeof(*entries));
	for (line = text; entries && *line;) {
		size_t length = strcspn(line, "\n");
		bool last = line[length] == '\0';

		line[length] = '\0';
		if (exports_parse_etab_line(line, &entries[*n]) == 0 &&
			is_ours(settings, &entries[*n]))
			(*n)++;
		line += length + (last ? 0 : 1);
	}
	free(text);
	return entries;
}

/* Withdraw what isn't wanted before anything is added: an address may have moved to another node.
 */
static int change_table(const struct exports *exports, const struct exports_entry *wanted,
	size_t n_wanted, char *reason, size_t size)
{
	size_t n_there;
	struct exports_entry *there = read_table(exports->settings, &n_there);
	int result = there ? 0 : -ENOMEM;

	for (size_t i = 0; result == 0 && i < n_there; i++) {
		if (!contains(wanted, n_wanted, &there[i]))
			result = remove_export(&there[i], reason, size);
	}
	/* The first time also what is there already: its options may be of an earlier version. */
	for (size_t i = 0; result == 0 && i < n_wanted; i++) {
		if (!exports->started || !contains(there, n_there, &wanted[i]))
			result = add_export(&wanted[i], reason, size);
	}
	free(there);
	return result;
}

/* The table is complete before the first thread runs, so that no client that claims its files again
 * is told that they are gone. */
static int apply(struct exports *exports, char *reason, size_t size)
{
	size_t n;
	struct exports_entry *wanted = exports_list_entries(exports, &n);
	int result = wanted ? change_table(exports, wanted, n, reason, size) : -ENOMEM;

	free(wanted);
	if (result != 0 || exports->started)
		return result;
	result = add_processes(exports, reason, size);
	exports->started = result == 0;
	if (result == 0)
		result = start_threads(exports, reason, size);
	return result;
}

static void stop(struct exports *exports)
{
	char reason[256] = "";

	if (change_table(exports, NULL, 0, reason, sizeof(reason)) != 0 ||
		write_control("threads", "0\n", reason, sizeof(reason)) != 0)
		log_warning("the kernel's NFS server isn't stopped: %s", reason);
}

const struct exports_server exports_kernel = {
	.name = "kernel nfsd (nfs-utils)",
	.check = check,
	.apply = apply,
	.stop = stop,
};
