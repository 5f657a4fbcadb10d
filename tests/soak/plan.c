/* SPDX-License-Identifier: ISC */
#include "tests/soak/plan.h"

#include "tests/soak/files.h"
#include "tests/soak/random.h"

#define MANY_BLOCKS 400u
#define MOST_BLOCKS 70000u /* more than block numbers */

static const struct soak_profile clean = { .name = "clean" };
static const struct soak_profile harsh[] = {
	{ .name = "loss 1 %", .drop = 10 },
	{ .name = "loss 5 %", .drop = 50 },
	{ .name = "loss 8 %", .drop = 80 },
	{ .name = "duplicates", .duplicate = 100 },
	{ .name = "reordered", .reorder = 250 },
	{ .name = "all at once", .drop = 20, .duplicate = 50, .reorder = 100 },
};
static const struct soak_profile distant[] = {
	{ .name = "5 ms", .delay_us = 2500 },
	{ .name = "jitter", .delay_us = 500, .jitter_us = 10000 },
	{ .name = "50 ms and loss", .delay_us = 25000, .drop = 10 },
};
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static uint32_t choose_blksize(uint64_t *random, uint32_t size)
{
	static const uint32_t usual[] = { 8, 9, 64, 200, 512, 1024, 1428, 1432, 1468 };
	uint32_t blksize = random_chance(random, 700) ? usual[random_below(random, COUNT(usual))]
						      : 8 + random_below(random, 1461);

	/* A few transfers have very many blocks; if all had, there would be no other kind. */
	if (size / blksize > (random_chance(random, 5) ? MOST_BLOCKS : MANY_BLOCKS / 4))
		blksize = random_chance(random, 500) ? 1468 : 512 + random_below(random, 957);
	return blksize;
}

static void choose_options(struct soak_plan *plan, uint32_t size, uint64_t *random)
{
	plan->blksize = plan->windowsize = 0;
	plan->tsize = plan->timeout = false;
	if (random_chance(random, 200))
		return;
	if (random_chance(random, 850) || size > 65536)
		plan->blksize = choose_blksize(random, size);
	if (random_chance(random, 500))
		plan->windowsize = 1u << random_below(random, 7);
	if (plan->windowsize == 1)
		plan->windowsize = 2 + random_below(random, 63);
	plan->tsize = random_chance(random, 500);
	plan->timeout = random_chance(random, 50);
}

static void choose_profile(struct soak_plan *plan, uint32_t size, uint64_t *random)
{
	uint32_t blocks = size / (plan->blksize ? plan->blksize : 512);
	uint32_t draw = random_below(random, 100);

	plan->profile = &clean;
	if (draw >= 60 && blocks < 3000)
		plan->profile = &harsh[random_below(random, COUNT(harsh))];
	if (draw >= 90 && (blocks < 50 || (plan->windowsize > 4 && blocks < MANY_BLOCKS)))
		plan->profile = &distant[random_below(random, COUNT(distant))];
}

static void choose_fate(struct soak_plan *plan, uint32_t size, uint64_t *random, bool may_be_silent)
{
	uint32_t blocks = size / (plan->blksize ? plan->blksize : 512) + 1;
	uint32_t draw = random_below(random, 1000);

	plan->fate = SOAK_FINISH;
	if (draw < 2)
		plan->fate = SOAK_PAUSE;
	else if (draw < 22)
		plan->fate = SOAK_ABORT;
	else if (draw < 37)
		plan->fate = SOAK_CLOSE;
	else if (draw < 45 && may_be_silent)
		plan->fate = SOAK_SILENT;
	/* 0: when the server has answered at all. */
	plan->fate_at = random_below(random, blocks);
	/* A session whose client has never answered is short-lived. */
	if (plan->fate == SOAK_PAUSE && plan->fate_at < 2)
		plan->fate_at = 2;
}

void plan_draw(struct soak_plan *plan, const struct soak_plan *before,
	uint32_t (*size_of)(const void *files, unsigned file), const void *files, uint64_t *random,
	bool may_be_silent)
{
	bool twin = random_chance(random, 50);
	uint32_t size;

	plan->file = twin ? before->file : random_below(random, SOAK_FILES);
	plan->host = twin ? before->host : random_below(random, SOAK_HOSTS);
	size = size_of(files, plan->file);
	for (int i = 0; i < 3 && size > 20000 && !random_chance(random, 250); i++) {
		plan->file = random_below(random, SOAK_FILES);
		size = size_of(files, plan->file);
	}
	choose_options(plan, size, random);
	choose_profile(plan, size, random);
	choose_fate(plan, size, random, may_be_silent);
	plan->dallies = random_chance(random, 250);
	plan->repeats = random_chance(random, 50);
}

unsigned plan_pass(
	const struct soak_profile *profile, uint64_t *random, uint32_t delays_us[static 2])
{
	unsigned copies = 1;

	if (profile == &clean) {
		delays_us[0] = 0;
		return 1;
	}
	if (random_chance(random, profile->drop))
		return 0;
	if (random_chance(random, profile->duplicate))
		copies = 2;
	for (unsigned i = 0; i < copies; i++) {
		delays_us[i] = profile->delay_us;
		if (profile->jitter_us)
			delays_us[i] += random_below(random, profile->jitter_us);
		if (random_chance(random, profile->reorder))
			delays_us[i] += 1000 + random_below(random, 4000);
	}
	return copies;
}
