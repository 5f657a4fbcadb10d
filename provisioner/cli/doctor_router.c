/* SPDX-License-Identifier: ISC */
/* bramble doctor: the router's clock and disk, and what lies on it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "common/clock.h"
#include "provisioner/cli/doctor.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/text.h"
#include "provisioner/space.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"
#include "rootfs/run.h"

#define PATH_SIZE 320
#define WRITES 16u
#define BLOCK 4096u
#define SLOW_NS (100 * NS_PER_MS)
/* etcd beats ten times a second and wants 99 of 100 writes within 10 ms
 * (https://etcd.io/docs/v3.5/op-guide/hardware/#disks). */
#define SLOW_FOR_ETCD_NS (20 * NS_PER_MS)
#define BACKUP_OLD_MS (INT64_C(26) * 3600 * 1000) /* made daily */
#define FUTURE_MS 60000

static void check_clock(struct doctor *doctor)
{
	char path[PATH_SIZE], text[TEXT_UNIT_SIZE];
	struct timex timex = { .modes = 0 };
	struct stat status;
	int64_t written_ms = 0;

	snprintf(path, sizeof(path), "%s/state", doctor->settings->share);
	if (stat(path, &status) == 0)
		written_ms = (int64_t)status.st_mtim.tv_sec * 1000;
	if (written_ms > clock_wall_ms() + FUTURE_MS) {
		text_duration(written_ms - clock_wall_ms(), text);
		doctor_say(doctor, "clock", DOCTOR_WRONG, "timedatectl",
			"was set back: the registry was written %s in the future", text);
	} else if (adjtimex(&timex) == TIME_ERROR) {
		doctor_say(doctor, "clock", DOCTOR_WARNING,
			"install chrony or systemd-timesyncd; nodes take their time from here",
			"no time server keeps it");
	} else {
		doctor_say(doctor, "clock", DOCTOR_WELL, "", "a time server keeps it");
	}
}

static void check_space(struct doctor *doctor)
{
	char text[SPACE_TEXT_SIZE];
	enum space space = space_judge(doctor->settings->share, text);

	if (space == SPACE_UNKNOWN)
		doctor_say(doctor, "disk", DOCTOR_WRONG, "is it mounted?", "%s", text);
	else
		doctor_say(doctor, "disk",
			space == SPACE_ENOUGH	? DOCTOR_WELL
			: space == SPACE_SCARCE ? DOCTOR_WARNING
						: DOCTOR_WRONG,
			space == SPACE_ENOUGH ? "" : SPACE_NEXT, "%s", text);
}

/* The longest of some writes as etcd and the registry do them. Returns 0 or -errno. */
static int measure_sync(const char *directory, uint64_t *longest_ns)
{
	static const char block[BLOCK];
	int fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600), result = 0;

	if (fd < 0)
		return -errno;
	*longest_ns = 0;
	for (unsigned i = 0; result == 0 && i < WRITES; i++) {
		uint64_t began_ns = clock_monotonic_ns(), took_ns;

		if (write(fd, block, BLOCK) != BLOCK || fdatasync(fd) != 0)
			result = -errno;
		took_ns = clock_monotonic_ns() - began_ns;
		if (took_ns > *longest_ns)
			*longest_ns = took_ns;
	}
	close(fd);
	return result;
}

static void check_sync(struct doctor *doctor)
{
	bool etcd = doctor->settings->kubernetes_engine == ENGINE_KUBEADM;
	uint64_t longest_ns = 0;
	int result = measure_sync(doctor->settings->share, &longest_ns);

	if (result != 0) {
		doctor_say(doctor, "fsync", result == -EACCES ? DOCTOR_UNKNOWN : DOCTOR_WARNING,
			result == -EACCES ? "run it as root" : "", "can't write into %s: %s",
			doctor->settings->share, strerror(-result));
		return;
	}
	if (longest_ns > (etcd ? SLOW_FOR_ETCD_NS : SLOW_NS))
		doctor_say(doctor, "fsync", DOCTOR_WARNING, "an SSD in place of a card or stick",
			"the longest of %u writes took %.1f ms%s", WRITES,
			(double)longest_ns / NS_PER_MS, etcd ? "; etcd wants 10 ms" : "");
	else
		doctor_say(doctor, "fsync", DOCTOR_WELL, "",
			"the longest of %u writes took %.1f ms", WRITES,
			(double)longest_ns / NS_PER_MS);
}

