/* SPDX-License-Identifier: ISC */
#include "provisioner/addons/manifest.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/cluster/yaml.h"

#define AGGREGATION "apiregistration.k8s.io/"

struct adding {
	struct addon_manifest *manifest;
	yaml_document_t *document;
	unsigned *line;
	char *error; /* [ADDON_ERROR_SIZE] */
};

void addon_manifest_init(struct addon_manifest *manifest, const char *name)
{
	memset(manifest, 0, sizeof(*manifest));
	(void)str_copy(manifest->name, sizeof(manifest->name), name);
}

void addon_manifest_free(struct addon_manifest *manifest)
{
	for (size_t i = 0; i < ADDON_PARTS; i++) {
		free(manifest->parts[i].text);
		manifest->parts[i].text = NULL;
	}
}

static int refuse(struct adding *adding, const yaml_node_t *node, const char *what)
{
	*adding->line = node ? (unsigned)node->start_mark.line + 1 : 0;
	snprintf(adding->error, ADDON_ERROR_SIZE, "%s", what);
	return -EINVAL;
}

static int group_length(const char *api)
{
	const char *slash = strchr(api, '/');

	return slash ? (int)(slash - api) : 0;
}

bool addon_object_is(const struct addon_object *one, const struct addon_object *other)
{
	int length = group_length(one->api);

	return length == group_length(other->api) &&
	       strncmp(one->api, other->api, (size_t)length) == 0 &&
	       strcmp(one->kind, other->kind) == 0 && strcmp(one->space, other->space) == 0 &&
	       strcmp(one->name, other->name) == 0;
}

static bool is_visible(const char *text)
{
	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			return false;
	}
	return true;
}

static bool take_text(
	const struct adding *adding, yaml_node_t *node, const char *member, char *out, size_t size)
{
	const yaml_node_t *value = cluster_yaml_member(adding->document, node, member);
	const char *text;

	if (!value || value->type != YAML_SCALAR_NODE)
		return false;
	text = (const char *)value->data.scalar.value;
	return strlen(text) == value->data.scalar.length && *text && is_visible(text) &&
	       str_copy(out, size, text);
}

static int take_object(struct adding *adding, yaml_node_t *root)
{
	struct addon_manifest *manifest = adding->manifest;
	struct addon_object *object = &manifest->objects[manifest->n_objects];
	yaml_node_t *metadata = cluster_yaml_member(adding->document, root, "metadata");

	if (manifest->n_objects == ADDON_OBJECTS)
		return -E2BIG;
	memset(object, 0, sizeof(*object));
	if (!take_text(adding, root, "apiVersion", object->api, sizeof(object->api)))
		return refuse(adding, root, "this document has no apiVersion");
	if (!take_text(adding, root, "kind", object->kind, sizeof(object->kind)))
		return refuse(adding, root, "this document has no kind");
	if (cluster_yaml_member(adding->document, root, "items"))
		return refuse(adding, root, "a list: write its items as documents of their own");
	if (!take_text(adding, metadata, "name", object->name, sizeof(object->name)))
		return refuse(adding, root, "this object has no metadata.name");
	if (cluster_yaml_member(adding->document, metadata, "namespace") &&
		!take_text(adding, metadata, "namespace", object->space, sizeof(object->space)))
		return refuse(adding, metadata, "metadata.namespace is no name");
	for (size_t i = 0; i < manifest->n_objects; i++) {
		if (addon_object_is(&manifest->objects[i], object))
			return refuse(adding, root, "this object is there a second time");
	}
	manifest->n_objects++;
	return 0;
}

/* yaml_document_add_… may move all nodes: they are known by their numbers. */
static int number_of(const yaml_document_t *document, const yaml_node_t *node)
{
	return (int)(node - document->nodes.start) + 1;
}

