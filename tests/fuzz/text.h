/* SPDX-License-Identifier: ISC */
/* Targets with several parsers of text: the input's first byte says which, the rest is the text. */
#ifndef BRAMBLE_FUZZ_TEXT_H
#define BRAMBLE_FUZZ_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_TEXT_LIMIT 16384

/* The text, ended by 0, of size - 1 bytes; the caller frees it. NULL: not an input for it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = size > 0 && size <= FUZZ_TEXT_LIMIT ? malloc(size) : NULL;

	if (!text)
		return NULL;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	return text;
}

#endif
