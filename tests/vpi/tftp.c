/* SPDX-License-Identifier: ISC */
#include "tests/vpi/tftp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"

enum { RRQ = 1, WRQ, DATA, ACK, ERROR, OACK };

#define SERVER_PORT 69
#define FIRST_PORT 49152 /* as the boards' requests come [f#745, f#1041] */
#define LAST_PORT 65535
#define DEFAULT_BLOCK 512
#define PACKET_SIZE (4 + 65464)
#define POLL_MS 20
#define TRIES 5	       /* of one packet without any answer, each retry_ms longer [assumed] */
#define ANSWER_MS 5000 /* to an RRQ that isn't repeated, as between DISCOVERs [assumed] */

/* One transfer: everything between an RRQ and the last ACK. */
struct transfer {
	struct tftp_client *client;
	struct tftp_file *file;
	const char *name;
	int fd;
	bool bound;		/* to the server's transfer port */
	uint8_t last[512 + 64]; /* last packet sent */
	size_t last_length;
	size_t block_size;
	uint64_t next_block; /* number of the DATA that is waited for, not wrapped */
	uint64_t begin_ns;
	bool complete;
};

static bool is_lost(struct tftp_client *client)
{
	if (client->loss_percent == 0)
		return false;
	/* xorshift64: reproducible, no more is needed. */
	client->random ^= client->random << 13;
	client->random ^= client->random >> 7;
	client->random ^= client->random << 17;
	return client->random % 100 < client->loss_percent;
}

static int bind_port(struct tftp_client *client, int fd)
{
	for (int i = 0; i < 64; i++) {
		struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr = client->address };

		if (client->port < FIRST_PORT || client->port == LAST_PORT)
			client->port = FIRST_PORT;
		local.sin_port = htons(client->port++);
		if (bind(fd, (const struct sockaddr *)&local, sizeof(local)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -errno;
	}
	return -EADDRINUSE;
}

static int open_socket(struct tftp_client *client)
{
	const struct timeval wait = { .tv_usec = POLL_MS * 1000 };
	const int on = client->no_checksum;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on));
	result = bind_port(client, fd);
	if (result != 0) {
		close(fd);
		return result;
	}
	return fd;
}

static int transmit(struct transfer *transfer)
{
	struct sockaddr_in server = {
		.sin_family = AF_INET,
		.sin_addr = transfer->client->server,
		.sin_port = htons(SERVER_PORT),
	};
	const struct sockaddr *to = transfer->bound ? NULL : (const struct sockaddr *)&server;

	if (is_lost(transfer->client))
		return 0;
	/* ECONNREFUSED tells of an ICMP answer to an earlier packet: the boards don't look. */
	if (sendto(transfer->fd, transfer->last, transfer->last_length, 0, to,
		    to ? sizeof(server) : 0) < 0 &&
		errno != ECONNREFUSED)
		return -errno;
	return 0;
}

static void add_text(struct transfer *transfer, const char *text)
{
	size_t length = strlen(text) + 1;

	memcpy(transfer->last + transfer->last_length, text, length);
	transfer->last_length += length;
}

static int send_request(struct transfer *transfer)
{
	const struct tftp_client *client = transfer->client;
	char number[8];

	if (strlen(transfer->name) > 400)
		return -ENAMETOOLONG;
	transfer->last[0] = 0;
	transfer->last[1] = RRQ;
	transfer->last_length = 2;
	add_text(transfer, transfer->name);
	add_text(transfer, "octet");
	if (client->options) {
		add_text(transfer, "tsize");
		add_text(transfer, "0");
	}
	if (client->options && client->block_size != 0) {
		snprintf(number, sizeof(number), "%u", client->block_size);
		add_text(transfer, "blksize");
		add_text(transfer, number);
	}
	return transmit(transfer);
}

