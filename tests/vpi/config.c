/* SPDX-License-Identifier: ISC */
#include "tests/vpi/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

struct reader {
	struct config *config;
	const struct model *model;
	uint32_t serial;
	/* Filters of different kinds must all match; one of the same kind replaces the other. */
	bool model_matches, serial_matches, other_matches;
};

static bool is_family_3(const struct model *model)
{
	return model->family == MODEL_ROM;
}

/* Returns true if `name` is a model filter, with *matches set. */
static bool is_model_filter(const struct model *model, const char *name, bool *matches)
{
	static const char *const others[] = { "pi0", "pi0w", "pi02", "pi1", "pi2", "pi400", "cm1",
		"cm3", "cm3+", "cm4", "cm4s", "pi500", "cm5", "none" };

	*matches = false;
	if (strcmp(name, "pi3") == 0)
		*matches = is_family_3(model);
	else if (strcmp(name, "pi3+") == 0)
		*matches = is_family_3(model) && !model->early_rom;
	else if (strcmp(name, "pi4") == 0)
		*matches = model->family == MODEL_EEPROM4;
	else if (strcmp(name, "pi5") == 0)
		*matches = model->family == MODEL_EEPROM5;
	else {
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			if (strcmp(name, others[i]) == 0)
				return true;
		return false;
	}
	return true;
}

static void read_section(struct reader *reader, const char *name)
{
	bool matches;

	if (strcmp(name, "all") == 0) {
		reader->model_matches = reader->serial_matches = reader->other_matches = true;
	} else if (is_model_filter(reader->model, name, &matches)) {
		reader->model_matches = matches;
	} else if (strncmp(name, "0x", 2) == 0) {
		reader->serial_matches = strtoul(name + 2, NULL, 16) == reader->serial;
	} else {
		/* [tryboot], [EDID=…], [gpio4=1], [board-type=…]: nothing of a virtual board. */
		reader->other_matches = false;
	}
}

/* "initramfs NAME [ADDRESS|followkernel]": the one statement with blanks instead of '='. */
static void read_initramfs(struct config *config, const char *value)
{
	size_t length = strcspn(value, " \t");
	char name[CONFIG_NAME_SIZE];

	snprintf(name, sizeof(name), "%.*s", (int)length, value);
	str_copy(config->initramfs, sizeof(config->initramfs), name);
}

static void add_overlay(struct config *config, const char *value)
{
	size_t length = strcspn(value, ",:");

	if (config->overlay_count == CONFIG_OVERLAYS || length == 0)
		return;
	snprintf(config->overlays[config->overlay_count++], CONFIG_NAME_SIZE, "%.*s", (int)length,
		value);
}

static void set_value(struct config *config, const char *key, const char *value)
{
	const struct {
		const char *key;
		char *text;
	} texts[] = {
		{ "kernel", config->kernel },
		{ "cmdline", config->cmdline },
		{ "device_tree", config->device_tree },
		{ "os_prefix", config->os_prefix },
		{ "overlay_prefix", config->overlay_prefix },
		{ "ramfsfile", config->initramfs },
	};
	const struct {
		const char *key;
		bool *flag;
	} flags[] = {
		{ "arm_64bit", &config->arm_64bit },
		{ "upstream_kernel", &config->upstream_kernel },
		{ "auto_initramfs", &config->auto_initramfs },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(key, texts[i].key) == 0)
			str_copy(texts[i].text, CONFIG_NAME_SIZE, value);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (strcmp(key, flags[i].key) == 0)
			*flags[i].flag = strtol(value, NULL, 0) != 0;
	if (strcmp(key, "dtoverlay") == 0)
		add_overlay(config, value);
}

static bool applies(const struct reader *reader)
{
	return reader->model_matches && reader->serial_matches && reader->other_matches;
}

static void read_line(struct reader *reader, char *line)
{
	size_t length;
	char *equals;

	line += strspn(line, " \t");
	length = strlen(line);
	while (length > 0 && strchr(" \t\r", line[length - 1]))
		line[--length] = '\0';
	if (line[0] == '#' || line[0] == '\0')
		return;
	if (line[0] == '[' && line[length - 1] == ']') {
		line[length - 1] = '\0';
		read_section(reader, line + 1);
		return;
	}
	if (!applies(reader))
		return;
	equals = strchr(line, '=');
	if (strncmp(line, "initramfs ", 10) == 0) {
		read_initramfs(reader->config, line + 10 + strspn(line + 10, " \t"));
	} else if (equals) {
		*equals = '\0';
		set_value(reader->config, line, equals + 1);
	}
}

void config_read(
	struct config *config, const struct model *model, uint32_t serial, const char *text)
{
	struct reader reader = { config, model, serial, true, true, true };

	*config = (struct config){
		/* Default on Pi 4 and 5; on Pi 3 since 2023 when a kernel8.img is there. */
		.arm_64bit = true,
		.cmdline = "cmdline.txt",
		.overlay_prefix = "overlays/",
	};
	while (*text) {
		size_t length = strcspn(text, "\n");
		char line[CONFIG_LINE_LIMIT + 1];

		if (length > CONFIG_LINE_LIMIT && text[0] != '#')
			config->long_lines++;
		snprintf(line, sizeof(line), "%.*s", (int)length, text);
		read_line(&reader, line);
		text += length;
		text += *text == '\n';
	}
}

void config_kernels(
	const struct config *config, const struct model *model, const char *names[static 4])
{
	size_t n = 0;

	if (config->kernel[0]) {
		names[n++] = config->kernel;
	} else if (!config->arm_64bit) {
		names[n++] = model->family == MODEL_EEPROM4 ? "kernel7l.img" : "kernel7.img";
		names[n++] = "kernel.img";
	} else {
		if (model->family == MODEL_EEPROM5)
			names[n++] = "kernel_2712.img";
		names[n++] = "kernel8.img";
	}
	names[n] = NULL;
}
