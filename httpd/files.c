/* SPDX-License-Identifier: ISC */
#include "httpd/files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

#define FILE_TYPE "application/octet-stream"

struct found {
	int fd;
	uint64_t size;
	char tag[HASH_TEXT_SIZE]; /* "" none */
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
		exchange_add_header(exchange, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	exchange_finish(exchange);
}

static void add_tag(struct exchange *exchange, const struct found *found)
{
	char quoted[HASH_TEXT_SIZE + 2];

	if (!*found->tag)
		return;
	snprintf(quoted, sizeof(quoted), "\"%s\"", found->tag);
	exchange_add_header(exchange, MHD_HTTP_HEADER_ETAG, quoted);
}

/* RFC 9110 section 15.5.17 */
static void answer_unsatisfiable(struct exchange *exchange, const struct found *found)
{
	char range[40];

	close(found->fd);
	exchange_refuse(exchange, 416, "the file is shorter");
	snprintf(range, sizeof(range), "bytes */%" PRIu64, found->size);
	exchange_add_header(exchange, MHD_HTTP_HEADER_CONTENT_RANGE, range);
	add_tag(exchange, found);
	exchange_finish(exchange);
}

static void answer_empty(struct exchange *exchange, unsigned status, const struct found *found)
{
	close(found->fd);
	exchange->response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	exchange->status = status;
	add_tag(exchange, found);
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
		exchange_add_header(exchange, MHD_HTTP_HEADER_CONTENT_RANGE, text);
	} else {
		exchange_answer_file(exchange, 200, found->fd, 0, found->size, FILE_TYPE);
	}
	exchange_add_header(exchange, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
	exchange_add_header(exchange, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
	add_tag(exchange, found);
	exchange_finish(exchange);
}

/* Conditions in the order of RFC 9110 section 13.2.2. Takes found->fd. */
static void answer_found(struct exchange *exchange, const struct found *found)
{
	const struct request_headers *headers = &exchange->headers;
	struct request_range range = { 0, 0 };
	enum request_range_kind kind = REQUEST_WHOLE;

	if (headers->if_match && !request_tag_is_listed(headers->if_match, found->tag, false)) {
		answer_empty(exchange, 412, found);
		return;
	}
	if (headers->if_none_match &&
		request_tag_is_listed(headers->if_none_match, found->tag, true)) {
		answer_empty(exchange, 304, found);
		return;
	}
	if (exchange->method == REQUEST_GET &&
		(!headers->if_range || request_if_range_holds(headers->if_range, found->tag)))
		kind = request_parse_range(headers->range, found->size, &range);
	if (kind == REQUEST_UNSATISFIABLE)
		answer_unsatisfiable(exchange, found);
	else
		answer_content(exchange, found, kind, &range);
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
		snprintf(found.tag, sizeof(found.tag), "%jx-%jx-%jx.%lx", (uintmax_t)status.st_ino,
			(uintmax_t)status.st_size, (uintmax_t)status.st_mtim.tv_sec,
			(unsigned long)status.st_mtim.tv_nsec);
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