/* The newest backup of the registry. */
static void check_backup(struct doctor *doctor)
{
	static const char next[] = "bramble state backup";
	char path[IPC_PATH_SIZE] = "/v1/state/backups/", age[TEXT_UNIT_SIZE];
	cJSON *list = NULL, *backup = NULL;
	const cJSON *newest;
	int http;

	if (!doctor->status ||
		cli_try(doctor->cli, "/v1/state/backups", CLIENT_TIMEOUT_MS, &http, &list) != 0)
		return;
	newest = cJSON_GetArrayItem(json_member(list, "backups"), 0);
	if (!newest)
		doctor_say(doctor, "backup", DOCTOR_WARNING, next,
			"there is no backup of the registry yet");
	else if (client_append(path, sizeof(path), json_text(newest, "name")) == 0 &&
		 cli_try(doctor->cli, path, CLIENT_TIMEOUT_MS, &http, &backup) == 0) {
		text_age(json_integer(newest, "made_ms"), clock_wall_ms(), age);
		if (!json_is_true(backup, "verified"))
			doctor_say(doctor, "backup", DOCTOR_WRONG, next,
				"the newest backup of the registry is damaged");
		else if (clock_wall_ms() - json_integer(newest, "made_ms") > BACKUP_OLD_MS)
			doctor_say(doctor, "backup", DOCTOR_WARNING, next,
				"the newest backup of the registry was made %s", age);
		else
			doctor_say(doctor, "backup", DOCTOR_WELL, "",
				"the registry's newest was made %s, and is sound", age);
	}
	cJSON_Delete(backup);
	cJSON_Delete(list);
}

/* bramble-image lies beside this program, or where programs lie. */
static void find_image_program(char out[static PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 32);
	char *slash;

	out[n > 0 ? n : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash)
		snprintf(slash + 1, 32, "bramble-image");
	if (access(out, X_OK) != 0)
		snprintf(out, PATH_MAX, "bramble-image");
}

static void check_images(struct doctor *doctor)
{
	char program[PATH_MAX], output[4096];
	const char *const arguments[] = { program, "verify", "--share", doctor->settings->share,
		NULL };
	const struct run run = { .arguments = arguments,
		.called = "bramble image verify",
		.output = output,
		.output_size = sizeof(output),
		.progress = doctor->progress };
	struct failure failure = { .text = "" };
	int result;

	if (doctor->quick || !json_member(doctor->status, "image")) {
		doctor_say(doctor, "images", DOCTOR_UNKNOWN, "",
			doctor->quick ? "not read, as asked" : "there is none");
		return;
	}
	find_image_program(program);
	progress_note(doctor->progress, "reading images");
	result = run_tool(&run, &failure);
	for (char *p = failure.text; *p; p++)
		*p = *p == '\n' ? ' ' : *p;
	if (result == 0)
		doctor_say(doctor, "images", DOCTOR_WELL, "", "every file is as it was built");
	else
		doctor_say(doctor, "images", DOCTOR_WRONG,
			"bramble image verify says which; bramble image use goes back, "
			"bramble image build makes it anew",
			"%.300s", result == -ECHILD ? "a version is damaged" : failure.text);
}

void doctor_check_router(struct doctor *doctor)
{
	check_clock(doctor);
	check_space(doctor);
	check_sync(doctor);
	check_backup(doctor);
	check_images(doctor);
}
