#!/bin/sh
# SPDX-License-Identifier: ISC
# 64 boards powered on in the same second fetch everything intact, ten times. BOARDS, ROUNDS change that.
# timeout: 900
# alone
set -eu
. tests/lib.sh

boards=${BOARDS:-64}
rounds=${ROUNDS:-10}

# Two Pi 4 to each Pi 3.
model_of() { case $(($1 % 6)) in 0) echo 3b ;; 3) echo 3b+ ;; *) echo 4b ;; esac; }

# A Pi 3's MAC follows from its serial number.
mac_of() {
	case $(($1 % 3)) in
	0) printf 'b8:27:eb:77:00:%02x' "$1" ;;
	*) printf 'dc:a6:32:77:00:%02x' "$1" ;;
	esac
}

start_all() {
	n=1
	while [ "$n" -le "$boards" ]; do
		rm -f "$lab/board-$n.log"
		power_on "$n" "$(model_of "$n")" "$(printf '1000000000770%03x' "$n")" "$(mac_of "$n")" --hashes --link-ms 500
		n=$((n + 1))
	done
}

all_booted() {
	bad=0
	n=1
	while [ "$n" -le "$boards" ]; do
		board_status "$n" || {
			bad=$((bad + 1))
			echo "board $n:"
			tail -n 4 "$lab/board-$n.log"
		}
		n=$((n + 1))
	done
	[ "$bad" -eq 0 ]
}

# What the vpis hashed is what the image's manifest says; rendered files and probes aside.
hashes_match() {
	set=$(find "$lab/share/images/base" -maxdepth 1 -name '*.boot')
	awk '$1 == "file" { hash[$4] = $2 } $1 == "alias" { hash[$2] = hash[$3] }
		END { for (name in hash) print name, hash[name] }' "$set/manifest" >"$lab/manifest"
	cat "$lab"/board-*.log | sed -n 's|.* tftp  *\(.*/\)\{0,1\}\([^/ ]*\) *complete .*sha256:\([0-9a-f]*\).*|\2 \3|p' |
		grep -v -e '^config.txt' -e '^cmdline.txt' | sort | uniq -c | sort -k2 >"$lab/fetched"
	cat "$lab/fetched"
	[ -s "$lab/fetched" ] && awk 'NR == FNR { want[$1] = $2; next } want[$2] != $3 { bad = 1 } END { exit bad }' \
		"$lab/manifest" "$lab/fetched"
}

seconds_of() { awk '$3 == "kernel" { print $1 }' "$lab"/board-*.log | sort -n | sed -n "${1}p"; }

lab_begin storm
lab_share
HEARTBEAT=30 LOG=notice appliance configure
appliance start || bail_out 'the appliance does not start'
round=1
while [ "$round" -le "$rounds" ]; do
	start_all
	check "round $round: all $boards boards would start their kernel" all_booted
	note "kernel after $(seconds_of 1) s (first), $(seconds_of $((boards / 2))) s (median), $(seconds_of "$boards") s (last)"
	check "round $round: every file came intact" hashes_match
	round=$((round + 1))
done
check "there are $boards nodes" is "$(bramble --json node list | tr ',' '\n' | grep -c '"wants_next"')" "$boards"
done_testing
