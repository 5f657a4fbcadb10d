/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rootfs/init/init.h"

#define PATIENCE_S 600

/* The value of "name=" in a line of blank-separated words. The last one counts, as in the kernel.
 */
static bool find_value(const char *line, const char *name, char *out, size_t size)
{
	size_t length = strlen(name);
	bool found = false;

	for (const char *p = line + strspn(line, " \n"); *p; p += strspn(p, " \n")) {
		size_t n = strcspn(p, " \n");

		if (n > length && strncmp(p, name, length) == 0 && p[length] == '=' &&
			n - length - 1 < size) {
			memcpy(out, p + length + 1, n - length - 1);
			out[n - length - 1] = '\0';
			found = true;
		}
		p += n;
	}
	return found;
}

static bool is_safe_path(const char *path)
{
	return path[0] == '/' && strstr(path, "/../") == NULL && strchr(path, ',') == NULL &&
	       strchr(path, ':') == NULL;
}

static int missing(char reason[static INIT_REASON_SIZE], const char *name)
{
	snprintf(reason, INIT_REASON_SIZE,
		"the kernel command line has no valid %s: did this board fetch its cmdline.txt "
		"from Bramble?",
		name);
	return -EINVAL;
}

int init_parse_arguments(
	const char *line, struct init_arguments *arguments, char reason[static INIT_REASON_SIZE])
{
	char router[ADDRESS_TEXT_SIZE], patience[16];
	uint64_t seconds;

	*arguments = (struct init_arguments){ .patience_s = PATIENCE_S };
	if (!find_value(line, "bramble.router", router, sizeof(router)) ||
		str_parse_address(router, &arguments->router) != 0)
		return missing(reason, "bramble.router");
	if (!find_value(line, "bramble.node", arguments->node, sizeof(arguments->node)) ||
		!str_is_node_name(arguments->node))
		return missing(reason, "bramble.node");
	if (!find_value(line, "bramble.token", arguments->token, sizeof(arguments->token)))
		return missing(reason, "bramble.token");
	if (!find_value(line, "bramble.image", arguments->image, sizeof(arguments->image)) ||
		!is_safe_path(arguments->image))
		return missing(reason, "bramble.image");
	if (!find_value(line, "bramble.data", arguments->data, sizeof(arguments->data)) ||
		!is_safe_path(arguments->data))
		return missing(reason, "bramble.data");
	find_value(line, "bramble.hash", arguments->hash, sizeof(arguments->hash));
	if (find_value(line, "bramble.shared", arguments->shared, sizeof(arguments->shared)) &&
		!is_safe_path(arguments->shared))
		return missing(reason, "bramble.shared");
	if (find_value(line, "bramble.patience", patience, sizeof(patience)) &&
		str_parse_u64(patience, 1, 86400, &seconds) == 0)
		arguments->patience_s = (unsigned)seconds;
	return 0;
}
