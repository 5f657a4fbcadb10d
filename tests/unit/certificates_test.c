/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/cluster/certificates.h"

#define DAY_MS (INT64_C(86400) * 1000)
#define BEGIN_S 1800000000
#define PEM_SIZE 4096

/* A certificate of its own signature, valid for `seconds`. */
static void make(long seconds, char pem[static PEM_SIZE])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	int n;

	ASN1_TIME_set(X509_getm_notBefore(x509), BEGIN_S);
	ASN1_TIME_set(X509_getm_notAfter(x509), BEGIN_S + seconds);
	X509_set_version(x509, X509_VERSION_3);
	X509_set_pubkey(x509, key);
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
	n = BIO_read(bio, pem, PEM_SIZE - 1);
	assert_true(n > 0);
	pem[n] = '\0';
	BIO_free(bio);
	X509_free(x509);
	EVP_PKEY_free(key);
}

static void a_certificate_says_until_when(void **state)
{
	struct certificate certificate = { .authority = true };
	char pem[PEM_SIZE];

	(void)state;
	make(365 * 86400L, pem);
	assert_int_equal(certificate_parse(pem, strlen(pem), &certificate), 0);
	assert_int_equal(certificate.begin_ms, BEGIN_S * INT64_C(1000));
	assert_int_equal(certificate.end_ms, BEGIN_S * INT64_C(1000) + 365 * DAY_MS);
	assert_false(certificate.authority);
	assert_int_equal(certificate_parse(pem, 40, &certificate), -EBADMSG);
	assert_int_equal(certificate_parse("", 0, &certificate), -EBADMSG);
}

static void a_kubeconfig_holds_one(void **state)
{
	struct certificate certificate = { .authority = true };
	char pem[PEM_SIZE], encoded[2 * PEM_SIZE], text[3 * PEM_SIZE];
	int n;

	(void)state;
	make(86400, pem);
	sodium_bin2base64(encoded, sizeof(encoded), (const unsigned char *)pem, strlen(pem),
		sodium_base64_VARIANT_ORIGINAL);
	n = snprintf(text, sizeof(text),
		"users:\n- user:\n    client-certificate-data: %s\n    client-key-data: x\n",
		encoded);
	assert_int_equal(certificate_parse_kubeconfig(text, (size_t)n, &certificate), 0);
	assert_int_equal(certificate.end_ms - certificate.begin_ms, DAY_MS);
	/* Cut in the middle, and without one. */
	assert_int_equal(certificate_parse_kubeconfig(text, (size_t)n / 2, &certificate), -EBADMSG);
	assert_int_equal(certificate_parse_kubeconfig("users: []\n", 10, &certificate), -ENOENT);
}

static void it_is_renewed_in_its_last_month_or_third(void **state)
{
	const struct certificate year = { .end_ms = 365 * DAY_MS };
	const struct certificate day = { .end_ms = DAY_MS };
	const struct certificate authority = { .end_ms = 3650 * DAY_MS, .authority = true };

	(void)state;
	assert_false(certificate_is_due(&year, 334 * DAY_MS));
	assert_true(certificate_is_due(&year, 336 * DAY_MS));
	assert_true(certificate_is_due(&year, 400 * DAY_MS));
	assert_false(certificate_is_due(&day, DAY_MS / 2));
	assert_true(certificate_is_due(&day, DAY_MS * 3 / 4));
	assert_false(certificate_is_due(&authority, 3649 * DAY_MS));
}

static void a_person_is_told_when_that_did_not_happen(void **state)
{
	const struct certificate year = { .end_ms = 365 * DAY_MS };
	const struct certificate day = { .end_ms = DAY_MS };
	const struct certificate authority = { .end_ms = 3650 * DAY_MS, .authority = true };

	(void)state;
	assert_false(certificate_is_worrying(&year, 344 * DAY_MS));
	assert_true(certificate_is_worrying(&year, 346 * DAY_MS));
	assert_false(certificate_is_worrying(&day, DAY_MS * 7 / 10));
	assert_true(certificate_is_worrying(&day, DAY_MS * 8 / 10));
	assert_false(certificate_is_worrying(&authority, 3200 * DAY_MS));
	assert_true(certificate_is_worrying(&authority, 3300 * DAY_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_says_until_when),
		cmocka_unit_test(a_kubeconfig_holds_one),
		cmocka_unit_test(it_is_renewed_in_its_last_month_or_third),
		cmocka_unit_test(a_person_is_told_when_that_did_not_happen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
