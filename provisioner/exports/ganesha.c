/* SPDX-License-Identifier: ISC */
/*
 * nfs-ganesha: the NFS server in user space. It is given one file; on SIGHUP it reads the exports
 * in it again and changes what differs, with every mount going on (ganesha-export-config(8),
 * CONFIGURATION RELOAD).
 *
 * For NFSv4 alone neither rpcbind nor D-Bus is needed; it says in its log that they are missing.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "provisioner/exports/private.h"

#define GANESHA "/usr/bin/ganesha.nfsd"
#define NETCONFIG "/etc/netconfig"
#define MOUNTS "/etc/mtab"
#define PROCESS "ganesha"
#define LOG_LIMIT (1024 * 1024)
#define RELOADED "Reread exports complete"
#define RELOAD_WAIT_NS (1 * NS_PER_S)
#define FRESH_MS 3000

/* Export_Id is a 16-bit number (ganesha-export-config(8)). */
#define ID_IMAGES 1u
#define ID_SHARED 2u
#define ID_FIRST_NODE 100u
#define ID_LAST 65535u

static int check(char *reason, size_t size)
{
	if (access(GANESHA, X_OK) != 0) {
		snprintf(reason, size,
			"%s is missing; install the packages nfs-ganesha and nfs-ganesha-vfs",
			GANESHA);
		return -ENOENT;
	}
	if (access(NETCONFIG, R_OK) != 0) {
		snprintf(reason, size,
			"%s is missing, without which %s ends; get it back by `apt-get install "
			"--reinstall -o Dpkg::Options::=--force-confmiss libtirpc-common`",
			NETCONFIG, GANESHA);
		return -ENOENT;
	}
	if (access(MOUNTS, R_OK) != 0) {
		snprintf(reason, size,
			"%s is missing, in which nfs-ganesha looks up file systems; make it by `ln "
			"-s ../proc/self/mounts %s`",
			MOUNTS, MOUNTS);
		return -ENOENT;
	}
	return 0;
}

/* Only root of a node may speak NFS (PrivilegedPort). Owners are numbers: router and nodes share no
 * list of users. Attributes aren't kept, because brambled writes to the same directories beside
 * ganesha. */
void exports_render_ganesha_core(FILE *out, const struct settings *settings)
{
	char router[ADDRESS_TEXT_SIZE];

	str_format_address(settings->router, router);
	fprintf(out,
		"# Rendered by brambled from bramble.conf and the registry; changes here are "
		"lost.\n"
		"NFS_CORE_PARAM {\n"
		"	Protocols = 4;\n"
		"	Bind_addr = %s;\n"
		"	Enable_UDP = false;\n"
		"	Enable_NLM = false;\n"
		"	Enable_RQUOTA = false;\n"
		"	Clustered = false;\n"
		/* Since 6 (Debian 13) it ends where it may not set PR_SET_IO_FLUSHER
		 * (CAP_SYS_RESOURCE), as in a container. Without that it can only wait in vain
		 * for memory when this machine mounts its own exports. An older one warns of
		 * the word. */
		"	allow_set_io_flusher_fail = true;\n"
		"}\n"
		"NFS_KRB5 {\n"
		"	Active_krb5 = false;\n"
		"	CCacheDir = \"%s/ganesha-krb5\";\n"
		"}\n"
		"NFSv4 {\n"
		"	Minor_Versions = 1, 2;\n"
		"	Lease_Lifetime = %d;\n"
		"	Grace_Period = %d;\n"
		"	RecoveryBackend = fs;\n"
		"	RecoveryRoot = \"%s/state/ganesha\";\n"
		"	Only_Numeric_Owners = true;\n"
		"	Delegations = false;\n"
		"}\n"
		"EXPORT_DEFAULTS {\n"
		"	Protocols = 4;\n"
		"	Transports = TCP;\n"
		"	SecType = sys;\n"
		"	Access_Type = None;\n"
		"	Squash = No_Root_Squash;\n"
		"	PrivilegedPort = true;\n"
		"	Attr_Expiration_Time = 0;\n"
		"}\n"
		"LOG {\n"
		"	Default_Log_Level = EVENT;\n"
		"	COMPONENTS { DBUS = FATAL; TIRPC = FATAL; NFS_CB = FATAL; }\n"
		"}\n",
		router, settings->run, EXPORTS_LEASE_S, EXPORTS_GRACE_S, settings->share);
}

