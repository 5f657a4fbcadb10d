/* SPDX-License-Identifier: ISC */
/* etcd and the API server on this node. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "rootfs/cluster/member.h"

#define PATH_SIZE 128
#define TOOL_S 90
#define VERSION_S 180

static const char *const units[PLANE_PROGRAMS] = { "bramble-etcd.service",
	"bramble-apiserver.service" };

static int complain(char detail[static MEMBER_REASON_SIZE], int result, const char *what)
{
	snprintf(detail, MEMBER_REASON_SIZE, "control plane: %.120s: %.50s", what,
		strerror(-result));
	return result;
}

/* An image that lacks something is told by the name of what is missing. */
static int check_programs(char detail[static MEMBER_REASON_SIZE])
{
	if (!member_has_disk()) {
		snprintf(detail, MEMBER_REASON_SIZE,
			"control plane: no local disk is mounted at /scratch, and etcd wants one; "
			"`bramble node scratch-format` makes one scratch space (nodes.settings: "
			"scratch)");
		return -ENODEV;
	}
	for (size_t i = 0; i < PLANE_PROGRAMS; i++) {
		char path[PATH_SIZE];

		snprintf(path, sizeof(path), PLANE_PROGRAM_PATH "/%s", plane_programs[i]);
		if (access(path, X_OK) == 0)
			continue;
		snprintf(detail, MEMBER_REASON_SIZE,
			"control plane: the node's image lacks %.60s; give its role the image "
			"control-plane",
			path);
		return -ENOENT;
	}
	return 0;
}

/* What kubeadm wrote on the router is for one version. */
static int check_version(const char *wanted, char detail[static MEMBER_REASON_SIZE])
{
	const char *const argv[] = { "kube-apiserver", "--version", NULL };
	char said[128], *version;

	if (member_run(argv, VERSION_S, said, sizeof(said)) != 0)
		said[0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	version = strrchr(said, ' ');
	if (version && strcmp(version + 1, wanted) == 0)
		return 0;
	snprintf(detail, MEMBER_REASON_SIZE,
		"control plane: the node's image has kube-apiserver %.40s, the cluster is %.30s",
		version ? version + 1 : "of no version", wanted);
	return -EINVAL;
}

static int write_file(const char *name, const char *text)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), PLANE_RENDERED "/%s", name);
	return file_replace(path, text, strlen(text), 0600);
}

/* Which store it is stands last: then all is there. */
static int write_files(const struct plane_document *document)
{
	static char text[2 * PLANE_ARGUMENTS_SIZE + 64];
	int result = file_make_directories(PLANE_PKI "/etcd", 0700);

	if (result == 0 && chmod(PLANE_RENDERED, 0700) != 0)
		result = -errno;
	for (size_t i = 0; result == 0 && i < PLANE_FILES; i++) {
		char name[64];

		snprintf(name, sizeof(name), "pki/%s", plane_files[i]);
		result = write_file(name, document->files[i]);
	}
	snprintf(text, sizeof(text), "BRAMBLE_ETCD=%s\nBRAMBLE_APISERVER=%s\n",
		document->arguments[0], document->arguments[1]);
	if (result == 0)
		result = write_file("arguments", text);
	return result == 0 ? write_file("store", document->store) : result;
}

static int run_units(const char *verb, char detail[static MEMBER_REASON_SIZE])
{
	for (size_t i = 0; i < PLANE_PROGRAMS; i++) {
		const char *const argv[] = { "systemctl", "--no-block", verb, units[i], NULL };
		int result = member_run(argv, TOOL_S, NULL, 0);

		if (result != 0)
			return complain(detail, result < 0 ? result : -EIO, units[i]);
	}
	return 0;
}

static int fetch(const struct agent_boot *boot, const struct member_cluster *cluster,
	struct plane_document *document, char detail[static MEMBER_REASON_SIZE])
{
	char *text;
	int result = member_fetch_plane(boot, &text);

	if (result != 0)
		return complain(detail, result,
			result == -EACCES ? "the router hands keys out before pods run alone; "
					    "reboot the node"
					  : "the router hands out no keys");
	result = plane_parse(text, document);
	explicit_bzero(text, strlen(text));
	free(text);
	if (result == 0 && strcmp(document->store, cluster->plane) != 0)
		result = -ESTALE;
	return result == 0 ? 0 : complain(detail, result, "what the router hands out");
}

int member_start_plane(const struct agent_boot *boot, const struct member_cluster *cluster,
	char detail[static MEMBER_REASON_SIZE])
{
	static struct plane_document document;
	char running[PLANE_STORE_SIZE];
	int result = check_programs(detail);

	if (result != 0)
		return result;
	member_find_plane(running);
	if (strcmp(running, cluster->plane) == 0) {
		snprintf(detail, MEMBER_REASON_SIZE, "control plane: etcd and API server run");
		return run_units("start", detail);
	}
	result = fetch(boot, cluster, &document, detail);
	if (result == 0)
		result = check_version(document.version, detail);
	if (result == 0)
		result = member_prepare_store(boot, &document, detail);
	if (result == 0) {
		result = write_files(&document);
		if (result != 0)
			(void)complain(detail, result, PLANE_RENDERED);
	}
	explicit_bzero(&document, sizeof(document));
	return result == 0 ? run_units("restart", detail) : result;
}

void member_find_plane(char store[static PLANE_STORE_SIZE])
{
	char *text;
	size_t size;

	store[0] = '\0';
	if (file_read(PLANE_RENDERED "/store", PLANE_STORE_SIZE, &text, &size) != 0)
		return;
	(void)str_copy(store, PLANE_STORE_SIZE, text);
	free(text);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

void member_stop_plane(void)
{
	char detail[MEMBER_REASON_SIZE];

	log_notice("the control plane is elsewhere: etcd and API server end here");
	if (run_units("stop", detail) != 0)
		log_error("%s", detail);
	(void)nftw(PLANE_RENDERED, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
