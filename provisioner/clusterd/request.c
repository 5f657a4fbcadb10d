/* SPDX-License-Identifier: ISC */
#include "provisioner/clusterd/request.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PEM_LIMIT 16384
#define SIGNER "kubernetes.io/kube-apiserver-client-kubelet"
#define TOKEN_USER "system:bootstrap:"
#define USAGES_LIMIT 3

/* Of exactly one value; an ASN.1 string may hold a NUL, then it is none of ours. */
static bool has_entry(const X509_NAME *name, int nid, const char *wanted)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1);
	const ASN1_STRING *value;

	if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return false;
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	return (size_t)ASN1_STRING_length(value) == strlen(wanted) &&
	       memcmp(ASN1_STRING_get0_data(value), wanted, strlen(wanted)) == 0;
}

static bool has_extensions(X509_REQ *request)
{
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
	bool has = extensions && sk_X509_EXTENSION_num(extensions) > 0;

	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return has;
}

static int check_subject(
	X509_REQ *request, const char *node, char reason[static REQUEST_REASON_SIZE])
{
	const X509_NAME *name = X509_REQ_get_subject_name(request);
	char common[16 + NODE_NAME_SIZE];

	snprintf(common, sizeof(common), "system:node:%.63s", node);
	if (X509_NAME_entry_count(name) != 2 ||
		!has_entry(name, NID_organizationName, "system:nodes") ||
		!has_entry(name, NID_commonName, common)) {
		snprintf(reason, REQUEST_REASON_SIZE,
			"it is not for node %.63s, whose token it has", node);
		return -EACCES;
	}
	if (has_extensions(request)) {
		snprintf(reason, REQUEST_REASON_SIZE, "it asks for more than a name");
		return -EACCES;
	}
	return 0;
}

int request_check(
	const char *pem, size_t size, const char *node, char reason[static REQUEST_REASON_SIZE])
{
	BIO *bio = size <= PEM_LIMIT ? BIO_new_mem_buf(pem, (int)size) : NULL;
	X509_REQ *request = bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = request ? X509_REQ_get0_pubkey(request) : NULL;
	int result = 0;

	if (!key || X509_REQ_verify(request, key) != 1) {
		snprintf(reason, REQUEST_REASON_SIZE, "it is not a sound certificate request");
		result = -EBADMSG;
	} else {
		result = check_subject(request, node, reason);
	}
	X509_REQ_free(request);
	BIO_free(bio);
	return result;
}

static const char *get_text(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text ? text : "";
}

static bool is_token_id(const char *text)
{
	return strlen(text) == REQUEST_TOKEN_ID_SIZE - 1 &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") == REQUEST_TOKEN_ID_SIZE - 1;
}

bool request_read(const cJSON *object, struct request *out)
{
	const cJSON *spec = cJSON_GetObjectItemCaseSensitive(object, "spec"), *condition;
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(object, "status");
	const char *user = get_text(spec, "username");

	*out = (struct request){
		.name = get_text(cJSON_GetObjectItemCaseSensitive(object, "metadata"), "name")
	};
	if (strcmp(get_text(spec, "signerName"), SIGNER) != 0 ||
		strncmp(user, TOKEN_USER, strlen(TOKEN_USER)) != 0 ||
		!is_token_id(user + strlen(TOKEN_USER)) || !*out->name || strchr(out->name, '/'))
		return false;
	str_copy(out->token, sizeof(out->token), user + strlen(TOKEN_USER));
	cJSON_ArrayForEach(condition, cJSON_GetObjectItemCaseSensitive(status, "conditions"))
	{
		out->decided = true;
		out->approved |= strcmp(get_text(condition, "type"), "Approved") == 0;
	}
	return true;
}

/* What a kubelet's client certificate is for, and nothing else (k8s.io/api certificates/v1). */
static bool has_usages(const cJSON *spec)
{
	static const char *const allowed[USAGES_LIMIT] = { "digital signature", "key encipherment",
		"client auth" };
	const cJSON *usage;
	bool client = false;

	cJSON_ArrayForEach(usage, cJSON_GetObjectItemCaseSensitive(spec, "usages"))
	{
		const char *text = cJSON_GetStringValue(usage);
		bool known = false;

		for (size_t i = 0; text && i < USAGES_LIMIT; i++)
			known |= strcmp(text, allowed[i]) == 0;
		if (!known)
			return false;
		client |= strcmp(text, "client auth") == 0;
	}
	return client;
}

bool request_judge(
	const cJSON *object, const char *node, bool used, char reason[static REQUEST_REASON_SIZE])
{
	const cJSON *spec = cJSON_GetObjectItemCaseSensitive(object, "spec");
	const char *text = get_text(spec, "request");
	char pem[PEM_LIMIT];
	size_t size;

	if (used) {
		snprintf(reason, REQUEST_REASON_SIZE, "its token was used before");
		return false;
	}
	if (sodium_base642bin((unsigned char *)pem, sizeof(pem), text, strlen(text), "\r\n", &size,
		    NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
		snprintf(reason, REQUEST_REASON_SIZE, "it is not base64 of a certificate request");
		return false;
	}
	if (!has_usages(spec)) {
		snprintf(reason, REQUEST_REASON_SIZE, "it asks for other usages than a kubelet's");
		return false;
	}
	if (request_check(pem, size, node, reason) != 0)
		return false;
	snprintf(reason, REQUEST_REASON_SIZE, "node %.63s joins with the token that it was given",
		node);
	return true;
}

cJSON *request_verdict(bool approve, const char *reason)
{
	cJSON *patch = cJSON_CreateObject(), *condition = cJSON_CreateObject();
	cJSON *conditions =
		cJSON_AddArrayToObject(cJSON_AddObjectToObject(patch, "status"), "conditions");

	cJSON_AddStringToObject(condition, "type", approve ? "Approved" : "Denied");
	cJSON_AddStringToObject(condition, "status", "True");
	cJSON_AddStringToObject(condition, "reason", "Bramble");
	cJSON_AddStringToObject(condition, "message", reason);
	cJSON_AddItemToArray(conditions, condition);
	return patch;
}
