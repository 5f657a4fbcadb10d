/* SPDX-License-Identifier: ISC */
/* bramble-agent --cluster, from its start to its end. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "rootfs/cluster/member.h"

#define SOON_MS 500
#define LATER_MS 5000
#define LATEST_MS 10000
#define START_S 90
#define PROXY "/usr/bin/kube-proxy"

/* Until the router says that there is a cluster, and that this node has joined the LAN. */
static void find_cluster(const struct agent_boot *boot, struct member_cluster *cluster)
{
	int last = 1, result;

	for (;; poll(NULL, 0, result == 0 && cluster->exists ? SOON_MS : LATER_MS)) {
		result = member_ask_cluster(boot, cluster);
		if (result == 0 && (!cluster->engine || (cluster->exists && cluster->joined)))
			return;
		if (result != 0 && result != last)
			log_warning("the router says nothing of a cluster: %s", strerror(-result));
		else if (result == 0 && !cluster->exists && result != last)
			log_notice("there is no cluster yet: `bramble cluster create` makes one");
		last = result;
	}
}

static int run_systemctl(const char *verb, const char *unit, const char *option)
{
	const char *const argv[] = { "systemctl", verb, unit, option, NULL };
	int result = member_run(argv, START_S, NULL, 0);

	return result > 0 ? -EIO : result;
}

static int start(const char *unit)
{
	return run_systemctl("start", unit, "--no-block");
}

static int restart(const char *unit)
{
	return run_systemctl("restart", unit, "--no-block");
}

/* Store, containerd, images. */
static int prepare(const struct agent_boot *boot, const struct member_cluster *cluster)
{
	char detail[MEMBER_REASON_SIZE];
	int result = member_mount_store(cluster, detail);

	member_tell(boot, result != 0, detail);
	if (result != 0)
		return result;
	result = file_replace(MEMBER_RENDERED "/store", "", 0, 0644);
	if (result == 0)
		result = run_systemctl("start", "containerd.service", NULL);
	if (result != 0) {
		member_tell(boot, true, "containerd doesn't start; see journalctl -u containerd");
		return result;
	}
	result = member_import_images(MEMBER_ARCHIVES, detail);
	if (result > 0)
		snprintf(detail, sizeof(detail), "containerd runs, %d images imported", result);
	else if (result == 0)
		snprintf(detail, sizeof(detail), "containerd runs");
	member_tell(boot, result < 0, detail);
	return result < 0 ? result : 0;
}

/* Etcd and API server first, if they are to be here: everything else asks them. The way on is long
 * where something is missing, and it may become another's task meanwhile. */
static void carry_plane(const struct agent_boot *boot, struct member_cluster *cluster)
{
	char detail[MEMBER_REASON_SIZE] = "", told[MEMBER_REASON_SIZE] = "";
	static struct member_cluster present;

	while (cluster->plane[0]) {
		int result = member_start_plane(boot, cluster, detail);

		if (strcmp(detail, told) != 0)
			member_tell(boot, result != 0, detail);
		str_copy(told, sizeof(told), detail);
		if (result == 0)
			return;
		poll(NULL, 0, LATER_MS);
		if (member_ask_cluster(boot, &present) == 0 && present.engine && present.exists)
			*cluster = present;
	}
}

/* With the token the kubelet gets a certificate. The router gives another one when this one can't
 * serve any more (it is too old, or was used for a certificate that the kubelet hadn't time to
 * keep): then the kubelet begins anew with that. */
static int use_token(const struct member_cluster *cluster, const char *token)
{
	int result = member_write_files(MEMBER_KEPT, MEMBER_RENDERED, cluster, token);

	return result == 0 ? restart("bramble-kubelet.service") : result;
}

