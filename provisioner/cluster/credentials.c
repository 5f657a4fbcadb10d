/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/credentials.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "provisioner/cluster/certificates.h"
#include "provisioner/cluster/kubeadm.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"
#include "rootfs/run.h"

/* "v1.20.2\n" or "Kubernetes v1.20.2\n" */
int cluster_ask_version(const char *program, const char *word, const char *option,
	char version[static CLUSTER_VERSION_SIZE], struct failure *failure)
{
	const char *const arguments[] = { program, word, option, NULL };
	char output[256];
	const struct run run = {
		.arguments = arguments, .output = output, .output_size = sizeof(output)
	};
	int result = run_tool(&run, failure);
	const char *begin = output;

	if (result != 0)
		return result;
	if (strncmp(begin, "Kubernetes ", strlen("Kubernetes ")) == 0)
		begin += strlen("Kubernetes ");
	snprintf(version, CLUSTER_VERSION_SIZE, "%.*s", (int)strcspn(begin, " \n"), begin);
	return 0;
}

/* What kubeadm prints for any user. `kubeconfig` was below `alpha` up to 1.21. */
int credentials_make_own(const struct cluster_paths *paths, const char *version,
	struct progress *progress, struct failure *failure)
{
	const char *const newer[] = { "kubeadm", "kubeconfig", "user", "--config", paths->config,
		"--client-name", CLUSTER_CLIENT, NULL };
	const char *const older[] = { "kubeadm", "alpha", "kubeconfig", "user", "--config",
		paths->config, "--client-name", CLUSTER_CLIENT, NULL };
	char text[16384];
	const struct run run = { .arguments = kubeadm_has_alpha(version) ? older : newer,
		.output = text,
		.output_size = sizeof(text),
		.progress = progress };
	struct certificate certificate;
	int result = run_tool(&run, failure);

	if (result == 0 && certificate_parse_kubeconfig(text, strlen(text), &certificate) != 0)
		result = failure_set(
			failure, -EBADMSG, "kubeadm printed no credentials for " CLUSTER_CLIENT);
	if (result == 0)
		result = file_replace(paths->own, text, strlen(text), 0600);
	sodium_memzero(text, sizeof(text));
	return result == 0 ? 0
			   : failure_set(failure, result, "can't write %s: %s", paths->own,
				     strerror(-result));
}