static int send_ack(struct transfer *transfer, uint64_t block)
{
	transfer->last[0] = 0;
	transfer->last[1] = ACK;
	transfer->last[2] = (uint8_t)(block >> 8);
	transfer->last[3] = (uint8_t)block;
	transfer->last_length = 4;
	return transmit(transfer);
}

static int send_error(struct transfer *transfer, uint8_t code, const char *text)
{
	const uint8_t head[4] = { 0, ERROR, 0, code };

	memcpy(transfer->last, head, sizeof(head));
	transfer->last_length = sizeof(head);
	add_text(transfer, text);
	return transmit(transfer);
}

static int fail(struct transfer *transfer, int result, const char *text)
{
	str_copy(transfer->file->error, sizeof(transfer->file->error), text);
	return result;
}

static int read_error(struct transfer *transfer, const uint8_t *packet, size_t length)
{
	char text[64];
	unsigned code = (unsigned)packet[2] << 8 | packet[3];

	str_copy_visible(text, sizeof(text), (const char *)packet + 4,
		strnlen((const char *)packet + 4, length - 4));
	snprintf(transfer->file->error, sizeof(transfer->file->error), "server: error %u %s", code,
		text);
	return code == 1 ? -ENOENT : code == 2 ? -EACCES : -EREMOTEIO;
}

static int read_option(struct transfer *transfer, const char *name, const char *value)
{
	struct tftp_file *file = transfer->file;
	uint64_t number;

	if (strcasecmp(name, "tsize") == 0) {
		if (str_parse_u64(value, 0, INT64_MAX, &file->announced_size) != 0)
			return fail(transfer, -EPROTO, "tsize in the OACK isn't a number");
		file->has_announced_size = true;
		return 0;
	}
	if (strcasecmp(name, "blksize") == 0) {
		/* RFC 2348: the server may lower it, never raise it. */
		if (transfer->client->block_size == 0 ||
			str_parse_u64(value, 8, transfer->client->block_size, &number) != 0)
			return fail(transfer, -EPROTO, "blksize in the OACK isn't one we can take");
		transfer->block_size = (size_t)number;
		return 0;
	}
	return fail(transfer, -EPROTO, "the OACK has an option that wasn't asked for");
}

static int read_oack(struct transfer *transfer, uint8_t *packet, size_t length)
{
	const char *p = (const char *)packet + 2, *end = (const char *)packet + length;

	if (!transfer->client->options)
		return fail(transfer, -EPROTO, "OACK without a question");
	if (transfer->next_block != 1 || transfer->file->size != 0)
		return 0; /* late duplicate */
	packet[length] = '\0';
	while (p < end) {
		const char *value = p + strlen(p) + 1;
		int result;

		if (value >= end)
			return fail(transfer, -EPROTO, "the OACK is cut off");
		result = read_option(transfer, p, value);
		if (result != 0)
			return result;
		p = value + strlen(value) + 1;
	}
	return send_ack(transfer, 0);
}

static int append_data(struct tftp_file *file, const uint8_t *data, size_t length)
{
	if (file->size + length > TFTP_FILE_LIMIT)
		return -EFBIG;
	if (file->size + length >= file->room) {
		size_t room = file->room == 0 ? 4096 : file->room;
		uint8_t *grown;

		while (room < file->size + length + 1)
			room *= 2;
		grown = realloc(file->data, room);
		if (!grown)
			return -ENOMEM;
		file->data = grown;
		file->room = room;
	}
	memcpy(file->data + file->size, data, length);
	file->size += length;
	file->data[file->size] = 0;
	return 0;
}

