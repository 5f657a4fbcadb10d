/* SPDX-License-Identifier: ISC */
/* Members of YAML documents, as libyaml has them. Pure. */
#ifndef BRAMBLE_CLUSTER_YAML_H
#define BRAMBLE_CLUSTER_YAML_H

#include <yaml.h>

/* The value of `name` in a mapping; NULL when `node` is none (or NULL), or has no such member. */
yaml_node_t *cluster_yaml_member(yaml_document_t *document, yaml_node_t *node, const char *name);

/* The only element of a sequence, or NULL. */
yaml_node_t *cluster_yaml_only_item(yaml_document_t *document, yaml_node_t *node);

#endif
