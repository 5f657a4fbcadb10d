/* SPDX-License-Identifier: ISC */
#include "rootfs/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/clean.h"
#include "rootfs/files.h"
#include "rootfs/jail.h"
#include "rootfs/kubelet_version.h"
#include "rootfs/repositories.h"
#include "rootfs/run.h"
#include "rootfs/script.h"
#include "rootfs/seal.h"
#include "rootfs/tree.h"
#include "rootfs/units.h"

/* Measured on two cores with the default recipe: level 9 takes 2 s and gives 90 MB, 15 takes 15 s
 * and gives 83 MB, 22 takes 43 s for 82 MB. Reading is equally fast, and a node reads a third of
 * it. */
#define SQUASHFS_LEVEL "9"

/* What every node's root has. Anything of one node alone comes at boot: bramble-init writes
 * resolv.conf and the name, and brings back machine-id and host keys from the node's data
 * directory. */
static const struct {
	const char *path, *content;
} files[] = {
	{ "etc/fstab",
		"# The root is an overlay over the image; bramble-init mounts everything.\n" },
	{ "etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n" },
	{ "etc/default/locale", "LANG=C.UTF-8\n" },
	{ "etc/locale.conf", "LANG=C.UTF-8\n" },
	{ "etc/systemd/journald.conf.d/bramble.conf",
		"[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n" },
	{ "etc/ssh/sshd_config.d/bramble.conf",
		"PermitRootLogin prohibit-password\nPasswordAuthentication no\n"
		"KbdInteractiveAuthentication no\n" },
	/* The root is on the network: whoever reconfigures the boot interface takes it away. */
	{ "etc/systemd/network/00-bramble.network",
		"[Match]\nType=ether\nKernelCommandLine=bramble.node\n\n[Link]\nUnmanaged=yes\n" },
	{ "etc/systemd/network/00-bramble.link",
		"[Match]\nOriginalName=*\nKernelCommandLine=bramble.node\n\n"
		"[Link]\nNamePolicy=keep kernel\nMACAddressPolicy=none\n" },
	/* As old as /usr: nothing is rebuilt at every boot (systemd-update-done.service(8)). */
	{ "etc/.updated", "# Made with the image.\n" },
	{ "var/.updated", "# Made with the image.\n" },
};

/* data: the node's own, shared: the cluster's, both mounted at boot. */
static const char *const directories[] = { "data", "shared", "dev", "usr/lib/bramble",
	"usr/lib/modules" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int explain(struct workshop *shop, const char *path, int result)
{
	return result == 0 ? 0
			   : failure_set(&shop->failure, result,
				     "/%s can't be put into the root: %s", path, strerror(-result));
}

static int write_files(struct workshop *shop, int root)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < COUNT(directories); i++)
		result = explain(shop, directories[i], tree_make_directory(root, directories[i]));
	for (size_t i = 0; result == 0 && i < COUNT(files); i++)
		result = explain(shop, files[i].path,
			tree_write(root, files[i].path, files[i].content, strlen(files[i].content),
				0644));
	return result;
}

