/* SPDX-License-Identifier: ISC */
#include "provisioner/timeline/stages.h"

#include <string.h>

static const char *const stages[STAGES] = { "dhcp", "firmware", "config", "tree", "initramfs",
	"kernel", "init", "network", "nfs", "root", "data", "systemd", "joined", "cluster",
	"ready" };

size_t stages_rank(const char *stage)
{
	size_t i = 0;

	while (i < STAGES && strcmp(stages[i], stage) != 0)
		i++;
	return i;
}

bool stages_have_joined(const char *stage)
{
	size_t rank = stages_rank(stage);

	return rank < STAGES && rank >= stages_rank("joined");
}
