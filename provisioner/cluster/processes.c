/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/processes.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const processes_names[PROCESSES_COUNT] = { "etcd", "kube-apiserver",
	"kube-controller-manager", "kube-scheduler" };

void processes_free(struct processes *processes)
{
	for (size_t i = 0; i < PROCESSES_COUNT; i++) {
		for (size_t k = 0; k < PROCESSES_ARGUMENTS; k++)
			free(processes->argv[i][k]);
	}
	memset(processes, 0, sizeof(*processes));
}

char *processes_format(const struct processes *processes)
{
	cJSON *json = cJSON_CreateObject();
	char *text;

	for (size_t i = 0; i < PROCESSES_COUNT; i++) {
		cJSON *array = cJSON_AddArrayToObject(json, processes_names[i]);

		for (size_t k = 0; processes->argv[i][k]; k++)
			cJSON_AddItemToArray(array, cJSON_CreateString(processes->argv[i][k]));
	}
	text = cJSON_Print(json);
	cJSON_Delete(json);
	return text;
}

/* An absolute path that ends in the name. */
static bool is_program(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return path[0] == '/' && strcmp(slash + 1, name) == 0;
}

static int take(const cJSON *array, const char *name, char **argv)
{
	const cJSON *word;
	size_t n = 0;

	if (!cJSON_IsArray(array))
		return -EBADMSG;
	cJSON_ArrayForEach(word, array)
	{
		if (!cJSON_IsString(word) || n == PROCESSES_ARGUMENTS)
			return -EBADMSG;
		argv[n] = strdup(word->valuestring);
		if (!argv[n++])
			return -ENOMEM;
	}
	return n > 0 && is_program(argv[0], name) ? 0 : -EBADMSG;
}

int processes_parse(const char *text, struct processes *processes)
{
	cJSON *json = cJSON_Parse(text);
	int result = cJSON_IsObject(json) ? 0 : -EBADMSG;

	memset(processes, 0, sizeof(*processes));
	for (size_t i = 0; result == 0 && i < PROCESSES_COUNT; i++)
		result = take(cJSON_GetObjectItemCaseSensitive(json, processes_names[i]),
			processes_names[i], processes->argv[i]);
	cJSON_Delete(json);
	if (result != 0)
		processes_free(processes);
	return result;
}
