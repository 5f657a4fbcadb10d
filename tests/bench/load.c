/* SPDX-License-Identifier: ISC */
#include "tests/bench/load.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/str.h"

static const char usage[] =
	"usage: bench-load tftp|http ADDRESS:PORT FILE [options]\n"
	"Fetch FILE with many clients at once, again and again; prints JSON.\n"
	"  --clients N     at once (1)\n"
	"  --seconds S     begin no transfer after that (5)\n"
	"  --rounds N      instead: transfers of each client\n"
	"  --blksize N     (1468; 512: the option is not sent)\n"
	"  --windowsize N  (1)\n"
	"  --loss PERCENT  of DATA and of ACK (0)\n"
	"  --timeout MS    silence after which a client repeats itself (1000)\n"
	"  --from ADDRESS  of the first client; each has its own, one higher than the last\n"
	"  --seed N        of the losses (1)\n";

double load_random(uint64_t *state)
{
	/* Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled". */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (double)((*state * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0;
}

bool load_add_duration(struct load_result *result, double seconds)
{
	/* Doubled whenever the number of transfers is a power of two. */
	if ((result->transfers & (result->transfers - 1)) == 0) {
		double *more = realloc(
			result->durations, 2 * result->transfers * sizeof(*result->durations));

		if (!more)
			return false;
		result->durations = more;
	}
	result->durations[result->transfers - 1] = seconds;
	return true;
}

int load_bind(const struct load_options *options, int fd, unsigned client)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { .s_addr = htonl(ntohl(options->from.s_addr) + client) } };

	if (options->from.s_addr == 0)
		return 0;
	return bind(fd, (const struct sockaddr *)&address, sizeof(address));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double quantile(const struct load_result *result, double part)
{
	if (result->transfers == 0)
		return 0;
	return result->durations[(uint64_t)((double)(result->transfers - 1) * part + 0.5)];
}

static void print(struct load_result *result)
{
	if (result->transfers > 1)
		qsort(result->durations, result->transfers, sizeof(*result->durations), compare);
	printf("{\"bytes\":%llu,\"seconds\":%.4f,\"mb_per_s\":%.2f,\"transfers\":%llu,\"failures\":"
	       "%llu,"
	       "\"repeats\":%llu,\"median_s\":%.5f,\"p95_s\":%.5f,\"max_s\":%.5f}\n",
		(unsigned long long)result->bytes, result->seconds,
		result->seconds > 0 ? (double)result->bytes / result->seconds / 1e6 : 0,
		(unsigned long long)result->transfers, (unsigned long long)result->failures,
		(unsigned long long)result->repeats, quantile(result, 0.5), quantile(result, 0.95),
		quantile(result, 1));
}

static int parse_server(const char *text, struct sockaddr_in *server)
{
	const char *colon = strrchr(text, ':');
	char host[ADDRESS_TEXT_SIZE];
	uint64_t port;

	if (!colon || (size_t)(colon - text) >= sizeof(host) ||
		str_parse_u64(colon + 1, 1, 65535, &port) != 0)
		return -EINVAL;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	server->sin_family = AF_INET;
	server->sin_port = htons((uint16_t)port);
	return str_parse_address(host, &server->sin_addr);
}

static int take_number(const char *text, double min, double max, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return *end == '\0' && end != text && *out >= min && *out <= max ? 0 : -EINVAL;
}

static int take_options(int argc, char **argv, struct load_options *options)
{
	enum { CLIENTS, SECONDS, ROUNDS, BLKSIZE, WINDOW, LOSS, TIMEOUT, SEED, FROM };
	static const struct option known[] = { { "clients", 1, NULL, CLIENTS },
		{ "seconds", 1, NULL, SECONDS }, { "rounds", 1, NULL, ROUNDS },
		{ "blksize", 1, NULL, BLKSIZE }, { "windowsize", 1, NULL, WINDOW },
		{ "loss", 1, NULL, LOSS }, { "timeout", 1, NULL, TIMEOUT },
		{ "seed", 1, NULL, SEED }, { "from", 1, NULL, FROM }, { NULL, 0, NULL, 0 } };
	static const struct {
		double min, max;
	} limits[] = { { 1, 10000 }, { 0.1, 600 }, { 1, 1e6 }, { 8, 65464 }, { 1, 256 }, { 0, 50 },
		{ 1, 60000 }, { 1, 1e9 } };
	double values[] = { 1, 5, 0, 1468, 1, 0, 1000, 1 };
	struct in_addr from = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == FROM && str_parse_address(optarg, &from) == 0)
			continue;
		if (option == '?' || option == FROM ||
			take_number(optarg, limits[option].min, limits[option].max,
				&values[option]) != 0)
			return -EINVAL;
	}
	if (argc - optind != 3 ||
		(strcmp(argv[optind], "tftp") != 0 && strcmp(argv[optind], "http") != 0))
		return -EINVAL;
	*options = (struct load_options){ .http = strcmp(argv[optind], "http") == 0,
		.from = from,
		.file = argv[optind + 2],
		.clients = (unsigned)values[CLIENTS],
		.seconds = values[ROUNDS] > 0 ? 0 : values[SECONDS],
		.rounds = (unsigned)values[ROUNDS],
		.blksize = (unsigned)values[BLKSIZE],
		.window = (unsigned)values[WINDOW],
		.loss = values[LOSS] / 100,
		.timeout_ms = (unsigned)values[TIMEOUT],
		.seed = (uint64_t)values[SEED] };
	return parse_server(argv[optind + 1], &options->server);
}

int main(int argc, char **argv)
{
	struct load_options options;
	struct load_result result = { 0 };
	struct rlimit files = { 16384, 16384 };
	int status;

	if (take_options(argc, argv, &options) != 0) {
		fputs(usage, stderr);
		return 64;
	}
	(void)setrlimit(RLIMIT_NOFILE, &files);
	status = options.http ? load_http(&options, &result) : load_tftp(&options, &result);
	if (status != 0)
		fprintf(stderr, "bench-load: %s\n", strerror(-status));
	print(&result);
	free(result.durations);
	return status == 0 && result.failures == 0 ? 0 : 1;
}
