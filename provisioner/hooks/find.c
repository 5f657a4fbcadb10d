/* SPDX-License-Identifier: ISC */
/* Which hooks there are. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "provisioner/hooks/hooks.h"

/* Copies that editors and dpkg leave, and what is shown as an example. */
static const char *const not_hooks[] = { "~", ".bak", ".swp", ".new", ".dpkg-old", ".dpkg-dist",
	".dpkg-new", ".dpkg-tmp", ".example" };

bool hooks_is_name(const char *name)
{
	size_t length = strlen(name);

	if (length == 0 || name[0] == '.')
		return false;
	for (const char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			return false;
	}
	for (size_t i = 0; i < sizeof(not_hooks) / sizeof(not_hooks[0]); i++) {
		size_t end = strlen(not_hooks[i]);

		if (length >= end && strcmp(name + length - end, not_hooks[i]) == 0)
			return false;
	}
	return true;
}

bool hooks_wants(const struct hooks_file *file, const char *kind)
{
	size_t length = strlen(file->kind);

	if (strncmp(kind, "hook.", 5) == 0)
		return false;
	if (length == 0)
		return strcmp(kind, "boot.stage") != 0;
	return strncmp(kind, file->kind, length) == 0 &&
	       (kind[length] == '\0' || kind[length] == '.');
}

/* What a user who isn't root could write must not run at root's word. */
static void look_at(const struct stat *status, char trouble[static HOOKS_TROUBLE_SIZE])
{
	trouble[0] = '\0';
	if (!S_ISREG(status->st_mode))
		str_copy(trouble, HOOKS_TROUBLE_SIZE, "it is no regular file");
	else if (!(status->st_mode & 0111))
		str_copy(trouble, HOOKS_TROUBLE_SIZE, "it isn't executable: chmod +x");
	else if (status->st_uid != 0 && status->st_uid != geteuid())
		str_copy(trouble, HOOKS_TROUBLE_SIZE, "it doesn't belong to root");
	else if (status->st_mode & 022)
		str_copy(trouble, HOOKS_TROUBLE_SIZE, "others may write to it: chmod go-w");
}

static void add(struct hooks_list *list, int directory, const char *kind, const char *name)
{
	struct hooks_file file = { .name = "" };
	struct stat status;
	int length = snprintf(file.name, sizeof(file.name), "%s%s%s", kind, *kind ? "/" : "", name);

	if (length >= (int)sizeof(file.name) || fstatat(directory, name, &status, 0) != 0)
		return;
	if (list->n == HOOKS_LIMIT) {
		list->left_out++;
		return;
	}
	str_copy(file.kind, sizeof(file.kind), kind);
	look_at(&status, file.trouble);
	list->files[list->n++] = file;
}

static bool is_directory(int directory, const char *name)
{
	struct stat status;

	return fstatat(directory, name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

/* Takes the descriptor. Directories below hooks.d are kinds of events; there are none below those.
 */
static int scan(struct hooks_list *list, int fd, const char *kind)
{
	DIR *directory = fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!directory) {
		result = -errno;
		close(fd);
		return result;
	}
	while (result == 0 && (entry = readdir(directory))) {
		int below;

		if (!hooks_is_name(entry->d_name))
			continue;
		if (!is_directory(fd, entry->d_name)) {
			add(list, fd, kind, entry->d_name);
			continue;
		}
		if (*kind || strlen(entry->d_name) >= HOOKS_KIND_SIZE)
			continue;
		below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		result = below < 0 ? -errno : scan(list, below, entry->d_name);
	}
	closedir(directory);
	return result;
}

static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

static int by_name(const void *a, const void *b)
{
	const struct hooks_file *one = a, *other = b;
	int order = strcmp(last_part(one->name), last_part(other->name));

	return order != 0 ? order : strcmp(one->name, other->name);
}

int hooks_find(const char *directory, struct hooks_list *list)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	*list = (struct hooks_list){ 0 };
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	result = scan(list, fd, "");
	qsort(list->files, list->n, sizeof(list->files[0]), by_name);
	return result;
}
