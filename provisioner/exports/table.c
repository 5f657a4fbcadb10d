/* SPDX-License-Identifier: ISC */
/* The table of exports for nfs-utils: what it must hold, and what it holds. Pure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/exports/private.h"

/* "BR" and a number: fixed, so that file handles stay valid when the disk gets another device
 * number, and unlike what an administrator gives his own exports. */
#define FSID_BASE 0x42520000u
#define FSID_IMAGES (FSID_BASE + 1)
#define FSID_SHARED (FSID_BASE + 2)
#define FSID_FIRST_NODE (FSID_BASE + 100)

static void set_entry(struct exports_entry *entry, const struct exports *exports,
	const char *directory, const char *name)
{
	memset(entry, 0, sizeof(*entry));
	snprintf(entry->path, sizeof(entry->path), "%s/%s%s%s", exports->settings->share, directory,
		name[0] ? "/" : "", name);
}

struct exports_entry *exports_list_entries(const struct exports *exports, size_t *n)
{
	struct exports_entry *entries = calloc(1 + 2 * exports->n, sizeof(*entries));
	struct exports_entry *entry = entries;

	if (!entries)
		return NULL;
	set_entry(entry, exports, "images", "");
	str_copy(entry->client, sizeof(entry->client), exports->network);
	entry->fsid = FSID_IMAGES;
	entry++;
	for (size_t i = 0; i < exports->n; i++) {
		char address[ADDRESS_TEXT_SIZE];

		str_format_address(exports->nodes[i].address, address);
		set_entry(entry, exports, "shared", "");
		str_copy(entry->client, sizeof(entry->client), address);
		entry->writable = true;
		entry->fsid = FSID_SHARED;
		entry++;
		set_entry(entry, exports, "nodes", exports->nodes[i].name);
		str_copy(entry->client, sizeof(entry->client), address);
		entry->writable = true;
		entry->fsid = FSID_FIRST_NODE + exports->nodes[i].id;
		entry++;
	}
	*n = (size_t)(entry - entries);
	return entries;
}

void exports_format_options(const struct exports_entry *entry, char *out, size_t size)
{
	snprintf(out, size, "%s,sync,no_root_squash,no_subtree_check,sec=sys,fsid=%u",
		entry->writable ? "rw" : "ro", entry->fsid);
}

static bool copy_part(char *out, size_t size, const char *part, size_t length)
{
	if (length == 0 || length >= size)
		return false;
	memcpy(out, part, length);
	out[length] = '\0';
	return true;
}

int exports_parse_etab_line(const char *line, struct exports_entry *entry)
{
	const char *tab = strchr(line, '\t');
	const char *options = tab ? strchr(tab, '(') : NULL;

	memset(entry, 0, sizeof(*entry));
	if (!options || line[0] != '/' || memchr(line, '\\', (size_t)(tab - line)))
		return -EBADMSG;
	if (!copy_part(entry->path, sizeof(entry->path), line, (size_t)(tab - line)) ||
		!copy_part(
			entry->client, sizeof(entry->client), tab + 1, (size_t)(options - tab - 1)))
		return -EBADMSG;
	return 0;
}
