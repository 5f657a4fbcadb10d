#!/bin/sh
# SPDX-License-Identifier: ISC
# Who is answered by TFTP, and what a flood of forged requests does to boards that boot. The boards are vpis.
# timeout: 180
set -eu
. tests/lib.sh

boards=${BOARDS:-50}
on() { number=$1; shift; ip netns exec "$lab_name-b$number" "$@"; }
# A file of one block: its end is its first byte.
is_prompt() {
	ms=$(on 62 curl -s -f -m 10 -o /dev/null -w '%{time_total}' tftp://10.77.0.1/config.txt) || return 1
	echo "$ms" | awk '{ printf "%.1f\n", $1 * 1000; exit $1 >= 0.5 }' >>"$lab/prompt"
}
is_answered() { on "$1" curl -s -m 3 -o /dev/null tftp://10.77.0.1/config.txt; }
packets_to() { ip netns exec "$lab_name-rt" nft list counter inet watch "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }
memory_kb() { awk '/^VmRSS:/ { print $2 }' "/proc/$(appliance pid tftpd)/status"; }
all_booted() {
	n=1
	while [ "$n" -le "$boards" ]; do
		board_status "$n" || { echo "board $n"; tail -n 3 "$lab/board-$n.log"; return 1; }
		n=$((n + 1))
	done
}
power_on_all() {
	n=1
	while [ "$n" -le "$boards" ]; do
		power_on "$n" 4b "$(printf '100000000077%04x' "$n")" "$(printf 'dc:a6:32:77:00:%02x' "$n")" --link-ms 500 --attempts 5
		n=$((n + 1))
	done
}
flood() { # from, to, requests a second, seconds
	ip netns exec "$lab_name-b61" "$B/tftp-flood" 10.77.0.1 "$1" "$2" "$3" "$4" start4.elf
}

lab_begin leases
lab_share
HEARTBEAT=30 LOG=notice appliance configure
appliance start || bail_out 'the appliance does not start'
# What the router sends from its TFTP server to addresses that no board has, and outside the LAN.
ip netns exec "$lab_name-rt" nft -f - <<-END
	table inet watch {
		counter strangers {}
		counter outside {}
		chain out { type filter hook output priority 0; policy accept;
			meta l4proto udp udp sport { 69, 1024-65535 } ip daddr 10.77.0.200-10.77.0.249 counter name strangers
			meta l4proto udp ip daddr 192.0.2.0/24 counter name outside
		}
	}
END
power_on 62 4b 1000000000770062 dc:a6:32:77:00:62 --link-ms 500 --attempts 3
check 'a board boots' board_status 62
address=$(bramble --json node list | jq -r '.nodes[0].address')
on 62 ip addr replace "$address/24" dev eth0
check 'from its address a file is got' is_answered 62
tests/lab/lab boards "$lab_name" 1 "$boards"
tests/lab/lab board "$lab_name" 61 dc:a6:32:99:00:01
on 61 ip link set eth0 up
on 61 ip addr add 10.77.0.200/24 dev eth0
check 'a stranger reaches the router' on 61 curl -s -m 3 -o /dev/null http://10.77.0.1/
check 'from an address without a lease it is not' fails is_answered 61
check '... and not a packet goes there' is "$(packets_to strangers)" 0
ip -n "$lab_name-rt" route add 192.0.2.0/24 dev lan0
on 61 ip addr add 192.0.2.7/24 dev eth0
check 'from outside the LAN the router is reached' on 61 curl -s -m 3 -o /dev/null --interface 192.0.2.7 http://10.77.0.1/
check '... but gets nothing by TFTP' fails on 61 curl -s -m 3 -o /dev/null --interface 192.0.2.7 tftp://10.77.0.1/config.txt
check '... not a packet' is "$(packets_to outside)" 0

# 10,000 silent requests a minute, of boards that there are and of strangers; then as many as can be sent.
before=$(memory_kb)
flood 10.77.0.50 10.77.0.249 167 30 >"$lab/flood" &
slow=$!
flood 10.77.0.200 10.77.0.249 20000 20 >"$lab/flood2" &
fast=$!
power_on_all
for try in 1 2 3 4 5; do
	check "an honest client's first byte comes within 0.5 s, time $try" is_prompt
	sleep 1
done
check "$boards boards boot meanwhile" all_booted
wait "$fast"
note "flood of strangers: $(cat "$lab/flood2") in 20 s; last of $boards kernels after $(awk '$3 == "kernel" { print $1 }' "$lab"/board-*.log | sort -n | tail -n 1) s"
note "an honest client waited at most $(sort -n "$lab/prompt" | tail -n 1) ms"
check 'strangers still got not a packet' is "$(packets_to strangers)" 0
wait "$slow"
note "resident memory $before kB before, $(memory_kb) kB after"
check 'memory stays bounded' test "$(memory_kb)" -lt 16384
check 'there are as many nodes as boards' is "$(bramble --json node list | jq '.nodes | length')" $((boards + 1))
done_testing
