/* SPDX-License-Identifier: ISC */
/* The steps of `bramble cluster create`. Each may be interrupted anywhere and repeated. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/str.h"
#include "provisioner/cluster/cluster.h"
#include "provisioner/cluster/credentials.h"
#include "provisioner/cluster/kubeadm.h"
#include "provisioner/cluster/objects.h"
#include "provisioner/cluster/own.h"
#include "provisioner/cluster/place.h"
#include "provisioner/cluster/processes.h"
#include "provisioner/cluster/store.h"
#include "rootfs/cluster/plane.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"
#include "rootfs/run.h"

#define MANIFEST_LIMIT 65536u
#define READY_NS (180 * NS_PER_S)
#define NODE_READY_NS (900 * NS_PER_S) /* it may have to boot for it */
#define ASK_AGAIN_US 500000
#define OBJECTS "objects.yaml"
#define SUPER_ADMIN "super-admin.conf"
#define OBJECTS_PATH_SIZE (CLUSTER_PATH_SIZE + 32)
#define KUBERNETES_DIRECTORY "/etc/kubernetes" /* where kubeadm writes, whatever it is told */

struct creation {
	const struct settings *settings;
	struct cluster_paths paths;
	struct place place;
	struct progress *progress;
	struct failure *failure;
	char version[CLUSTER_VERSION_SIZE];
	char result[128]; /* what the step came to, for people */
};

static int run_kubeadm(struct creation *creation, const char *phase, const char *part)
{
	const char *const arguments[] = { "kubeadm", "init", "phase", phase, part, "--config",
		creation->paths.config, NULL };
	const struct run run = {
		.arguments = arguments, .log = creation->paths.log, .progress = creation->progress
	};

	progress_note(creation->progress, "%s %s", phase, part);
	return run_tool(&run, creation->failure);
}

/* All programs must be there, and of one version: parts of two don't fit together. */
static int find_programs(struct creation *creation)
{
	int result = cluster_ask_version(
		"kubeadm", "version", "--output=short", creation->version, creation->failure);

	for (size_t i = 1; result == 0 && i < PROCESSES_COUNT; i++) {
		char version[CLUSTER_VERSION_SIZE];

		result = cluster_ask_version(
			processes_names[i], "--version", NULL, version, creation->failure);
		if (result == 0 && strcmp(version, creation->version) != 0)
			return failure_set(creation->failure, -EINVAL,
				"%s is %s, but kubeadm is %s; put programs of one version into %s "
				"(kubernetes.programs)",
				processes_names[i], version, creation->version,
				creation->settings->programs);
	}
	snprintf(creation->result, sizeof(creation->result), "Kubernetes %s", creation->version);
	return result;
}

static int make_directory(struct creation *creation, const char *path, mode_t mode)
{
	int result = file_make_directories(path, mode);

	return result == 0 ? 0
			   : failure_set(creation->failure, result, "can't make %s: %s", path,
				     strerror(-result));
}

/* Nobody else on this router sees our files in /etc/kubernetes, and we see nobody else's. */
int cluster_enter(const struct cluster_paths *paths, struct failure *failure)
{
	int result = file_make_directories(KUBERNETES_DIRECTORY, 0755);

	if (result != 0)
		return failure_set(failure, result, "can't make %s: %s", KUBERNETES_DIRECTORY,
			strerror(-result));
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) {
		/* Of an earlier call: mounted upon, that directory couldn't be removed. */
		(void)umount2(KUBERNETES_DIRECTORY, MNT_DETACH);
		if (mount(paths->kubernetes, KUBERNETES_DIRECTORY, NULL, MS_BIND, NULL) == 0)
			return 0;
	}
	return failure_set(failure, -errno, "can't mount %s at %s: %s; be root", paths->kubernetes,
		KUBERNETES_DIRECTORY, strerror(errno));
}

/* Etcd and API server run there. */
static int find_place(struct creation *creation)
{
	int result = make_directory(creation, creation->paths.base, 0711);

	if (result == 0)
		result = place_settle(
			creation->settings, &creation->paths, &creation->place, creation->failure);
	if (result == 0 && creation->place.node[0] && access(PLACE_PROXY, X_OK) != 0)
		result = failure_set(creation->failure, -ENOENT,
			"there is no " PLACE_PROXY ", which passes on to %s; install haproxy",
			creation->place.node);
	snprintf(creation->result, sizeof(creation->result), "%s", creation->place.node);
	return result;
}

