/* SPDX-License-Identifier: ISC */
/* bramble-upkeep: what the control plane needs from time to time, apart from brambled, which never
 * waits. brambled keeps it running. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "provisioner/cluster/upkeep.h"

#define ROUND_S 15u

/* In a process of its own: whatever a round leaves behind ends with it, and it ends with us. */
static void go_round(struct settings *settings)
{
	pid_t parent = getpid(), pid = fork();
	int status;

	if (pid < 0) {
		log_error("can't begin a round: %s", strerror(errno));
		return;
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			upkeep_round(settings);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFSIGNALED(status))
		log_error("a round of upkeep was ended by signal %d", WTERMSIG(status));
}

static int usage(void)
{
	fputs("usage: bramble-upkeep --config FILE; brambled starts it\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "config", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 } };
	static struct settings settings;
	const char *config = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'c')
			return usage();
		config = optarg;
	}
	if (!config || optind != argc)
		return usage();
	log_init("bramble-upkeep", LOG_LEVEL_INFO);
	for (;;) {
		struct conf_error error;

		if (settings_load(config, &settings, &error) != 0)
			log_error("%s", error.text);
		else if (settings.kubernetes_engine == ENGINE_KUBEADM)
			go_round(&settings);
		sleep(ROUND_S);
	}
}
