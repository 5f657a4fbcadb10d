/* SPDX-License-Identifier: ISC */
#include "provisioner/clusterd/kubeconfig.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/cluster/yaml.h"

static const char *get_text(yaml_document_t *document, yaml_node_t *node, const char *name)
{
	const yaml_node_t *value = cluster_yaml_member(document, node, name);

	if (!value || value->type != YAML_SCALAR_NODE ||
		strlen((const char *)value->data.scalar.value) != value->data.scalar.length)
		return NULL;
	return (const char *)value->data.scalar.value;
}

static int get_pem(yaml_document_t *document, yaml_node_t *node, const char *name,
	char out[static KUBECONFIG_PEM_SIZE], size_t *size)
{
	const char *text = get_text(document, node, name);

	if (!text ||
		sodium_base642bin((unsigned char *)out, KUBECONFIG_PEM_SIZE - 1, text, strlen(text),
			"\r\n ", size, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
		*size == 0)
		return -EBADMSG;
	out[*size] = '\0';
	return 0;
}

/* The member `name` of the only element of the list `list`. */
static yaml_node_t *get_only(yaml_document_t *document, const char *list, const char *name)
{
	yaml_node_t *node = yaml_document_get_root_node(document);

	node = cluster_yaml_only_item(document, cluster_yaml_member(document, node, list));
	return cluster_yaml_member(document, node, name);
}

static int read_document(yaml_document_t *document, struct kubeconfig *out)
{
	yaml_node_t *cluster = get_only(document, "clusters", "cluster");
	yaml_node_t *user = get_only(document, "users", "user");
	const char *server = get_text(document, cluster, "server");
	int result = server && strncmp(server, "https://", 8) == 0 &&
				     str_copy(out->server, sizeof(out->server), server)
			     ? 0
			     : -EBADMSG;

	if (result == 0)
		result = get_pem(document, cluster, "certificate-authority-data", out->authority,
			&out->authority_size);
	if (result == 0)
		result = get_pem(document, user, "client-certificate-data", out->certificate,
			&out->certificate_size);
	return result == 0 ? get_pem(document, user, "client-key-data", out->key, &out->key_size)
			   : result;
}

int kubeconfig_parse(const char *text, size_t size, struct kubeconfig *out)
{
	yaml_parser_t parser;
	yaml_document_t document;
	int result = -EBADMSG;

	memset(out, 0, sizeof(*out));
	if (size > KUBECONFIG_LIMIT || !yaml_parser_initialize(&parser))
		return -EBADMSG;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	if (yaml_parser_load(&parser, &document)) {
		result = read_document(&document, out);
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	return result;
}