static int write_configuration(struct creation *creation)
{
	const struct settings *settings = creation->settings;
	const struct kubeadm_config config = { .version = creation->version,
		.name = settings->cluster_name,
		.address = settings->router,
		.node = creation->place.address,
		.pki = creation->paths.pki,
		.etcd = creation->paths.etcd,
		.pod_cidr = settings->pod_cidr,
		.service_cidr = settings->service_cidr };
	char text[KUBEADM_CONFIG_SIZE];
	int result = make_directory(creation, creation->paths.kubernetes, 0711);

	if (result == 0)
		result = cluster_enter(&creation->paths, creation->failure);
	if (result != 0)
		return result;
	result = kubeadm_render(&config, text);
	if (result == 0)
		result = file_replace_if_different(
			creation->paths.config, text, strlen(text), 0600, NULL);
	if (result != 0)
		return failure_set(creation->failure, result,
			"can't write %s for Kubernetes %s: %s", creation->paths.config,
			creation->version, strerror(-result));
	snprintf(creation->result, sizeof(creation->result), "%.120s", creation->paths.config);
	return 0;
}

static int make_certificates(struct creation *creation)
{
	snprintf(creation->result, sizeof(creation->result), "%.120s", creation->paths.pki);
	return run_kubeadm(creation, "certs", "all");
}

static int make_credentials(struct creation *creation)
{
	static const char *const parts[] = { "admin", "controller-manager", "scheduler" };
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		result = run_kubeadm(creation, "kubeconfig", parts[i]);
	if (result == 0 && kubeadm_has_super_admin(creation->version))
		result = run_kubeadm(creation, "kubeconfig", "super-admin");
	if (result == 0 && access(creation->paths.own, F_OK) != 0)
		result = credentials_make_own(
			&creation->paths, creation->version, creation->progress, creation->failure);
	snprintf(creation->result, sizeof(creation->result), "%.120s", creation->paths.kubernetes);
	return result;
}

/* etcd comes from the distribution, the others from kubernetes.programs. */
static char *find_program(const struct creation *creation, const char *name)
{
	const char *const directories[] = { creation->settings->programs, "/usr/local/bin",
		"/usr/bin" };
	char path[CLUSTER_PATH_SIZE];

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		snprintf(path, sizeof(path), "%.250s/%.60s", directories[i], name);
		if (access(path, X_OK) == 0)
			return strdup(path);
	}
	return NULL;
}

/* Does it run on a node? */
static bool is_away(const struct creation *creation, size_t process)
{
	return creation->place.node[0] && process < PLACE_PROCESSES;
}

/* Let what a word says of `from`, or of something in it, be of `to`. */
static char *move_path(char *word, const char *from, const char *to)
{
	char moved[2 * CLUSTER_PATH_SIZE];
	const char *path = strchr(word, '=');
	size_t length = strlen(from);

	if (!path || strncmp(path + 1, from, length) != 0 ||
		(path[1 + length] != '/' && path[1 + length] != '\0'))
		return word;
	snprintf(
		moved, sizeof(moved), "%.*s=%s%s", (int)(path - word), word, to, path + 1 + length);
	free(word);
	return strdup(moved);
}

/* kubeadm means paths in its own directory; the processes see only ours. What goes to a node has
 * certificates and store where it has them. */
static char *move_paths(const struct creation *creation, size_t process, char *word)
{
	char store[PLANE_DIRECTORY_SIZE];

	if (!is_away(creation, process))
		return move_path(word, KUBERNETES_DIRECTORY, creation->paths.kubernetes);
	snprintf(store, sizeof(store), PLANE_STORES "/%s", creation->place.store);
	word = move_path(word, creation->paths.pki, PLANE_PKI);
	return word ? move_path(word, creation->paths.etcd, store) : NULL;
}

static char *find_program_of(const struct creation *creation, size_t process)
{
	char path[CLUSTER_PATH_SIZE];

	if (!is_away(creation, process))
		return find_program(creation, processes_names[process]);
	snprintf(path, sizeof(path), PLANE_PROGRAM_PATH "/%s", processes_names[process]);
	return strdup(path);
}

