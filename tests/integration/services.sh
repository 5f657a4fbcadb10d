# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For sourcing behind tests/lib.sh: brambled's services on the router of a lab, driven by `services` (services.c).

# shellcheck disable=SC2154 # lab and lab_name are lib.sh's

[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
driver=

# services_start PART …: returns when they are ready.
services_start() {
	mkdir -p "$lab/run" "$lab/share"
	[ -p "$lab/in" ] || mkfifo "$lab/in"
	exec 8<>"$lab/in"
	: >"$lab/out"
	ip netns exec "$lab_name-rt" "$B/services" --run "$lab/run" --share "$lab/share" --interface lan0 \
		--address 10.77.0.1/24 --libexec "$B" --nfs "${NFS:-auto}" "$@" <&8 >>"$lab/out" 2>>"$lab/log" 8<&- &
	driver=$!
	wait_for 15 grep -Eq '^(ready|failed)' "$lab/out"
	cat "$lab/out"
	grep -q '^ready' "$lab/out"
}

# As if brambled was killed: what it started goes on.
services_kill() {
	kill -KILL "$driver"
	wait "$driver" 2>/dev/null || :
}

answers() { grep -Ec '^(ok|failed)' "$lab/out" || :; }
has_more_answers() { [ "$(answers)" -gt "$1" ]; }

# tell COMMAND: hand a line to the driver and wait for its answer; fails unless that is "ok".
tell() {
	tell_before=$(answers)
	echo "$*" >&8
	wait_for 15 has_more_answers "$tell_before" || return 1
	grep -E '^(ok|failed)' "$lab/out" | tail -n 1 | grep -x ok
}

pid_of() { cut -d ' ' -f 1 "$lab/run/pids/$1"; }
has_other_pid() { [ -s "$lab/run/pids/$1" ] && [ "$(pid_of "$1")" != "$2" ]; }

test_explain() { tail -n 6 "$lab/log" | sed 's/^/# log: /'; }
