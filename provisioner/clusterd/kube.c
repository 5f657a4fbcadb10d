/* SPDX-License-Identifier: ISC */
#include "provisioner/clusterd/kube.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

#define ANSWER_LIMIT (16u << 20)
#define CALL_S 10L
#define CONNECT_S 3L

struct kube {
	CURL *curl;
	const struct kubeconfig *config;
	struct curl_slist *json, *merge; /* headers */
	char *text;			 /* of the answer */
	size_t size, room;
};

static size_t take(char *bytes, size_t one, size_t n, void *argument)
{
	struct kube *kube = argument;

	(void)one; /* 1 */
	if (n > ANSWER_LIMIT - kube->size)
		return 0;
	if (kube->size + n + 1 > kube->room) {
		size_t room = 2 * (kube->size + n) + 4096;
		char *text = realloc(kube->text, room);

		if (!text)
			return 0;
		kube->text = text;
		kube->room = room;
	}
	memcpy(kube->text + kube->size, bytes, n);
	kube->size += n;
	kube->text[kube->size] = '\0';
	return n;
}

static struct curl_blob blob_of(const char *pem, size_t size)
{
	/* libcurl copies it. */
	return (struct curl_blob){
		.data = (void *)(uintptr_t)pem, .len = size, .flags = CURL_BLOB_COPY
	};
}

static void set_up(struct kube *kube)
{
	const struct kubeconfig *config = kube->config;
	struct curl_blob authority = blob_of(config->authority, config->authority_size);
	struct curl_blob certificate = blob_of(config->certificate, config->certificate_size);
	struct curl_blob key = blob_of(config->key, config->key_size);

	curl_easy_setopt(kube->curl, CURLOPT_CAINFO_BLOB, &authority);
	curl_easy_setopt(kube->curl, CURLOPT_SSLCERT_BLOB, &certificate);
	curl_easy_setopt(kube->curl, CURLOPT_SSLKEY_BLOB, &key);
	curl_easy_setopt(kube->curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(kube->curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(kube->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(kube->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(kube->curl, CURLOPT_TIMEOUT, CALL_S);
	curl_easy_setopt(kube->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(kube->curl, CURLOPT_WRITEDATA, kube);
	curl_easy_setopt(kube->curl, CURLOPT_USERAGENT, "bramble-clusterd/" BRAMBLE_VERSION);
}

struct kube *kube_new(const struct kubeconfig *config)
{
	struct kube *kube = calloc(1, sizeof(*kube));

	if (!kube)
		return NULL;
	kube->config = config;
	kube->curl = curl_easy_init();
	kube->json = curl_slist_append(NULL, "Content-Type: application/json");
	kube->merge = curl_slist_append(NULL, "Content-Type: application/merge-patch+json");
	if (!kube->curl || !kube->json || !kube->merge) {
		kube_free(kube);
		return NULL;
	}
	set_up(kube);
	return kube;
}

void kube_free(struct kube *kube)
{
	if (!kube)
		return;
	curl_easy_cleanup(kube->curl);
	curl_slist_free_all(kube->json);
	curl_slist_free_all(kube->merge);
	free(kube->text);
	free(kube);
}

static int judge_status(long status)
{
	switch (status) {
	case 401:
	case 403:
		return -EACCES;
	case 404:
		return -ENOENT;
	case 409:
		return -EEXIST;
	case 429:
		return -EBUSY;
	default:
		return status >= 200 && status <= 299 ? 0 : -EPROTO;
	}
}

static int judge_code(CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_WRITE_ERROR:
		return -EBADMSG;
	default:
		return -EPROTO;
	}
}

static int transfer(struct kube *kube, enum kube_method method, const char *path, const char *body)
{
	static const char *const names[] = { "GET", "POST", "DELETE", "PATCH" };
	char url[1024];

	if (snprintf(url, sizeof(url), "%s%s", kube->config->server, path) >= (int)sizeof(url))
		return (int)CURLE_URL_MALFORMAT;
	kube->size = 0;
	curl_easy_setopt(kube->curl, CURLOPT_URL, url);
	curl_easy_setopt(kube->curl, CURLOPT_HTTPGET, 1L);
	if (body) {
		curl_easy_setopt(kube->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(kube->curl, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(kube->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
	}
	curl_easy_setopt(kube->curl, CURLOPT_CUSTOMREQUEST, names[method]);
	curl_easy_setopt(
		kube->curl, CURLOPT_HTTPHEADER, method == KUBE_PATCH ? kube->merge : kube->json);
	return (int)curl_easy_perform(kube->curl);
}

/* What the server said in its Status object (meta/v1), or its number. */
static void explain(
	const cJSON *json, const char *path, long status, char error[static KUBE_ERROR_SIZE])
{
	const char *message =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "message"));
	char text[160] = "";

	if (message)
		str_copy_visible(text, sizeof(text), message, strlen(message));
	snprintf(error, KUBE_ERROR_SIZE, "%.70s: status %ld%s%s", path, status, *text ? ": " : "",
		text);
}

int kube_call(struct kube *kube, enum kube_method method, const char *path, const cJSON *body,
	cJSON **answer, char error[static KUBE_ERROR_SIZE])
{
	char *text = body ? cJSON_PrintUnformatted(body) : NULL;
	CURLcode code = (CURLcode)transfer(kube, method, path, text);
	cJSON *json = NULL;
	long status = 0;
	int result;

	free(text);
	error[0] = '\0';
	if (answer)
		*answer = NULL;
	if (code != CURLE_OK) {
		snprintf(error, KUBE_ERROR_SIZE, "%.70s: %s", path, curl_easy_strerror(code));
		return judge_code(code);
	}
	curl_easy_getinfo(kube->curl, CURLINFO_RESPONSE_CODE, &status);
	if (kube->size > 0)
		json = cJSON_ParseWithLength(kube->text, kube->size);
	result = judge_status(status);
	if (result != 0)
		explain(json, path, status, error);
	if (result == 0 && answer)
		*answer = json;
	else
		cJSON_Delete(json);
	return result;
}
