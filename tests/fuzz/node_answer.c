/* SPDX-License-Identifier: ISC */
/* What bramble-init and the agent take from the network besides DHCP: an HTTP answer with a flat
 * JSON object. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "rootfs/http.h"
#include "rootfs/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct http_answer answer;
	char value[24];

	if (http_parse((const char *)bytes, length, &answer) != 0)
		return 0;
	assert(answer.status >= 0 && answer.status <= 999);
	assert(strlen(answer.body) < sizeof(answer.body));
	if (json_get(answer.body, "time_ns", value, sizeof(value)) == 0)
		assert(strlen(value) < sizeof(value));
	return 0;
}
