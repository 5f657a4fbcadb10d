/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/running.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/str.h"

#define RECORD_LIMIT 1024u
#define PATH_SIZE 160

int running_read(const struct settings *settings, const char *name, pid_t *pid)
{
	char path[PATH_SIZE], *text;
	uint64_t number = 0;
	size_t size;
	int result;

	snprintf(path, sizeof(path), "%.107s/pids/%.40s", settings->run, name);
	result = file_read(path, RECORD_LIMIT, &text, &size);
	if (result != 0)
		return result == -ENOENT ? -ESRCH : result;
	text[strcspn(text, " \n")] = '\0';
	result = str_parse_u64(text, 2, INT_MAX, &number);
	free(text);
	*pid = (pid_t)number;
	return result;
}
