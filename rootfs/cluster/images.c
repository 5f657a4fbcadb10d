/* SPDX-License-Identifier: ISC */
/* Container images that come with the node's image: imported without asking any network. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/log.h"
#include "rootfs/cluster/member.h"

#define IMPORT_S 300
#define NAMES_LIMIT 65536

static bool is_archive(const char *name)
{
	size_t length = strlen(name);

	return length > 4 && length < 128 && name[0] != '.' &&
	       strcmp(name + length - 4, ".tar") == 0;
}

/* A file of this name in the store says that containerd there has it: archive and store change
 * independently of each other. */
static void format_mark(const char *archives, const char *name, char *out, size_t size)
{
	char path[512];
	struct stat status = { 0 };

	snprintf(path, sizeof(path), "%s/%s", archives, name);
	(void)stat(path, &status);
	snprintf(out, size, MEMBER_STORE "/imported/%s.%lld.%lld", name, (long long)status.st_size,
		(long long)status.st_mtim.tv_sec);
}

static int import(const char *archives, const char *name, char reason[static MEMBER_REASON_SIZE])
{
	char path[512], mark[512], said[400];
	const char *const argv[] = { "ctr", "--namespace", "k8s.io", "images", "import", path,
		NULL };
	struct stat status;
	int result;

	format_mark(archives, name, mark, sizeof(mark));
	if (stat(mark, &status) == 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", archives, name);
	result = member_run(argv, IMPORT_S, said, sizeof(said));
	if (result != 0) {
		snprintf(reason, MEMBER_REASON_SIZE, "%.80s can't be imported: %.90s", name,
			result < 0 ? strerror(-result) : said);
		return result < 0 ? result : -EIO;
	}
	result = file_replace(mark, "", 0, 0644);
	return result == 0 ? 1 : result;
}

int member_import_images(const char *archives, char reason[static MEMBER_REASON_SIZE])
{
	DIR *entries = opendir(archives);
	const struct dirent *entry;
	int count = 0, result = file_make_directories(MEMBER_STORE "/imported", 0700);

	reason[0] = '\0';
	while (entries && result >= 0 && (entry = readdir(entries))) {
		if (!is_archive(entry->d_name))
			continue;
		result = import(archives, entry->d_name, reason);
		count += result == 1;
	}
	if (entries)
		closedir(entries);
	return result < 0 ? result : count;
}
