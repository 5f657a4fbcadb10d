/* SPDX-License-Identifier: ISC */
#include "rootfs/kubelet_version.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* "v1.31.2", "v1.31.0-rc.1", "v1.28.4+k3s1" */
static bool is_version(const char *text, size_t length)
{
	if (length < 2 || length >= KUBELET_VERSION_SIZE || text[0] != 'v' ||
		!isdigit((unsigned char)text[1]))
		return false;
	for (size_t i = 1; i < length; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr(".+-", text[i]))
			return false;
	}
	return true;
}

int kubelet_parse_version(const char *said, char version[static KUBELET_VERSION_SIZE])
{
	static const char begin[] = "Kubernetes ";
	size_t length;

	version[0] = '\0';
	if (strncmp(said, begin, strlen(begin)) != 0)
		return -EBADMSG;
	said += strlen(begin);
	length = strcspn(said, "\n");
	if (!is_version(said, length) || (said[length] == '\n' && said[length + 1] != '\0'))
		return -EBADMSG;
	snprintf(version, KUBELET_VERSION_SIZE, "%.*s", (int)length, said);
	return 0;
}

/* "1.31.2-1.1": the makers' number stands before the packagers'. */
static bool take_package(
	const struct contents_line *line, char version[static KUBELET_VERSION_SIZE])
{
	int length = (int)strcspn(line->value, "-+~");

	if (length > KUBELET_VERSION_SIZE - 2)
		return false;
	snprintf(version, KUBELET_VERSION_SIZE, "v%.*s", length, line->value);
	return is_version(version, strlen(version));
}

bool kubelet_find_version(
	const struct contents *contents, char version[static KUBELET_VERSION_SIZE])
{
	static const char package[] = "kubelet ";
	const struct contents_line *line = contents_find(contents, CONTENTS_ABOUT, KUBELET_WORD);

	version[0] = '\0';
	if (line && is_version(line->value, strlen(line->value))) {
		snprintf(version, KUBELET_VERSION_SIZE, "%s", line->value);
		return true;
	}
	for (size_t i = 0; i < contents->count; i++) {
		line = &contents->lines[i];
		if (line->kind == CONTENTS_PACKAGE &&
			strncmp(line->name, package, strlen(package)) == 0 &&
			take_package(line, version))
			return true;
	}
	version[0] = '\0';
	return false;
}
