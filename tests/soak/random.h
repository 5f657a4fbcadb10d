/* SPDX-License-Identifier: ISC */
/* Numbers from a seed, the same on every machine (splitmix64, public domain, S. Vigna). */
#ifndef BRAMBLE_SOAK_RANDOM_H
#define BRAMBLE_SOAK_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t random_mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t value = random_mix(*state);

	*state += UINT64_C(0x9e3779b97f4a7c15);
	return value;
}

/* 0 … limit - 1 */
static inline uint32_t random_below(uint64_t *state, uint32_t limit)
{
	return (uint32_t)((random_next(state) >> 32) * limit >> 32);
}

/* True `n` times of a thousand. */
static inline bool random_chance(uint64_t *state, uint32_t per_mille)
{
	return random_below(state, 1000) < per_mille;
}

#endif