static int read_data(struct transfer *transfer, const uint8_t *packet, size_t length)
{
	struct tftp_file *file = transfer->file;
	uint16_t block = (uint16_t)(packet[2] << 8 | packet[3]);
	size_t payload = length - 4;
	int result;

	file->received_bytes += payload;
	if (payload > transfer->block_size)
		return fail(transfer, -EPROTO, "a block is longer than agreed");
	if (block != (uint16_t)transfer->next_block) {
		if (block == (uint16_t)(transfer->next_block - 1) && transfer->next_block > 1 &&
			transfer->client->acknowledges_again)
			return send_ack(transfer, transfer->next_block - 1);
		return 0;
	}
	if (transfer->next_block > UINT16_MAX && !transfer->client->rolls_over)
		return fail(transfer, -EFBIG, "more than 65535 blocks: this firmware can't");
	result = append_data(file, packet + 4, payload);
	if (result != 0)
		return fail(transfer, result, "too big for the board's memory");
	transfer->complete = payload < transfer->block_size;
	return send_ack(transfer, transfer->next_block++);
}

/* Is the packet from the server's transfer port? The first answer sets it (RFC 1350 section 4). */
static bool is_from_server(struct transfer *transfer, const struct sockaddr_in *from)
{
	if (from->sin_addr.s_addr != transfer->client->server.s_addr)
		return false;
	if (!transfer->bound)
		transfer->bound =
			connect(transfer->fd, (const struct sockaddr *)from, sizeof(*from)) == 0;
	return transfer->bound;
}

/* Receive one packet; waits for POLL_MS at most. Returns its length, 0 when there is none for us,
 * or -errno. */
static ssize_t receive(struct transfer *transfer, uint8_t *packet)
{
	struct sockaddr_in from = { 0 };
	socklen_t from_length = sizeof(from);
	ssize_t length = recvfrom(
		transfer->fd, packet, PACKET_SIZE, 0, (struct sockaddr *)&from, &from_length);

	if (length < 0)
		return errno == ECONNREFUSED || errno == EAGAIN ? 0 : -errno;
	/* What is lost doesn't tell the server's port either. */
	if (length < 4 || is_lost(transfer->client) || !is_from_server(transfer, &from))
		return 0;
	return length;
}

static int handle(struct transfer *transfer, uint8_t *packet, size_t length)
{
	switch (packet[0] == 0 ? packet[1] : 0) {
	case DATA:
		return read_data(transfer, packet, length);
	case OACK:
		return read_oack(transfer, packet, length);
	case ERROR:
		return read_error(transfer, packet, length);
	default:
		return 0;
	}
}

/* Until the last packet is sent again, or given up. */
static uint64_t patience_ns(const struct transfer *transfer, unsigned tries)
{
	const struct tftp_client *client = transfer->client;

	if (client->asks_once && !transfer->bound)
		return ANSWER_MS * NS_PER_MS;
	return (uint64_t)client->retry_ms * (tries + 1) * NS_PER_MS;
}

/* Wait for a packet that counts, sending the last one again when none comes. Returns its length or
 * -errno. */
static ssize_t await(struct transfer *transfer, uint8_t *packet)
{
	const struct tftp_client *client = transfer->client;
	uint64_t deadline = transfer->begin_ns + client->file_timeout_ms * NS_PER_MS;
	unsigned tries = 0;
	uint64_t wake = clock_monotonic_ns() + patience_ns(transfer, tries);

	for (;;) {
		uint64_t now = clock_monotonic_ns();
		ssize_t length;

		if (client->file_timeout_ms != 0 && now >= deadline)
			return fail(transfer, -ETIMEDOUT, "not complete within the file's time");
		length = receive(transfer, packet);
		if (length != 0)
			return length;
		if (now < wake)
			continue;
		if (++tries > TRIES || (client->asks_once && !transfer->bound))
			return fail(transfer, -ETIMEDOUT, "the server is silent");
		length = transmit(transfer);
		if (length != 0)
			return length;
		transfer->file->retransmissions++;
		wake = clock_monotonic_ns() + patience_ns(transfer, tries);
	}
}

static int check_size(struct transfer *transfer)
{
	const struct tftp_file *file = transfer->file;

	if (!file->has_announced_size || file->announced_size == file->size)
		return 0;
	snprintf(transfer->file->error, sizeof(transfer->file->error),
		"%zu bytes came, tsize said %llu", file->size,
		(unsigned long long)file->announced_size);
	return -EMSGSIZE;
}

