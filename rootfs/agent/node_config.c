/* SPDX-License-Identifier: ISC */
#include "rootfs/agent/node_config.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "common/clock.h"
#include "common/log.h"
#include "rootfs/agent/scratch.h"

#define PATIENCE_NS (20 * NS_PER_S)
#define PAUSE_MS 500
#define CHECK_HEARTBEATS 3
#define AGAIN_NS (60 * NS_PER_S)

void agent_begin_config(struct agent_config *config, const struct agent_boot *boot)
{
	static char router[ADDRESS_TEXT_SIZE];

	str_format_address(boot->router, router);
	*config = (struct agent_config){ .world = { .root = "",
						 .state = "/run/bramble",
						 .data = "/data",
						 .router = router,
						 .run = config_tool,
						 .mount = config_mount_here,
						 .unmount = umount2,
						 .is_booting = true } };
}

/* 0 or -errno; then nothing changed. */
static int fetch_and_apply(struct agent_config *config, const struct agent_boot *boot)
{
	char *text = NULL, hash[AGENT_CONFIG_HASH_SIZE];
	int result = agent_fetch_config(boot, &text, hash);

	config->tried_ns = config->checked_ns = clock_monotonic_ns();
	if (result == 0)
		result = config_apply(&config->world, text, &config->outcome);
	free(text);
	if (result != 0)
		return result;
	str_copy(config->hash, sizeof(config->hash), hash);
	log_notice("configuration %s: %u of its items changed something here%s%s", hash,
		config->outcome.applied, *config->outcome.text ? "; " : "", config->outcome.text);
	return 0;
}

void agent_configure_at_boot(struct agent_config *config, const struct agent_boot *boot)
{
	uint64_t give_up_ns = clock_monotonic_ns() + PATIENCE_NS;
	int result;

	while ((result = fetch_and_apply(config, boot)) != 0 && clock_monotonic_ns() < give_up_ns)
		poll(NULL, 0, PAUSE_MS);
	config->world.is_booting = false;
	if (result != 0)
		log_warning("the configuration can't be fetched now: %s; it is tried again with "
			    "the heartbeats",
			strerror(-result));
}

static bool take_over(struct agent_config *config, const struct agent_boot *boot)
{
	int result = fetch_and_apply(config, boot);

	if (result != 0)
		log_warning("the configuration can't be taken over: %s; trying again",
			strerror(-result));
	return result == 0;
}

static bool is_due(uint64_t since_ns, uint64_t period_ns)
{
	return clock_monotonic_ns() - since_ns >= period_ns;
}

static bool look_for_drift(struct agent_config *config)
{
	struct config_outcome outcome;
	bool news;

	config->checked_ns = clock_monotonic_ns();
	if (config_check(&config->world, &outcome) != 0)
		return false;
	news = strcmp(outcome.text, config->outcome.text) != 0;
	if (news && *outcome.text)
		log_warning("configuration: %s", outcome.text);
	config->outcome = outcome;
	return news;
}

bool agent_tend_config(struct agent_config *config, const struct agent_boot *boot)
{
	bool news = false;
	bool other = config->wanted[0] && strcmp(config->wanted, config->hash) != 0;
	bool again =
		config->outcome.failed > 0 && config->hash[0] && is_due(config->tried_ns, AGAIN_NS);

	if (other || again)
		news = take_over(config, boot);
	else if (config->hash[0] &&
		 is_due(config->checked_ns, CHECK_HEARTBEATS * config->heartbeat_s * NS_PER_S))
		news = look_for_drift(config);
	if (config->hash[0] && !config->measured) {
		scratch_measure(&config->world);
		config->measured = news = true;
	}
	return news;
}
