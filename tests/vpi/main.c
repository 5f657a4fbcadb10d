/* SPDX-License-Identifier: ISC */
/* vpi: the network boot firmware of a Raspberry Pi, without the Pi. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/str.h"
#include "tests/vpi/check.h"
#include "tests/vpi/firmware.h"
#include "tests/vpi/interface.h"
#include "tests/vpi/machine.h"
#include "tests/vpi/netconsole.h"

#define SHORTEST_LINK_MS 50

enum { EXIT_BOOTED, EXIT_NOT_BOOTED, EXIT_USAGE, EXIT_HALTED };

struct options {
	const struct model *model;
	const char *interface;
	uint64_t serial;
	bool has_mac;
	struct mac mac;
	unsigned attempts;
	unsigned link_ms;
	unsigned loss_percent, file_timeout_ms;
	bool quirks, asks_again, hashes, json, netconsole, then_qemu, reboot;
	const char *output;
	struct machine machine;
};

static volatile sig_atomic_t stopped; /* set by the signal handler: the one global */

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static void print_usage(FILE *out)
{
	fprintf(out,
		"usage: vpi --model MODEL --serial HEX --interface NAME [options]\n"
		"Boot over the network as the firmware of a Raspberry Pi does, in this network "
		"namespace.\n"
		"  --model MODEL      %s\n"
		"  --serial HEX       16 (or 8) hex digits\n"
		"  --mac MAC          default: of the interface\n"
		"  --attempts N       restarts after a failure, as an EEPROM does (default 1)\n"
		"  --link-ms N        time from power to link (default: the model's, 2000 or "
		"3000)\n"
		"  --loss PERCENT     of TFTP packets, in each direction\n"
		"  --file-timeout MS  TFTP_FILE_TIMEOUT of an EEPROM (default 30000)\n"
		"  --quirks           the known bugs of a Pi 3's firmware as well, see firmware.h\n"
		"  --asks-again       but TFTP requests are repeated: a lost one is nobody's "
		"fault\n"
		"  --netconsole       tell by UDP what goes on, as EEPROMs can\n"
		"  --hashes           print the SHA-256 of each file\n"
		"  --output DIR       keep the files\n"
		"  --json             the time line as JSON, one object per line\n"
		"  --then-qemu        go on as a QEMU machine with what was fetched\n"
		"  --tap NETNS:NAME     its network card's other end\n"
		"  --console FILE       its serial console (appended)\n"
		"  --keyboard SOCKET    where to type at the console\n"
		"  --memory MB          default 1024\n"
		"  --disk FILE          its disk (raw)\n"
		"  --reboot             when it reboots, begin again from power-on\n"
		"exit status: 0 kernel started (or machine switched off), 1 not booted, 2 usage,\n"
		"3 halted until it is power-cycled, as a boot ROM does\n",
		model_names());
}

static int parse_serial(const char *text, uint64_t *serial)
{
	size_t length = strlen(text);

	if ((length != 8 && length != 16) || strspn(text, "0123456789abcdefABCDEF") != length)
		return -EINVAL;
	*serial = strtoull(text, NULL, 16);
	return 0;
}

static int parse_number(const char *text, uint64_t max, unsigned *value)
{
	uint64_t number;
	int result = str_parse_u64(text, 0, max, &number);

	if (result == 0)
		*value = (unsigned)number;
	return result;
}

static int parse_tap(char *text, struct machine *machine)
{
	char *colon = strchr(text, ':');

	if (!colon)
		return -EINVAL;
	*colon = '\0';
	machine->tap_namespace = text;
	machine->tap = colon + 1;
	return 0;
}

enum option_code {
	MODEL = 256,
	SERIAL,
	MAC,
	INTERFACE,
	ATTEMPTS,
	LINK,
	LOSS,
	FILE_TIMEOUT,
	QUIRKS,
	NETCONSOLE,
	ASKS_AGAIN,
	HASHES,
	OUTPUT,
	JSON,
	QEMU,
	TAP,
	CONSOLE,
	KEYBOARD,
	MEMORY,
	DISK,
	REBOOT,
	HELP
};

