#!/bin/sh
# SPDX-License-Identifier: ISC
# 10,000 unknown devices ask for an address while admitted nodes boot: these don't notice, and no table or memory grows
# without bound. FLOOD and RATE say how many, and how many in a second.
# timeout: 240
# alone
set -eu
. tests/lib.sh

flood=${FLOOD:-10000}
rate=${RATE:-2000}

start_nodes() {
	rm -f "$lab"/board-*.log
	power_on 1 3b 1000000000770001 b8:27:eb:77:00:01 --quirks --link-ms 500
	power_on 2 3b+ 1000000000770002 b8:27:eb:77:00:02 --quirks --link-ms 500
	power_on 3 4b 1000000000770003 dc:a6:32:77:00:03 --quirks --link-ms 500
}
nodes_boot() { board_status 1 && board_status 2 && board_status 3; }
slowest() { awk '$3 == "kernel" { print $1 }' "$lab"/board-*.log | sort -n | tail -n 1; }
count_of() { bramble --json "$1" list | jq ".${1}s | length"; }
kilobytes_of() { awk '/^VmRSS/ { print $2 }' "/proc/$(appliance pid "$1")/status"; }
is_at_most() { # what number limit
	echo "$1: $2, at most $3"
	[ "$2" -le "$3" ]
}
size_of_registry() { cat "$lab"/share/state/registry.db* | wc -c; }
in_time() { awk -v alone="$1" -v flooded="$2" 'BEGIN { exit !(flooded <= 1.5 * alone + 10) }'; }
board_is() { [ "$(board_says "$1" .state)" = "$2" ]; }

test_explain() { tail -n 12 "$lab/log" "$lab"/board-*.log | sed 's/^/# /'; }

lab_begin unknown
lab_share
tests/lab/small "$lab/share"
tests/lab/lab boards "$lab_name" 1 5
LOG=warning appliance configure
appliance start || bail_out 'the appliance does not start'
start_nodes
check 'three boards become nodes' nodes_boot
start_nodes
check 'they boot again' nodes_boot
alone=$(slowest)
appliance stop
JOIN=approve LOG=warning appliance configure
appliance start || bail_out 'the appliance does not start again'
for process in brambled tftpd dnsmasq dhcpwatch; do kilobytes_of "$process" >"$lab/rss-$process"; done

ip netns exec "$lab_name-b5" ip link set eth0 up
ip netns exec "$lab_name-b5" "$B/dhcp-flood" eth0 "$flood" "$rate" >"$lab/flood" 2>&1 &
flooder=$!
start_nodes
check "the nodes boot while $flood unknown devices ask" nodes_boot
flooded=$(slowest)
check 'about as fast as before' in_time "$alone" "$flooded"
check 'the flood was what it should be' wait "$flooder"
note "$(cat "$lab/flood"); kernel after $flooded s, $alone s before"
check 'there are no more nodes' is "$(count_of node)" 3
check 'unknown boards are kept up to a number' is_at_most boards "$(count_of board)" 1100
check 'addresses are those of the range' is_at_most addresses "$(wc -l <"$lab/run/dhcp-hosts")" 201
check 'the registry stays small' is_at_most bytes "$(size_of_registry)" 16000000
for process in brambled tftpd dnsmasq dhcpwatch; do
	now=$(kilobytes_of "$process")
	note "$process: $(cat "$lab/rss-$process") kB before, $now kB after"
	check "$process takes no more memory" is_at_most 'kB more' $((now - $(cat "$lab/rss-$process"))) 16384
done
power_on 4 4b 1000000000770004 dc:a6:32:77:00:04 --attempts 20 --link-ms 500
check 'a real unknown board is noticed afterwards' wait_for 60 board_is 00770004 parked
power_off 4
start_nodes
check 'and nodes boot as before' nodes_boot
note "kernel after $(slowest) s"
done_testing
