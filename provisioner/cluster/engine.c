/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/engine.h"

#include "provisioner/brambled.h"

static int has_nothing_to_do(
	struct brambled *brambled, const char *node, char reason[static ENGINE_REASON_SIZE])
{
	(void)brambled;
	(void)node;
	(void)reason;
	return 0;
}

static bool is_ready_when_joined(struct brambled *brambled, const char *node)
{
	(void)brambled;
	(void)node;
	return true;
}

static void expects_nothing(struct brambled *brambled, const char *node)
{
	(void)brambled;
	(void)node;
}

static const struct engine none = { .name = "none",
	.drain = has_nothing_to_do,
	.uncordon = has_nothing_to_do,
	.is_ready = is_ready_when_joined,
	.expect = expects_nothing };

const struct engine *engine_of(const struct brambled *brambled)
{
	if (brambled->engine)
		return brambled->engine;
	return brambled->settings.kubernetes_engine == ENGINE_KUBEADM ? &engine_kubeadm : &none;
}
