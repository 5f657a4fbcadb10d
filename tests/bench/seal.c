/* SPDX-License-Identifier: ISC */
/* bench-seal FILE: append the hash tree that bramble-image appends to an image's file, whatever is
 * in it. */
#include <stdio.h>
#include <stdlib.h>

#include "rootfs/seal.h"

int main(int argc, char **argv)
{
	struct workshop *shop = calloc(1, sizeof(*shop));
	int result;

	if (argc != 2 || !shop) {
		fputs("usage: bench-seal FILE\n", stderr);
		free(shop);
		return 2;
	}
	progress_init(&shop->progress);
	result = root_seal(shop, argv[1]);
	if (result != 0)
		fprintf(stderr, "bench-seal: %s\n", shop->failure.text);
	free(shop);
	return result != 0;
}
