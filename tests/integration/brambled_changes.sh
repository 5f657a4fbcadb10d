#!/bin/sh
# SPDX-License-Identifier: ISC
# SIGKILL of brambled in the middle of changes (KILLS, 25): what was acknowledged holds, no process is started anew, and
# a node that is played by curl notices nothing.
# timeout: 240
set -eu
. tests/lib.sh

kills=${KILLS:-25}
field() { # jq filter, then the command
	filter=$1
	shift
	bramble --json "$@" | jq -r "$filter"
}
say() { # path: what the node's system says to the router, with the token of its boot
	token=$(grep -o 'bramble.token=[0-9a-f]*' "$lab/files/"*/cmdline.txt | cut -d= -f2)
	[ "$(ip netns exec "$lab_name-b1" curl -s -m 8 -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
		-d "{\"token\":\"$token\"}" "http://10.77.0.1$1")" = 200 ]
}
is_well() { [ "$(field .state status)" = running ]; }
pids() { for name in tftpd httpd dhcpwatch dnsmasq ganesha; do appliance pid "$name"; done; }
# Changes until told to stop; each that was acknowledged must hold, whatever was killed meanwhile.
change_until_told() {
	n=0
	while [ ! -e "$lab/enough" ]; do
		n=$((n + 1))
		bramble node admit c0ffee02 --node "n$n" >/dev/null 2>&1 || continue
		[ "$(field .board.serial node show "n$n")" = c0ffee02 ] || echo "n$n was lost" >>"$lab/wrong"
		bramble node forget "n$n" --yes >/dev/null 2>&1 || continue
		! bramble node show "n$n" >/dev/null 2>&1 || echo "n$n came back" >>"$lab/wrong"
		[ ! -e "$lab/share/nodes/n$n" ] || echo "the directory of n$n was left" >>"$lab/wrong"
		echo "$n" >>"$lab/changes"
	done
}
test_explain() { tail -n 12 "$lab/log" | sed 's/^/# /'; }

lab_begin changes
lab_share
appliance start || bail_out 'the appliance does not start'
power_on 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c --link-ms 0 --attempts 3 --output "$lab/files"
check 'a board boots up to its kernel' board_status 1
ip -n "$lab_name-b1" addr replace "$(node_says rasp1 .address)/24" dev eth0
check 'it joins' say /v1/join
JOIN=approve appliance configure
kill -HUP "$(appliance pid brambled)"
sleep 1
power_on 2 4b 10000000c0ffee02 dc:a6:32:0a:0b:0d --link-ms 0 --attempts 1
check 'an unknown board gets nothing' fails board_status 2
check 'it is parked' is "$(board_says c0ffee02 .state)" parked
pids >"$lab/before"
change_until_told &
changer=$!
killed=0
while [ "$killed" -lt "$kills" ]; do
	sleep "0.$(($(od -An -N2 -tu2 /dev/urandom) % 9))5"
	kill -KILL "$(appliance pid brambled)" 2>/dev/null && killed=$((killed + 1))
	say /v1/heartbeat '' >/dev/null || echo 'a heartbeat was refused' >>"$lab/wrong"
done
touch "$lab/enough"
wait "$changer" || :
note "$(wc -l <"$lab/changes") rounds of changes, $kills times SIGKILL"
check 'changes went on between the kills' [ "$(wc -l <"$lab/changes")" -ge 5 ]
check 'what was acknowledged held, every time' [ ! -e "$lab/wrong" ]
[ ! -e "$lab/wrong" ] || sed 's/^/# /' "$lab/wrong"
pids >"$lab/after"
check 'no process was started anew' diff "$lab/before" "$lab/after"
check 'the node is still joined' node_is rasp1 joined
check 'all is well in the end' wait_for 5 is_well
done_testing
