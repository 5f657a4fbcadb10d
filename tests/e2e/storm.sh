#!/bin/sh
# SPDX-License-Identifier: ISC
# Boards powered on in the same second, with every known bug of their firmware, fetch everything intact, again and again.
#   BOARDS=64    how many; a third each of models 3B, 3B+ and 4B
#   ROUNDS=4     power cuts
#   LOSSY=1      further ones in which every 20th packet is lost in each direction
#   SET=small    boot files of half a megabyte in all; "full": the real ones
#   SLOW=1       then one over a link so slow that boards which share it alike never have their files in time
# timeout: 900
# alone
set -eu
. tests/lib.sh

boards=${BOARDS:-64}
# shellcheck source=tests/storms.sh
. tests/storms.sh

all_booted() {
	bad=0
	n=1
	while [ "$n" -le "$boards" ]; do
		board_status "$n" || {
			bad=$((bad + 1))
			echo "board $n, a $(model_of "$n"):"
			tail -n 4 "$lab/board-$n.log"
		}
		n=$((n + 1))
	done
	[ "$bad" -eq 0 ]
}

# No address was any other board's.
addresses_differ() {
	sed -n 's/.* address  *\([0-9.]*\), files from.*/\1/p' "$lab"/board-*.log | sort | uniq -c | awk '$1 > 2'
	[ "$(cat "$lab"/board-*.log | sed -n 's/.* address  *\([0-9.]*\), files from.*/\1/p' | sort -u | wc -l)" -eq "$boards" ]
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

commits() { bramble --json status | jq .commits; }
# Ten times a second what packets and files add to the time lines is written; besides, a board costs a commit when it becomes
# a node, and one for its token. One for each file would be thirty or more.
few_commits() { # before, since when
	spent=$(($(commits) - $1))
	seconds=$(($(date +%s) - $2 + 1))
	[ "$spent" -le $((2 * boards + 11 * seconds)) ]
}

storm() { # name, vpi's options
	storm=$1
	shift
	before=$(commits)
	began=$(date +%s)
	start_all "$@"
	check "$storm: all $boards boards would start their kernel" all_booted
	check "$storm: each had an address of its own" addresses_differ
	check "$storm: every file came intact" hashes_match
	check "$storm: what happened was written in batches" few_commits "$before" "$began"
	note "kernel after $(seconds_of 1) s (first), $(seconds_of $((boards / 2))) s (median), $(seconds_of "$boards") s (last);" \
		"$spent commits in $seconds s"
}

lab_begin storm
lab_share
[ "${SET:-small}" = full ] || tests/lab/small "$lab/share"
tests/lab/lab boards "$lab_name" 1 "$boards"
file_time=${FILE_TIME:-6}
SERVERS="tftp_file_time_s = $file_time;" HEARTBEAT=30 LOG=${LOG:-notice} appliance configure
appliance start || bail_out 'the appliance does not start'
for round in $(seq "${ROUNDS:-4}"); do storm "round $round"; done
for round in $(seq "${LOSSY:-1}"); do storm "round $round at 5 % loss" --asks-again --loss 5; done
# A Pi 4 starts over when a file takes longer than its EEPROM says: here none may need to.
slow_link() { # rate
	tc -n "$lab_name-rt" qdisc replace dev lan0 root tbf rate "$1" burst 32k limit 2m
	storm "a link of $1" --file-timeout "${file_time}000"
	tc -n "$lab_name-rt" qdisc del dev lan0 root
}

for _ in $(seq "${SLOW:-1}"); do slow_link "${RATE:-12mbit}"; done
# For a 3B answers no ARP once it has begun to load.
check 'every board has a permanent neighbour entry' is "$(ip -n "$lab_name-rt" neigh show dev lan0 nud permanent | wc -l)" "$boards"
check "there are $boards nodes" is "$(bramble --json node list | tr ',' '\n' | grep -c '"wants_next"')" "$boards"
done_testing
