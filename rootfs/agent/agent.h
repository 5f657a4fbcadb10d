/* SPDX-License-Identifier: ISC */
/* bramble-agent: what a node does when it is up. */
#ifndef BRAMBLE_AGENT_H
#define BRAMBLE_AGENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/str.h"
#include "rootfs/http.h"
#include "rootfs/led.h"

#define AGENT_DOMAIN_SIZE 254 /* RFC 1035 section 2.3.4, and NUL */

/* From the environment that bramble-init left (/run/bramble/boot). */
struct agent_boot {
	struct in_addr router, dns;
	uint16_t port; /* of the router's HTTP server */
	char node[NODE_NAME_SIZE];
	char token[64];
	char hash[HASH_TEXT_SIZE]; /* may be "" */
};

/* 0 or -EINVAL with the variable's name in *missing. */
int agent_read_boot(struct agent_boot *boot, const char **missing);

/* How a service ended, in words, from what systemd tells its ExecStopPost= (systemd.exec(5),
 * $SERVICE_RESULT, $EXIT_CODE, $EXIT_STATUS; each may be NULL). False: it was stopped, not lost.
 * Pure. */
#define AGENT_ENDING_SIZE 120
bool agent_describe_ending(const char *result, const char *code, const char *status,
	char out[static AGENT_ENDING_SIZE]);

/* What the board and the kernel say of themselves; absent texts are "", absent numbers 0. */
struct agent_facts {
	char serial[24], model[64], kernel[72], machine_id[40];
	uint32_t revision;
	int64_t uptime_s, memory_total_kb, memory_available_kb, temperature_mc;
	double load1;
};
void agent_read_facts(struct agent_facts *facts);
/* The value of "NAME:   123 kB" in the text of /proc/meminfo; 0 when absent. Pure. */
int64_t agent_parse_meminfo(const char *text, const char *name);

/* A small file as one visible line; "" when it can't be read. */
void agent_read_line(const char *path, char *out, size_t size);

/* The number, of base 10 or 16, that a small file holds; -1 when there is no such file, or no
 * number that isn't negative. */
int64_t agent_read_number(const char *path, int base);

/* NFS calls of all mounts since they were mounted. */
struct agent_nfs {
	uint64_t calls, round_trip_ms;
};
/* From the text of /proc/self/mountstats. Pure. */
void agent_parse_mountstats(const char *text, struct agent_nfs *nfs);

struct agent_health {
	int64_t throttled;  /* bits of the firmware's get_throttled, -1 unknown */
	int64_t link_mbps;  /* 0 unknown */
	int64_t nfs_us;	    /* mean round trip since `before`; 0: no calls */
	bool image_corrupt; /* the kernel has found a changed byte in the image */
};
/* *before: the last ones' counts, at first zero; becomes these ones'. */
void agent_read_health(struct agent_health *health, struct agent_nfs *before);

/* What the router answers to a join. */
struct agent_place {
	char node[NODE_NAME_SIZE], domain[AGENT_DOMAIN_SIZE];
	struct in_addr address, router;
	unsigned heartbeat_s;
};
/* Parse the JSON of the answer. Returns 0 or -EBADMSG. Pure. */
int agent_parse_place(const char *json, struct agent_place *place);
/* Write hostname and resolv.conf in `etc`, if they differ. 0 or -errno. */
int agent_apply_place(const struct agent_place *place, struct in_addr dns, const char *etc);

/* The node API (docs/api.md). Each returns 0, -EACCES when the router refused, or another -errno.
 * They set the clock by the way. */
int agent_report_systemd(const struct agent_boot *boot);
/* The agent can't go on, and why. */
int agent_report_failure(const struct agent_boot *boot, const char *why);
int agent_join(const struct agent_boot *boot, struct agent_place *place);

#define AGENT_CONFIG_HASH_SIZE 17
/* A part of the node's document. */
struct agent_config_part {
	char hash[AGENT_CONFIG_HASH_SIZE]; /* of the whole */
	uint64_t size, offset;		   /* of the whole, of this part in it */
	size_t length;
	char text[HTTP_BODY_SIZE];
};
/* Parse the JSON of the answer. Returns 0 or -EBADMSG. Pure; fuzzed. */
int agent_parse_config_part(const char *json, struct agent_config_part *part);
int agent_ask_part(const struct agent_boot *boot, const char *path, uint64_t offset,
	struct agent_config_part *part);
