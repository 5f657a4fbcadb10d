/* SPDX-License-Identifier: ISC */
/* How the board is: what the heartbeat tells beside load and memory. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/throttled.h"
#include "rootfs/agent/agent.h"
#include "rootfs/verity_status.h"

#define NUMBER_LIMIT 64
#define MOUNTSTATS_LIMIT (256u * 1024)
#define NETWORK "/sys/class/net"
#define HWMON "/sys/class/hwmon"

/* The raspberrypi kernel's; Debian's has the alarm of rpi_volt alone. */
#define GET_THROTTLED "/sys/devices/platform/soc/soc:firmware/get_throttled"

/* Is there "rpi_volt" in this directory's file name? Then its alarm: 0 or 1, else -1. */
static int64_t read_alarm(const char *entry)
{
	char path[320], *name;
	size_t size;
	bool is_ours;

	snprintf(path, sizeof(path), HWMON "/%.200s/name", entry);
	if (file_read(path, NUMBER_LIMIT, &name, &size) != 0)
		return -1;
	is_ours = strncmp(name, "rpi_volt", strlen("rpi_volt")) == 0;
	free(name);
	snprintf(path, sizeof(path), HWMON "/%.200s/in0_lcrit_alarm", entry);
	return is_ours ? agent_read_number(path, 10) : -1;
}

static int64_t read_throttled(void)
{
	int64_t value = agent_read_number(GET_THROTTLED, 16);
	DIR *entries = value < 0 ? opendir(HWMON) : NULL;
	const struct dirent *entry;

	while (entries && value < 0 && (entry = readdir(entries)))
		value = entry->d_name[0] == '.' ? -1 : read_alarm(entry->d_name);
	if (entries) {
		closedir(entries);
		value = value == 1 ? THROTTLED_UNDER_VOLTAGE : value;
	}
	return value;
}

/* Of the first wired card that has a link. */
static int64_t read_link(void)
{
	DIR *entries = opendir(NETWORK);
	const struct dirent *entry;
	int64_t speed = -1;

	while (entries && speed <= 0 && (entry = readdir(entries))) {
		char path[320];

		if (entry->d_name[0] != 'e')
			continue;
		snprintf(path, sizeof(path), NETWORK "/%.200s/speed", entry->d_name);
		speed = agent_read_number(path, 10);
	}
	if (entries)
		closedir(entries);
	return speed > 0 ? speed : 0;
}

/* "READ: 12 12 0 1200 49000 3 17 21 0": calls, sendings, timeouts, bytes, bytes, queued ms, round
 * trip ms, in all ms (Linux, net/sunrpc/stats.c). */
static void add_operation(const char *line, struct agent_nfs *nfs)
{
	const char *at = strchr(line, ':');
	unsigned long long numbers[7] = { 0 };

	for (size_t i = 0; i < 7; i++) {
		char *end;

		at++;
		numbers[i] = strtoull(at, &end, 10);
		if (end == at || (*end != ' ' && *end != '\n'))
			return;
		at = end;
	}
	nfs->calls += numbers[0];
	nfs->round_trip_ms += numbers[6];
}

void agent_parse_mountstats(const char *text, struct agent_nfs *nfs)
{
	bool operations = false;

	*nfs = (struct agent_nfs){ 0 };
	while (text && *text) {
		const char *end = strchr(text, '\n');
		const char *colon = strchr(text, ':');

		if (strncmp(text, "device ", 7) == 0)
			operations = false;
		else if (strncmp(text, "\tper-op statistics", 18) == 0)
			operations = true;
		else if (operations && colon && (!end || colon < end))
			add_operation(text, nfs);
		text = end ? end + 1 : NULL;
	}
}

static bool is_image_corrupt(void)
{
	int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	bool corrupt = control >= 0 && verity_found_corruption(control);

	if (control >= 0)
		close(control);
	return corrupt;
}

void agent_read_health(struct agent_health *health, struct agent_nfs *before)
{
	struct agent_nfs now = { 0 };
	char *text;
	size_t size;

	*health = (struct agent_health){ .throttled = read_throttled(),
		.link_mbps = read_link(),
		.image_corrupt = is_image_corrupt() };
	if (file_read("/proc/self/mountstats", MOUNTSTATS_LIMIT, &text, &size) == 0) {
		agent_parse_mountstats(text, &now);
		free(text);
	}
	if (now.calls > before->calls && now.round_trip_ms >= before->round_trip_ms)
		health->nfs_us = (int64_t)((now.round_trip_ms - before->round_trip_ms) * 1000 /
					   (now.calls - before->calls));
	*before = now;
}