static int run(struct transfer *transfer)
{
	uint8_t *packet = calloc(1, PACKET_SIZE + 1); /* one for the NUL of read_oack */
	int result = packet ? 0 : -ENOMEM;

	while (result == 0 && !transfer->complete) {
		ssize_t length = await(transfer, packet);

		result = length < 0 ? (int)length : handle(transfer, packet, (size_t)length);
	}
	free(packet);
	return result == 0 ? check_size(transfer) : result;
}

/* Only the first packet, then "Early terminate". */
static int run_probe(struct transfer *transfer)
{
	uint8_t *packet = calloc(1, PACKET_SIZE + 1);
	ssize_t length = packet ? await(transfer, packet) : -ENOMEM;
	int result = 0;

	if (length < 0)
		result = (int)length;
	else if (packet[1] == ERROR)
		result = read_error(transfer, packet, (size_t)length);
	else
		result = send_error(transfer, 0, "Early terminate");
	if (length > 4 && packet[1] == DATA)
		transfer->file->received_bytes = (uint64_t)length - 4;
	free(packet);
	return result;
}

static int begin(struct transfer *transfer, struct tftp_client *client, const char *name,
	struct tftp_file *file)
{
	int result;

	*transfer = (struct transfer){ .client = client, .file = file, .name = name };
	transfer->block_size = DEFAULT_BLOCK;
	transfer->next_block = 1;
	transfer->begin_ns = clock_monotonic_ns();
	transfer->fd = open_socket(client);
	if (transfer->fd < 0)
		return transfer->fd;
	result = send_request(transfer);
	if (result != 0)
		close(transfer->fd);
	return result;
}

static void end(struct transfer *transfer)
{
	transfer->file->duration_ns += clock_monotonic_ns() - transfer->begin_ns;
	close(transfer->fd);
}

/* Requests that will be aborted: each stays open until the real transfer has begun. */
static void race(struct tftp_client *client, const char *name, unsigned n, struct transfer *others,
	struct tftp_file *scratch)
{
	for (unsigned i = 0; i < n; i++) {
		struct timespec pause = { .tv_nsec = (long)(5 + 2 * i) * 1000000 };

		if (begin(&others[i], client, name, scratch) != 0)
			others[i].fd = -1;
		nanosleep(&pause, NULL);
	}
}

static void abort_race(unsigned n, struct transfer *others)
{
	for (unsigned i = 0; i < n; i++) {
		if (others[i].fd < 0)
			continue;
		run_probe(&others[i]);
		close(others[i].fd);
	}
}

int tftp_fetch(struct tftp_client *client, const char *name, unsigned n, struct tftp_file *file)
{
	struct tftp_file scratch = { 0 };
	struct transfer transfer, others[2];
	unsigned extra = n > 3 ? 2 : n > 0 ? n - 1 : 0;
	int result;

	*file = (struct tftp_file){ 0 };
	race(client, name, extra, others, &scratch);
	result = begin(&transfer, client, name, file);
	abort_race(extra, others);
	file->received_bytes = scratch.received_bytes;
	file->retransmissions = scratch.retransmissions;
	if (result != 0)
		return fail(&transfer, result, strerror(-result));
	result = run(&transfer);
	end(&transfer);
	if (result != 0 && file->error[0] == '\0')
		fail(&transfer, result, strerror(-result));
	return result;
}

int tftp_probe(struct tftp_client *client, const char *name, struct tftp_file *file)
{
	struct transfer transfer;
	int result;

	*file = (struct tftp_file){ 0 };
	result = begin(&transfer, client, name, file);
	if (result != 0)
		return fail(&transfer, result, strerror(-result));
	result = run_probe(&transfer);
	end(&transfer);
	return result;
}

void tftp_file_free(struct tftp_file *file)
{
	free(file->data);
	file->data = NULL;
	file->size = 0;
}