static int write_sources(struct workshop *shop, int root, const struct apt *apt)
{
	char text[APT_SOURCES_LIMIT * (APT_LINE_SIZE + 1)] = "";
	size_t used = 0;

	for (size_t i = 0; i < apt->source_count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n", apt->sources[i]);
	return explain(shop, "etc/apt/sources.list",
		tree_write(root, "etc/apt/sources.list", text, used, 0644));
}

/* `kubelet`: its version, "" none. */
static int write_about(
	struct workshop *shop, int root, const struct root_parts *parts, const char *kubelet)
{
	char text[2048];
	int n = snprintf(text, sizeof(text),
		"image %s\nboot %s\nkernel %s\nfirmware %s\nbuilder " BRAMBLE_VERSION "\n%s%s%s",
		shop->recipe->name, parts->boot_hash, parts->kernel->release,
		parts->kernel->firmware.version, *kubelet ? KUBELET_WORD " " : "", kubelet,
		*kubelet ? "\n" : "");

	if (n < 0 || (size_t)n >= sizeof(text))
		return explain(shop, ROOT_ABOUT_PATH, -ENAMETOOLONG);
	return explain(
		shop, ROOT_ABOUT_PATH, tree_write(root, ROOT_ABOUT_PATH, text, (size_t)n, 0644));
}

static int put_modules(struct workshop *shop, const struct kernel_layer *layer, const char *path)
{
	char from[WORKSHOP_PATH_SIZE], to[WORKSHOP_PATH_SIZE];
	const char *const arguments[] = { "cp", "-a", from, to, NULL };
	const struct run run = {
		.arguments = arguments, .log = shop->log, .progress = &shop->progress
	};
	int result = failure_path(&shop->failure, from, sizeof(from), "%s/lib/modules/%s",
		layer->directory, layer->release);

	if (result == 0)
		result = failure_path(&shop->failure, to, sizeof(to), "%s/usr/lib/modules/", path);
	progress_note(&shop->progress, "kernel modules");
	return result == 0 ? run_tool(&run, &shop->failure) : result;
}

static int put_agent(struct workshop *shop, int root, const struct root_parts *parts)
{
	int result = 0;

	if (parts->agent)
		result = explain(shop, ROOT_AGENT_PATH,
			tree_copy(root, ROOT_AGENT_PATH, parts->agent, 0755, 0, 0));
	for (size_t i = 0; result == 0 && i < parts->unit_count; i++)
		result = units_install(shop, root, parts->units[i]);
	return result;
}

static int set_units(struct workshop *shop, int root)
{
	const struct recipe *recipe = shop->recipe;
	int result = 0;

	for (size_t i = 0; result == 0 && i < recipe->enable.count; i++)
		result = units_enable(shop, root, recipe->enable.items[i]);
	for (size_t i = 0; result == 0 && i < recipe->mask.count; i++)
		result = units_mask(shop, root, recipe->mask.items[i]);
	return result;
}

/* Last: neither what packages left nor what a script did tells of the day of the build. */
static int clean(struct workshop *shop, int root, const char *path)
{
	int result = clean_root(path);

	/* Empty, not missing: systemd takes a missing one for a first boot. */
	if (result == 0)
		result = tree_write(root, "etc/machine-id", "", 0, 0444);
	if (result == 0)
		result = tree_link(root, "var/lib/dbus/machine-id", "/etc/machine-id");
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "%s can't be cleaned: %s", path,
				     strerror(-result));
}

/* What the recipe adds of its own; the script sees all the rest. */
static int add_recipe(struct workshop *shop, int root, const char *path)
{
	int result = repositories_install(shop, root);

	if (result == 0)
		result = files_install(shop, root);
	if (result == 0 && shop->recipe->script[0])
		result = script_run(shop, path);
	return result;
}

/* It alone knows for certain which one it is. That it doesn't run here is no failure: then nobody
 * knows, and `bramble cluster upgrade` says so. */
static int note_kubelet(
	struct workshop *shop, int root, const char *path, const struct root_parts *parts)
{
	static const char program[] = "/" KUBELET_PATH;
	const char *const arguments[] = { "/proc/self/exe", JAIL_WORD, path, program, "--version",
		NULL };
	char said[256], version[KUBELET_VERSION_SIZE];
	const struct run run = { .arguments = arguments,
		.called = program,
		.home = "/root",
		.temporary = "/tmp",
		.output = said,
		.output_size = sizeof(said),
		.progress = &shop->progress };
	struct failure failure = { .text = "" };

	if (tree_find(root, KUBELET_PATH) != 0 ||
		base_check_emulation(shop->recipe->architecture, &failure) != 0)
		return 0;
	progress_note(&shop->progress, "which kubelet it is");
	if (run_tool(&run, &failure) != 0 || kubelet_parse_version(said, version) != 0)
		return 0;
	return write_about(shop, root, parts, version);
}

int root_make(struct workshop *shop, const struct root_parts *parts, const char *path)
{
	int result = base_layer_unpack(shop, parts->base, path);
	int root;

	if (result != 0)
		return result;
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return explain(shop, "", -errno);
	result = write_files(shop, root);
	if (result == 0 && !shop->recipe->from[0])
		result = write_sources(shop, root, parts->apt);
	if (result == 0)
		result = write_about(shop, root, parts, "");
	if (result == 0)
		result = put_modules(shop, parts->kernel, path);
	if (result == 0)
		result = put_agent(shop, root, parts);
	if (result == 0)
		result = add_recipe(shop, root, path);
	if (result == 0)
		result = note_kubelet(shop, root, path, parts);
	if (result == 0)
		result = set_units(shop, root);
	if (result == 0)
		result = clean(shop, root, path);
	close(root);
	return result;
}

int root_pack(struct workshop *shop, const char *path, const char *squashfs)
{
	const char *const arguments[] = { "mksquashfs", path, squashfs, "-comp", "zstd",
		"-Xcompression-level", SQUASHFS_LEVEL, "-noappend", "-no-progress", "-quiet",
		NULL };
	const struct run run = {
		.arguments = arguments,
		.log = shop->log,
		.epoch = shop->epoch, /* newer times are set back to it */
		.progress = &shop->progress,
	};

	int result;

	progress_note(&shop->progress, "compressing");
	result = run_tool(&run, &shop->failure);
	return result == 0 ? root_seal(shop, squashfs) : result;
}
