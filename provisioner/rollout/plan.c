/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/rollout/rollout.h"

#define LARGEST_WAVE 100000

static int complain(char reason[static ROLLOUT_REASON_SIZE], const char *text)
{
	snprintf(reason, ROLLOUT_REASON_SIZE,
		"\"%.60s\" are no waves; allowed: at most %d numbers of nodes (1 to %d) or parts "
		"(1%% to 100%%), such as %s",
		text, ROLLOUT_WAVES, LARGEST_WAVE, ROLLOUT_USUAL_WAVES);
	return -EINVAL;
}

int rollout_parse_waves(
	const char *text, struct rollout_waves *waves, char reason[static ROLLOUT_REASON_SIZE])
{
	const char *rest = text;

	waves->count = 0;
	for (;;) {
		size_t length = strcspn(rest, ",");
		bool percent = length > 0 && rest[length - 1] == '%';
		char number[8];
		uint64_t value;

		if (waves->count == ROLLOUT_WAVES || length - percent >= sizeof(number))
			return complain(reason, text);
		memcpy(number, rest, length - percent);
		number[length - percent] = '\0';
		if (str_parse_u64(number, 1, percent ? 100 : LARGEST_WAVE, &value) != 0)
			return complain(reason, text);
		waves->limits[waves->count].value = (unsigned)value;
		waves->limits[waves->count++].percent = percent;
		if (rest[length] == '\0')
			return 0;
		rest += length + 1;
	}
}

unsigned rollout_wave_of(const struct rollout_waves *waves, size_t place, size_t n)
{
	size_t i = 0;

	for (; i < waves->count; i++) {
		size_t limit = waves->limits[i].value;

		if (waves->limits[i].percent)
			limit = (n * limit + 99) / 100;
		if (place < limit)
			break;
	}
	return (unsigned)i + 1;
}
