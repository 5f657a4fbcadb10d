/* SPDX-License-Identifier: ISC */
#include "tests/escape/escape.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ipc.h"

struct scene scene = { .fd = -1 };

static const char memory[] = "root's memory";

int outcome(long result)
{
	return result >= 0 ? 0 : -errno;
}

int outcome_or(long result, int error)
{
	return result >= 0 || errno == error ? 0 : -errno;
}

static void name_file(char out[static 80], const char *name)
{
	snprintf(out, 80, "%s/%s", scene.directory, name);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static void copy_program(const char *path)
{
	struct stat status;
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);

	if (from >= 0 && to >= 0 && fstat(from, &status) == 0) {
		while (sendfile(to, from, NULL, (size_t)status.st_size) > 0)
			;
		fchmod(to, 04755);
	}
	close(from);
	close(to);
}

static pid_t start_process(uid_t user)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGUSR1, SIG_IGN);
	if (user != 0 && setresuid(user, user, user) != 0)
		_exit(1);
	for (;;)
		pause();
}

/* A listening socket; `length` 0: of a path, which ends with its NUL. */
static int listen_on(int type, const char *name, socklen_t length, mode_t mode)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, length ? length : strlen(name) + 1);
	if (length)
		length += (socklen_t)offsetof(struct sockaddr_un, sun_path);
	else
		length = sizeof(address);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 4096) != 0)
		return -1;
	if (mode != 0)
		chmod(name, mode);
	return fd;
}

static int listen_tcp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	scene.tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (scene.tcp < 0 || listen(scene.tcp, 4096) != 0 ||
		getsockname(scene.tcp, (struct sockaddr *)&address, &size) != 0)
		return -errno;
	scene.tcp_port = ntohs(address.sin_port);
	return 0;
}

static int set_namespaces(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0 ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return -errno;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) != 0)
		return -errno;
	close(fd);
	/* So that everybody may ask for an ICMP socket. */
	fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, "0 65535\n", 8);
		close(fd);
	}
	return 0;
}

static int set_files(void)
{
	char inside[96];

	snprintf(scene.directory, sizeof(scene.directory), "/tmp/escape-XXXXXX");
	if (!mkdtemp(scene.directory))
		return -errno;
	if (mount("none", scene.directory, "tmpfs", 0, "mode=0755") != 0)
		return -errno;
	name_file(scene.public, "public");
	name_file(scene.secret, "secret");
	name_file(scene.program, "program");
	name_file(scene.root, "root");
	name_file(scene.open, "open");
	name_file(scene.victim, "open/victim");
	name_file(scene.inner, "open/inner");
	name_file(scene.ipc, "ipc.sock");
	name_file(scene.stream, "stream");
	name_file(scene.private, "private");
	mkdir(scene.root, 0755);
	mkdir(scene.open, 0755);
	chmod(scene.open, 0777);
	snprintf(inside, sizeof(inside), "%s/f", scene.root);
	write_file(inside, "served\n", 0666);
	write_file(scene.public, "public\n", 0644);
	write_file(scene.secret, "secret\n", 0600);
	copy_program(scene.program);
	scene_reset();
	return 0;
}

static int set_sockets(void)
{
	int length = snprintf(scene.abstract, sizeof(scene.abstract), "@escape-%d", (int)getpid());

	scene.abstract[0] = '\0';
	scene.listening_ipc = ipc_listen(scene.ipc);
	if (scene.listening_ipc < 0 || listen_on(SOCK_STREAM, scene.stream, 0, 0666) < 0 ||
		listen_on(SOCK_SEQPACKET, scene.private, 0, 0600) < 0 ||
		listen_on(SOCK_SEQPACKET, scene.abstract, (socklen_t)length, 0) < 0)
		return -EIO;
	return listen_tcp();
}

int scene_set(void)
{
	const struct passwd *user = getpwnam(SERVER_USER);
	int result;

	umask(022);
	result = user ? set_namespaces() : -ENOENT;
	if (result == 0)
		result = set_files();
	if (result == 0)
		result = set_sockets();
	if (result != 0)
		return result;
	scene.memory = memory;
	scene.roots = start_process(0);
	scene.own = start_process(user->pw_uid);
	return scene.roots > 0 && scene.own > 0 ? 0 : -EAGAIN;
}

void scene_reset(void)
{
	static const char *const made[] = { "new", "renamed", "linked", "symbolic", "device",
		"made" };
	char path[96];

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", scene.open, made[i]);
		remove(path);
	}
	write_file(scene.victim, "victim\n", 0666);
	mkdir(scene.inner, 0777);
	chmod(scene.inner, 0777);
	chmod(scene.public, 0644);
	(void)!chown(scene.public, 0, 0);
}

void scene_drain(void)
{
	int fd;

	while ((fd = accept4(scene.listening_ipc, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		close(fd);
}

void scene_clear(void)
{
	if (scene.roots > 0) {
		kill(scene.roots, SIGKILL);
		waitpid(scene.roots, NULL, 0);
	}
	if (scene.own > 0) {
		kill(scene.own, SIGKILL);
		waitpid(scene.own, NULL, 0);
	}
	if (*scene.directory) {
		umount2(scene.directory, MNT_DETACH);
		rmdir(scene.directory);
	}
}
