/* SPDX-License-Identifier: ISC */
#include "httpd/files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "httpd/date.h"

#define FILE_TYPE "application/octet-stream"
#define CACHE_POLICY "no-cache" /* keep it, but ask each time */
/* Within one tick of its file system's clock a file may change twice and look the same; the slowest
 * that matters (FAT, ext3) ticks every two seconds. */
#define AT_REST_S 2

struct found {
	int fd;
	uint64_t size;
	char tag[HASH_TEXT_SIZE]; /* "" none */
	bool weak;		  /* the tag may name two contents (RFC 9110 section 8.8.1) */
	int64_t modified;	  /* seconds since 1970; 0 unknown */
};

static const struct {
	int error;
	unsigned status;
	const char *reason;
} refusals[] = {
	{ ENOENT, 404, "there is no such file" },
	{ ENOTDIR, 404, "there is no such file" },
	{ ENAMETOOLONG, 414, "the name is too long" },
	{ EACCES, 403, "this file isn't served" },
	{ EHOSTUNREACH, 403, "nobody of this address is known" },
	{ EPERM, 403, "this file isn't served" },
	{ ELOOP, 403, "symbolic links aren't followed" },
	{ EXDEV, 403, "other file systems aren't served" },
	{ EAGAIN, 503, "too busy; try again" },
	{ EMFILE, 503, "too many files are open; try again" },
	{ ENFILE, 503, "too many files are open; try again" },
	{ ENOMEM, 503, "out of memory; try again" },
	{ ETIMEDOUT, 503, "brambled doesn't answer; try again" },
};

/* `reason` may be "". */
static void refuse(struct exchange *exchange, int error, const char *reason)
{
	unsigned status = 500;
	const char *words = strerror(error);

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].error == error) {
			status = refusals[i].status;
			words = refusals[i].reason;
		}
	}
	exchange_refuse(exchange, status, *reason ? reason : words);
	if (status == 503)
		exchange_add_header(exchange, "Retry-After", "1");
	exchange_finish(exchange);
}

static void add_validators(struct exchange *exchange, const struct found *found)
{
	char quoted[HASH_TEXT_SIZE + 4], date[DATE_TEXT_SIZE];

	if (*found->tag) {
		snprintf(quoted, sizeof(quoted), "%s\"%s\"", found->weak ? "W/" : "", found->tag);
		exchange_add_header(exchange, "ETag", quoted);
	}
	if (found->modified > 0) {
		date_format(found->modified, date);
		exchange_add_header(exchange, "Last-Modified", date);
	}
}

/* RFC 9110 section 15.5.17 */
static void answer_unsatisfiable(struct exchange *exchange, const struct found *found)
{
	char range[40];

	close(found->fd);
	exchange_refuse(exchange, 416, "the file is shorter");
	snprintf(range, sizeof(range), "bytes */%" PRIu64, found->size);
	exchange_add_header(exchange, "Content-Range", range);
	add_validators(exchange, found);
	exchange_finish(exchange);
}

static void answer_empty(struct exchange *exchange, unsigned status, const struct found *found)
{
	close(found->fd);
	exchange_answer_empty(exchange, status);
	exchange_add_header(exchange, "Cache-Control", CACHE_POLICY);
	add_validators(exchange, found);
	exchange_finish(exchange);
}

static void answer_content(struct exchange *exchange, const struct found *found,
	enum request_range_kind kind, const struct request_range *range)
{
	char text[80];

	if (kind == REQUEST_PART) {
		exchange_answer_file(exchange, 206, found->fd, range->first,
			range->last - range->first + 1, FILE_TYPE);
		snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first,
			range->last, found->size);
		exchange_add_header(exchange, "Content-Range", text);
	} else {
		exchange_answer_file(exchange, 200, found->fd, 0, found->size, FILE_TYPE);
	}
	exchange_add_header(exchange, "Accept-Ranges", "bytes");
	exchange_add_header(exchange, "Cache-Control", CACHE_POLICY);
	add_validators(exchange, found);
	exchange_finish(exchange);
}

static bool has_changed_since(const struct found *found, const char *date)
{
	int64_t since;

	return date_parse(date, &since) == 0 && found->modified > since;
}

static bool is_unchanged_since(const struct found *found, const char *date)
{
	int64_t since;

	return date_parse(date, &since) == 0 && found->modified <= since;
}

static bool is_known(const struct request_headers *headers, const struct found *found)
{
	for (size_t i = 0; i < REQUEST_TAG_FIELDS && headers->if_none_match[i]; i++) {
		if (request_tag_is_listed(headers->if_none_match[i], found->tag, true))
			return true;
	}
	return false;
}

/* Conditions in the order of RFC 9110 section 13.2.2: 412, 304, or 0 to go on. A date is looked at
 * only where there is one, and no tag beside it (sections 13.1.3 and 13.1.4). */
