/* SPDX-License-Identifier: ISC */
#include "tests/conformance/tftp/exchange.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"

#define RECEIVE_BUFFER (4 * 1024 * 1024) /* bytes: a whole window comes at once */
#define ADDRESSES_PER_BYTE 250u

static uint64_t to_ns(struct timespec time)
{
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

uint64_t exchange_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return to_ns(now);
}

bool exchange_is_loopback(struct in_addr address)
{
	return ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
}

static struct exchange *open_at(struct test *test, struct in_addr source)
{
	const struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr = source };
	const int on = 1, buffer = RECEIVE_BUFFER;
	struct exchange *x = calloc(1, sizeof(*x));

	if (!x)
		test_fail(test, "no memory");
	x->test = test;
	x->next = test->exchanges;
	test->exchanges = x;
	x->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (x->fd < 0 || bind(x->fd, (const struct sockaddr *)&local, sizeof(local)) != 0)
		test_fail(test, "no socket: %s", strerror(errno));
	setsockopt(x->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	setsockopt(x->fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	if (setsockopt(x->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) != 0)
		(void)setsockopt(x->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	return x;
}

/* 127.`net`.a.b: any address there is this machine's. */
static struct in_addr loopback(unsigned net, unsigned number)
{
	return (struct in_addr){ htonl((uint32_t)IN_LOOPBACKNET << 24 | net << 16 |
				       number / ADDRESSES_PER_BYTE << 8 |
				       (number % ADDRESSES_PER_BYTE + 1)) };
}

struct exchange *exchange_open(struct test *test)
{
	const struct in_addr any = { htonl(INADDR_ANY) };

	return open_at(test, exchange_is_loopback(test->target->server.sin_addr)
				     ? loopback(1, test->number)
				     : any);
}

struct exchange *exchange_open_elsewhere(struct test *test, unsigned number)
{
	if (!exchange_is_loopback(test->target->server.sin_addr))
		test_skip(test, "needs several client addresses: test a server on 127.0.0.1");
	return open_at(test, loopback(2 + number / 1000, test->number + 500 * (number % 1000)));
}

void exchange_send_to(
	struct exchange *x, const struct sockaddr_in *to, const void *bytes, size_t length)
{
	for (int try = 0; try < 3; try++) {
		if (sendto(x->fd, bytes, length, 0, (const struct sockaddr *)to, sizeof(*to)) >= 0)
			return;
		/* An ICMP error of an earlier packet is reported here. */
		if (errno != ECONNREFUSED && errno != EINTR)
			test_fail(x->test, "can't send: %s", strerror(errno));
	}
}

void exchange_send_request(struct exchange *x, const void *bytes, size_t length)
{
	exchange_send_to(x, &x->test->target->server, bytes, length);
}

static size_t put_text(uint8_t *out, size_t used, const char *text, size_t length)
{
	if (used + length + 1 > PACKET_SIZE)
		return used;
	memcpy(out + used, text, length);
	out[used + length] = '\0';
	return used + length + 1;
}

size_t exchange_build_request(
	uint8_t *out, enum opcode opcode, const char *name, const char *mode, const char *options)
{
	size_t used = 2;

	out[0] = 0;
	out[1] = (uint8_t)opcode;
	used = put_text(out, used, name, strlen(name));
	used = put_text(out, used, mode, strlen(mode));
	while (options && *options) {
		size_t whole = strcspn(options, ","), key = strcspn(options, "=,");

		used = put_text(out, used, options, key);
		if (key < whole)
			used = put_text(out, used, options + key + 1, whole - key - 1);
		options += whole + (options[whole] == ',');
	}
	return used;
}

void exchange_request(struct exchange *x, const char *name, const char *mode, const char *options)
{
	static uint8_t packet[PACKET_SIZE];

	exchange_send_request(
		x, packet, exchange_build_request(packet, OP_RRQ, name, mode, options));
}

void exchange_send(struct exchange *x, const void *bytes, size_t length)
{
	exchange_send_to(x, &x->tid, bytes, length);
}

size_t exchange_build_ack(uint8_t out[static 4], uint16_t block)
{
	out[0] = 0;
	out[1] = OP_ACK;
	out[2] = (uint8_t)(block >> 8);
	out[3] = (uint8_t)block;
	return 4;
}

void exchange_ack(struct exchange *x, uint16_t block)
{
	uint8_t packet[4];

	exchange_send(x, packet, exchange_build_ack(packet, block));
}

void exchange_error(struct exchange *x, uint16_t code, const char *text)
{
	uint8_t packet[128] = { 0, OP_ERROR, (uint8_t)(code >> 8), (uint8_t)code };

	str_copy((char *)packet + 4, sizeof(packet) - 4, text);
	exchange_send(x, packet, 4 + strlen((char *)packet + 4) + 1);
	x->over = true;
}

static enum heard malformed(struct exchange *x, const char *what)
{
	x->what = what;
	return HEARD_OTHER;
}

/* Names and values, each with its NUL, up to the packet's end (RFC 2347). */
static enum heard parse_oack(struct exchange *x)
{
	size_t at = 2, n = 0;
	const char *texts[2 * OPTIONS_MAX];

	while (at < x->length) {
		const uint8_t *end = memchr(x->bytes + at, '\0', x->length - at);

		if (!end)
			return malformed(x, "OACK with a text that has no NUL");
		if (n == 2 * (size_t)OPTIONS_MAX)
			return malformed(x, "OACK with too many options");
		texts[n++] = (const char *)x->bytes + at;
		at = (size_t)(end - x->bytes) + 1;
	}
	if (n % 2)
		return malformed(x, "OACK with a name without value");
	for (x->n_options = 0; x->n_options < n / 2; x->n_options++)
		x->options[x->n_options] = (struct option_value){ texts[2 * x->n_options],
			texts[2 * x->n_options + 1] };
	return HEARD_OACK;
}

static enum heard parse(struct exchange *x)
{
	unsigned opcode = x->length >= 2 ? (unsigned)x->bytes[0] << 8 | x->bytes[1] : 0;

	x->bytes[x->length] = '\0';
	if (opcode == OP_OACK)
		return parse_oack(x);
	if (x->length < 4)
		return malformed(x, "packet of less than 4 bytes");
	x->block = x->code = (uint16_t)(x->bytes[2] << 8 | x->bytes[3]);
	if (opcode == OP_DATA) {
		x->data_length = x->length - 4;
		return HEARD_DATA;
	}
	if (opcode != OP_ERROR)
		return malformed(x, opcode == OP_ACK ? "ACK" : "unknown opcode");
	x->error_text = (const char *)x->bytes + 4;
	/* RFC 1350 section 5: the text ends with a NUL. */
	if (x->length == 4 || x->bytes[x->length - 1] != '\0')
		return malformed(x, "ERROR whose text has no NUL");
	return HEARD_ERROR;
}

static void take_time(struct exchange *x, struct msghdr *header)
{
	struct timespec time;

	x->arrived_ns = exchange_now_ns();
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&time, CMSG_DATA(c), sizeof(time));
		x->arrived_ns = to_ns(time);
	}
}

