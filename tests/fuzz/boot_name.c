/* SPDX-License-Identifier: ISC */
/* A requested name never leads out of a boot set, whatever its bytes are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		abort();
}

static void check_segments(const char *leaf)
{
	while (true) {
		size_t length = strcspn(leaf, "/");

		expect(length > 0);
		expect(!(length == 1 && leaf[0] == '.'));
		expect(!(length == 2 && leaf[0] == '.' && leaf[1] == '.'));
		if (leaf[length] == '\0')
			return;
		leaf += length + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = malloc(size + 1);
	struct boot_name out;

	expect(name != NULL);
	memcpy(name, data, size);
	name[size] = '\0';
	if (boot_split_name(name, &out) == 0) {
		size_t length = strlen(name);

		expect(out.leaf >= name && out.leaf < name + length);
		for (size_t i = 0; i < length; i++)
			expect(name[i] > ' ' && name[i] < 0x7f && name[i] != '\\');
		check_segments(out.leaf);
		expect(!(out.serial[0] && out.has_mac));
		expect(out.serial[0] == '\0' || str_is_serial(out.serial, strlen(out.serial)));
		(void)boot_guess_model(out.leaf);
	}
	free(name);
	return 0;
}