static unsigned check_conditions(const struct exchange *exchange, const struct found *found)
{
	const struct request_headers *headers = &exchange->head.fields;
	const char *strong = found->weak ? "" : found->tag;
	bool dated = found->modified > 0;

	if (headers->if_match) {
		if (!request_tag_is_listed(headers->if_match, strong, false))
			return 412;
	} else if (dated && headers->if_unmodified_since &&
		   has_changed_since(found, headers->if_unmodified_since)) {
		return 412;
	}
	if (headers->if_none_match[0])
		return is_known(headers, found) ? 304 : 0;
	if (dated && headers->if_modified_since &&
		is_unchanged_since(found, headers->if_modified_since))
		return 304;
	return 0;
}

/* Takes found->fd. */
static void answer_found(struct exchange *exchange, const struct found *found)
{
	const struct request_headers *headers = &exchange->head.fields;
	struct request_range range = { 0, 0 };
	enum request_range_kind kind = REQUEST_WHOLE;
	unsigned status = check_conditions(exchange, found);

	if (status != 0) {
		answer_empty(exchange, status, found);
		return;
	}
	if (exchange->method == REQUEST_GET &&
		(!headers->if_range ||
			(!found->weak && request_if_range_holds(headers->if_range, found->tag))))
		kind = request_parse_range(headers->range, found->size, &range);
	if (kind == REQUEST_UNSATISFIABLE)
		answer_unsatisfiable(exchange, found);
	else
		answer_content(exchange, found, kind, &range);
}

/* Nobody has hashed these files, and hashing one takes longer than sending it. What names its
 * content is the inode, the size, and the time of the last change of either, which no program can
 * set: strong once that time has passed. */
static void identify(const struct stat *status, struct found *found)
{
	int64_t now = clock_wall_ms() / 1000;

	snprintf(found->tag, sizeof(found->tag), "%jx-%jx-%jx.%lx", (uintmax_t)status->st_ino,
		(uintmax_t)status->st_size, (uintmax_t)status->st_ctim.tv_sec,
		(unsigned long)status->st_ctim.tv_nsec);
	found->weak = now - status->st_ctim.tv_sec < AT_REST_S;
	if (status->st_mtim.tv_sec > 0 && status->st_mtim.tv_sec <= now)
		found->modified = status->st_mtim.tv_sec;
}

static void answer_from_root(struct exchange *exchange, const char *name)
{
	struct found found = { .fd = -1 };
	struct stat status;

	found.fd = file_open_beneath(exchange->source->root, name, &found.size);
	if (found.fd < 0) {
		refuse(exchange, -found.fd, "");
		return;
	}
	if (file_status(found.fd, &status) == 0)
		identify(&status, &found);
	answer_found(exchange, &found);
}

/* A descriptor that doesn't hold what brambled says would end as a short answer: rather say so. */
static bool is_whole(const struct found *found)
{
	struct stat status;

	return found->fd >= 0 && file_status(found->fd, &status) == 0 && S_ISREG(status.st_mode) &&
	       (uint64_t)status.st_size == found->size;
}

static void on_resolved(void *argument, const struct ipc_message *message)
{
	struct exchange *exchange = argument;
	const struct ipc_resolved *resolved;
	struct found found = { .fd = -1 };

	if (!message || message->header.type != IPC_RESOLVED) {
		if (message && message->fd >= 0)
			close(message->fd);
		refuse(exchange, message ? EIO : ETIMEDOUT, "");
		return;
	}
	resolved = &message->body.resolved;
	found.fd = message->fd;
	found.size = resolved->size;
	if (resolved->error == 0) {
		exchange->is_transfer = true;
		exchange->transfer = resolved->transfer;
	}
	if (resolved->error != 0 || !is_whole(&found)) {
		if (found.fd >= 0)
			close(found.fd);
		refuse(exchange, resolved->error != 0 ? resolved->error : EIO, resolved->reason);
		return;
	}
	if (request_is_tag(resolved->key))
		str_copy(found.tag, sizeof(found.tag), resolved->key);
	answer_found(exchange, &found);
}

void files_answer(struct exchange *exchange, const char *name)
{
	struct ipc_resolve resolve = {
		.protocol = IPC_HTTP,
		.peer = exchange->peer,
		.peer_port = exchange->peer_port,
	};
	int64_t question;

	if (!exchange->source->broker) {
		answer_from_root(exchange, name);
		return;
	}
	if (!str_copy(resolve.name, sizeof(resolve.name), name)) {
		refuse(exchange, ENAMETOOLONG, "");
		return;
	}
	question = broker_ask(
		exchange->source->broker, IPC_RESOLVE, &resolve, NULL, 0, on_resolved, exchange);
	if (question < 0)
		refuse(exchange, (int)-question, "");
	else
		exchange->question = question;
}
