#!/bin/sh
# SPDX-License-Identifier: ISC
# SIGKILL of brambled in the middle of changes and right after them (ROUNDS, 15): what was acknowledged holds, no process is started anew, and
# a node that is played by curl notices nothing.
# timeout: 240
set -eu
. tests/lib.sh

rounds=${ROUNDS:-15}
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
kill_brambled() { kill -KILL "$(appliance pid brambled)" 2>/dev/null; }
kill_at_random() {
	while [ ! -e "$lab/enough" ]; do
		sleep "0.$(($(od -An -N2 -tu2 /dev/urandom) % 9))5"
		kill_brambled && echo >>"$lab/kills"
		say /v1/heartbeat || echo 'a heartbeat was refused' >>"$lab/wrong"
	done
}
# A node is made and forgotten; brambled is killed as soon as it has acknowledged that (and at random moments).
change() { # name
	# Of a round whose end was not acknowledged.
	former=$(field .node board show c0ffee02) || return 0
	[ "$former" = null ] || bramble node forget "$former" --yes >/dev/null 2>&1 || :
	bramble node admit c0ffee02 --node "$1" >/dev/null 2>&1 || return 0 # not acknowledged
	kill_brambled || :
	[ "$(field .board.serial node show "$1")" = c0ffee02 ] || echo "$1 was lost" >>"$lab/wrong"
	bramble node forget "$1" --yes >/dev/null 2>&1 || return 0
	kill_brambled || :
	! bramble node show "$1" >/dev/null 2>&1 || echo "$1 came back" >>"$lab/wrong"
	[ ! -e "$lab/share/nodes/$1" ] || echo "the directory of $1 was left" >>"$lab/wrong"
	echo "$1" >>"$lab/changes"
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
: >"$lab/changes"
: >"$lab/kills"
kill_at_random &
killer=$!
n=0
while [ "$n" -lt "$rounds" ]; do
	n=$((n + 1))
	change "n$n"
done
touch "$lab/enough"
wait "$killer" || :
done=$(wc -l <"$lab/changes")
note "$done of $rounds rounds acknowledged, $((2 * done + $(wc -l <"$lab/kills"))) times SIGKILL"
check 'changes went on between the kills' [ "$done" -ge $((rounds / 3)) ]
check 'what was acknowledged held, every time' [ ! -e "$lab/wrong" ]
[ ! -e "$lab/wrong" ] || sed 's/^/# /' "$lab/wrong"
pids >"$lab/after"
check 'no process was started anew' diff "$lab/before" "$lab/after"
check 'the node is still joined' node_is rasp1 joined
check 'all is well in the end' wait_for 5 is_well
done_testing
