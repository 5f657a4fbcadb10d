/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/yaml.h"

#include <string.h>

yaml_node_t *cluster_yaml_member(yaml_document_t *document, yaml_node_t *node, const char *name)
{
	if (!node || node->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);

		if (key && key->type == YAML_SCALAR_NODE &&
			strcmp((const char *)key->data.scalar.value, name) == 0)
			return yaml_document_get_node(document, pair->value);
	}
	return NULL;
}

yaml_node_t *cluster_yaml_only_item(yaml_document_t *document, yaml_node_t *node)
{
	if (!node || node->type != YAML_SEQUENCE_NODE ||
		node->data.sequence.items.top - node->data.sequence.items.start != 1)
		return NULL;
	return yaml_document_get_node(document, *node->data.sequence.items.start);
}
