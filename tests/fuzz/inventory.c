/* SPDX-License-Identifier: ISC */
/* A list of boards as an administrator has it. */
#include <assert.h>
#include <string.h>

#include "provisioner/cli/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct inventory inventory;
	char error[INVENTORY_ERROR_SIZE];
	int result = inventory_parse((const char *)bytes, length, &inventory, error);

	assert((result == 0) == (error[0] == '\0'));
	for (size_t i = 0; i < inventory.n; i++) {
		assert(inventory.entries[i].board[0]);
		assert(!inventory.entries[i].node[0] ||
			str_is_node_name(inventory.entries[i].node));
	}
	inventory_free(&inventory);
	return 0;
}
