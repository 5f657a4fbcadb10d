/* SPDX-License-Identifier: ISC */
/* The agent's items on a root in a temporary directory, with tools that only say what they were
 * asked. */
#include "tests/unit/test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/str.h"
#include "rootfs/agent/accounts.h"
#include "rootfs/agent/configure.h"
#include "rootfs/agent/scratch.h"
#include "rootfs/agent/swap.h"

#define PATTERN "/tmp/configure_test.XXXXXX"

static struct world {
	char root[sizeof(PATTERN)], state[64], data[64];
	char asked[1024]; /* what tools were asked since it was emptied */
	int status;	  /* of the tools */
	struct config_world world;
	struct config_outcome outcome;
} w;

static int run(const char *const *arguments, char *out, size_t size)
{
	static const char unit[] = "ActiveState=active\nType=simple\nLoadState=loaded\n";

	for (size_t i = 0; arguments[i]; i++) {
		const char *slash = i == 0 ? strrchr(arguments[0], '/') : NULL;

		snprintf(w.asked + strlen(w.asked), sizeof(w.asked) - strlen(w.asked), "%s ",
			slash ? slash + 1 : arguments[i]);
	}
	if (out && size > 0)
		snprintf(out, size, "%s",
			arguments[1] && strcmp(arguments[1], "show") == 0 ? unit : "");
	return w.status;
}

static int no_mount(const char *source, const char *target, const char *type, unsigned long flags,
	const char *options)
{
	(void)source;
	(void)target;
	(void)flags;
	(void)options;
	return type && strcmp(type, "tmpfs") == 0 ? -EPERM : -ENODEV;
}

static int no_unmount(const char *target, int flags)
{
	(void)target;
	(void)flags;
	return 0;
}

static void path_of(const char *name, char path[static 512])
{
	snprintf(path, 512, "%s%s", w.root, name);
}

static void put(const char *name, const char *text)
{
	char path[512], directory[512];

	path_of(name, path);
	str_copy(directory, sizeof(directory), path);
	*strrchr(directory, '/') = '\0';
	assert_int_equal(file_make_directories(directory, 0755), 0);
	assert_int_equal(file_replace(path, text, strlen(text), 0644), 0);
}

/* As the kernel would have it, for one file system of NFS. */
static int do_mount(const char *source, const char *target, const char *type, unsigned long flags,
	const char *options)
{
	char text[1024];

	(void)type;
	snprintf(w.asked + strlen(w.asked), sizeof(w.asked) - strlen(w.asked), "mount %s %lu %s ",
		source, flags, options ? options : "");
	snprintf(text, sizeof(text),
		"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"2 1 0:9 /b /shared rw - nfs4 10.77.0.1:/b rw\n"
		"3 1 0:9 /b %s rw - nfs4 10.77.0.1:/b rw\n",
		target + strlen(w.root));
	put("/proc/self/mountinfo", text);
	return 0;
}

static void assert_content(const char *name, const char *expected)
{
	char path[512], *text;
	size_t size;

	path_of(name, path);
	if (file_read(path, 65536, &text, &size) != 0)
		fail_msg("there is no %s", name);
	assert_string_equal(text, expected);
	free(text);
}

static bool is_there(const char *name)
{
	char path[512];

	path_of(name, path);
	return access(path, F_OK) == 0;
}

