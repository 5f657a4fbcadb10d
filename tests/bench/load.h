/* SPDX-License-Identifier: ISC */
/* bench-load: many clients in one process, cheap enough that the server is what is measured. */
#ifndef BRAMBLE_BENCH_LOAD_H
#define BRAMBLE_BENCH_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct load_options {
	bool http;
	struct sockaddr_in server;
	struct in_addr from; /* the first client's address, the next one's is one higher; 0 = any */
	const char *file;
	unsigned clients;
	double seconds;	     /* begin no new transfer after that; 0 = by rounds */
	unsigned rounds;     /* transfers of each client; 0 = by time */
	unsigned blksize;    /* TFTP; 512: no option is sent */
	unsigned window;     /* TFTP; 1: no option is sent */
	double loss;	     /* TFTP: part of DATA and of ACK that is dropped, 0 … 1 */
	unsigned timeout_ms; /* TFTP: silence after which the client repeats its last packet */
	uint64_t seed;
};

struct load_result {
	uint64_t bytes, transfers, failures, repeats;
	double seconds;	   /* from the first request to the end of the last transfer */
	double *durations; /* of each complete transfer, seconds; the caller frees */
};

/* Fetch by HTTP, each client over one connection. 0 or -errno. */
int load_http(const struct load_options *options, struct load_result *result);
/* Fetch by TFTP. 0 or -errno. */
int load_tftp(const struct load_options *options, struct load_result *result);

/* Give a client its own address. 0, or -1 with errno set. */
int load_bind(const struct load_options *options, int fd, unsigned client);
/* A fixed sequence of numbers 0 … 1 (xorshift64*). */
double load_random(uint64_t *state);
/* Room for one more duration; false when memory is short. */
bool load_add_duration(struct load_result *result, double seconds);

#endif
