/* SPDX-License-Identifier: ISC */
/* What the kubelet reads, and what the node keeps. */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "rootfs/cluster/member.h"

#define PATH_SIZE 256
#define CA_LIMIT 8192
#define KUBECONFIG_LIMIT 65536
#define TEXT_SIZE 12288
/* A kubelet's certificate lives a year, and is renewed before unless the node was off. */
#define CERTIFICATE_S (364 * 86400)

static int digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

int member_decode(const char *text, char *out, size_t size)
{
	size_t length = strcspn(text, "="), used = 0, padding = strlen(text + length);
	uint32_t bits = 0;

	if (padding > 2 || strspn(text + length, "=") != padding || (length + padding) % 4 != 0)
		return -EBADMSG;
	for (size_t i = 0; i < length; i++) {
		int value = digit(text[i]);

		if (value < 0)
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 == 0)
			continue;
		if (used + 1 >= size)
			return -EBADMSG;
		out[used++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	out[used] = '\0';
	return (int)used;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)kind;
	(void)place;
	return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

static bool is_there(const char *kept, const char *name, struct stat *status)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", kept, name);
	return stat(path, status) == 0;
}

/* Is the authority that was kept the present one? */
static bool is_same_authority(const char *kept, const struct member_cluster *cluster)
{
	char path[PATH_SIZE], pem[CA_LIMIT], *old;
	int length = member_decode(cluster->ca, pem, sizeof(pem));
	size_t size;
	bool same;

	snprintf(path, sizeof(path), "%s/ca.crt", kept);
	if (length < 0 || file_read(path, CA_LIMIT, &old, &size) != 0)
		return false;
	same = size == (size_t)length && memcmp(old, pem, size) == 0;
	free(old);
	return same;
}

/* A kubelet that is killed while it writes leaves a part; the path of the key ends the whole. */
static bool is_whole(const char *kept, const char *name)
{
	char path[PATH_SIZE], *text, *key;
	size_t size;
	bool whole;

	snprintf(path, sizeof(path), "%s/%s", kept, name);
	if (file_read(path, KUBECONFIG_LIMIT, &text, &size) != 0)
		return false;
	key = strstr(text, "client-key: ");
	whole = key && strchr(key, '\n');
	free(text);
	return whole;
}

bool member_has_credentials(const char *kept, const struct member_cluster *cluster)
{
	struct stat certificate;
	bool complete = is_there(kept, "pki/kubelet-client-current.pem", &certificate) &&
			is_whole(kept, "kubelet.conf");
	bool same = is_same_authority(kept, cluster);

	if (complete && same && time(NULL) - certificate.st_mtime < CERTIFICATE_S)
		return true;
	/* A key whose request is under way stays, if it is this cluster's: the kubelet goes on. */
	if (complete || !same) {
		if (complete)
			log_notice("the credentials in %s are %s: the node joins anew", kept,
				same ? "older than a year" : "those of another cluster");
		(void)nftw(kept, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	}
	return false;
}

static int write_text(const char *directory, const char *name, const char *text, mode_t mode)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return file_replace_if_different(path, text, strlen(text), mode, NULL);
}

/* kubelet.config.k8s.io/v1beta1, the same kind since 1.10:
 * https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
static int write_kubelet_config(
	const char *kept, const char *rendered, const struct member_cluster *cluster)
{
	char text[TEXT_SIZE];

	snprintf(text, sizeof(text),
		"# Rendered by Bramble at every boot.\n"
		"apiVersion: kubelet.config.k8s.io/v1beta1\n"
		"kind: KubeletConfiguration\n"
		"authentication:\n  anonymous:\n    enabled: false\n  webhook:\n    enabled: true\n"
		"  x509:\n    clientCAFile: %s/ca.crt\n"
		"authorization:\n  mode: Webhook\n"
		"cgroupDriver: systemd\n"
		"clusterDNS: [ %s ]\nclusterDomain: %s\n"
		"failSwapOn: true\nrotateCertificates: true\nresolvConf: /etc/resolv.conf\n"
		/* The store is small, and nothing in it lasts. */
		"imageGCHighThresholdPercent: 80\nimageGCLowThresholdPercent: 60\n"
		"evictionHard:\n  memory.available: 50Mi\n  nodefs.available: 5%%\n"
		"  imagefs.available: 5%%\n"
		"containerLogMaxSize: 5Mi\ncontainerLogMaxFiles: 2\n",
		kept, cluster->dns, cluster->domain);
	return write_text(rendered, "kubelet.yaml", text, 0644);
}

static int write_arguments(
	const char *kept, const char *rendered, const struct member_cluster *cluster)
{
	char text[TEXT_SIZE];

	snprintf(text, sizeof(text),
		"BRAMBLE_KUBELET=--config=%s/kubelet.yaml --kubeconfig=%s/kubelet.conf "
		"--bootstrap-kubeconfig=%s/bootstrap.conf --cert-dir=%s/pki "
		"--container-runtime-endpoint=unix:///run/containerd/containerd.sock "
		"--hostname-override=%s --node-ip=%s\n"
		"BRAMBLE_PROXY=--kubeconfig=%s/kubelet.conf --cluster-cidr=%s "
		"--hostname-override=%s --proxy-mode=iptables\n",
		rendered, kept, rendered, kept, cluster->node, cluster->address, kept,
		cluster->pods, cluster->node);
	return write_text(rendered, "arguments", text, 0600);
}

static int write_token(
	const char *rendered, const struct member_cluster *cluster, const char *token)
{
	char text[TEXT_SIZE];

	snprintf(text, sizeof(text),
		"apiVersion: v1\nkind: Config\n"
		"clusters:\n- name: bramble\n  cluster:\n    server: %s\n"
		"    certificate-authority-data: %s\n"
		"users:\n- name: bootstrap\n  user:\n    token: %s\n"
		"contexts:\n- name: bootstrap\n  context:\n    cluster: bramble\n    user: "
		"bootstrap\n"
		"current-context: bootstrap\n",
		cluster->server, cluster->ca, token);
	return write_text(rendered, "bootstrap.conf", text, 0600);
}

int member_write_files(const char *kept, const char *rendered, const struct member_cluster *cluster,
	const char *token)
{
	char pem[CA_LIMIT], pki[PATH_SIZE];
	int result = member_decode(cluster->ca, pem, sizeof(pem)) > 0 ? 0 : -EBADMSG;

	snprintf(pki, sizeof(pki), "%s/pki", kept);
	if (result == 0)
		result = file_make_directories(pki, 0700);
	if (result == 0)
		result = file_make_directories(rendered, 0700);
	if (result == 0)
		result = write_text(kept, "ca.crt", pem, 0644);
	if (result == 0)
		result = write_kubelet_config(kept, rendered, cluster);
	if (result == 0)
		result = write_arguments(kept, rendered, cluster);
	return result == 0 && token ? write_token(rendered, cluster, token) : result;
}

void member_remove_token(const char *rendered)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/bootstrap.conf", rendered);
	(void)unlink(path);
}
