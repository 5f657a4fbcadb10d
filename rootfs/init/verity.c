/* SPDX-License-Identifier: ISC */
/* The kernel compares each block that it reads of the image with the hash tree behind it, whose
 * root came with the command line: device-mapper's ioctls (<linux/dm-ioctl.h>,
 * Documentation/admin-guide/device-mapper/verity.rst). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "rootfs/init/init.h"
#include "rootfs/verity_status.h"

#define CONTROL "/dev/mapper/control"
#define SECTORS_IN_BLOCK (VERITY_BLOCK / 512)

struct request {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char parameters[256];
};

static struct request make_request(uint32_t flags)
{
	struct request request = { .head = { .version = { DM_VERSION_MAJOR, 0, 0 },
					   .data_size = sizeof(request),
					   .data_start = sizeof(request.head),
					   .flags = flags } };

	str_copy(request.head.name, sizeof(request.head.name), VERITY_STATUS_NAME);
	return request;
}

static int create(int control, dev_t *device)
{
	struct request request = make_request(0);

	if (ioctl(control, DM_DEV_CREATE, &request) != 0)
		return -errno;
	*device = (dev_t)request.head.dev;
	return 0;
}

static int load_table(int control, const struct verity *verity, dev_t loop)
{
	struct request request = make_request(DM_READONLY_FLAG);

	request.head.target_count = 1;
	request.target.length = verity->blocks * SECTORS_IN_BLOCK;
	str_copy(request.target.target_type, sizeof(request.target.target_type), "verity");
	/* version, data and hash device, their block sizes, blocks, first block of hashes,
	 * algorithm, root, salt */
	snprintf(request.parameters, sizeof(request.parameters),
		"1 %u:%u %u:%u %u %u %" PRIu64 " %" PRIu64 " sha256 %s -", major(loop), minor(loop),
		major(loop), minor(loop), VERITY_BLOCK, VERITY_BLOCK, verity->blocks,
		verity->blocks, verity->root);
	return ioctl(control, DM_TABLE_LOAD, &request) == 0 ? 0 : -errno;
}

static int resume(int control)
{
	struct request request = make_request(0);

	return ioctl(control, DM_DEV_SUSPEND, &request) == 0 ? 0 : -errno;
}

int init_open_verity(void)
{
	int control = open(CONTROL, O_RDWR | O_CLOEXEC);

	return control >= 0 ? control : -errno;
}

void init_release_verity(int control)
{
	/* While it is mounted, it only goes when it is unmounted. */
	struct request request = make_request(DM_DEFERRED_REMOVE);

	(void)ioctl(control, DM_DEV_REMOVE, &request);
}

int init_lay_verity(
	int control, const struct verity *verity, dev_t loop, char device[static INIT_DEVICE_SIZE])
{
	dev_t number = 0;
	int result = create(control, &number);

	if (result != 0)
		return result;
	result = load_table(control, verity, loop);
	if (result == 0)
		result = resume(control);
	if (result != 0)
		init_release_verity(control);
	snprintf(device, INIT_DEVICE_SIZE, "/dev/dm-%u", minor(number));
	return result;
}
