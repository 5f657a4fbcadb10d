/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "common/file.h"
#include "rootfs/agent/agent.h"

#define FACT_LIMIT 16384

void agent_read_line(const char *path, char *out, size_t size)
{
	char *text;
	size_t length;

	out[0] = '\0';
	if (file_read(path, FACT_LIMIT, &text, &length) != 0)
		return;
	str_copy_visible(out, size, text, strcspn(text, "\n"));
	free(text);
}

int64_t agent_read_number(const char *path, int base)
{
	char text[24], *end;
	long long value;

	agent_read_line(path, text, sizeof(text));
	errno = 0;
	value = strtoll(text, &end, base);
	return end == text || *end != '\0' || errno != 0 || value < 0 ? -1 : value;
}

int64_t agent_parse_meminfo(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		int64_t value = 0;

		if (*line == '\n')
			line++;
		if (strncmp(line, name, length) != 0 || line[length] != ':')
			continue;
		for (const char *p = line + length + 1 + strspn(line + length + 1, " ");
			*p >= '0' && *p <= '9'; p++) {
			if (value > INT64_MAX / 10 - 10)
				return 0;
			value = value * 10 + (*p - '0');
		}
		return value;
	}
	return 0;
}

/* A property of the device tree: 32 bits, big-endian (Devicetree specification section 2.2.4). */
static uint32_t read_revision(void)
{
	char *bytes;
	size_t size;
	uint32_t value = 0;

	if (file_read("/proc/device-tree/system/linux,revision", 16, &bytes, &size) != 0)
		return 0;
	for (size_t i = 0; size == 4 && i < 4; i++)
		value = value << 8 | (uint8_t)bytes[i];
	free(bytes);
	return value;
}

void agent_read_facts(struct agent_facts *facts)
{
	struct utsname kernel;
	char *text, line[128];
	int64_t temperature_mc;
	size_t size;

	*facts = (struct agent_facts){ 0 };
	agent_read_line("/proc/device-tree/serial-number", facts->serial, sizeof(facts->serial));
	agent_read_line("/proc/device-tree/model", facts->model, sizeof(facts->model));
	agent_read_line("/etc/machine-id", facts->machine_id, sizeof(facts->machine_id));
	facts->revision = read_revision();
	if (uname(&kernel) == 0)
		str_copy(facts->kernel, sizeof(facts->kernel), kernel.release);
	agent_read_line("/proc/uptime", line, sizeof(line));
	facts->uptime_s = (int64_t)strtod(line, NULL);
	agent_read_line("/proc/loadavg", line, sizeof(line));
	facts->load1 = strtod(line, NULL);
	temperature_mc = agent_read_number("/sys/class/thermal/thermal_zone0/temp", 10);
	facts->temperature_mc = temperature_mc > 0 ? temperature_mc : 0;
	if (file_read("/proc/meminfo", FACT_LIMIT, &text, &size) != 0)
		return;
	facts->memory_total_kb = agent_parse_meminfo(text, "MemTotal");
	facts->memory_available_kb = agent_parse_meminfo(text, "MemAvailable");
	free(text);
}