static const struct option long_options[] = {
	{ "model", required_argument, NULL, MODEL },
	{ "serial", required_argument, NULL, SERIAL },
	{ "mac", required_argument, NULL, MAC },
	{ "interface", required_argument, NULL, INTERFACE },
	{ "attempts", required_argument, NULL, ATTEMPTS },
	{ "link-ms", required_argument, NULL, LINK },
	{ "loss", required_argument, NULL, LOSS },
	{ "file-timeout", required_argument, NULL, FILE_TIMEOUT },
	{ "quirks", no_argument, NULL, QUIRKS },
	{ "netconsole", no_argument, NULL, NETCONSOLE },
	{ "asks-again", no_argument, NULL, ASKS_AGAIN },
	{ "hashes", no_argument, NULL, HASHES },
	{ "output", required_argument, NULL, OUTPUT },
	{ "json", no_argument, NULL, JSON },
	{ "then-qemu", no_argument, NULL, QEMU },
	{ "tap", required_argument, NULL, TAP },
	{ "console", required_argument, NULL, CONSOLE },
	{ "keyboard", required_argument, NULL, KEYBOARD },
	{ "memory", required_argument, NULL, MEMORY },
	{ "disk", required_argument, NULL, DISK },
	{ "reboot", no_argument, NULL, REBOOT },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

static int take_value(struct options *options, int code, char *value)
{
	switch (code) {
	case MODEL:
		options->model = model_find(value);
		return options->model ? 0 : -EINVAL;
	case SERIAL:
		return parse_serial(value, &options->serial);
	case MAC:
		options->has_mac = true;
		return str_parse_mac(value, &options->mac);
	case ATTEMPTS:
		return parse_number(value, 100000, &options->attempts);
	case LINK:
		return parse_number(value, 600000, &options->link_ms);
	case LOSS:
		return parse_number(value, 90, &options->loss_percent);
	case FILE_TIMEOUT:
		return parse_number(value, 600000, &options->file_timeout_ms);
	case MEMORY:
		return parse_number(value, 65536, &options->machine.memory_mb);
	case TAP:
		return parse_tap(value, &options->machine);
	default:
		return -EINVAL;
	}
}

static int take_option(struct options *options, int code, char *value)
{
	switch (code) {
	case INTERFACE:
		options->interface = value;
		return 0;
	case OUTPUT:
		options->output = value;
		return 0;
	case CONSOLE:
		options->machine.console = value;
		return strchr(value, ',') ? -EINVAL : 0;
	case KEYBOARD:
		options->machine.keyboard = value;
		return strchr(value, ',') ? -EINVAL : 0;
	case DISK:
		options->machine.disk = value;
		return strchr(value, ',') ? -EINVAL : 0;
	case QUIRKS:
		options->quirks = true;
		return 0;
	case NETCONSOLE:
		options->netconsole = true;
		return 0;
	case ASKS_AGAIN:
		options->asks_again = true;
		return 0;
	case HASHES:
		options->hashes = true;
		return 0;
	case JSON:
		options->json = true;
		return 0;
	case QEMU:
		options->then_qemu = true;
		return 0;
	case REBOOT:
		options->reboot = true;
		return 0;
	default:
		return take_value(options, code, value);
	}
}

static int parse_options(int argc, char **argv, struct options *options)
{
	int code, index = 0;

	*options = (struct options){ .attempts = 1, .link_ms = UINT32_MAX };
	options->machine.memory_mb = 1024;
	while ((code = getopt_long(argc, argv, "", long_options, &index)) != -1) {
		if (code == HELP) {
			print_usage(stdout);
			exit(EXIT_SUCCESS);
		}
		if (code == '?')
			return -EINVAL;
		if (take_option(options, code, optarg) != 0) {
			fprintf(stderr, "vpi: --%s: '%s' is not valid\n", long_options[index].name,
				optarg);
			return -EINVAL;
		}
	}
	if (optind < argc || !options->model || !options->interface || options->serial == 0 ||
		(options->then_qemu && (!options->machine.tap || !options->machine.console)))
		return -EINVAL;
	if (options->file_timeout_ms == 0 || options->model->file_timeout_ms == 0)
		options->file_timeout_ms = options->model->file_timeout_ms;
	if (options->link_ms == UINT32_MAX)
		options->link_ms = options->model->link_ms;
	return 0;
}

static void pause_ms(unsigned milliseconds)
{
	struct timespec time = { (time_t)(milliseconds / 1000),
		(long)(milliseconds % 1000) * 1000000 };

	while (!stopped && nanosleep(&time, &time) != 0 && errno == EINTR)
		;
}

/* Power on: no address, link up after a while. */
static int bring_link_up(struct options *options)
{
	const struct in_addr none = { 0 };
	int result = interface_set_up(options->interface, false);

	if (result == 0)
		result = interface_set_address(options->interface, none, none);
	if (result == 0 && options->has_mac)
		result = interface_set_mac(options->interface, &options->mac);
	if (result == 0)
		result = interface_get_mac(options->interface, &options->mac);
	if (result == 0) {
		interface_answer_arp(options->interface, true);
		result = interface_set_up(options->interface, true);
		/* The switch's port needs a moment too, even a virtual one. */
		pause_ms(options->link_ms > SHORTEST_LINK_MS ? options->link_ms : SHORTEST_LINK_MS);
	}
	if (result != 0)
		fprintf(stderr, "vpi: interface %s: %s\n", options->interface, strerror(-result));
	return result;
}

static void set_up_firmware(
	const struct options *options, struct timeline *timeline, struct firmware *firmware)
{
	const struct model *model = options->model;
	uint32_t serial = (uint32_t)options->serial;
	const bool early = options->quirks && model->family == MODEL_ROM;

	*firmware = (struct firmware){
		.model = model,
		.interface = options->interface,
		.serial = serial,
		.quirks = options->quirks,
		.hashes = options->hashes,
		.output = options->output,
		.timeline = timeline,
		.dhcp = { .model = model,
			.interface = options->interface,
			.mac = options->mac,
			.serial = serial,
			.quirks = options->quirks,
			.timeline = timeline },
		.tftp = { .options = true,
			.block_size = model->block_size,
			.retry_ms = model->retry_ms,
			.file_timeout_ms = options->file_timeout_ms,
			.acknowledges_again = model->acknowledges_again,
			.rolls_over = model->rolls_over,
			.asks_once = early && !options->asks_again,
			.no_checksum = early,
			.loss_percent = options->loss_percent,
			.random = serial | 1 },
	};
}

static void note_power_on(const struct options *options, struct timeline *timeline)
{
	char mac[MAC_TEXT_SIZE];

	timeline_power_on(timeline);
	str_format_mac(&options->mac, mac);
	timeline_note(timeline, "power-on", "%s, serial %016llx", options->model->title,
		(unsigned long long)options->serial);
}

/* Only an EEPROM has the setting. */
static void tell(const struct options *options, const char *line)
{
	if (options->netconsole && options->model->family != MODEL_ROM)
		netconsole_say(options->interface, &options->mac, line);
}

/* The interface of the firmware is gone when the machine runs: same MAC, one card. */
static enum machine_end become_machine(struct options *options, const struct firmware *firmware)
{
	const struct in_addr none = { 0 };

	interface_set_address(options->interface, none, none);
	interface_set_up(options->interface, false);
	options->machine.mac = options->mac;
	options->machine.serial = options->serial;
	return machine_run(&options->machine, firmware, &stopped);
}

enum outcome { OUTCOME_DONE, OUTCOME_AGAIN, OUTCOME_WAITED, OUTCOME_FAILED, OUTCOME_UNUSABLE };

/* What a machine's bramble-init does until it is admitted, in short: the board starts over. */
static const char waits[] = "parked: bramble-init would show how to admit it, and wait";

/* One power-on or restart. */
static enum outcome boot_once(struct options *options, struct timeline *timeline)
{
	enum outcome outcome = OUTCOME_DONE;
	struct firmware firmware;
	int result;

	note_power_on(options, timeline);
	if (bring_link_up(options) != 0)
		return OUTCOME_UNUSABLE;
	set_up_firmware(options, timeline, &firmware);
	tell(options, "RPi: BOOTLOADER release VERSION:30de0ba5 DATE: 2025/09/23");
	tell(options, "Boot mode: NETWORK (02) order f");
	result = firmware_boot(&firmware);
	if (result == 0 && !options->then_qemu &&
		check_waits(firmware.cmdline.data, firmware.cmdline.size))
		outcome = OUTCOME_WAITED;
	timeline_result(timeline, result != 0		      ? firmware.reason
				  : outcome == OUTCOME_WAITED ? waits
							      : NULL);
	tell(options, result != 0 ? firmware.reason : "Starting OS");
	if (result != 0) {
		outcome = OUTCOME_FAILED;
	} else if (options->then_qemu) {
		enum machine_end end = become_machine(options, &firmware);

		outcome = end == MACHINE_REBOOTED && options->reboot ? OUTCOME_AGAIN
			  : end == MACHINE_BROKE		     ? OUTCOME_UNUSABLE
								     : OUTCOME_DONE;
	}
	firmware_free(&firmware);
	return outcome;
}

static int run(struct options *options, struct timeline *timeline)
{
	const unsigned cold_link_ms = options->link_ms;
	unsigned failures = 0;

	while (!stopped) {
		enum outcome outcome = boot_once(options, timeline);

		if (outcome == OUTCOME_DONE)
			return EXIT_BOOTED;
		if (outcome == OUTCOME_UNUSABLE)
			return EXIT_NOT_BOOTED;
		options->link_ms = cold_link_ms;
		if (outcome == OUTCOME_AGAIN)
			continue;
		if (options->model->family == MODEL_ROM && outcome == OUTCOME_FAILED) {
			timeline_note(timeline, "halt", "until it is power-cycled");
			return EXIT_HALTED;
		}
		if (++failures >= options->attempts)
			return EXIT_NOT_BOOTED;
		pause_ms(MODEL_RESTART_PAUSE_MS);
		options->link_ms = 0; /* a restart of the boot order keeps the link */
	}
	return options->then_qemu ? EXIT_BOOTED : EXIT_NOT_BOOTED;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = stop }; /* no SA_RESTART: waits end */
	struct timeline timeline = { .out = stdout };
	struct options options;

	if (parse_options(argc, argv, &options) != 0) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (sodium_init() < 0)
		return EXIT_NOT_BOOTED;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	timeline.json = options.json;
	return run(&options, &timeline);
}