static int read_manifest(struct creation *creation, size_t process, char **argv)
{
	const char *name = processes_names[process];
	char path[CLUSTER_PATH_SIZE], *text, *program;
	size_t size;
	int result;

	snprintf(path, sizeof(path), KUBERNETES_DIRECTORY "/manifests/%s.yaml", name);
	result = file_read(path, MANIFEST_LIMIT, &text, &size);
	if (result == 0) {
		result = kubeadm_read_command(text, size, argv);
		free(text);
	}
	if (result != 0)
		return failure_set(creation->failure, result,
			"the manifest of %s that kubeadm wrote can't be read: %s", name,
			strerror(-result));
	program = find_program_of(creation, process);
	if (!program)
		return failure_set(creation->failure, -ENOENT,
			"there is no %s in %s nor in /usr/bin; install %s", name,
			creation->settings->programs,
			strcmp(name, "etcd") == 0 ? "etcd-server" : "it");
	free(argv[0]);
	argv[0] = program;
	for (size_t i = 1; argv[i]; i++) {
		argv[i] = move_paths(creation, process, argv[i]);
		if (!argv[i])
			return -ENOMEM;
	}
	return 0;
}

static int write_forwarder(struct creation *creation)
{
	char path[CLUSTER_PATH_SIZE + 16], text[PLACE_FORWARDER_SIZE];
	int result;

	if (!creation->place.node[0])
		return 0;
	snprintf(path, sizeof(path), "%s/forwarder.cfg", creation->paths.base);
	result = place_render_forwarder(
		&creation->place, creation->settings->router, creation->paths.pki, text);
	if (result == 0)
		result = file_replace_if_different(path, text, strlen(text), 0644, NULL);
	return result == 0 ? 0
			   : failure_set(creation->failure, result, "can't write %s: %s", path,
				     strerror(-result));
}

/* By the version of the etcd that will run. Of one on a node nothing is known here. */
static void fit_etcd(char **argv)
{
	const char *const arguments[] = { argv[0], "--version", NULL };
	char said[512] = "";
	const struct run run = {
		.arguments = arguments, .output = said, .output_size = sizeof(said)
	};
	struct failure failure;

	kubeadm_fit_etcd(argv, run_tool(&run, &failure) == 0 ? kubeadm_read_etcd_minor(said) : 0);
}

/* From here on brambled runs them. */
static int write_processes(struct creation *creation)
{
	struct processes processes = { 0 };
	char *text;
	int result = run_kubeadm(creation, "etcd", "local");

	if (result == 0)
		result = run_kubeadm(creation, "control-plane", "all");
	for (size_t i = 0; result == 0 && i < PROCESSES_COUNT; i++)
		result = read_manifest(creation, i, processes.argv[i]);
	if (result == 0)
		fit_etcd(processes.argv[0]);
	text = result == 0 ? processes_format(&processes) : NULL;
	processes_free(&processes);
	if (result != 0)
		return result;
	result = cluster_own(&creation->paths, creation->failure);
	if (result == 0)
		result = write_forwarder(creation);
	if (result == 0 && text)
		result = file_replace_if_different(
			creation->paths.processes, text, strlen(text), 0600, NULL);
	free(text);
	if (result != 0)
		return failure_set(creation->failure, result, "can't write %s: %s",
			creation->paths.processes, strerror(-result));
	snprintf(creation->result, sizeof(creation->result),
		"etcd, API server, controllers, scheduler");
	return 0;
}

int cluster_wait_until_ready(
	const struct settings *settings, struct progress *progress, struct failure *failure)
{
	static const char *const words[] = { "get", "--raw=/readyz", NULL };
	char answer[4096], address[ADDRESS_TEXT_SIZE];
	uint64_t patience_ns, deadline_ns;
	struct cluster_paths paths;
	struct place place;

	cluster_find_paths(settings, &paths);
	(void)place_read(&paths, &place);
	patience_ns = place.node[0] ? NODE_READY_NS : READY_NS;
	deadline_ns = clock_monotonic_ns() + patience_ns;
	for (;;) {
		struct failure last = { .text = "" };

		if (store_is_lost(&paths))
			return failure_set(failure, -ESTALE,
				"etcd's store is gone from %s, and isn't begun anew; `bramble "
				"cluster rebuild` brings the cluster back",
				paths.etcd);
		if (cluster_ask(settings, words, answer, sizeof(answer), &last) == 0)
			break;
		if (clock_monotonic_ns() > deadline_ns)
			return failure_set(failure, -ETIMEDOUT,
				"the API server isn't ready after %u s; `bramble status` and "
				"`journalctl -u bramble` say why%s%s. It said last: %.500s",
				(unsigned)(patience_ns / NS_PER_S),
				place.node[0] ? ", `bramble events` what came of it on " : "",
				place.node, last.text);
		progress_note(progress, "waiting for the API server%s%s",
			place.node[0] ? " on " : "", place.node);
		usleep(ASK_AGAIN_US);
	}
	str_format_address(settings->router, address);
	progress_end(progress, "https://%s:6443 is ready", address);
	return 0;
}

