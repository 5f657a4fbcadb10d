/* SPDX-License-Identifier: ISC */
/* What bramble-init and the agent take from the network besides DHCP: an HTTP answer with a flat
 * JSON object, as it comes in, byte by byte. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs/http.h"
#include "rootfs/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void read_values(const char *body)
{
	static const char *const names[] = { "time_ns", "", "a" };
	char value[24];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int result = json_get(body, names[i], value, sizeof(value));

		assert(strlen(value) < sizeof(value));
		assert(result == 0 || value[0] == '\0');
		/* Whether it is JSON doesn't depend on what is looked for, but for what has to fit.
		 */
		assert(result == 0 || result == -ENOENT || result == -EBADMSG);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct http_answer answer, early;
	char *copy = malloc(length ? length : 1); /* so that the sanitizer sees its end */
	int closed, open;

	memcpy(copy, bytes, length);
	closed = http_parse(copy, length, true, &answer);
	open = http_parse(copy, length, false, &early);
	free(copy);
	assert(closed != -EAGAIN);
	assert(open == closed || open == -EAGAIN);
	if (closed == 0) {
		assert(answer.status >= 200 && answer.status <= 999);
		assert(memchr(answer.body, '\0', sizeof(answer.body)));
		read_values(answer.body);
	}
	return 0;
}
