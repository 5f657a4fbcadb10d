/* SPDX-License-Identifier: ISC */
/* What boards become by the configuration: nodes.rules and nodes.roles. */
#include <string.h>

#include "provisioner/api/routes.h"
#include "provisioner/nodes/bindings.h"
#include "provisioner/nodes/rules.h"

static void add_text(cJSON *object, const char *name, const char *text)
{
	if (*text)
		cJSON_AddStringToObject(object, name, text);
	else
		cJSON_AddNullToObject(object, name);
}

static void add_limit(cJSON *object, const char *name, int64_t mib)
{
	if (mib > 0)
		cJSON_AddNumberToObject(object, name, (double)mib);
	else
		cJSON_AddNullToObject(object, name);
}

static void add_rule(cJSON *array, const struct settings_rule *rule, size_t number)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "number", (double)number);
	add_text(json, "model",
		rule->model == BOOT_MODEL_UNKNOWN ? ""
						  : boot_model_name((enum boot_model)rule->model));
	add_limit(json, "memory_min", rule->memory_min);
	add_limit(json, "memory_max", rule->memory_max);
	add_text(json, "oui", rule->oui);
	cJSON_AddStringToObject(json, "role", *rule->role ? rule->role : RULES_DEFAULT_ROLE);
	add_text(json, "image", rule->image);
	add_text(json, "name", rule->name);
	cJSON_AddItemToArray(array, json);
}

static void add_role(cJSON *array, const struct settings_role *role)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", role->name);
	add_text(json, "image", role->image);
	add_text(json, "kernel_arguments", role->kernel_arguments);
	add_text(json, "config_txt", role->config_txt);
	cJSON_AddItemToArray(array, json);
}

void api_list_rules(struct api_request *request)
{
	const struct settings *settings = &request->brambled->settings;
	cJSON *array;

	request->reply->json = cJSON_CreateObject();
	array = cJSON_AddArrayToObject(request->reply->json, "rules");
	for (size_t i = 0; i < settings->n_rules; i++)
		add_rule(array, &settings->rules[i], i + 1);
	array = cJSON_AddArrayToObject(request->reply->json, "roles");
	for (size_t i = 0; i < settings->n_roles; i++)
		add_role(array, &settings->roles[i]);
}

void api_test_rules(struct api_request *request)
{
	const struct settings *settings = &request->brambled->settings;
	const struct settings_rule *rule;
	struct registry_node node = { 0 };
	struct registry_board board;
	char name[NODE_NAME_SIZE] = "", mac[MAC_TEXT_SIZE];
	bool undecided, bound;
	cJSON *json;

	if (api_find_board(request, request->subject, &board) != 0)
		return;
	bound = registry_node_of_board(request->brambled->registry, &board.mac, &node) == 0;
	rule = rules_match(settings, &board, &undecided);
	str_copy(node.role, sizeof(node.role),
		rule && *rule->role ? rule->role : RULES_DEFAULT_ROLE);
	str_copy(node.image, sizeof(node.image), rule ? rule->image : "");
	(void)bindings_free_name(request->brambled, &board, name);
	str_format_mac(&board.mac, mac);
	json = request->reply->json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "mac", mac);
	add_text(json, "serial", board.serial);
	cJSON_AddStringToObject(json, "model", boot_model_name(board.model));
	add_limit(json, "memory", rules_memory(&board));
	if (rule)
		cJSON_AddNumberToObject(json, "rule", (double)(rule - settings->rules + 1));
	else
		cJSON_AddNullToObject(json, "rule");
	cJSON_AddBoolToObject(json, "undecided", undecided);
	cJSON_AddStringToObject(json, "role", node.role);
	cJSON_AddStringToObject(json, "image", rules_image(settings, &node));
	add_text(json, "name", name);
	add_text(json, "node", bound ? node.name : "");
}
