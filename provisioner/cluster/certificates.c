/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/certificates.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/file.h"
#include "common/str.h"
#include "provisioner/cluster/copy.h"
#include "rootfs/failure.h"

#define FILE_LIMIT 65536u
#define PATH_SIZE (CLUSTER_PATH_SIZE + CERTIFICATE_NAME_SIZE)
#define MS_PER_DAY (INT64_C(86400) * 1000)

static bool take_time(const ASN1_TIME *asn1, int64_t *ms)
{
	struct tm utc;

	if (!asn1 || ASN1_TIME_to_tm(asn1, &utc) != 1)
		return false;
	*ms = (int64_t)timegm(&utc) * 1000;
	return true;
}

int certificate_parse(const char *pem, size_t size, struct certificate *certificate)
{
	BIO *bio = size <= INT_MAX ? BIO_new_mem_buf(pem, (int)size) : NULL;
	X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool good = x509 && take_time(X509_get0_notBefore(x509), &certificate->begin_ms) &&
		    take_time(X509_get0_notAfter(x509), &certificate->end_ms) &&
		    certificate->begin_ms < certificate->end_ms;

	if (good)
		certificate->authority = X509_check_ca(x509) > 0;
	X509_free(x509);
	BIO_free(bio);
	return good ? 0 : -EBADMSG;
}

int certificate_parse_kubeconfig(const char *text, size_t size, struct certificate *certificate)
{
	static const char word[] = "client-certificate-data: ";
	const char *begin = memmem(text, size, word, strlen(word));
	unsigned char *pem;
	size_t length, used;
	int result = -EBADMSG;

	if (!begin)
		return -ENOENT;
	begin += strlen(word);
	length = size - (size_t)(begin - text);
	used = strnlen(begin, length);
	length = strcspn(begin, "\r\n") < used ? strcspn(begin, "\r\n") : used;
	pem = malloc(length + 1);
	if (!pem)
		return -ENOMEM;
	if (sodium_base642bin(pem, length, begin, length, NULL, &used, NULL,
		    sodium_base64_VARIANT_ORIGINAL) == 0)
		result = certificate_parse((const char *)pem, used, certificate);
	free(pem);
	return result;
}

bool certificate_is_due(const struct certificate *certificate, int64_t now_ms)
{
	int64_t third = (certificate->end_ms - certificate->begin_ms) / 3;
	int64_t month = 30 * MS_PER_DAY;

	return !certificate->authority &&
	       certificate->end_ms - now_ms < (third < month ? third : month);
}

bool certificate_is_worrying(const struct certificate *certificate, int64_t now_ms)
{
	int64_t life = certificate->end_ms - certificate->begin_ms;
	int64_t enough = 20 * MS_PER_DAY;

	if (certificate->authority)
		enough = 365 * MS_PER_DAY < life / 4 ? 365 * MS_PER_DAY : life / 4;
	else if (life / 3 - life / 10 < enough)
		enough = life / 3 - life / 10;
	return certificate->end_ms - now_ms < enough;
}

struct reading {
	const char *base;
	struct certificate *list;
	size_t n;
	char wrong[PATH_SIZE];
};

static bool ends_in(const char *path, const char *end)
{
	size_t length = strlen(path);

	return length > strlen(end) && strcmp(path + length - strlen(end), end) == 0;
}

static int read_one(void *argument, const char *name)
{
	struct reading *reading = argument;
	struct certificate *certificate = &reading->list[reading->n];
	char path[PATH_SIZE], *text;
	size_t size;
	int result;

	if (!ends_in(name, ".crt") && !ends_in(name, ".conf"))
		return 0;
	snprintf(path, sizeof(path), "%.320s/%.60s", reading->base, name);
	(void)str_copy(reading->wrong, sizeof(reading->wrong), path);
	if (reading->n == CERTIFICATES_LIMIT)
		return -E2BIG;
	result = file_read(path, FILE_LIMIT, &text, &size);
	if (result != 0)
		return result;
	result = ends_in(name, ".crt") ? certificate_parse(text, size, certificate)
				       : certificate_parse_kubeconfig(text, size, certificate);
	free(text);
	if (result == -ENOENT)
		return 0;
	(void)str_copy(certificate->name, sizeof(certificate->name), name);
	reading->n += result == 0;
	return result;
}

static int by_end(const void *a, const void *b)
{
	const struct certificate *x = a, *y = b;

	return (x->end_ms > y->end_ms) - (x->end_ms < y->end_ms);
}

int certificates_read(const struct cluster_paths *paths,
	struct certificate list[static CERTIFICATES_LIMIT], size_t *n, struct failure *failure)
{
	const char *const bases[] = { paths->pki, paths->kubernetes };
	struct reading reading = { .list = list };
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(bases) / sizeof(bases[0]); i++) {
		reading.base = bases[i];
		(void)str_copy(reading.wrong, sizeof(reading.wrong), bases[i]);
		result = copy_each_file(bases[i], read_one, &reading);
	}
	*n = reading.n;
	if (result != 0)
		return failure_set(failure, result, "can't read the certificate in %s: %s",
			reading.wrong, result == -EBADMSG ? "it is damaged" : strerror(-result));
	qsort(list, *n, sizeof(*list), by_end);
	return 0;
}