static bool receive_now(struct exchange *x)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct timespec))];
	} control;
	struct iovec vector = { .iov_base = x->bytes, .iov_len = PACKET_SIZE };
	struct msghdr header = { .msg_name = &x->from,
		.msg_namelen = sizeof(x->from),
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t length = recvmsg(x->fd, &header, MSG_DONTWAIT);

	if (length < 0)
		return false;
	x->length = (size_t)length;
	take_time(x, &header);
	return true;
}

enum heard exchange_receive(struct exchange *x, unsigned milliseconds)
{
	uint64_t now = clock_monotonic_ns(), end = now + milliseconds * NS_PER_MS;
	struct pollfd poll_fd = { .fd = x->fd, .events = POLLIN };

	x->heard = HEARD_NOTHING;
	while (!receive_now(x)) {
		now = clock_monotonic_ns();
		if (now >= end)
			return HEARD_NOTHING;
		poll(&poll_fd, 1, (int)((end - now) / NS_PER_MS) + 1);
	}
	if (x->tid.sin_port == 0)
		x->tid = x->from;
	x->heard = parse(x);
	return x->heard;
}

const char *exchange_option(const struct exchange *x, const char *name)
{
	for (size_t i = 0; x->heard == HEARD_OACK && i < x->n_options; i++) {
		if (strcasecmp(x->options[i].name, name) == 0)
			return x->options[i].value;
	}
	return NULL;
}

static void describe_oack(const struct exchange *x, char out[static REASON_SIZE])
{
	char name[24], value[24];
	size_t used = (size_t)snprintf(out, REASON_SIZE, "OACK");

	for (size_t i = 0; i < x->n_options && used + 60 < REASON_SIZE; i++) {
		str_copy_visible(
			name, sizeof(name), x->options[i].name, strlen(x->options[i].name));
		str_copy_visible(
			value, sizeof(value), x->options[i].value, strlen(x->options[i].value));
		used += (size_t)snprintf(out + used, REASON_SIZE - used, " %s=%s", name, value);
	}
}

void exchange_describe(const struct exchange *x, char out[static REASON_SIZE])
{
	char text[100];

	switch (x->heard) {
	case HEARD_NOTHING:
		snprintf(out, REASON_SIZE, "nothing");
		break;
	case HEARD_DATA:
		snprintf(out, REASON_SIZE, "DATA %u (%zu bytes)", x->block, x->data_length);
		break;
	case HEARD_OACK:
		describe_oack(x, out);
		break;
	case HEARD_ERROR:
		str_copy_visible(text, sizeof(text), x->error_text, strlen(x->error_text));
		snprintf(out, REASON_SIZE, "ERROR %u \"%s\"", x->code, text);
		break;
	case HEARD_OTHER:
		snprintf(out, REASON_SIZE, "%s", x->what);
		break;
	}
}

void exchange_leave_all(struct test *test)
{
	struct exchange *next;

	for (struct exchange *x = test->exchanges; x; x = next) {
		const uint8_t packet[] = { 0, OP_ERROR, 0, 0, 'e', 'n', 'd', 0 };

		next = x->next;
		if (x->tid.sin_port != 0 && !x->over)
			(void)!sendto(x->fd, packet, sizeof(packet), MSG_DONTWAIT,
				(const struct sockaddr *)&x->tid, sizeof(x->tid));
		close(x->fd);
		free(x);
	}
	test->exchanges = NULL;
}
