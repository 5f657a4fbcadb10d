/* SPDX-License-Identifier: ISC */
/* tftp-soak: very many transfers at once, of every kind and with every mishap, from a real
 * bramble-tftpd; then whether anything is left of them in it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"
#include "tests/soak/crowd.h"
#include "tests/soak/server.h"

#define CHANGES_PER_S 150u
#define TELL_NS (5 * NS_PER_S)
#define PATIENCE_NS (45 * NS_PER_S) /* for sessions of clients that were switched off: 30 s */

static const char usage[] =
	"usage: tftp-soak [options]\n"
	"\n"
	"  --server PROGRAM   the server (bramble-tftpd beside this program)\n"
	"  --transfers N      how many (100000)\n"
	"  --clients N        at once, 1..1000 (600)\n"
	"  --seed N           of everything that is left to chance (a new one each time)\n"
	"  --growth N         resident memory that the server may gain after the first tenth of\n"
	"                     the transfers, KiB (2048)\n"
	"\n"
	"Prints TAP. Exit status: 0 all holds, 1 something doesn't, 64 wrong usage, 71 the system\n"
	"refused something.\n";

struct options {
	char server[PATH_MAX];
	uint64_t transfers, clients, seed, growth_kib;
};

struct soak {
	struct options options;
	char directory[64], log[96];
	int root;
	struct soak_files files;
	struct crowd crowd;
	struct server server;
	int descriptors; /* before the first transfer */
	int descriptors_after;
	long resident_warm_kib, resident_kib;
	uint64_t began_ns, changed_ns, told_ns;
};

static unsigned test_number, test_failures;

static void check(bool holds, const char *what)
{
	test_failures += !holds;
	printf("%s %u - %s\n", holds ? "ok" : "not ok", ++test_number, what);
}

static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "server", required_argument, NULL, 's' },
		{ "transfers", required_argument, NULL, 't' },
		{ "clients", required_argument, NULL, 'c' },
		{ "seed", required_argument, NULL, 'r' },
		{ "growth", required_argument, NULL, 'g' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, result = 0;

	while (result == 0 && (option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 's')
			result =
				str_copy(options->server, sizeof(options->server), optarg) ? 0 : -1;
		else if (option == 't')
			result = str_parse_u64(optarg, 1, 100000000, &options->transfers);
		else if (option == 'c')
			result = str_parse_u64(optarg, 1, CROWD_MOST, &options->clients);
		else if (option == 'r')
			result = str_parse_u64(optarg, 0, UINT64_MAX, &options->seed);
		else if (option == 'g')
			result = str_parse_u64(optarg, 0, 10000000, &options->growth_kib);
		else
			result = -1;
	}
	if (result != 0 || optind < argc)
		fputs(usage, stderr);
	return result != 0 || optind < argc ? EX_USAGE : 0;
}

