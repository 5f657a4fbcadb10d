/* SPDX-License-Identifier: ISC */
#include "common/activation.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/str.h"

#define FIRST_SOCKET 3 /* SD_LISTEN_FDS_START */

/* Returns false if the variable isn't there or isn't a number that a descriptor can have. */
static bool read_number(const char *name, uint64_t max, uint64_t *value)
{
	const char *text = getenv(name);

	return text && str_parse_u64(text, 1, max, value) == 0;
}

int activation_take_socket(void)
{
	uint64_t process = 0, n = 0;
	bool is_ours = read_number("LISTEN_PID", INT32_MAX, &process) &&
		       process == (uint64_t)getpid() && read_number("LISTEN_FDS", 1024, &n);

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (!is_ours)
		return 0;
	return n == 1 ? FIRST_SOCKET : -E2BIG;
}
