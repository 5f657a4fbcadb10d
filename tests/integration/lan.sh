#!/bin/sh
# SPDX-License-Identifier: ISC
# Who else is on the LAN, and what boards say there: other DHCP servers and a second Bramble are searched for, not
# waited for; the firmware's NETCONSOLE is kept with its boot.
# timeout: 120
set -eu
. tests/lib.sh

console_has() { bramble boot show "$1" --console | grep -q "$2"; }
warns() { bramble --json status | jq -r '.warnings[]' | grep -q "$1"; }
other() { "$B/bramble" --config "$lab/second.conf" "$@"; }
other_warns() { other --json status | jq -r '.warnings[]' | grep -q "$1"; }
cause_is() { [ "$(bramble --json boot list --board "$1" --limit 1 | jq -r '.boots[0].cause')" = "$2" ]; }
nodes() { bramble --json node list | jq '.nodes | length'; }
boards() { bramble --json board list | jq '.boards | length'; }
test_explain() { tail -n 8 "$lab/log" "$lab/second.log" 2>/dev/null | sed 's/^/# /'; }
station() { # number address
	tests/lab/lab board "$lab_name" "$1" "52:54:00:00:00:$1"
	ip -n "$lab_name-b$1" address add "$2/24" dev eth0
	ip -n "$lab_name-b$1" link set eth0 up
}

lab_begin lan
appliance configure
sed -i 's|address = "10.77.0.1/24";|& probe_s = 1;|' "$lab/bramble.conf"
appliance start || bail_out 'the appliance does not start'

power_on 1 4b 1000000000000c01 dc:a6:32:0c:00:01 --link-ms 0 --netconsole
check 'the first words of its firmware are kept with the boot' wait_for 10 console_has 1 'RPi: BOOTLOADER release'
check '... and the last ones' wait_for 20 console_has 1 'neither under the serial number nor at the root'
check '... by number for programs' is "$(bramble --json boot show 1 | jq .console_lines)" 3
check 'the time line points to them' sh -c '"$0" --config "$1" boot show 1 | grep -q "Console .*--console"' "$B/bramble" "$lab/bramble.conf"
power_off 1

known=$(boards)
station 20 10.77.0.20
check 'alone it warns of nobody' fails warns 'DHCP server'
ip netns exec "$lab_name-b20" dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=eth0 --leasefile-ro \
	--dhcp-range=10.77.0.200,10.77.0.210 --pid-file= >"$lab/foreign.log" 2>&1 &
foreign=$!
check 'another DHCP server is found though no board asks' wait_for 20 warns '10.77.0.20'
check '... and told as an event' sh -c '"$0" --config "$1" events | grep -q "lan.conflict.*10.77.0.20"' "$B/bramble" "$lab/bramble.conf"
check 'the search is no board' is "$(boards)" "$known"
kill "$foreign"

station 21 10.77.0.2
sed -e 's/lan0/eth0/' -e 's|10.77.0.1/24|10.77.0.2/24|' -e 's/probe_s = 1/probe_s = 2/' \
	-e "s|$lab/share|$lab/second|" -e "s|$lab/run|$lab/run2|" "$lab/bramble.conf" >"$lab/second.conf"
mkdir -p "$lab/second"
ip netns exec "$lab_name-b21" "$B/brambled" --config "$lab/second.conf" </dev/null >"$lab/second.log" 2>&1 &
second=$!
check 'a second Bramble is told here, with both parties' wait_for 20 warns 'two Brambles.*10.77.0.1 here and 10.77.0.2 (52:54:00:00:00:21)'
check '... and there' wait_for 20 other_warns 'two Brambles.*10.77.0.2 here and 10.77.0.1 ('
before=$(nodes)
power_on 3 4b 1000000000000c03 dc:a6:32:0c:00:03 --link-ms 0
check 'an unknown board waits' wait_for 20 cause_is dc:a6:32:0c:00:03 second-bramble
check '... at both' wait_for 5 sh -c '"$0" --config "$1" --json boot list | grep -q second-bramble' "$B/bramble" "$lab/second.conf"
check 'it becomes no node here' is "$(nodes)" "$before"
check '... nor there' is "$(other --json node list | jq '.nodes | length')" 0
check 'until somebody says whose it is' bramble node admit dc:a6:32:0c:00:03
check '... then it is a node here' is "$(nodes)" $((before + 1))
power_off 3
kill -TERM "$second"
wait "$second" || :
done_testing
