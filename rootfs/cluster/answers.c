/* SPDX-License-Identifier: ISC */
/* What the router answers, taken apart. Nothing that could be more than one word of a YAML file
 * gets through. */
#include <errno.h>
#include <string.h>

#include "rootfs/cluster/member.h"
#include "rootfs/json.h"

#define LONGEST_STORE_MB 1048576

static bool get_boolean(const char *json, const char *name)
{
	char text[8];

	return json_get(json, name, text, sizeof(text)) == 0 && strcmp(text, "true") == 0;
}

/* Letters, digits and `also`, and not empty. */
static int get_word(const char *json, const char *name, const char *also, char *out, size_t size)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	int result = json_get(json, name, out, size);

	for (const char *p = out; result == 0 && *p; p++) {
		if (!strchr(plain, *p) && !strchr(also, *p))
			result = -EBADMSG;
	}
	return result == 0 && *out == '\0' ? -EBADMSG : result;
}

static int get_address(const char *json, const char *name, char out[static ADDRESS_TEXT_SIZE])
{
	struct in_addr address;
	int result = json_get(json, name, out, ADDRESS_TEXT_SIZE);

	return result == 0 ? str_parse_address(out, &address) : result;
}

static int get_network(const char *json, const char *name, char *out, size_t size)
{
	struct in_addr address;
	unsigned length;
	int result = json_get(json, name, out, size);

	return result == 0 ? str_parse_network(out, &address, &length) : result;
}

static int get_store(const char *json, struct member_cluster *out)
{
	static const char *const names[] = { "auto", "scratch", "loop", "tmpfs" };
	char text[24];
	int result = json_get(json, "store", text, sizeof(text));

	for (size_t i = 0; result == 0; i++) {
		if (i == sizeof(names) / sizeof(names[0]))
			return -EBADMSG;
		if (strcmp(text, names[i]) != 0)
			continue;
		out->store = (enum member_store)i;
		break;
	}
	if (result == 0)
		result = json_get(json, "store_mb", text, sizeof(text));
	return result == 0 ? str_parse_u64(text, 1, LONGEST_STORE_MB, &out->store_mb) : result;
}

static int parse_rest(const char *json, struct member_cluster *out)
{
	int result = get_word(json, "node", "-", out->node, sizeof(out->node));

	if (result == 0)
		result = get_address(json, "address", out->address);
	if (result == 0)
		result = get_word(json, "server", ":/.", out->server, sizeof(out->server));
	if (result == 0)
		result = get_word(json, "domain", ".-", out->domain, sizeof(out->domain));
	if (result == 0)
		result = get_address(json, "dns", out->dns);
	if (result == 0)
		result = get_network(json, "pods", out->pods, sizeof(out->pods));
	/* A router that doesn't know of it has the control plane itself. */
	if (result == 0 && json_get(json, "plane", out->plane, sizeof(out->plane)) == -EBADMSG)
		result = -EBADMSG;
	if (result == 0 && out->plane[0] &&
		(strspn(out->plane, "0123456789abcdef") != PLANE_STORE_SIZE - 1))
		result = -EBADMSG;
	if (result == 0)
		result = get_store(json, out);
	if (result == 0 && out->exists)
		result = get_word(json, "ca", "+/=", out->ca, sizeof(out->ca));
	return result;
}

int member_parse_cluster(const char *json, struct member_cluster *out)
{
	char engine[16];

	*out = (struct member_cluster){ 0 };
	if (json_get(json, "engine", engine, sizeof(engine)) != 0)
		return -EBADMSG;
	out->engine = strcmp(engine, "kubeadm") == 0;
	out->exists = get_boolean(json, "exists");
	out->joined = get_boolean(json, "joined");
	return !out->engine || parse_rest(json, out) == 0 ? 0 : -EBADMSG;
}

int member_parse_token(const char *json, char out[static MEMBER_TOKEN_SIZE])
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	int result = json_get(json, "bootstrap", out, MEMBER_TOKEN_SIZE);

	if (result == -ENOENT)
		return -EAGAIN;
	return result == 0 && strspn(out, characters) == 6 && out[6] == '.' &&
			       strspn(out + 7, characters) == 16
		       ? 0
		       : -EBADMSG;
}

int member_parse_network(const char *json, struct member_network *out)
{
	int result;

	*out = (struct member_network){ .known = get_boolean(json, "known"),
		.ready = get_boolean(json, "ready") };
	if (!out->known)
		return 0;
	result = json_get(json, "pod_cidr", out->pod_cidr, sizeof(out->pod_cidr));
	if (result == 0 && out->pod_cidr[0])
		result = get_network(json, "pod_cidr", out->pod_cidr, sizeof(out->pod_cidr));
	if (result == 0)
		result = json_get(json, "routes", out->routes, sizeof(out->routes));
	return result == 0 ? 0 : -EBADMSG;
}
