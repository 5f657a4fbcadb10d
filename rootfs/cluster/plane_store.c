/* SPDX-License-Identifier: ISC */
/* etcd's store on this node's disk. It is begun once, when the router says so, and never again: an
 * empty one in its place would make all nodes end what runs there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "rootfs/cluster/member.h"

#define PATH_SIZE (PLANE_DIRECTORY_SIZE + 32)
#define RESTORE_S 300
#define MARK "fresh" /* in a directory that etcd hasn't written to yet */

static int say(char detail[static MEMBER_REASON_SIZE], int result, const char *what)
{
	snprintf(detail, MEMBER_REASON_SIZE, "control plane: %.150s%s%.30s", what,
		result < 0 ? ": " : "", result < 0 ? strerror(-result) : "");
	return result;
}

/* As etcd decides it itself (server/storage/wal, Exist). */
static bool has_log(const char *store)
{
	char path[PATH_SIZE];
	const struct dirent *entry;
	bool found = false;
	DIR *directory;

	snprintf(path, sizeof(path), "%s/member/wal", store);
	directory = opendir(path);
	while (directory && !found && (entry = readdir(directory)))
		found = strstr(entry->d_name, ".wal") != NULL;
	if (directory)
		closedir(directory);
	return found;
}

static bool is_fresh(const char *store)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/" MARK, store);
	return access(path, F_OK) == 0;
}

static int make_empty(const char *store)
{
	char path[PATH_SIZE];
	int result = file_make_directories(store, 0700);

	snprintf(path, sizeof(path), "%s/" MARK, store);
	if (result == 0)
		result = file_replace(path, "", 0, 0600);
	return result == 0 ? file_sync_directory(PLANE_STORES) : result;
}

/* All of it into a file that only root can read. */
static int fetch_snapshot(const struct agent_boot *boot, const char *path)
{
	char bytes[PLANE_PART_SIZE];
	uint64_t offset = 0, whole = 0;
	size_t length = 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int result = fd < 0 ? -errno : 0;

	if (result != 0)
		return result;
	do {
		result = member_ask_snapshot(boot, offset, bytes, sizeof(bytes), &length, &whole);
		if (result == 0)
			result = file_write_all(fd, bytes, length);
		offset += length;
	} while (result == 0 && length > 0 && offset < whole);
	if (result == 0 && offset != whole)
		result = -EBADMSG;
	explicit_bzero(bytes, sizeof(bytes));
	close(fd);
	return result;
}

/* etcdctl checks the hash that the file ends with. */
static int unpack(const char *snapshot, const char *directory)
{
	char data[PATH_SIZE + 16];
	const char *const remove[] = { "rm", "-rf", "--", directory, NULL };
	/* As the router's arguments tell etcd to be. */
	const char *const restore[] = { "etcdctl", "snapshot", "restore", snapshot, data,
		"--name=router", "--initial-cluster=router=https://127.0.0.1:2380",
		"--initial-advertise-peer-urls=https://127.0.0.1:2380", NULL };
	int result = member_run(remove, RESTORE_S, NULL, 0);

	snprintf(data, sizeof(data), "--data-dir=%s", directory);
	if (result == 0)
		result = member_run(restore, RESTORE_S, NULL, 0);
	return result > 0 ? -EIO : result;
}

static int restore(
	const struct agent_boot *boot, const char *store, char detail[static MEMBER_REASON_SIZE])
{
	char snapshot[PATH_SIZE], fresh[PATH_SIZE];
	int result = file_make_directories(PLANE_STORES, 0700);

	snprintf(snapshot, sizeof(snapshot), "%s.db", store);
	snprintf(fresh, sizeof(fresh), "%s.new", store);
	if (result == 0)
		result = fetch_snapshot(boot, snapshot);
	if (result != 0)
		return say(detail, result, "the snapshot can't be fetched");
	result = unpack(snapshot, fresh);
	(void)unlink(snapshot);
	if (result != 0)
		return say(detail, result,
			"etcdctl can't restore the snapshot (is it in the image?); see the "
			"journal");
	if (rename(fresh, store) != 0)
		return say(detail, -errno, store);
	result = file_sync_directory(PLANE_STORES);
	return result == 0 ? 0 : say(detail, result, PLANE_STORES);
}

static int begin(const struct agent_boot *boot, const struct plane_document *document,
	const char *store, char detail[static MEMBER_REASON_SIZE])
{
	int result;

	switch (document->begin) {
	case PLANE_KEPT:
		return say(detail, -ENODATA,
			"etcd's store isn't on this node's disk, and isn't begun anew; `bramble "
			"cluster rebuild` goes back to the newest snapshot");
	case PLANE_EMPTY:
		result = make_empty(store);
		return result == 0 ? 0 : say(detail, result, store);
	case PLANE_SNAPSHOT:
		return restore(boot, store, detail);
	}
	return -EINVAL;
}

int member_prepare_store(const struct agent_boot *boot, const struct plane_document *document,
	char detail[static MEMBER_REASON_SIZE])
{
	char store[PLANE_DIRECTORY_SIZE], mark[PATH_SIZE];
	bool kept;
	int result = 0;

	snprintf(store, sizeof(store), PLANE_STORES "/%s", document->store);
	snprintf(mark, sizeof(mark), "%s/" MARK, store);
	kept = has_log(store);
	if (kept)
		(void)unlink(mark);
	else if (!is_fresh(store))
		result = begin(boot, document, store, detail);
	if (result == 0 && document->begin != PLANE_KEPT) {
		result = member_tell_begun(boot, document->store);
		if (result != 0)
			return say(detail, result, "the router isn't told that etcd begins");
	}
	if (result == 0)
		(void)say(detail, 0,
			kept ? "etcd has its store" : "etcd begins its store on the disk");
	return result;
}
