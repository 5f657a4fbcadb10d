/* SPDX-License-Identifier: ISC */
/* The firmware of every Pi since 2016 decompresses a gzip kernel itself: a third of the bytes on
 * the wire. A PC's unpacks itself. */
#include "boot/build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "common/file.h"

#define KERNEL_LIMIT (128u << 20)
/* Documentation/arm64/booting.rst: the header of an Image has "ARM\x64" at offset 56. */
#define IMAGE_MAGIC "ARM\x64"
#define IMAGE_MAGIC_OFFSET 56
#define IMAGE_HEADER_SIZE 64
#define GZIP_WRAPPER 16 /* zlib.h, deflateInit2: add 16 for a gzip header; its time stays 0 */

static int compress_gzip(const void *data, size_t size, char **out, size_t *out_size)
{
	z_stream stream = { 0 };
	int result;

	if (deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + GZIP_WRAPPER, 9, Z_DEFAULT_STRATEGY) !=
		Z_OK)
		return -ENOMEM;
	*out_size = deflateBound(&stream, size);
	*out = malloc(*out_size);
	if (!*out) {
		deflateEnd(&stream);
		return -ENOMEM;
	}
	stream.next_in = (z_const Bytef *)data;
	stream.avail_in = (uInt)size;
	stream.next_out = (Bytef *)*out;
	stream.avail_out = (uInt)*out_size;
	result = deflate(&stream, Z_FINISH) == Z_STREAM_END ? 0 : -EIO;
	*out_size = stream.total_out;
	deflateEnd(&stream);
	return result;
}

static bool is_gzip(const char *data, size_t size)
{
	return size > 2 && memcmp(data, "\x1f\x8b", 2) == 0;
}

static bool is_image(const char *data, size_t size)
{
	return size > IMAGE_HEADER_SIZE &&
	       memcmp(data + IMAGE_MAGIC_OFFSET, IMAGE_MAGIC, sizeof(IMAGE_MAGIC) - 1) == 0;
}

static int write_compressed(const char *data, size_t size, const char *out)
{
	char *compressed = NULL;
	size_t compressed_size;
	int result;

	if (is_gzip(data, size))
		return file_replace(out, data, size, 0444);
	result = compress_gzip(data, size, &compressed, &compressed_size);
	if (result == 0)
		result = file_replace(out, compressed, compressed_size, 0444);
	free(compressed);
	return result;
}

/* The caller frees *data. */
static int read_kernel(
	const char *image, char **data, size_t *size, char reason[static BOOT_REASON_SIZE])
{
	int result = file_read(image, KERNEL_LIMIT, data, size);

	if (result != 0)
		snprintf(reason, BOOT_REASON_SIZE, "the kernel can't be read: %s",
			strerror(-result));
	return result;
}

int boot_compress_kernel(const char *image, const char *out, char reason[static BOOT_REASON_SIZE])
{
	char *data;
	size_t size;
	int result = read_kernel(image, &data, &size, reason);

	if (result != 0)
		return result;
	if (is_gzip(data, size) || is_image(data, size)) {
		result = write_compressed(data, size, out);
		if (result != 0)
			snprintf(reason, BOOT_REASON_SIZE,
				"the compressed kernel can't be written: %s", strerror(-result));
	} else {
		snprintf(reason, BOOT_REASON_SIZE,
			"the kernel is neither an arm64 Image nor gzip: a Pi's firmware wouldn't "
			"start it");
		result = -ENOEXEC;
	}
	free(data);
	return result;
}

/* Documentation/x86/boot.rst: "HdrS" at 0x202 in the header of a bzImage. */
#define PC_MAGIC "HdrS"
#define PC_MAGIC_OFFSET 0x202

int boot_copy_pc_kernel(const char *image, const char *out, char reason[static BOOT_REASON_SIZE])
{
	char *data;
	size_t size;
	int result = read_kernel(image, &data, &size, reason);

	if (result != 0)
		return result;
	if (size <= PC_MAGIC_OFFSET + sizeof(PC_MAGIC) ||
		memcmp(data + PC_MAGIC_OFFSET, PC_MAGIC, sizeof(PC_MAGIC) - 1) != 0) {
		snprintf(reason, BOOT_REASON_SIZE,
			"the kernel is no bzImage: iPXE wouldn't start it");
		result = -ENOEXEC;
	} else {
		result = file_replace(out, data, size, 0444);
		if (result != 0)
			snprintf(reason, BOOT_REASON_SIZE, "the kernel can't be written: %s",
				strerror(-result));
	}
	free(data);
	return result;
}
