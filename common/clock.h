/* SPDX-License-Identifier: ISC */
#ifndef BRAMBLE_CLOCK_H
#define BRAMBLE_CLOCK_H

#include <stdint.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

/* CLOCK_MONOTONIC in nanoseconds: for durations and deadlines. */
uint64_t clock_monotonic_ns(void);

/* CLOCK_REALTIME in milliseconds since 1970: for records that people read. */
int64_t clock_wall_ms(void);

#endif
