/* SPDX-License-Identifier: ISC */
/*
 * The board goes on as a machine: QEMU with exactly the kernel, initramfs and command line that the
 * firmware fetched, and one network card with the board's MAC. QEMU's `virt` machine stands in for
 * the hardware, so its own device tree replaces the board's, with the board's serial number and
 * model in it.
 */
#ifndef VPI_MACHINE_H
#define VPI_MACHINE_H

#include <signal.h>

#include "tests/vpi/firmware.h"

struct machine {
	const char *tap_namespace; /* name of the network namespace with the tap device */
	const char *tap;	   /* the tap device there; it exists already */
	const char *console;	   /* file for the serial console's output, appended to; no comma in
				      either name (QEMU) */
	const char *keyboard;	   /* socket to make, for typing at the console; NULL none */
	const char *disk;	   /* file that is its disk, raw; no comma in its name; NULL none */
	unsigned memory_mb;
	struct mac mac;
	uint64_t serial;
};

enum machine_end { MACHINE_REBOOTED, MACHINE_POWERED_OFF, MACHINE_SWITCHED_OFF, MACHINE_BROKE };

/* Run until the guest reboots or powers off, or *stop is set (then power is cut at once). QEMU dies
 * with this process. Notes what happens in the firmware's time line. */
enum machine_end machine_run(const struct machine *machine, const struct firmware *firmware,
	const volatile sig_atomic_t *stop);

/* Replace "serial0" by the name of the primary UART, as the firmware does (documentation,
 * configuration/uart). Pure; truncates at `size`. */
void machine_command_line(const char *cmdline, const char *uart, char *out, size_t size);

#endif
