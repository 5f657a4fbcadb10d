/* SPDX-License-Identifier: ISC */
#include "tests/vpi/fetch.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"

#define NAME_SIZE 256

static int name_file(const struct firmware *firmware, const char *name, char path[NAME_SIZE])
{
	int n = snprintf(path, NAME_SIZE, "%s%s", firmware->prefix, name);

	return n < 0 || n >= NAME_SIZE ? -ENAMETOOLONG : 0;
}

static const char *outcome_of(int result, const struct tftp_file *file)
{
	return result == 0 ? "complete" : result == -ENOENT ? "missing" : file->error;
}

static void note(struct firmware *firmware, const char *path, const char *outcome,
	const struct tftp_file *file, bool complete)
{
	struct timeline_transfer transfer = {
		.name = path,
		.outcome = outcome,
		.bytes = file->received_bytes,
		.duration_ns = file->duration_ns,
		.retransmissions = file->retransmissions,
	};
	unsigned char digest[crypto_hash_sha256_BYTES];
	char hash[HASH_TEXT_SIZE];

	if (complete && firmware->hashes) {
		crypto_hash_sha256(digest, file->data, file->size);
		str_format_hex(digest, sizeof(digest), hash);
		transfer.hash = hash;
	}
	timeline_transferred(firmware->timeline, &transfer);
}

/* Keep a copy below the output directory, under the whole requested name. */
static int keep(struct firmware *firmware, const char *path, const struct tftp_file *file)
{
	char copy[1024], *slash;
	int result, n;

	if (!firmware->output)
		return 0;
	n = snprintf(copy, sizeof(copy), "%s/%s", firmware->output, path);
	if (n < 0 || (size_t)n >= sizeof(copy))
		return -ENAMETOOLONG;
	slash = strrchr(copy, '/');
	*slash = '\0';
	result = file_make_directories(copy, 0755);
	*slash = '/';
	if (result == 0)
		result = file_replace(copy, file->data, file->size, 0644);
	if (result != 0)
		snprintf(firmware->reason, sizeof(firmware->reason), "can't write %.180s: %s", copy,
			strerror(-result));
	return result;
}

/* Which files a Pi 3 asks for several times at once, and how often, varies [f#1700]. */
static unsigned count_requests(const struct firmware *firmware, unsigned requests)
{
	const uint32_t which = firmware->serial + firmware->timeline->requests;

	if (!firmware->quirks || firmware->model->family != MODEL_ROM || !firmware->tftp.options)
		return requests;
	return 1 + (which * UINT32_C(2654435761) >> 16) % 3;
}

static int fetch(struct firmware *firmware, const char *name, unsigned requests,
	struct tftp_file *file, bool needed)
{
	char path[NAME_SIZE];
	int result = name_file(firmware, name, path);

	*file = (struct tftp_file){ 0 };
	if (result != 0)
		return result;
	result = tftp_fetch(&firmware->tftp, path, count_requests(firmware, requests), file);
	note(firmware, path, outcome_of(result, file), file, result == 0);
	if (result == 0)
		return keep(firmware, path, file);
	if (needed || result != -ENOENT)
		snprintf(firmware->reason, sizeof(firmware->reason), "%.120s: %s", path,
			file->error);
	return result;
}

int fetch_needed(
	struct firmware *firmware, const char *name, unsigned requests, struct tftp_file *file)
{
	return fetch(firmware, name, requests, file, true);
}

int fetch_and_drop(struct firmware *firmware, const char *name)
{
	struct tftp_file file;
	int result = fetch(firmware, name, 1, &file, true);

	tftp_file_free(&file);
	return result;
}

int fetch_optional(struct firmware *firmware, const char *name, struct tftp_file *file)
{
	return fetch(firmware, name, 1, file, false);
}

/* A refusal (ERROR 2) is taken like "missing", as the firmware does with any ERROR. */
static bool is_answer(int result)
{
	return result == 0 || result == -ENOENT || result == -EACCES || result == -EREMOTEIO;
}

int fetch_asked(struct firmware *firmware, const char *name)
{
	struct tftp_file file;
	int result = fetch(firmware, name, 1, &file, false);

	tftp_file_free(&file);
	return is_answer(result) ? 0 : result;
}

int fetch_probe(struct firmware *firmware, const char *name)
{
	struct tftp_file file;
	char path[NAME_SIZE];
	int result = name_file(firmware, name, path);

	if (result != 0)
		return result;
	result = tftp_probe(&firmware->tftp, path, &file);
	note(firmware, path, result == 0 ? "probed" : outcome_of(result, &file), &file, false);
	if (!is_answer(result))
		snprintf(
			firmware->reason, sizeof(firmware->reason), "%.120s: %s", path, file.error);
	return result == 0 || !is_answer(result) ? result : -ENOENT;
}
