#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 300
# Very many TFTP transfers with every mishap; about a minute. Beside them some by the build with ASan and UBSan, if
# there is one. TRANSFERS=n, SEED=n.
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build}

sanitized() { # those take memory of their own: that nothing is left counts there
	ASAN_OPTIONS=quarantine_size_mb=8 "$B/tftp-soak" --server "$B/asan/bramble-tftpd" --transfers 4000 --clients 100 \
		--growth 65536 ${SEED:+--seed "$SEED"}
}

other=
log=$(mktemp)
trap '[ -z "$other" ] || kill "$other" 2>/dev/null; rm -f "$log"' EXIT
trap 'exit 130' INT TERM HUP
if [ -x "$B/asan/bramble-tftpd" ]; then
	sanitized >"$log" &
	other=$!
fi
status=0
"$B/tftp-soak" --transfers "${TRANSFERS:-100000}" ${SEED:+--seed "$SEED"} || status=$?
if [ -n "$other" ]; then
	wait "$other" || status=$?
	other=
	cat "$log"
fi
exit "$status"