static int make(void **state)
{
	(void)state;
	w = (struct world){ .root = PATTERN };
	log_init("test", LOG_LEVEL_ERROR);
	assert_non_null(mkdtemp(w.root));
	snprintf(w.state, sizeof(w.state), "%s/state", w.root);
	snprintf(w.data, sizeof(w.data), "%s/data", w.root);
	assert_int_equal(file_make_directories(w.state, 0755), 0);
	w.world = (struct config_world){ .root = w.root,
		.state = w.state,
		.data = w.data,
		.router = "10.77.0.1",
		.run = run,
		.mount = no_mount,
		.unmount = no_unmount };
	put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
	put("/etc/group", "root:x:0:\nmedia:x:2000:anna\nold:x:2001:pi\n");
	put("/etc/shadow", "root:*:1::::::\n");
	put("/etc/motd", "the image's\n");
	put("/etc/sudoers.d/README", "");
	put("/usr/share/zoneinfo/Etc/UTC", "");
	put("/usr/share/zoneinfo/Asia/Tokyo", "");
	put("/proc/sys/vm/swappiness", "60\n");
	put("/proc/sys/net/a", "1\t2\t3\n");
	put("/proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n");
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int clear(void **state)
{
	(void)state;
	return nftw(w.root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void apply(const char *lines)
{
	char text[8192];

	snprintf(text, sizeof(text), DOCUMENT_HEAD "%s", lines);
	w.asked[0] = '\0';
	w.world.changes = 0;
	assert_int_equal(config_apply(&w.world, text, &w.outcome), 0);
}

static const char most[] =
	"hosts\t127.0.0.1 localhost\\n\n"
	"timezone\tAsia/Tokyo\n"
	"sysctl\tvm.swappiness\t10\n"
	"sysctl\tnet.a\t1 2 3\n"
	"group\tmedia\t2000\n"
	"user\tpi\t1500\tmedia\t/home/pi\t/bin/bash\t\tssh-ed25519 A\\n\tALL=(ALL) ALL\n"
	"file\t/etc/motd\t0600\troot\tours\\n\n"
	"file\t/etc/systemd/system/a.service.d/50-bramble.conf\t0644\troot\t[Unit]\\n\n"
	"unit\ta.service\tstarted\n";

static void all_is_applied_and_once_more_changes_nothing(void **state)
{
	struct stat before, after;
	char path[512], link[512] = "";

	(void)state;
	apply(most);
	assert_string_equal(w.outcome.text, "");
	assert_content("/etc/hosts", "127.0.0.1 localhost\n");
	path_of("/etc/localtime", path);
	assert_true(readlink(path, link, sizeof(link) - 1) > 0);
	assert_string_equal(link, "/usr/share/zoneinfo/Asia/Tokyo");
	assert_content("/proc/sys/vm/swappiness", "10");
	assert_content("/proc/sys/net/a", "1\t2\t3\n"); /* the same, differently spaced */
	assert_content("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"
				      "pi:x:1500:1500::/home/pi:/bin/bash\n");
	assert_content("/etc/group", "root:x:0:\nmedia:x:2000:anna,pi\nold:x:2001:\npi:x:1500:\n");
	assert_content("/etc/shadow", "root:*:1::::::\npi:*:::::::\n");
	assert_content("/etc/ssh/authorized_keys.d/pi", "ssh-ed25519 A\n");
	assert_content("/etc/sudoers.d/bramble-pi", "pi ALL=(ALL) ALL\n");
	assert_true(is_there("/home/pi"));
	assert_content("/etc/motd", "ours\n");
	assert_non_null(strstr(w.asked, "systemctl daemon-reload "));
	assert_true(w.world.changes > 8);

	path_of("/etc/passwd", path);
	assert_int_equal(stat(path, &before), 0);
	apply(most);
	assert_int_equal(w.world.changes, 0);
	assert_int_equal(w.outcome.applied, 0);
	assert_null(strstr(w.asked, "daemon-reload"));
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void what_is_no_longer_wanted_is_taken_back(void **state)
{
	(void)state;
	apply(most);
	apply("timezone\tEtc/UTC\nmodule\tdummy\n");
	assert_content("/etc/motd", "the image's\n");
	assert_content("/proc/sys/vm/swappiness", "60\n");
	assert_content("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
	assert_false(is_there("/etc/sudoers.d/bramble-pi"));
	assert_false(is_there("/etc/systemd/system/a.service.d/50-bramble.conf"));
	assert_non_null(strstr(w.asked, "systemctl --no-block stop a.service "));
	/* hosts has nothing that it could go back to. */
	assert_int_equal(w.outcome.reboot, 1);
	apply("timezone\tEtc/UTC\n");
	assert_string_equal(w.outcome.text, "module dummy changes with the next boot");
}

static void drift_is_named_and_nothing_is_changed(void **state)
{
	(void)state;
	assert_int_equal(config_check(&w.world, &w.outcome), -ENOENT);
	apply(most);
	assert_int_equal(config_check(&w.world, &w.outcome), 0);
	assert_int_equal(w.outcome.drifted, 0);
	put("/etc/motd", "somebody's\n");
	put("/proc/sys/vm/swappiness", "99\n");
	w.world.changes = 0;
	assert_int_equal(config_check(&w.world, &w.outcome), 0);
	assert_int_equal(w.outcome.drifted, 2);
	assert_string_equal(w.outcome.text, "sysctl vm.swappiness was changed on the node; file "
					    "/etc/motd was changed on the node");
	assert_int_equal(w.world.changes, 0);
	apply(most);
	assert_int_equal(w.outcome.applied, 2);
}

static void what_only_a_boot_changes_is_compared_with_this_boot(void **state)
{
	(void)state;
	apply("kernel\ta=1\n");
	assert_int_equal(w.outcome.reboot, 0);
	apply("kernel\ta=2\n");
	assert_int_equal(w.outcome.reboot, 1);
	assert_int_equal(config_check(&w.world, &w.outcome), 0);
	assert_string_equal(w.outcome.text, "kernel changes with the next boot");
	apply("kernel\ta=1\n");
	assert_int_equal(w.outcome.reboot, 0);
}

static void a_mount_follows_its_options(void **state)
{
	(void)state;
	w.world.mount = do_mount;
	put("/proc/self/mountinfo", "2 1 0:9 /b /shared rw - nfs4 10.77.0.1:/b rw\n");
	apply("mount\t/media/x\tshared\t\n");
	assert_int_equal(w.outcome.applied, 1);
	apply("mount\t/media/x\tshared\t\n");
	assert_int_equal(w.outcome.applied, 0);
	apply("mount\t/media/x\tshared\tro\n");
	assert_int_equal(w.outcome.applied, 1);
	assert_non_null(strstr(w.asked, "mount "));
	apply("mount\t/media/x\tshared\tro\n");
	assert_int_equal(w.outcome.applied, 0);
}

static void what_cannot_be_is_told_and_the_rest_is_applied(void **state)
{
	char text[] = "not a document";

	(void)state;
	apply("timezone\tNo/Where\nsysctl\tno.such\t1\n"
	      "user\tpi\t1500\tnogroup1\t/home/pi\t/bin/sh\t\t\t\n"
	      "file\t/x\t0644\tnobody1\ta\nfile\t/y\t0644\troot\tb\nfuture\tz\n");
	assert_int_equal(w.outcome.failed, 5);
	assert_non_null(strstr(w.outcome.text, "timezone failed: this image has no time zone"));
	assert_non_null(strstr(w.outcome.text, "there is no group nogroup1"));
	assert_content("/y", "b");
	assert_int_equal(config_apply(&w.world, text, &w.outcome), -EBADMSG);
	assert_int_equal(config_check(&w.world, &w.outcome), 0);
}

static void a_disk_is_scratch_space_only_by_its_label(void **state)
{
	char device[SCRATCH_DEVICE_SIZE], path[512];
	uint8_t bytes[2048] = { 0 };

	(void)state;
	put("/sys/class/block/sda/size", "100\n");
	put("/sys/class/block/sda1/size", "90\n");
	put("/sys/class/block/sda1/partition", "1\n");
	put("/sys/class/block/loop0/size", "100\n");
	path_of("/dev/sda1", path);
	put("/dev/sda1", "");
	assert_false(scratch_find_disk(&w.world, device));
	bytes[1024 + 0x38] = 0x53;
	bytes[1024 + 0x39] = 0xef;
	memcpy(bytes + 1024 + 0x78, "other", 6);
	assert_int_equal(file_replace(path, bytes, sizeof(bytes), 0600), 0);
	assert_false(scratch_find_disk(&w.world, device));
	memcpy(bytes + 1024 + 0x78, SCRATCH_LABEL, sizeof(SCRATCH_LABEL));
	assert_int_equal(file_replace(path, bytes, sizeof(bytes), 0600), 0);
	assert_true(scratch_find_disk(&w.world, device));
	assert_string_equal(device, "sda1");
}

static int format(const char *device, bool force, const char *expected)
{
	char reason[CONFIG_REASON_SIZE] = "";
	int result;

	w.asked[0] = '\0';
	result = scratch_format(&w.world, device, force, reason);
	if (!strstr(reason, expected))
		fail_msg("%s: \"%s\", without \"%s\"", device, reason, expected);
	return result;
}

static void a_disk_is_formatted_only_when_nothing_is_lost(void **state)
{
	static const struct {
		const char *attribute, *content, *reason;
		int result;
	} refused[] = {
		{ "/sys/class/block/sda/size", "262143\n", "smaller than 128 MiB", -ENOSPC },
		{ "/sys/class/block/sda/ro", "1\n", "write protection", -EROFS },
		{ "/sys/class/block/sda/holders/dm-0", "", "in use", -EBUSY },
	};
	char path[512];

	(void)state;
	assert_int_equal(format("sda", false, "isn't there"), -ENODEV);
	put("/sys/class/block/loop0/size", "262144\n");
	assert_int_equal(format("loop0", true, "no local disk"), -ENOTBLK);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		put("/sys/class/block/sda/size", "262144\n");
		put("/dev/sda", "");
		put(refused[i].attribute, refused[i].content);
		assert_int_equal(format("sda", true, refused[i].reason), refused[i].result);
		path_of(refused[i].attribute, path);
		assert_int_equal(unlink(path), 0);
	}
	put("/sys/class/block/sda/size", "262144\n");
	assert_int_equal(format("sda", false, "128 MiB; it is used from the next boot"), 0);
	assert_non_null(strstr(w.asked, "mkfs.ext4 -q -F -m 0 -L " SCRATCH_LABEL " "));
	/* What isn't zero may be somebody's. */
	put("/dev/sda", "x");
	assert_int_equal(format("sda", false, "isn't empty, and was left"), -ENOTEMPTY);
	assert_string_equal(w.asked, "");
	assert_int_equal(format("sda", true, "is scratch space"), 0);
	assert_non_null(strstr(w.asked, "mkfs.ext4"));
}

static void a_second_disk_is_not_formatted(void **state)
{
	char path[512];
	uint8_t bytes[2048] = { 0 };

	(void)state;
	bytes[1024 + 0x38] = 0x53;
	bytes[1024 + 0x39] = 0xef;
	memcpy(bytes + 1024 + 0x78, SCRATCH_LABEL, sizeof(SCRATCH_LABEL));
	put("/sys/class/block/sda/size", "262144\n");
	put("/sys/class/block/sdb/size", "262144\n");
	put("/dev/sda", "");
	put("/dev/sdb", "");
	path_of("/dev/sdb", path);
	assert_int_equal(file_replace(path, bytes, sizeof(bytes), 0600), 0);
	assert_int_equal(format("sda", true, "sdb is this node's scratch space already"), -EEXIST);
	/* Once more the same. */
	assert_int_equal(format("sdb", false, "sdb is scratch space"), 0);
}

static void mounts_are_read_as_the_kernel_writes_them(void **state)
{
	struct config_mounted mounted;

	(void)state;
	put("/proc/self/mountinfo",
		"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"2 1 0:9 /x\\040y /media rw,ro shared:1 - nfs4 10.77.0.1:/srv rw\n"
		"3 1 0:9 / /media/deep rw - tmpfs tmpfs rw");
	assert_true(config_find_mount(&w.world, "/media", &mounted));
	assert_string_equal(mounted.type, "nfs4");
	assert_string_equal(mounted.source, "10.77.0.1:/srv");
	assert_string_equal(mounted.root, "/x y");
	assert_false(config_find_mount(&w.world, "/med", &mounted));
	put("/proc/self/mountinfo", "\n- - -\n1 0");
	assert_false(config_find_mount(&w.world, "/", &mounted));
}

static void lines_of_accounts(void **state)
{
	char *text, swaps[] = "Filename Type Size\n/dev/zram0 partition\t\t65532 0 100\n/bad x y\n",
		    *rest = swaps;
	struct swap_space space;

	(void)state;
	text = accounts_set_line("a:1\nab:2\na:3", "a", "a:9");
	assert_string_equal(text, "a:9\nab:2\n");
	free(text);
	text = accounts_set_member("x:x:1:a,b,a\ny:x:2:b\nz:x:3:", "a", "y,z");
	assert_string_equal(text, "x:x:1:b\ny:x:2:b,a\nz:x:3:a\n");
	free(text);
	assert_true(accounts_lists("x,yz", "yz", 2));
	assert_false(accounts_lists("x,yz", "y", 1));
	assert_true(swap_next(&rest, &space));
	assert_string_equal(space.name, "/dev/zram0");
	assert_int_equal(space.size_kb, 65532);
	assert_false(swap_next(&rest, &space));
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, make, clear)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(all_is_applied_and_once_more_changes_nothing),
		WITH_ROOT(what_is_no_longer_wanted_is_taken_back),
		WITH_ROOT(drift_is_named_and_nothing_is_changed),
		WITH_ROOT(what_only_a_boot_changes_is_compared_with_this_boot),
		WITH_ROOT(a_mount_follows_its_options),
		WITH_ROOT(what_cannot_be_is_told_and_the_rest_is_applied),
		WITH_ROOT(a_disk_is_scratch_space_only_by_its_label),
		WITH_ROOT(a_disk_is_formatted_only_when_nothing_is_lost),
		WITH_ROOT(a_second_disk_is_not_formatted),
		WITH_ROOT(mounts_are_read_as_the_kernel_writes_them),
		cmocka_unit_test(lines_of_accounts),
	};

	return cmocka_run_group_tests_name("configure", tests, NULL, NULL);
}