/* All of it: a fresh text. 0 or -errno. */
int agent_fetch_config(
	const struct agent_boot *boot, char **text, char hash[static AGENT_CONFIG_HASH_SIZE]);
/* The same of another long text, which the router tells in parts at `path`. */
int agent_fetch_text(const struct agent_boot *boot, const char *path, char **text,
	char hash[static AGENT_CONFIG_HASH_SIZE]);

/* Something that the router wants done, once. */
struct agent_order {
	uint64_t id;	 /* 0 = none */
	char verb[16];	 /* "reboot", "identify", "scratch-format" */
	char target[32]; /* the disk, for scratch-format */
	unsigned
		seconds; /* how long, for identify; 1: even if it isn't empty, for scratch-format */
};
/* Find the order in the answer to a heartbeat. Returns 0, -ENOENT (there is none) or -EBADMSG.
 * Pure. */
int agent_parse_order(const char *json, struct agent_order *order);
struct agent_config;
/* *order: what the answer brings. config: what is told of the configuration, and gets what the
 * router wants. */
int agent_send_heartbeat(
	const struct agent_boot *boot, struct agent_order *order, struct agent_config *config);
/* Tell what became of an order; `text` is for people. */
int agent_acknowledge(const struct agent_boot *boot, uint64_t id, bool done, const char *text);

#define AGENT_REASON_SIZE 160

/* The process that blinks, if any; starts as zero. */
struct agent_beacon {
	pid_t child; /* 0 = none */
	struct led led;
};

/* What obeying stands on; tests put their own in place. */
struct agent_means {
	const char
		*record; /* remembers the last order over a restart of the agent, not of the node */
	const char *leds; /* LED_CLASS */
	struct agent_beacon *beacon;
	int (*acknowledge)(void *argument, uint64_t id, bool done, const char *text);
	/* Begin to reboot. 0 or -errno with `reason`. */
	int (*reboot)(void *argument, char reason[static AGENT_REASON_SIZE]);
	/* Make a disk scratch space. 0 or -errno, both with `text`. */
	int (*format)(
		void *argument, const char *disk, bool force, char text[static AGENT_REASON_SIZE]);
	void *argument;
};
/* Do what the order says, unless it was done or begun already, and acknowledge it. */
void agent_obey(const struct agent_means *means, const struct agent_order *order);
/* systemd's clean reboot, by systemctl(1). */
int agent_reboot(char reason[static AGENT_REASON_SIZE]);

/* Blink with the activity LED of the directory `leds` in the background for `seconds`, then give it
 * back. What blinks already stops first. 0 or -errno with `reason`. */
int agent_blink(struct agent_beacon *beacon, const char *leds, unsigned seconds,
	char reason[static AGENT_REASON_SIZE]);
void agent_end_blink(struct agent_beacon *beacon);
/* Call it once in a while: gathers what has ended. */
void agent_gather_blink(struct agent_beacon *beacon);

/* What to do about a clock that differs from the router's. */
enum agent_clock_action {
	AGENT_CLOCK_KEEP,
	AGENT_CLOCK_SLEW, /* run faster or slower for a while */
	AGENT_CLOCK_STEP,
};
/* `router_ns` came in an answer to what was asked at `sent_ns` and arrived at `received_ns` (all
 * since 1970). *offset_ns: what has to be added to our clock. Pure. */
enum agent_clock_action agent_judge_clock(
	uint64_t router_ns, uint64_t sent_ns, uint64_t received_ns, int64_t *offset_ns);
/* Do it, unless a time daemon keeps this clock (adjtimex(2)). */
void agent_correct_clock(uint64_t router_ns, uint64_t sent_ns, uint64_t received_ns);
uint64_t agent_wall_ns(void);

/* Put the node's SSH host keys into `etc_ssh`; make one if none is in `kept` (in its data
 * directory), where they are kept. 0 or -errno. */
int agent_keep_host_keys(const char *kept, const char *etc_ssh);

#endif
