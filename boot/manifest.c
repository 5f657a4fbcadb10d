/* SPDX-License-Identifier: ISC */
#include "boot/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"

/* The next word of *rest, or NULL; blanks are single. */
static char *take_word(char **rest)
{
	char *word = *rest;

	if (!word || *word == '\0' || *word == ' ')
		return NULL;
	*rest = strchr(word, ' ');
	if (*rest)
		*(*rest)++ = '\0';
	return word;
}

const struct boot_entry *boot_manifest_find(const struct boot_manifest *manifest, const char *name)
{
	for (size_t i = 0; i < manifest->count; i++)
		if (strcmp(manifest->entries[i].name, name) == 0)
			return &manifest->entries[i];
	return NULL;
}

/* A name that can be resolved: safe, relative, and not one that is rendered. */
static bool is_entry_name(const char *name)
{
	struct boot_name split;

	return name[0] != '/' && strlen(name) < BOOT_ENTRY_NAME_SIZE &&
	       boot_split_name(name, &split) == 0 && split.leaf == name;
}

static struct boot_entry *add_entry(struct boot_manifest *manifest, const char *name, int *result)
{
	struct boot_entry *entry = &manifest->entries[manifest->count];

	*result = !is_entry_name(name) || boot_manifest_find(manifest, name) ? -EINVAL
		  : manifest->count == BOOT_ENTRY_LIMIT			     ? -ENOSPC
									     : 0;
	if (*result != 0)
		return NULL;
	manifest->count++;
	memset(entry, 0, sizeof(*entry));
	str_copy(entry->name, sizeof(entry->name), name);
	return entry;
}

int boot_manifest_add_file(
	struct boot_manifest *manifest, const char *name, uint64_t size, const char *hash)
{
	struct boot_entry *entry;
	int result;

	if (!str_is_hash(hash, strlen(hash)))
		return -EINVAL;
	entry = add_entry(manifest, name, &result);
	if (!entry)
		return result;
	str_copy(entry->file, sizeof(entry->file), name);
	str_copy(entry->hash, sizeof(entry->hash), hash);
	entry->size = size;
	return 0;
}

int boot_manifest_add_alias(struct boot_manifest *manifest, const char *name, const char *target)
{
	const struct boot_entry *original = boot_manifest_find(manifest, target);
	struct boot_entry *entry;
	int result;

	if (!original)
		return -EINVAL;
	entry = add_entry(manifest, name, &result);
	if (!entry)
		return result;
	str_copy(entry->file, sizeof(entry->file), original->file);
	str_copy(entry->hash, sizeof(entry->hash), original->hash);
	entry->size = original->size;
	return 0;
}

static int parse_file(char *rest, struct boot_manifest *manifest)
{
	const char *hash = take_word(&rest);
	const char *size = take_word(&rest);
	const char *name = take_word(&rest);
	uint64_t bytes;

	if (!hash || !size || !name || rest || str_parse_u64(size, 0, INT64_MAX, &bytes) != 0)
		return -EINVAL;
	return boot_manifest_add_file(manifest, name, bytes, hash);
}

static int parse_alias(char *rest, struct boot_manifest *manifest)
{
	const char *name = take_word(&rest);
	const char *target = take_word(&rest);

	return !name || !target || rest ? -EINVAL : boot_manifest_add_alias(manifest, name, target);
}

static int parse_version(char *rest, char out[static BOOT_VERSION_SIZE])
{
	const char *version = take_word(&rest);

	return version && !rest && str_copy(out, BOOT_VERSION_SIZE, version) ? 0 : -EINVAL;
}

static int parse_line(char *line, struct boot_manifest *manifest, bool *ended)
{
	const char *word = take_word(&line);
	uint64_t count;

	if (!word || *ended)
		return -EINVAL;
	if (strcmp(word, "file") == 0)
		return parse_file(line, manifest);
	if (strcmp(word, "alias") == 0)
		return parse_alias(line, manifest);
	if (strcmp(word, "kernel") == 0)
		return parse_version(line, manifest->kernel);
	if (strcmp(word, "firmware") == 0)
		return parse_version(line, manifest->firmware);
	if (strcmp(word, "note") == 0)
		return 0;
	if (strcmp(word, "end") != 0 || !line ||
		str_parse_u64(line, manifest->count, manifest->count, &count) != 0)
		return -EINVAL;
	*ended = true;
	return 0;
}

int boot_manifest_parse(
	char *text, struct boot_manifest *manifest, char reason[static BOOT_REASON_SIZE])
{
	static const char first[] = "bramble-boot-set 1\n";
	unsigned number = 2;
	bool ended = false;

	memset(manifest, 0, sizeof(*manifest));
	if (strncmp(text, first, sizeof(first) - 1) != 0) {
		snprintf(reason, BOOT_REASON_SIZE, "the manifest doesn't begin with \"%.18s\"",
			first);
		return -EINVAL;
	}
	for (char *line = text + sizeof(first) - 1; *line; number++) {
		char *end = strchr(line, '\n');
		int result;

		if (!end)
			break;
		*end = '\0';
		result = parse_line(line, manifest, &ended);
		if (result != 0) {
			snprintf(reason, BOOT_REASON_SIZE, "line %u of the manifest is not valid",
				number);
			return -EINVAL;
		}
		line = end + 1;
	}
	if (ended && manifest->kernel[0] && manifest->firmware[0])
		return 0;
	snprintf(reason, BOOT_REASON_SIZE, "the manifest is cut off after line %u", number - 1);
	return -EINVAL;
}

char *boot_manifest_format(const struct boot_manifest *manifest, const char *note)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "bramble-boot-set 1\nkernel %s\nfirmware %s\n", manifest->kernel,
		manifest->firmware);
	if (note)
		fprintf(out, "note %s\n", note);
	for (size_t i = 0; i < manifest->count; i++) {
		const struct boot_entry *entry = &manifest->entries[i];

		if (strcmp(entry->name, entry->file) == 0)
			fprintf(out, "file %s %llu %s\n", entry->hash,
				(unsigned long long)entry->size, entry->name);
		else
			fprintf(out, "alias %s %s\n", entry->name, entry->file);
	}
	fprintf(out, "end %zu\n", manifest->count);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
