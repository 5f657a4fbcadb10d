/* SPDX-License-Identifier: ISC */
#include "httpd/access.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "httpd/connection.h"

struct ending {
	int error; /* 0 = the whole answer was sent */
	uint64_t bytes;
	uint32_t retransmissions;
	uint64_t duration_ns;
	char why[IPC_REASON_SIZE];
};

static bool has_no_content(const struct exchange *exchange)
{
	return exchange->method == REQUEST_HEAD || exchange->status == 304;
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
	ending->bytes = exchange->answer_bytes;
	if (ending->error != 0 && acknowledged - exchange->acknowledged_before < ending->bytes)
		ending->bytes = acknowledged - exchange->acknowledged_before;
}

static void explain(
	const struct exchange *exchange, enum MHD_RequestTerminationCode how, struct ending *ending)
{
	const struct connection *connection = exchange->connection;

	if (connection->cut) {
		ending->error = ETIMEDOUT;
		snprintf(ending->why, sizeof(ending->why), "%s took longer than %u s",
			connection->step, connection->step_s);
		return;
	}
	switch (how) {
	case MHD_REQUEST_TERMINATED_COMPLETED_OK:
		str_copy(ending->why, sizeof(ending->why), exchange->reason);
		return;
	case MHD_REQUEST_TERMINATED_TIMEOUT_REACHED:
		ending->error = ETIMEDOUT;
		str_copy(ending->why, sizeof(ending->why), "the peer has stalled");
		return;
	case MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN:
		ending->error = ECANCELED;
		str_copy(ending->why, sizeof(ending->why), "bramble-httpd was stopped");
		return;
	case MHD_REQUEST_TERMINATED_WITH_ERROR:
	case MHD_REQUEST_TERMINATED_READ_ERROR:
	case MHD_REQUEST_TERMINATED_CLIENT_ABORT:
		break;
	}
	ending->error = ECONNRESET;
	str_copy(ending->why, sizeof(ending->why), "the connection was broken off");
}

static void write_line(const struct exchange *exchange, const struct ending *ending)
{
	char peer[ADDRESS_TEXT_SIZE], status[12] = "-", bytes[64];
	const char *method = *exchange->method_name ? exchange->method_name : "-";

	str_format_address(exchange->peer, peer);
	if (exchange->queued)
		snprintf(status, sizeof(status), "%u", exchange->status);
	if (ending->error == 0 || !exchange->queued)
		snprintf(bytes, sizeof(bytes), "%" PRIu64 " bytes", ending->bytes);
	else
		snprintf(bytes, sizeof(bytes), "%" PRIu64 " of %" PRIu64 " bytes", ending->bytes,
			exchange->answer_bytes);
	log_info("%s %s %.500s %s, %s in %" PRIu64 ".%03" PRIu64 " s%s%s", peer, method,
		*exchange->target ? exchange->target : "-", status, bytes,
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

void access_conclude(const struct exchange *exchange, enum MHD_RequestTerminationCode how)
{
	struct ending ending = { .duration_ns = clock_monotonic_ns() - exchange->begun_ns };

	explain(exchange, how, &ending);
	measure(exchange, &ending);
	write_line(exchange, &ending);
	if (exchange->is_transfer)
		report(exchange, &ending);
}