static void begin_export(FILE *out, const struct settings *settings, unsigned id,
	const char *directory, const char *name)
{
	char path[EXPORTS_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s%s%s", settings->share, directory, name[0] ? "/" : "",
		name);
	fprintf(out,
		"EXPORT {\n"
		"	Export_Id = %u;\n"
		"	Path = \"%s\";\n"
		"	Pseudo = \"%s\";\n"
		"	FSAL { Name = VFS; }\n",
		id, path, path);
}

static void put_client(FILE *out, const char *client, const char *access)
{
	fprintf(out,
		"	CLIENT { Clients = %s; Access_Type = %s; Protocols = 4; Transports = TCP; "
		"SecType = sys; "
		"Squash = No_Root_Squash; PrivilegedPort = true; }\n",
		client, access);
}

static void put_node_client(FILE *out, const struct exports_node *node)
{
	char address[ADDRESS_TEXT_SIZE];

	str_format_address(node->address, address);
	put_client(out, address, "RW");
}

void exports_render_ganesha(FILE *out, const struct exports *exports)
{
	const struct settings *settings = exports->settings;

	exports_render_ganesha_core(out, settings);
	begin_export(out, settings, ID_IMAGES, "images", "");
	put_client(out, exports->network, "RO");
	fputs("}\n", out);
	begin_export(out, settings, ID_SHARED, "shared", "");
	for (size_t i = 0; i < exports->n; i++)
		put_node_client(out, &exports->nodes[i]);
	fputs("}\n", out);
	for (size_t i = 0; i < exports->n; i++) {
		begin_export(out, settings, ID_FIRST_NODE + exports->nodes[i].id, "nodes",
			exports->nodes[i].name);
		put_node_client(out, &exports->nodes[i]);
		fputs("}\n", out);
	}
}

/* Above the limit the log gives way to a new one; ganesha opens it anew for each line. */
static void rotate_log(const struct settings *settings)
{
	char path[EXPORTS_PATH_SIZE], old[EXPORTS_PATH_SIZE];
	struct stat status;

	snprintf(path, sizeof(path), "%s/ganesha.log", settings->run);
	snprintf(old, sizeof(old), "%s/ganesha.log.1", settings->run);
	if (stat(path, &status) == 0 && status.st_size > LOG_LIMIT && rename(path, old) != 0)
		log_warning("can't rename %s: %s", path, strerror(errno));
}

static int prepare(void *argument, int fds[static SUPERVISE_FDS], char reason[static 160])
{
	(void)fds;
	(void)reason;
	rotate_log(argument);
	return 0;
}

/* FNV-1a of the part that SIGHUP doesn't change. */
static void make_fingerprint(const struct settings *settings, char out[static 17])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (stream) {
		exports_render_ganesha_core(stream, settings);
		fclose(stream);
	}
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
	free(text);
	snprintf(out, 17, "%016" PRIx64, hash);
}

static int add_process(struct exports *exports)
{
	const struct settings *settings = exports->settings;
	char config[EXPORTS_PATH_SIZE], log[EXPORTS_PATH_SIZE], pid[EXPORTS_PATH_SIZE];
	char fingerprint[17];
	const struct supervise_spec spec = {
		.name = PROCESS,
		.argv = { GANESHA, "-F", "-f", config, "-L", log, "-p", pid },
		.prepare = prepare,
		.argument = (void *)(uintptr_t)settings,
		.fingerprint = fingerprint,
	};

	snprintf(config, sizeof(config), "%s/ganesha.conf", settings->run);
	snprintf(log, sizeof(log), "%s/ganesha.log", settings->run);
	snprintf(pid, sizeof(pid), "%s/ganesha.pid", settings->run);
	make_fingerprint(settings, fingerprint);
	return supervise_add(exports->supervisor, &spec);
}

