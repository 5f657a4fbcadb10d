/* SPDX-License-Identifier: ISC */
#include "httpd/access.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "httpd/connection.h"

#define TOLD_AGAIN_NS (2 * NS_PER_S) /* the least of nodes.stuck_after_s */

struct ending {
	int error; /* 0 = the whole answer was sent */
	uint64_t bytes;
	uint32_t retransmissions;
	uint64_t duration_ns;
	char why[IPC_REASON_SIZE];
};

static bool has_no_content(const struct exchange *exchange)
{
	return !exchange_sends_content(exchange);
}

/* Of an answer that was broken off, TCP knows how much the peer has acknowledged; that counts our
 * header fields, too, so it may say a few hundred bytes too many. */
static void measure(const struct exchange *exchange, struct ending *ending)
{
	uint64_t acknowledged;
	uint32_t retransmitted;

	if (!exchange->queued)
		return;
	connection_read_tcp(exchange->connection, &acknowledged, &retransmitted);
	ending->retransmissions = retransmitted - exchange->retransmitted_before;
	if (has_no_content(exchange))
		return;
	ending->bytes = exchange->size;
	if (ending->error != 0 && acknowledged - exchange->acknowledged_before < ending->bytes)
		ending->bytes = acknowledged - exchange->acknowledged_before;
}

static void set_ending(struct ending *ending, int error, const char *why)
{
	ending->error = error;
	str_copy(ending->why, sizeof(ending->why), why);
}

static void explain(
	const struct exchange *exchange, enum exchange_ending how, struct ending *ending)
{
	const struct connection *connection = exchange->connection;

	switch (how) {
	case EXCHANGE_DONE:
		set_ending(ending, 0, exchange->reason);
		return;
	case EXCHANGE_CUT:
		ending->error = ETIMEDOUT;
		snprintf(ending->why, sizeof(ending->why), "%s took longer than %u s",
			connection->deadline_for, connection->deadline_s);
		return;
	case EXCHANGE_STALLED:
		set_ending(ending, ETIMEDOUT, "the peer has stalled");
		return;
	case EXCHANGE_CROWDED:
		set_ending(ending, EAGAIN, "there are too many connections");
		return;
	case EXCHANGE_STOPPED:
		set_ending(ending, ECANCELED, "bramble-httpd was stopped");
		return;
	case EXCHANGE_SHORT:
		set_ending(ending, EIO, "the file has become shorter");
		return;
	case EXCHANGE_BROKEN:
		set_ending(ending, ECONNRESET, "the connection was broken off");
		return;
	}
}

static void write_line(const struct exchange *exchange, const struct ending *ending)
{
	char peer[ADDRESS_TEXT_SIZE], status[12] = "-", bytes[64];
	const struct head *head = &exchange->head;

	str_format_address(exchange->peer, peer);
	if (exchange->queued)
		snprintf(status, sizeof(status), "%u", exchange->status);
	if (ending->error == 0 || !exchange->queued)
		snprintf(bytes, sizeof(bytes), "%" PRIu64 " bytes", ending->bytes);
	else
		snprintf(bytes, sizeof(bytes), "%" PRIu64 " of %" PRIu64 " bytes", ending->bytes,
			exchange->size);
	log_info("%s %.32s %.500s %s, %s in %" PRIu64 ".%03" PRIu64 " s%s%s", peer,
		head->method ? head->method : "-", head->target ? head->target : "-", status, bytes,
		ending->duration_ns / NS_PER_S, ending->duration_ns % NS_PER_S / NS_PER_MS,
		*ending->why ? ": " : "", ending->why);
}

static void report(const struct exchange *exchange, const struct ending *ending)
{
	struct ipc_transfer transfer = {
		.transfer = exchange->transfer,
		.bytes = exchange->status < 400 ? ending->bytes : 0,
		.duration_ns = ending->duration_ns,
		.retransmissions = ending->retransmissions,
		.error = ending->error,
	};

	if (transfer.error == 0 && exchange->status >= 400)
		transfer.error = EIO;
	str_copy(transfer.reason, sizeof(transfer.reason), ending->why);
	broker_tell(exchange->source->broker, IPC_TRANSFER, &transfer);
}

void access_tell_progress(struct exchange *exchange)
{
	const struct ipc_waits waits = { .transfer = exchange->transfer };
	const uint64_t now_ns = clock_monotonic_ns();

	if (!exchange->is_transfer ||
		now_ns - (exchange->told_ns ? exchange->told_ns : exchange->begun_ns) <
			TOLD_AGAIN_NS)
		return;
	exchange->told_ns = now_ns;
	broker_tell(exchange->source->broker, IPC_WAITS, &waits);
}

void access_conclude(const struct exchange *exchange, enum exchange_ending how)
{
	struct ending ending = { .duration_ns = clock_monotonic_ns() - exchange->begun_ns };

	explain(exchange, how, &ending);
	measure(exchange, &ending);
	write_line(exchange, &ending);
	if (exchange->is_transfer)
		report(exchange, &ending);
}
