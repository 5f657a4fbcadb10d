/* SPDX-License-Identifier: ISC */
#include "provisioner/packages.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"

#define NAME "packages"
#define PROGRAM "/usr/sbin/apt-cacher-ng"
#define USER "apt-cacher-ng" /* of Debian's package */
#define PATH_LENGTH 320

/* setpriv(1) takes root away before the program starts. */
#define LAUNCHER                                                                                   \
	"/usr/bin/setpriv", "--reuid", USER, "--regid", USER, "--clear-groups", "--no-new-privs",  \
		"--bounding-set=-all", "--inh-caps=-all"
#define LAUNCHER_WORDS 9

/* Its own directory, for nobody else's files are to be written by it. */
static int make_directory(const char *path)
{
	const struct passwd *user = getpwnam(USER);
	int result;

	if (!user || access(PROGRAM, X_OK) != 0)
		return -ENOENT;
	result = file_make_directories(path, 0755);
	if (result == 0 && chown(path, user->pw_uid, user->pw_gid) != 0)
		result = -errno;
	return result;
}

/* No page of its own on the LAN, where everybody could have it fetch and delete; only archives by
 * HTTP, whose lists and packages apt verifies by signatures, so no tunnel to elsewhere. */
static int write_config(const struct settings *settings, const char *directory, const char *cache)
{
	char text[4 * PATH_LENGTH], path[PATH_LENGTH + 16], address[ADDRESS_TEXT_SIZE];
	int result = file_make_directories(directory, 0755);

	str_format_address(settings->router, address);
	snprintf(text, sizeof(text),
		"CacheDir: %s\n"
		"LogDir: %s\n"
		"SupportDir: /usr/lib/apt-cacher-ng\n"
		"BindAddress: %s\n"
		"Port: %d\n"
		"ForeGround: 1\n"
		"ReportPage:\n"
		"SocketPath:\n"
		"VerboseLog: 0\n"
		"ExThreshold: 30\n",
		cache, cache, address, SETTINGS_PACKAGE_PORT);
	snprintf(path, sizeof(path), "%s/acng.conf", directory);
	return result == 0 ? file_replace_if_different(path, text, strlen(text), 0644, NULL)
			   : result;
}

int packages_start(struct supervisor *supervisor, const struct settings *settings)
{
	char directory[PATH_LENGTH], cache[PATH_LENGTH];
	const struct supervise_spec spec = { .name = NAME,
		.argv = { LAUNCHER, PROGRAM, "-c", directory },
		.launcher = LAUNCHER_WORDS };
	int result;

	snprintf(directory, sizeof(directory), "%s/packages", settings->run);
	if (!settings->package_cache) {
		/* One that an earlier brambled started would stay. */
		if (!supervise_has(supervisor, NAME))
			(void)supervise_adopt(supervisor, &spec);
		result = supervise_remove(supervisor, NAME);
		return result == -ESRCH ? 0 : result;
	}
	snprintf(cache, sizeof(cache), "%s/packages", settings->cache);
	result = make_directory(cache);
	if (result == -ENOENT) {
		log_error("packages.cache is on, but apt-cacher-ng isn't installed: "
			  "apt-get install apt-cacher-ng");
		return result;
	}
	if (result == 0)
		result = write_config(settings, directory, cache);
	if (result == 0)
		result = supervise_add(supervisor, &spec);
	if (result == -EEXIST)
		result = 0;
	if (result != 0)
		log_error("the package cache can't be started: %s", strerror(-result));
	return result;
}
