/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rootfs/init/init.h"

#define PATIENCE_S 600
#define JOIN_S 600
#define HTTP_PORT 80

enum presence {
	OPTIONAL,
	REQUIRED,
};

/* The value of "name=" in a line of blank-separated words. The last one counts, as in the kernel.
 * Returns its length; *value is NULL when there is none. */
static size_t find_value(const char *line, const char *name, const char **value)
{
	size_t name_length = strlen(name), length = 0;

	*value = NULL;
	for (const char *p = line + strspn(line, " \n"); *p; p += strspn(p, " \n")) {
		size_t n = strcspn(p, " \n");

		if (n > name_length && strncmp(p, name, name_length) == 0 &&
			p[name_length] == '=') {
			*value = p + name_length + 1;
			length = n - name_length - 1;
		}
		p += n;
	}
	return length;
}

/* Absolute, without "..", and without what separates parts of NFS options and sources. */
static bool is_path(const char *path)
{
	size_t length = strlen(path);

	return path[0] == '/' && length > 1 && path[length - 1] != '/' &&
	       strstr(path, "/../") == NULL &&
	       (length < 3 || strcmp(path + length - 3, "/..") != 0) && strpbrk(path, ",:") == NULL;
}

static bool is_hex(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789abcdef")] == '\0';
}

/* Copy the value of an argument that has to look like `looks_right`. */
static int take(const char *line, const char *name, enum presence presence,
	bool (*looks_right)(const char *), char *out, size_t size,
	char reason[static INIT_REASON_SIZE])
{
	const char *value;
	size_t length = find_value(line, name, &value);

	out[0] = '\0';
	if (!value && presence == OPTIONAL)
		return 0;
	if (value && length < size) {
		memcpy(out, value, length);
		out[length] = '\0';
		if (looks_right(out))
			return 0;
	}
	snprintf(reason, INIT_REASON_SIZE,
		"the kernel command line has %s %s: did this board fetch its cmdline.txt from "
		"Bramble?",
		value ? "a wrong" : "no", name);
	return -EINVAL;
}

static bool is_address(const char *text)
{
	struct in_addr address;

	return str_parse_address(text, &address) == 0;
}

static bool is_port(const char *text)
{
	uint64_t port;

	return str_parse_u64(text, 1, UINT16_MAX, &port) == 0;
}

/* A serial number or a MAC. */
static bool is_board(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789abcdef:")] == '\0';
}

static bool is_verity(const char *text)
{
	struct verity verity;

	return verity_parse_argument(text, &verity) == 0;
}

static bool is_root(const char *text)
{
	return strcmp(text, "ram") == 0 || strcmp(text, "nfs") == 0;
}

static bool is_patience(const char *text)
{
	uint64_t seconds;

	return str_parse_u64(text, 1, 86400, &seconds) == 0;
}

static int take_numbers(
	const char *line, struct init_arguments *arguments, char reason[static INIT_REASON_SIZE])
{
	char router[ADDRESS_TEXT_SIZE], port[8], patience[8], join[8];
	uint64_t number;
	int result =
		take(line, "bramble.router", REQUIRED, is_address, router, sizeof(router), reason);

	if (result == 0)
		result = take(line, "bramble.port", OPTIONAL, is_port, port, sizeof(port), reason);
	if (result == 0)
		result = take(line, "bramble.patience", OPTIONAL, is_patience, patience,
			sizeof(patience), reason);
	if (result == 0)
		result = take(
			line, "bramble.join", OPTIONAL, is_patience, join, sizeof(join), reason);
	if (result != 0)
		return result;
	(void)str_parse_address(router, &arguments->router);
	if (str_parse_u64(port, 1, UINT16_MAX, &number) == 0)
		arguments->port = (uint16_t)number;
	if (str_parse_u64(patience, 1, 86400, &number) == 0)
		arguments->patience_s = (unsigned)number;
	if (str_parse_u64(join, 1, 86400, &number) == 0)
		arguments->join_s = (unsigned)number;
	return 0;
}

int init_parse_arguments(
	const char *line, struct init_arguments *arguments, char reason[static INIT_REASON_SIZE])
{
	struct init_arguments *a = arguments;
	char verity[VERITY_ARGUMENT_SIZE] = "", root[8] = "";
	const struct {
		const char *name;
		enum presence presence;
		bool (*looks_right)(const char *);
		char *out;
		size_t size;
	} texts[] = {
		{ "bramble.node", REQUIRED, str_is_node_name, a->node, sizeof(a->node) },
		{ "bramble.token", REQUIRED, is_hex, a->token, sizeof(a->token) },
		{ "bramble.image", REQUIRED, is_path, a->image, sizeof(a->image) },
		{ "bramble.hash", OPTIONAL, is_hex, a->hash, sizeof(a->hash) },
		{ "bramble.verity", OPTIONAL, is_verity, verity, sizeof(verity) },
		{ "bramble.root", OPTIONAL, is_root, root, sizeof(root) },
		{ "bramble.data", REQUIRED, is_path, a->data, sizeof(a->data) },
		{ "bramble.shared", OPTIONAL, is_path, a->shared, sizeof(a->shared) },
	};
	int result;

	*arguments = (struct init_arguments){
		.patience_s = PATIENCE_S, .join_s = JOIN_S, .port = HTTP_PORT
	};
	result = take_numbers(line, arguments, reason);
	if (result == 0)
		result = take(
			line, "bramble.wait", OPTIONAL, is_board, a->wait, sizeof(a->wait), reason);
	if (a->wait[0])
		return result;
	for (size_t i = 0; result == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
		result = take(line, texts[i].name, texts[i].presence, texts[i].looks_right,
			texts[i].out, texts[i].size, reason);
	if (result == 0 && verity[0])
		(void)verity_parse_argument(verity, &a->verity);
	a->in_memory = strcmp(root, "ram") == 0;
	return result;
}