static int wait_until_ready(struct creation *creation)
{
	creation->result[0] = '\0';
	return cluster_wait_until_ready(creation->settings, creation->progress, creation->failure);
}

/* The file says what was applied: it gets its name afterwards. */
int cluster_apply_objects(const struct settings *settings, struct failure *failure)
{
	char path[OBJECTS_PATH_SIZE], fresh[OBJECTS_PATH_SIZE], answer[4096];
	char super[OBJECTS_PATH_SIZE];
	const char *words[] = { "apply", "-f", fresh, NULL, NULL };
	struct cluster_paths paths;
	int result;

	cluster_find_paths(settings, &paths);
	snprintf(path, sizeof(path), "%s/" OBJECTS, paths.base);
	snprintf(fresh, sizeof(fresh), "%s/objects.new.yaml", paths.base);
	/* The administrator's own rights are among them. The last such option counts. */
	snprintf(super, sizeof(super), "--kubeconfig=%s/" SUPER_ADMIN, paths.kubernetes);
	if (access(strchr(super, '/'), F_OK) == 0)
		words[3] = super;
	result = file_replace(fresh, cluster_objects, strlen(cluster_objects), 0600);
	if (result != 0)
		return failure_set(failure, result, "can't write %s: %s", fresh, strerror(-result));
	result = cluster_ask(settings, words, answer, sizeof(answer), failure);
	if (result == 0 && rename(fresh, path) != 0)
		result =
			failure_set(failure, -errno, "can't rename %s: %s", fresh, strerror(errno));
	return result;
}

bool cluster_has_objects(const struct settings *settings)
{
	char path[OBJECTS_PATH_SIZE], *text;
	struct cluster_paths paths;
	size_t size;
	bool same;

	cluster_find_paths(settings, &paths);
	snprintf(path, sizeof(path), "%s/" OBJECTS, paths.base);
	if (file_read(path, MANIFEST_LIMIT, &text, &size) != 0)
		return false;
	same = strcmp(text, cluster_objects) == 0;
	free(text);
	return same;
}

static int apply_objects(struct creation *creation)
{
	int result = cluster_apply_objects(creation->settings, creation->failure);

	snprintf(creation->result, sizeof(creation->result), "nodes may ask for certificates");
	return result == 0 ? store_take(creation->settings, creation->failure) : result;
}

static const struct step {
	const char *name;
	int (*run)(struct creation *creation);
} steps[] = { { "programs", find_programs }, { "place", find_place },
	{ "settings", write_configuration }, { "certificates", make_certificates },
	{ "credentials", make_credentials }, { "processes", write_processes },
	{ "start", wait_until_ready }, { "permissions", apply_objects } };
#define STEPS (sizeof(steps) / sizeof(steps[0]))
#define STEPS_BEFORE_START 6u

static int take_steps(const struct settings *settings, size_t n, struct progress *progress,
	struct failure *failure)
{
	struct creation creation = {
		.settings = settings, .progress = progress, .failure = failure
	};
	int result = 0;

	cluster_find_paths(settings, &creation.paths);
	cluster_use_programs(settings);
	umask(022);
	for (size_t i = 0; result == 0 && i < n; i++) {
		progress_begin(progress, steps[i].name);
		result = steps[i].run(&creation);
		if (result == 0 && creation.result[0])
			progress_end(progress, "%s", creation.result);
		else if (result != 0)
			progress_break(progress);
	}
	return result;
}

int cluster_create(
	const struct settings *settings, struct progress *progress, struct failure *failure)
{
	return take_steps(settings, STEPS, progress, failure);
}

int cluster_prepare(
	const struct settings *settings, struct progress *progress, struct failure *failure)
{
	return take_steps(settings, STEPS_BEFORE_START, progress, failure);
}
