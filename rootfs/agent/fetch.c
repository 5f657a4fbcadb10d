/* SPDX-License-Identifier: ISC */
/* The node's document, part by part, as long as the router tells the same one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs/agent/agent.h"
#include "rootfs/config/document.h"
#include "rootfs/http.h"
#include "rootfs/json.h"

#define PARTS_LIMIT 1024

int agent_parse_config_part(const char *json, struct agent_config_part *part)
{
	char number[24];

	if (json_get(json, "hash", part->hash, sizeof(part->hash)) != 0 ||
		strlen(part->hash) != AGENT_CONFIG_HASH_SIZE - 1 ||
		strspn(part->hash, "0123456789abcdef") != AGENT_CONFIG_HASH_SIZE - 1 ||
		json_get(json, "size", number, sizeof(number)) != 0 ||
		str_parse_u64(number, 1, DOCUMENT_LIMIT - 1, &part->size) != 0 ||
		json_get(json, "offset", number, sizeof(number)) != 0 ||
		str_parse_u64(number, 0, part->size - 1, &part->offset) != 0 ||
		json_get(json, "text", part->text, sizeof(part->text)) != 0)
		return -EBADMSG;
	part->length = strlen(part->text);
	return part->length > 0 && part->length <= part->size - part->offset ? 0 : -EBADMSG;
}

/* Add the part to the text in the making; a new document begins anew. Returns 1 when it is whole, 0
 * when more has to come, or -errno. */
static int take_part(const struct agent_config_part *part, char **text, uint64_t *used,
	char hash[static AGENT_CONFIG_HASH_SIZE])
{
	if (*text && strcmp(hash, part->hash) != 0) {
		free(*text);
		*text = NULL;
		*used = 0;
		if (part->offset != 0)
			return 0;
	}
	if (part->offset != *used)
		return -EBADMSG;
	if (!*text)
		*text = malloc(DOCUMENT_LIMIT);
	if (!*text)
		return -ENOMEM;
	str_copy(hash, AGENT_CONFIG_HASH_SIZE, part->hash);
	memcpy(*text + *used, part->text, part->length + 1);
	*used += part->length;
	return *used == part->size;
}

int agent_fetch_text(const struct agent_boot *boot, const char *path, char **text,
	char hash[static AGENT_CONFIG_HASH_SIZE])
{
	static struct agent_config_part part;
	uint64_t used = 0;
	int result = 0;

	*text = NULL;
	hash[0] = '\0';
	for (unsigned i = 0; result == 0 && i < PARTS_LIMIT; i++) {
		result = agent_ask_part(boot, path, used, &part);
		if (result == 0)
			result = take_part(&part, text, &used, hash);
	}
	explicit_bzero(&part, sizeof(part));
	if (result == 1)
		return 0;
	free(*text);
	*text = NULL;
	return result == 0 ? -EBADMSG : result;
}

int agent_fetch_config(
	const struct agent_boot *boot, char **text, char hash[static AGENT_CONFIG_HASH_SIZE])
{
	return agent_fetch_text(boot, "/v1/config", text, hash);
}