static int join(const struct agent_boot *boot, const struct member_cluster *cluster)
{
	char token[MEMBER_TOKEN_SIZE], used[MEMBER_TOKEN_SIZE] = "";
	int result = 0, last = -EAGAIN;

	while (result == 0 && !member_has_credentials(MEMBER_KEPT, cluster)) {
		int asked = member_ask_token(boot, token);

		if (asked == 0 && strcmp(token, used) != 0) {
			result = use_token(cluster, token);
			str_copy(used, sizeof(used), token);
		} else if (asked != 0 && asked != last) {
			log_warning("no token yet: %s; trying on",
				asked == -EACCES ? "the router refuses; reboot the node"
						 : strerror(-asked));
		}
		last = asked;
		poll(NULL, 0, SOON_MS);
	}
	explicit_bzero(token, sizeof(token));
	explicit_bzero(used, sizeof(used));
	member_remove_token(MEMBER_RENDERED);
	return result;
}

static void tell_kept(const struct agent_boot *boot, const char *detail)
{
	while (member_tell_kept(boot, detail) != 0)
		poll(NULL, 0, SOON_MS);
}

static int become_member(const struct agent_boot *boot, const struct member_cluster *cluster)
{
	int result = 0;

	if (member_has_credentials(MEMBER_KEPT, cluster)) {
		/* Before any pod runs, which could ask for a token in this node's name. */
		tell_kept(boot, "credentials of an earlier boot");
		member_remove_token(MEMBER_RENDERED); /* if this program was killed with it */
		result = member_write_files(MEMBER_KEPT, MEMBER_RENDERED, cluster, NULL);
		if (result == 0)
			result = start("bramble-kubelet.service");
	} else {
		result = join(boot, cluster);
		if (result == 0)
			tell_kept(boot, "certificate from the cluster");
	}
	if (result == 0 && access(PROXY, X_OK) == 0)
		result = start("bramble-proxy.service");
	return result;
}

/* Is this another cluster, or one that begins anew here? Keys for its control plane come before any
 * pod runs alone: both take a boot. */
static bool is_another(const struct member_cluster *cluster, const struct member_cluster *present)
{
	char running[PLANE_STORE_SIZE];

	member_find_plane(running);
	return strcmp(present->ca, cluster->ca) != 0 ||
	       (present->plane[0] && strcmp(present->plane, running) != 0);
}

/* What runs here of a control plane that has moved elsewhere ends. */
static void let_plane_go(const struct member_cluster *present)
{
	char running[PLANE_STORE_SIZE];

	member_find_plane(running);
	if (running[0] && !present->plane[0])
		member_stop_plane();
}

/* Routes follow the cluster, for ever. Returns when it has become another one. */
static void follow_network(const struct agent_boot *boot, const struct member_cluster *cluster)
{
	static struct member_cluster present;
	int last = 0;

	for (bool ready = false;;) {
		struct member_network network;
		int result = member_ask_network(boot, &network);

		if (result == 0 && network.known)
			result = member_apply_network(&network, cluster->pods);
		if (result != 0 && result != last)
			log_warning("the pods' network: %s", strerror(-result));
		last = result;
		ready = result == 0 && network.ready;
		if (member_ask_cluster(boot, &present) == 0 && present.engine && present.exists) {
			if (is_another(cluster, &present))
				return;
			let_plane_go(&present);
		}
		poll(NULL, 0, ready ? LATEST_MS : SOON_MS);
	}
}

int member_run_service(const struct agent_boot *boot)
{
	static struct member_cluster cluster;
	char reason[AGENT_REASON_SIZE];
	int result = file_make_directories(MEMBER_RENDERED, 0700);

	if (result == 0)
		find_cluster(boot, &cluster);
	if (result == 0 && !cluster.engine) {
		log_notice("this LAN has no cluster");
		return 0;
	}
	if (result == 0) {
		carry_plane(boot, &cluster);
		result = prepare(boot, &cluster);
	}
	if (result == 0)
		result = become_member(boot, &cluster);
	if (result != 0)
		return result;
	follow_network(boot, &cluster);
	/* Nothing of the old one may run on in the new one, and only a boot gets a token. */
	member_tell(boot, false, "there is another control plane now: rebooting to join it");
	return agent_reboot(reason);
}
