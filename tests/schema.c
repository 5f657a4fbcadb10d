/* SPDX-License-Identifier: ISC */
/* schema DEFINITION <JSON: does it hold docs/schema.json? For tests of what runs for real. */
#include <stdio.h>

#include "tests/unit/schema.h"

#define INPUT_SIZE (4u << 20)

int main(int argc, char **argv)
{
	static char text[INPUT_SIZE];
	cJSON *schema = schema_read("docs/schema.json");
	size_t length = fread(text, 1, sizeof(text) - 1, stdin);
	char error[SCHEMA_ERROR_SIZE] = "docs/schema.json can't be read";
	int n = -1;

	if (argc != 2 || length == sizeof(text) - 1) {
		fprintf(stderr, "usage: schema DEFINITION <JSON\n");
		return 2;
	}
	if (schema)
		n = schema_check_text(schema, argv[1], text, error);
	cJSON_Delete(schema);
	if (n > 0)
		return 0;
	printf("%s: %s\n", argv[1], n == 0 ? "nothing was printed" : error);
	return 1;
}
