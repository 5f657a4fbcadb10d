/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>

#include "rootfs/agent/agent.h"

static int take(const char *name, char *out, size_t size, const char **missing)
{
	const char *value = getenv(name);

	if (value && *value && str_copy(out, size, value))
		return 0;
	*missing = name;
	return -EINVAL;
}

int agent_read_boot(struct agent_boot *boot, const char **missing)
{
	char router[ADDRESS_TEXT_SIZE];
	int result = take("BRAMBLE_ROUTER", router, sizeof(router), missing);

	if (result == 0 && str_parse_address(router, &boot->router) != 0) {
		*missing = "BRAMBLE_ROUTER";
		result = -EINVAL;
	}
	if (result == 0)
		result = take("BRAMBLE_NODE", boot->node, sizeof(boot->node), missing);
	if (result == 0)
		result = take("BRAMBLE_TOKEN", boot->token, sizeof(boot->token), missing);
	if (result == 0)
		result = take("BRAMBLE_HASH", boot->hash, sizeof(boot->hash), missing);
	return result;
}
