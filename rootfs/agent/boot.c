/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs/agent/agent.h"

static int take(const char *name, char *out, size_t size, const char **missing)
{
	const char *value = getenv(name);

	if (value && *value && str_copy(out, size, value))
		return 0;
	*missing = name;
	return -EINVAL;
}

static int take_address(const char *name, struct in_addr *address, const char **missing)
{
	char text[ADDRESS_TEXT_SIZE];

	if (take(name, text, sizeof(text), missing) == 0 && str_parse_address(text, address) == 0)
		return 0;
	*missing = name;
	return -EINVAL;
}

static int take_port(const char *name, uint16_t *port, const char **missing)
{
	char text[8];
	uint64_t value;

	if (take(name, text, sizeof(text), missing) == 0 &&
		str_parse_u64(text, 1, UINT16_MAX, &value) == 0) {
		*port = (uint16_t)value;
		return 0;
	}
	*missing = name;
	return -EINVAL;
}

int agent_read_boot(struct agent_boot *boot, const char **missing)
{
	const char *hash = getenv("BRAMBLE_HASH");
	int result = take_address("BRAMBLE_ROUTER", &boot->router, missing);

	if (result == 0)
		result = take_address("BRAMBLE_DNS", &boot->dns, missing);
	if (result == 0)
		result = take_port("BRAMBLE_PORT", &boot->port, missing);
	if (result == 0)
		result = take("BRAMBLE_NODE", boot->node, sizeof(boot->node), missing);
	if (result == 0)
		result = take("BRAMBLE_TOKEN", boot->token, sizeof(boot->token), missing);
	str_copy(boot->hash, sizeof(boot->hash), hash ? hash : "");
	return result;
}

bool agent_describe_ending(const char *result, const char *code, const char *status,
	char out[static AGENT_ENDING_SIZE])
{
	if (!result || strcmp(result, "success") == 0)
		return false;
	if (strcmp(result, "oom-kill") == 0)
		snprintf(out, AGENT_ENDING_SIZE, "the agent was killed: it took too much memory");
	else if (strcmp(result, "timeout") == 0)
		snprintf(out, AGENT_ENDING_SIZE, "the agent wasn't ready in time and was killed");
	else if (code && status && strcmp(code, "exited") == 0)
		snprintf(out, AGENT_ENDING_SIZE, "the agent ended with status %.20s", status);
	else if (code && status)
		snprintf(out, AGENT_ENDING_SIZE, "the agent was killed by signal %.20s", status);
	else
		snprintf(out, AGENT_ENDING_SIZE, "the agent ended: %.40s", result);
	return true;
}
