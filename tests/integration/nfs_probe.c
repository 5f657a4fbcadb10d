/* SPDX-License-Identifier: ISC */
/*
 * A small NFSv4.1 client (RFC 8881) in user space, for hosts whose kernel has none; it may come
 * from any address of the machine.
 *
 * nfs-probe SERVER FROM read PATH           print a file
 * nfs-probe SERVER FROM write PATH TEXT     create or overwrite a file
 * nfs-probe SERVER FROM hold PATH SECONDS   read a file 20 times a second by one session, print how
 * it went
 *
 * Ends with status 1 and "status N" (nfsstat4: 2 no such file, 13 denied, 30 read-only …) when the
 * server refuses, 2 when there is no server.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"

enum operation {
	OP_LOOKUP = 15,
	OP_OPEN = 18,
	OP_PUTROOTFH = 24,
	OP_READ = 25,
	OP_WRITE = 38,
	OP_EXCHANGE_ID = 42,
	OP_CREATE_SESSION = 43,
	OP_DESTROY_SESSION = 44,
	OP_SEQUENCE = 53,
	OP_DESTROY_CLIENTID = 57,
	OP_RECLAIM_COMPLETE = 58,
};

#define BUFFER_SIZE 65536
#define READ_SIZE 4096
#define NO_ANSWER (-1)

struct client {
	int socket;
	uint32_t xid, sequence;
	uint8_t client_id[8], session[16];
	uint8_t out[BUFFER_SIZE];
	size_t used;
	size_t count_at; /* where the number of operations is */
	uint32_t operations;
	uint8_t in[BUFFER_SIZE];
	size_t at, length;
};

static void put_32(struct client *client, uint32_t value)
{
	const uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
		(uint8_t)(value >> 8), (uint8_t)value };

	memcpy(client->out + client->used, bytes, sizeof(bytes));
	client->used += sizeof(bytes);
}

static void put_fixed(struct client *client, const void *bytes, size_t size)
{
	memcpy(client->out + client->used, bytes, size);
	client->used += size;
}

/* opaque<>, padded to four bytes */
static void put_opaque(struct client *client, const void *bytes, size_t size)
{
	put_32(client, (uint32_t)size);
	put_fixed(client, bytes, size);
	while (client->used % 4 != 0)
		client->out[client->used++] = 0;
}

static void put_zeros(struct client *client, size_t words)
{
	while (words-- > 0)
		put_32(client, 0);
}

