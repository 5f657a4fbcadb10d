/* SPDX-License-Identifier: ISC */
/* bramble-clusterd: between brambled and the API server of the cluster. */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/log.h"
#include "provisioner/clusterd/work.h"

#define ROUND_MS 1000

struct arguments {
	const char *run, *kubeconfig;
	enum log_level level;
};

static volatile sig_atomic_t told_to_end;

static void on_term(int number)
{
	(void)number;
	told_to_end = 1;
}

static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{ "run", required_argument, NULL, 'r' },
		{ "kubeconfig", required_argument, NULL, 'k' },
		{ "log-level", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	*arguments = (struct arguments){ .level = LOG_LEVEL_INFO };
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			arguments->run = optarg;
		else if (option == 'k')
			arguments->kubeconfig = optarg;
		else if (option != 'l' || log_parse_level(optarg, &arguments->level) != 0)
			return -EINVAL;
	}
	return optind == argc && arguments->run && arguments->kubeconfig ? 0 : -EINVAL;
}

static int load_credentials(const char *path, struct kubeconfig *config)
{
	char *text;
	size_t size;
	int result = file_read(path, KUBECONFIG_LIMIT, &text, &size);

	if (result == 0) {
		result = kubeconfig_parse(text, size, config);
		sodium_memzero(text, size);
		free(text);
	}
	if (result != 0)
		log_error("%s can't be used: %s; `bramble cluster create` makes it", path,
			result == -EBADMSG ? "it holds no credentials" : strerror(-result));
	return result;
}

static int run(const struct arguments *arguments)
{
	static struct kubeconfig config;
	struct client client;
	struct work work = { .brambled = &client };
	int result = load_credentials(arguments->kubeconfig, &config);

	if (result == 0)
		result = client_init(&client, arguments->run, IPC_ROLE_CLUSTER);
	if (result != 0)
		return result;
	work.kube = kube_new(&config);
	while (work.kube && !told_to_end) {
		work_round(&work);
		poll(NULL, 0, ROUND_MS);
	}
	kube_free(work.kube);
	client_free(&client);
	return 0;
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	const struct sigaction action = { .sa_handler = on_term };

	if (parse_arguments(argc, argv, &arguments) != 0) {
		fputs("usage: bramble-clusterd --run DIR --kubeconfig FILE [--log-level LEVEL]\n"
		      "Started by brambled when a cluster was created.\n",
			stderr);
		return 2;
	}
	log_init("bramble-clusterd", arguments.level);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		log_error("the system gives no random numbers or no TLS");
		return EXIT_FAILURE;
	}
	return run(&arguments) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
