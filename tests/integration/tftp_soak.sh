#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 300
# Very many TFTP transfers with every mishap; about a minute. TRANSFERS=n, SEED=n.
set -eu
cd "$(dirname "$0")/../.."
program=${B:-build}/tftp-soak
# The second build has ASan and UBSan, which take memory of their own: no leak is what counts there.
if grep -q __asan_init "$program"; then
	export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=8"
	exec "$program" --transfers "${TRANSFERS:-5000}" --clients 200 --growth 65536 ${SEED:+--seed "$SEED"}
fi
exec "$program" --transfers "${TRANSFERS:-100000}" ${SEED:+--seed "$SEED"}