static uint32_t get_32(struct client *client)
{
	const uint8_t *p = client->in + client->at;

	if (client->at + 4 > client->length)
		return UINT32_MAX;
	client->at += 4;
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void get_fixed(struct client *client, void *out, size_t size)
{
	if (client->at + size <= client->length)
		memcpy(out, client->in + client->at, size);
	client->at += size;
}

static void put_operation(struct client *client, enum operation operation)
{
	put_32(client, operation);
	client->operations++;
}

/* Record mark, RPC call (RFC 5531), AUTH_SYS as root, COMPOUND of minor version 1. */
static void begin(struct client *client)
{
	client->used = 4;
	client->operations = 0;
	put_32(client, ++client->xid);
	put_32(client, 0); /* CALL */
	put_32(client, 2);
	put_32(client, 100003);
	put_32(client, 4);
	put_32(client, 1); /* COMPOUND */
	put_32(client, 1); /* AUTH_SYS */
	put_32(client, 28);
	put_32(client, 0);
	put_opaque(client, "probe", 5);
	put_zeros(client, 3); /* uid, gid, no other groups */
	put_zeros(client, 2); /* verifier */
	put_32(client, 0);    /* tag */
	put_32(client, 1);    /* minor version */
	client->count_at = client->used;
	put_32(client, 0);
}

static void begin_in_session(struct client *client)
{
	begin(client);
	put_operation(client, OP_SEQUENCE);
	put_fixed(client, client->session, sizeof(client->session));
	put_32(client, ++client->sequence);
	put_zeros(client, 3); /* slot 0, highest slot 0, don't cache */
}

static bool receive_exactly(struct client *client, void *out, size_t size)
{
	uint8_t *p = out;

	while (size > 0) {
		ssize_t n = recv(client->socket, p, size, 0);

		if (n <= 0)
			return false;
		p += n;
		size -= (size_t)n;
	}
	return true;
}

static bool receive_record(struct client *client)
{
	uint8_t mark[4];

	client->at = client->length = 0;
	do {
		size_t size;

		if (!receive_exactly(client, mark, sizeof(mark)))
			return false;
		size = (size_t)(mark[0] & 0x7f) << 24 | (size_t)mark[1] << 16 |
		       (size_t)mark[2] << 8 | mark[3];
		if (size > sizeof(client->in) - client->length ||
			!receive_exactly(client, client->in + client->length, size))
			return false;
		client->length += size;
	} while (!(mark[0] & 0x80));
	return true;
}

/* Send the compound and read its answer up to the first result. Returns the compound's status. */
static int call(struct client *client)
{
	size_t end = client->used;

	client->used = client->count_at;
	put_32(client, client->operations);
	client->used = 0;
	put_32(client, (uint32_t)(end - 4) | UINT32_C(0x80000000));
	if (send(client->socket, client->out, end, MSG_NOSIGNAL) != (ssize_t)end ||
		!receive_record(client))
		return NO_ANSWER;
	get_32(client);		 /* xid */
	get_32(client);		 /* REPLY */
	if (get_32(client) != 0) /* MSG_ACCEPTED */
		return NO_ANSWER;
	get_32(client);
	client->at += get_32(client); /* verifier */
	if (get_32(client) != 0)      /* SUCCESS */
		return NO_ANSWER;
	end = get_32(client);
	client->at += get_32(client); /* tag */
	get_32(client);		      /* number of results */
	return (int)end;
}

/* Step over results that hold nothing but their status. */
static void skip_results(struct client *client, size_t n)
{
	client->at += 8 * n;
}

static int exchange_id(struct client *client, const char *owner)
{
	int status;

	begin(client);
	put_operation(client, OP_EXCHANGE_ID);
	put_32(client, (uint32_t)time(NULL)); /* verifier: a new incarnation */
	put_32(client, (uint32_t)getpid());
	put_opaque(client, owner, strlen(owner));
	put_zeros(client, 3); /* flags, SP4_NONE, no implementation id */
	status = call(client);
	skip_results(client, 1);
	get_fixed(client, client->client_id, sizeof(client->client_id));
	return status;
}

static void put_channel(struct client *client)
{
	put_32(client, 0);
	put_32(client, BUFFER_SIZE / 2);
	put_32(client, BUFFER_SIZE / 2);
	put_32(client, 0);
	put_32(client, 32); /* operations */
	put_32(client, 1);  /* slots */
	put_32(client, 0);
}

static int create_session(struct client *client)
{
	uint32_t sequence = get_32(client);
	int status;

	begin(client);
	put_operation(client, OP_CREATE_SESSION);
	put_fixed(client, client->client_id, sizeof(client->client_id));
	put_32(client, sequence);
	put_32(client, 0);
	put_channel(client);
	put_channel(client);
	put_32(client, 0x40000000); /* callback program */
	put_32(client, 1);
	put_32(client, 0); /* AUTH_NONE */
	status = call(client);
	skip_results(client, 1);
	get_fixed(client, client->session, sizeof(client->session));
	return status;
}

static int begin_session(struct client *client, const char *owner)
{
	int status = exchange_id(client, owner);

	if (status == 0)
		status = create_session(client);
	if (status != 0)
		return status;
	begin_in_session(client);
	put_operation(client, OP_RECLAIM_COMPLETE);
	put_32(client, 0);
	return call(client);
}

static void end_session(struct client *client)
{
	begin(client);
	put_operation(client, OP_DESTROY_SESSION);
	put_fixed(client, client->session, sizeof(client->session));
	call(client);
	begin(client);
	put_operation(client, OP_DESTROY_CLIENTID);
	put_fixed(client, client->client_id, sizeof(client->client_id));
	call(client);
}

/* PUTROOTFH and one LOOKUP per directory; returns the last part of the path, not looked up. */
static const char *put_path(struct client *client, const char *path)
{
	put_operation(client, OP_PUTROOTFH);
	for (;;) {
		size_t length;

		path += strspn(path, "/");
		length = strcspn(path, "/");
		if (path[length] == '\0')
			return path;
		put_operation(client, OP_LOOKUP);
		put_opaque(client, path, length);
		path += length;
	}
}

static int read_file(struct client *client, const char *path, char *out, size_t *length)
{
	size_t before;
	const char *name;
	int status;

	begin_in_session(client);
	name = put_path(client, path);
	put_operation(client, OP_LOOKUP);
	put_opaque(client, name, strlen(name));
	before = client->operations;
	put_operation(client, OP_READ);
	put_zeros(client, 4); /* the anonymous stateid */
	put_zeros(client, 2); /* offset */
	put_32(client, READ_SIZE);
	status = call(client);
	if (status != 0)
		return status;
	skip_results(client, before);
	client->at += 36; /* of SEQUENCE */
	skip_results(client, 1);
	get_32(client); /* end of file */
	*length = get_32(client);
	if (*length > READ_SIZE)
		return NO_ANSWER;
	get_fixed(client, out, *length);
	return 0;
}

static int write_file(struct client *client, const char *path, const char *text)
{
	const char *name;

	begin_in_session(client);
	name = put_path(client, path);
	put_operation(client, OP_OPEN);
	put_32(client, 0);
	put_32(client, 2); /* write */
	put_32(client, 0);
	put_fixed(client, client->client_id, sizeof(client->client_id));
	put_opaque(client, "probe", 5);
	put_32(client, 1);    /* create */
	put_zeros(client, 3); /* UNCHECKED4, no attributes */
	put_32(client, 0);    /* CLAIM_NULL */
	put_opaque(client, name, strlen(name));
	put_operation(client, OP_WRITE);
	put_zeros(client, 4); /* the anonymous stateid */
	put_zeros(client, 2); /* offset */
	put_32(client, 2);    /* FILE_SYNC4 */
	put_opaque(client, text, strlen(text));
	return call(client);
}

static int hold(struct client *client, const char *path, uint64_t seconds)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	uint64_t end = clock_monotonic_ns() + seconds * NS_PER_S;
	unsigned reads = 0, errors = 0;
	char out[READ_SIZE];
	size_t length;

	for (; clock_monotonic_ns() < end; reads++) {
		int status = read_file(client, path, out, &length);

		if (status == NO_ANSWER)
			return status;
		errors += status != 0;
		nanosleep(&pause, NULL);
	}
	printf("%u reads, %u errors\n", reads, errors);
	return errors > 0;
}