static int add_scalar(yaml_document_t *document, const char *text)
{
	return yaml_document_add_scalar(document, NULL, (const yaml_char_t *)text,
		(int)strlen(text), YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static int add_label(struct adding *adding)
{
	yaml_document_t *document = adding->document;
	yaml_node_t *metadata =
		cluster_yaml_member(document, yaml_document_get_root_node(document), "metadata");
	int parent = number_of(document, metadata), labels, key, value;
	yaml_node_t *present = cluster_yaml_member(document, metadata, "labels");

	if (cluster_yaml_member(document, present, ADDON_LABEL))
		return refuse(adding, present, "the label " ADDON_LABEL " is Bramble's own");
	if (present && present->type != YAML_MAPPING_NODE)
		return refuse(adding, present, "metadata.labels is no mapping");
	labels = present ? number_of(document, present)
			 : yaml_document_add_mapping(document, NULL, YAML_FLOW_MAPPING_STYLE);
	key = present ? 1 : add_scalar(document, "labels");
	if (!labels || !key ||
		(!present && !yaml_document_append_mapping_pair(document, parent, key, labels)))
		return -ENOMEM;
	key = add_scalar(document, ADDON_LABEL);
	value = add_scalar(document, adding->manifest->name);
	return key && value && yaml_document_append_mapping_pair(document, labels, key, value)
		       ? 0
		       : -ENOMEM;
}

static int take_image(struct adding *adding, const yaml_node_t *node)
{
	struct addon_manifest *manifest = adding->manifest;
	const char *image = (const char *)node->data.scalar.value;

	for (size_t i = 0; i < manifest->n_images; i++) {
		if (strcmp(manifest->images[i], image) == 0)
			return 0;
	}
	if (manifest->n_images == ADDON_IMAGES)
		return -E2BIG;
	if (!is_visible(image) ||
		!str_copy(manifest->images[manifest->n_images], ADDON_IMAGE_SIZE, image))
		return refuse(adding, node, "this is no name of an image");
	manifest->n_images++;
	return 0;
}

/* Of containers, wherever they are: every text that is called "image". All nodes are looked at one
 * by one, so that aliases can't make it long. */
static int take_images(struct adding *adding)
{
	yaml_document_t *document = adding->document;
	int result = 0;

	for (const yaml_node_t *node = document->nodes.start;
		result == 0 && node < document->nodes.top; node++) {
		if (node->type != YAML_MAPPING_NODE)
			continue;
		for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
			result == 0 && pair < node->data.mapping.pairs.top; pair++) {
			const yaml_node_t *key = yaml_document_get_node(document, pair->key);
			const yaml_node_t *value = yaml_document_get_node(document, pair->value);

			if (key->type == YAML_SCALAR_NODE && value->type == YAML_SCALAR_NODE &&
				strcmp((const char *)key->data.scalar.value, "image") == 0 &&
				value->data.scalar.length > 0)
				result = take_image(adding, value);
		}
	}
	return result;
}

/* Of the object that was taken last. */
static int write_text(void *argument, unsigned char *bytes, size_t size)
{
	struct addon_manifest *manifest = argument;
	const char *api = manifest->objects[manifest->n_objects - 1].api;
	enum addon_part part = strncmp(api, AGGREGATION, strlen(AGGREGATION)) == 0
				       ? ADDON_CLIENT_SIDE
				       : ADDON_SERVER_SIDE;
	size_t used = manifest->parts[part].size;
	char *text;

	if (size > ADDON_TEXT_LIMIT - used)
		return 0;
	text = realloc(manifest->parts[part].text, used + size + 1);
	if (!text)
		return 0;
	memcpy(text + used, bytes, size);
	text[used + size] = '\0';
	manifest->parts[part].text = text;
	manifest->parts[part].size += size;
	return 1;
}

/* The emitter deletes the document. */
static int write_document(struct adding *adding)
{
	yaml_emitter_t emitter;
	bool good;

	if (!yaml_emitter_initialize(&emitter)) {
		yaml_document_delete(adding->document);
		return -ENOMEM;
	}
	yaml_emitter_set_output(&emitter, write_text, adding->manifest);
	yaml_emitter_set_width(&emitter, -1);
	yaml_emitter_set_unicode(&emitter, 1);
	adding->document->start_implicit = 0;
	adding->document->end_implicit = 1;
	good = yaml_emitter_open(&emitter) && yaml_emitter_dump(&emitter, adding->document) &&
	       yaml_emitter_close(&emitter);
	yaml_emitter_delete(&emitter);
	return good ? 0 : -E2BIG;
}

/* Deletes the document. A text that is empty but for comments is a null scalar, or nothing. */
static int take_document(struct adding *adding)
{
	yaml_node_t *root = yaml_document_get_root_node(adding->document);
	int result;

	if (!root || (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0)) {
		yaml_document_delete(adding->document);
		return 0;
	}
	result = root->type == YAML_MAPPING_NODE
			 ? take_object(adding, root)
			 : refuse(adding, root, "this document is no object");
	if (result == 0)
		result = take_images(adding);
	if (result == 0)
		result = add_label(adding);
	if (result == 0)
		return write_document(adding);
	yaml_document_delete(adding->document);
	return result;
}

static int explain_syntax(struct adding *adding, const yaml_parser_t *parser)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	*adding->line = (unsigned)parser->problem_mark.line + 1;
	snprintf(adding->error, ADDON_ERROR_SIZE, "%.120s%s%.80s",
		parser->problem ? parser->problem : "no YAML", parser->context ? " " : "",
		parser->context ? parser->context : "");
	return -EINVAL;
}

static void take_about(struct addon_manifest *manifest, const char *text)
{
	static const char licence[] = "# SPDX-";

	while (!manifest->about[0] && *text == '#') {
		size_t length = strcspn(text, "\n");

		if (length > 2 && strncmp(text, licence, strlen(licence)) != 0)
			str_copy_visible(
				manifest->about, sizeof(manifest->about), text + 2, length - 2);
		text += length + (text[length] == '\n');
	}
}

int addon_manifest_add(struct addon_manifest *manifest, const char *text, size_t size,
	unsigned *line, char error[static ADDON_ERROR_SIZE])
{
	struct adding adding = { .manifest = manifest, .line = line, .error = error };
	yaml_parser_t parser;
	yaml_document_t document;
	int result = 0;
	bool more = true;

	*line = 0;
	error[0] = '\0';
	if (size > ADDON_TEXT_LIMIT)
		return -E2BIG;
	take_about(manifest, text);
	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	adding.document = &document;
	while (result == 0 && more) {
		if (!yaml_parser_load(&parser, &document)) {
			result = explain_syntax(&adding, &parser);
			break;
		}
		more = yaml_document_get_root_node(&document) != NULL;
		result = take_document(&adding);
	}
	yaml_parser_delete(&parser);
	return result;
}

void addon_manifest_end(struct addon_manifest *manifest)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	for (size_t i = 0; i < ADDON_PARTS; i++) {
		if (manifest->parts[i].text)
			crypto_hash_sha256_update(&state,
				(const unsigned char *)manifest->parts[i].text,
				manifest->parts[i].size);
	}
	crypto_hash_sha256_final(&state, hash);
	str_format_hex(hash, sizeof(hash), manifest->hash);
}