static int write_config(const struct exports *exports, char *reason, size_t reason_size)
{
	char path[EXPORTS_PATH_SIZE], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int result;

	if (!out)
		return -ENOMEM;
	exports_render_ganesha(out, exports);
	snprintf(path, sizeof(path), "%s/ganesha.conf", exports->settings->run);
	result = fclose(out) == 0 ? file_replace_if_different(path, text, size, 0644, NULL)
				  : -ENOMEM;
	free(text);
	if (result != 0)
		snprintf(reason, reason_size, "can't write %s: %s", path, strerror(-result));
	return result;
}

static bool find_status(const struct exports *exports, struct supervise_status *status)
{
	for (size_t i = 0; supervise_get(exports->supervisor, i, status); i++) {
		if (strcmp(status->name, PROCESS) == 0)
			return true;
	}
	return false;
}

static size_t count_reloads(const char *path)
{
	char *text;
	size_t size, n = 0;

	if (file_read(path, 2 * LOG_LIMIT, &text, &size) != 0)
		return 0;
	for (const char *p = text; (p = strstr(p, RELOADED)); p += sizeof(RELOADED) - 1)
		n++;
	free(text);
	return n;
}

/* Without D-Bus its log is the only answer. It takes milliseconds; one that is just starting takes
 * the signal when it is ready, which isn't waited for. */
static int reload(struct exports *exports)
{
	const struct timespec step = { .tv_nsec = 5 * (long)NS_PER_MS };
	uint64_t deadline = clock_monotonic_ns() + RELOAD_WAIT_NS;
	struct supervise_status status;
	char log[EXPORTS_PATH_SIZE];
	size_t before;
	int result;

	snprintf(log, sizeof(log), "%s/ganesha.log", exports->settings->run);
	rotate_log(exports->settings);
	before = count_reloads(log);
	result = supervise_signal(exports->supervisor, PROCESS, SIGHUP);
	/* Not running now: it reads the file when the supervisor starts it. */
	if (result == -ESRCH)
		return 0;
	if (result != 0 || !find_status(exports, &status))
		return result;
	while (count_reloads(log) == before) {
		if (!status.adopted && status.running_ms < FRESH_MS)
			return 0;
		if (clock_monotonic_ns() > deadline) {
			log_warning(
				"ganesha hasn't taken new exports within a second; see %s", log);
			return 0;
		}
		nanosleep(&step, NULL);
	}
	return 0;
}

static int apply(struct exports *exports, char *reason, size_t size)
{
	struct supervise_status status;
	int result;

	if (exports->n > 0 && exports->nodes[exports->n - 1].id > ID_LAST - ID_FIRST_NODE) {
		snprintf(reason, size, "node number %u is too great for nfs-ganesha",
			exports->nodes[exports->n - 1].id);
		return -ERANGE;
	}
	result = write_config(exports, reason, size);
	if (result != 0)
		return result;
	if (!exports->started) {
		result = add_process(exports);
		exports->started = result == 0;
		/* A fresh one has read the file; an earlier one may not know of it. */
		if (result == 0 && !(find_status(exports, &status) && status.adopted))
			return 0;
	}
	if (result == 0)
		result = reload(exports);
	if (result != 0)
		snprintf(reason, size, "can't make nfs-ganesha read its exports: %s",
			strerror(-result));
	return result;
}

/* The supervisor ends it. */
static void stop(struct exports *exports)
{
	(void)exports;
}

const struct exports_server exports_ganesha = {
	.name = "nfs-ganesha",
	.check = check,
	.apply = apply,
	.stop = stop,
};