/* Returns the connected socket or -1 with errno. Port 0 is any. */
static int try_port(const struct sockaddr_in *there, struct sockaddr_in *here, uint16_t port)
{
	const struct timeval patience = { .tv_sec = 20 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	here->sin_port = htons(port);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
		bind(fd, (const struct sockaddr *)here, sizeof(*here)) == 0 &&
		connect(fd, (const struct sockaddr *)there, sizeof(*there)) == 0)
		return fd;
	if (fd >= 0) {
		int error = errno;

		close(fd);
		errno = error;
	}
	return -1;
}

/* From a port below 1024, which shows the server that root is asking; anybody else gets any port.
 */
static int connect_from(const char *server, const char *from)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(2049) };
	struct sockaddr_in here = { .sin_family = AF_INET };
	int fd = -1;

	if (str_parse_address(server, &there.sin_addr) != 0 ||
		str_parse_address(from, &here.sin_addr) != 0)
		return -1;
	if (geteuid() != 0)
		return try_port(&there, &here, 0);
	for (unsigned i = 0; fd < 0 && i < 400; i++) {
		fd = try_port(&there, &here, (uint16_t)(1023 - ((unsigned)getpid() + i) % 400));
		if (fd < 0 && errno != EADDRINUSE && errno != EADDRNOTAVAIL)
			break;
	}
	return fd;
}

static int run(struct client *client, char **argv)
{
	char out[READ_SIZE];
	size_t length;
	uint64_t seconds;
	int status;

	if (strcmp(argv[0], "hold") == 0 && argv[2] &&
		str_parse_u64(argv[2], 0, 3600, &seconds) == 0)
		return hold(client, argv[1], seconds);
	if (strcmp(argv[0], "write") == 0 && argv[2])
		return write_file(client, argv[1], argv[2]);
	if (strcmp(argv[0], "read") != 0)
		return NO_ANSWER;
	status = read_file(client, argv[1], out, &length);
	if (status == 0)
		fwrite(out, 1, length, stdout);
	return status;
}

int main(int argc, char **argv)
{
	static struct client client;
	char owner[64];
	int status;

	if (argc < 5)
		return 2;
	client.socket = connect_from(argv[1], argv[2]);
	if (client.socket < 0) {
		perror(argv[1]);
		return 2;
	}
	snprintf(owner, sizeof(owner), "probe-%s-%d", argv[2], (int)getpid());
	status = begin_session(&client, owner);
	if (status == 0) {
		status = run(&client, argv + 3);
		end_session(&client);
	}
	if (status == NO_ANSWER)
		puts("no answer");
	else if (status != 0)
		printf("status %d\n", status);
	return status == 0 ? 0 : status == NO_ANSWER ? 2 : 1;
}
