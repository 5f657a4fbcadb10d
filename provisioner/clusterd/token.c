/* SPDX-License-Identifier: ISC */
#include "provisioner/clusterd/token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/str.h"

#define ID_LENGTH 6

void token_make(char out[static TOKEN_SIZE])
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (size_t i = 0; i < TOKEN_SIZE - 1; i++)
		out[i] = characters[randombytes_uniform(sizeof(characters) - 1)];
	out[ID_LENGTH] = '.';
	out[TOKEN_SIZE - 1] = '\0';
}

cJSON *token_secret(const char *token, const char *node, int64_t now_s)
{
	const time_t end = (time_t)now_s + TOKEN_LIFE_S;
	char id[ID_LENGTH + 1], name[32], expiration[32], description[128];
	cJSON *json = cJSON_CreateObject(), *metadata, *data;
	struct tm utc;

	snprintf(id, sizeof(id), "%.6s", token);
	snprintf(name, sizeof(name), "bootstrap-token-%s", id);
	snprintf(description, sizeof(description), "Bramble: for node %.63s", node);
	gmtime_r(&end, &utc);
	strftime(expiration, sizeof(expiration), "%Y-%m-%dT%H:%M:%SZ", &utc);
	cJSON_AddStringToObject(json, "apiVersion", "v1");
	cJSON_AddStringToObject(json, "kind", "Secret");
	cJSON_AddStringToObject(json, "type", "bootstrap.kubernetes.io/token");
	metadata = cJSON_AddObjectToObject(json, "metadata");
	cJSON_AddStringToObject(metadata, "name", name);
	cJSON_AddStringToObject(
		cJSON_AddObjectToObject(metadata, "labels"), TOKEN_NODE_LABEL, node);
	data = cJSON_AddObjectToObject(json, "stringData");
	cJSON_AddStringToObject(data, "token-id", id);
	cJSON_AddStringToObject(data, "token-secret", token + ID_LENGTH + 1);
	cJSON_AddStringToObject(data, "expiration", expiration);
	cJSON_AddStringToObject(data, "usage-bootstrap-authentication", "true");
	cJSON_AddStringToObject(data, "auth-extra-groups", TOKEN_GROUP);
	cJSON_AddStringToObject(data, "description", description);
	return json;
}

const char *token_node(const cJSON *secret)
{
	const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(secret, "metadata");
	const cJSON *labels = cJSON_GetObjectItemCaseSensitive(metadata, "labels");
	const char *node =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(labels, TOKEN_NODE_LABEL));

	return node && str_is_node_name(node) ? node : NULL;
}