static int prepare(struct soak *soak)
{
	static const char *const arguments[] = { "--max-sessions", "2048", NULL };
	const char *temporary = getenv("TMPDIR");
	struct rlimit files;
	int result;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	snprintf(soak->directory, sizeof(soak->directory), "%.40s/tftp-soak-XXXXXX",
		temporary ? temporary : "/tmp");
	if (!mkdtemp(soak->directory) || chmod(soak->directory, 0755) != 0)
		return -errno;
	snprintf(soak->log, sizeof(soak->log), "%s.log", soak->directory);
	soak->root = open(soak->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (soak->root < 0)
		return -errno;
	result = files_create(&soak->files, soak->root, soak->options.seed);
	if (result == 0)
		result = server_start(
			&soak->server, soak->options.server, soak->directory, soak->log, arguments);
	if (result == 0)
		result = crowd_open(&soak->crowd, &soak->files, soak->server.port,
			(unsigned)soak->options.clients, soak->options.seed + 1);
	return result;
}

static void tell(struct soak *soak, const char *what)
{
	const struct tally *tally = &soak->crowd.tally;

	printf("# %5.1f s  %s: %u begun, %u complete (%.1f MB), %u ended by us, %u of a file that "
	       "was missing, %u of one that was cut, %u faults; server: %ld KiB, %d descriptors\n",
		(double)(clock_monotonic_ns() - soak->began_ns) / (double)NS_PER_S, what,
		tally->begun, tally->complete, (double)tally->bytes / 1e6,
		tally->aborted + tally->closed + tally->silent, tally->missing, tally->cut,
		tally->faults, server_resident_kib(&soak->server),
		server_descriptors(&soak->server));
	fflush(stdout);
	soak->told_ns = clock_monotonic_ns();
}

static void change_files(struct soak *soak)
{
	uint64_t now_ns = clock_monotonic_ns();
	int result;

	if (now_ns - soak->changed_ns < NS_PER_S / CHANGES_PER_S)
		return;
	soak->changed_ns = now_ns;
	result = files_change(&soak->files);
	if (result != 0) {
		printf("# a file can't be changed: %s\n", strerror(-result));
		soak->crowd.tally.faults++;
	}
}

static void run_transfers(struct soak *soak)
{
	const unsigned total = (unsigned)soak->options.transfers;
	struct crowd *crowd = &soak->crowd;

	while ((crowd->tally.begun < total || crowd->running > 0) &&
		crowd->tally.faults < 10 * CROWD_FAULTS) {
		change_files(soak);
		crowd_step(crowd, total, total / 2);
		if (soak->resident_warm_kib == 0 && crowd->tally.begun >= total / 10)
			soak->resident_warm_kib = server_resident_kib(&soak->server);
		if (clock_monotonic_ns() - soak->told_ns >= TELL_NS)
			tell(soak, "transfers");
	}
	tell(soak, "all are over");
}

/* Sessions of clients that were switched off live on for a while. */
static void await_end_of_sessions(struct soak *soak)
{
	uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;

	do {
		usleep(20000);
		soak->descriptors_after = server_descriptors(&soak->server);
	} while (soak->descriptors_after > soak->descriptors && clock_monotonic_ns() < end_ns);
	soak->resident_kib = server_resident_kib(&soak->server);
	tell(soak, "the server is at rest");
}

static void report(struct soak *soak)
{
	const struct tally *tally = &soak->crowd.tally;
	const long growth_kib = soak->resident_kib - soak->resident_warm_kib;
	int status;

	printf("# packets: %llu, of them dropped %llu, doubled %llu, delayed %llu; files changed "
	       "%u "
	       "times, cut %u times\n",
		(unsigned long long)tally->packets, (unsigned long long)tally->dropped,
		(unsigned long long)tally->doubled, (unsigned long long)tally->delayed,
		soak->files.changes, soak->files.cuts);
	printf("# ended by ERROR %u, by a closed port %u, by silence %u; memory grew by %ld KiB\n",
		tally->aborted, tally->closed, tally->silent, growth_kib);
	check(tally->begun == soak->options.transfers && soak->crowd.running == 0,
		"every transfer ended");
	check(tally->wrong == 0, "no wrong byte, and no part of a file that looks whole");
	check(tally->faults == tally->wrong, "no transfer got stuck or met what no RFC allows");
	check(tally->cut > 0 && tally->missing > 0 && tally->silent > 0 && tally->dropped > 0,
		"every mishap happened");
	check(soak->descriptors_after == soak->descriptors, "no descriptor and no session is left");
	check(soak->resident_kib > 0 && growth_kib <= (long)soak->options.growth_kib,
		"memory didn't grow");
	status = server_stop(&soak->server);
	if (status != 0)
		printf("# status %#x; see %s\n", (unsigned)status, soak->log);
	check(status == 0, "the server ends in order");
	printf("1..%u\n", test_number);
}

int main(int argc, char **argv)
{
	static struct soak soak = {
		.options = { .transfers = 100000, .clients = 600, .growth_kib = 2048 }
	};
	int result;

	if (getrandom(&soak.options.seed, 4, 0) != 4)
		return EX_OSERR;
	server_find(soak.options.server);
	result = parse_options(argc, argv, &soak.options);
	if (result != 0)
		return result;
	printf("# %s, %llu transfers, seed %llu\n", soak.options.server,
		(unsigned long long)soak.options.transfers, (unsigned long long)soak.options.seed);
	result = prepare(&soak);
	if (result != 0) {
		printf("Bail out! It can't begin: %s; see %s\n", strerror(-result), soak.log);
		if (soak.server.pid > 0)
			(void)server_stop(&soak.server);
		return EX_OSERR;
	}
	soak.began_ns = soak.told_ns = clock_monotonic_ns();
	soak.descriptors = server_descriptors(&soak.server);
	run_transfers(&soak);
	await_end_of_sessions(&soak);
	report(&soak);
	crowd_close(&soak.crowd);
	files_remove(&soak.files);
	close(soak.root);
	(void)rmdir(soak.directory);
	if (test_failures == 0)
		(void)unlink(soak.log);
	return test_failures != 0;
}
