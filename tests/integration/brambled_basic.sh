#!/bin/sh
# SPDX-License-Identifier: ISC
# brambled and its processes with a virtual Pi whose system is played by curl: from power-on to joined, over a reload
# and a restart.
# timeout: 180
set -eu
. tests/lib.sh

field() { # jq filter, then the command
	filter=$1
	shift
	bramble --json "$@" | jq -r "$filter"
}
say() { # path, more of the body: what the node's system says to the router, with the token of its boot
	token=$(grep -o 'bramble.token=[0-9a-f]*' "$lab/files/"*/cmdline.txt | cut -d= -f2)
	code=$(ip netns exec "$lab_name-b1" curl -s -m 5 -o "$lab/answer" -w '%{http_code}' -H 'Content-Type: application/json' \
		-d "{\"token\":\"$token\"$2}" "http://10.77.0.1$1")
	cat "$lab/answer"
	[ "$code" = 200 ]
}
warns() { field '.warnings[]' status | grep -F -e "$1"; }
is_approve() { [ "$(field .join status)" = approve ]; }
is_well() { [ "$(field .state status)" = running ]; }
brambled_ends_with() { # status, text, configuration
	status=0
	ip netns exec "$lab_name-rt" timeout 5 "$B/brambled" --config "$3" >"$lab/said" 2>&1 || status=$?
	cat "$lab/said"
	grep -q -F -e "$2" "$lab/said" && is "$status" "$1"
}
has_neighbour() { ip -n "$lab_name-rt" neigh show dev lan0 | grep "^$address lladdr dc:a6:32:0a:0b:0c PERMANENT"; }
stages() { field '[.steps[].stage] | unique | join(" ")' boot show 1; }
test_explain() { tail -n 12 "$lab/log" | sed 's/^/# /'; }

lab_begin basic
lab_share
appliance configure
sed 's/lan0/lan9/' "$lab/bramble.conf" >"$lab/late.conf"
cp "$lab/bramble.conf" "$lab/right.conf"
cp "$lab/late.conf" "$lab/bramble.conf"
appliance start || bail_out 'the appliance does not start'
check 'without its interface it runs and says so' warns 'no network interface lan9'
ip -n "$lab_name-rt" link set lan0 down
ip -n "$lab_name-rt" link set lan0 name lan9
check 'when the interface comes, it goes on by itself' wait_for 10 is_well
appliance stop
ip -n "$lab_name-rt" link set lan9 down
ip -n "$lab_name-rt" link set lan9 name lan0
cp "$lab/right.conf" "$lab/bramble.conf"
appliance start
check 'all is well' wait_for 10 is_well
check 'a second brambled is refused' brambled_ends_with 75 'another brambled runs' "$lab/bramble.conf"
sed 's/join/jion/' "$lab/right.conf" >"$lab/wrong.conf"
check 'a wrong configuration ends with status 78' brambled_ends_with 78 'did you mean' "$lab/wrong.conf"

power_on 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c --link-ms 0 --attempts 3 --output "$lab/files"
check 'a board boots up to its kernel' board_status 1
address=$(node_says rasp1 .address)
check 'its neighbour entry is permanent' has_neighbour
ip -n "$lab_name-b1" addr replace "$address/24" dev eth0
for stage in init network nfs root data systemd; do say /v1/boot/stage ",\"stage\":\"$stage\"" >/dev/null; done
check 'it joins' say /v1/join ''
check 'it is joined' node_is rasp1 joined
check 'the timeline is complete' is "$(stages)" 'config data dhcp firmware init initramfs joined kernel network nfs root systemd tree'
appliance kill brambled
check 'a heartbeat rides over a restart of brambled' say /v1/heartbeat ''
check 'silent, it is absent' wait_for 12 node_is rasp1 absent
say /v1/heartbeat '' >/dev/null
check 'heard again, it is joined' node_is rasp1 joined

sed -i 's/join = "auto"/join = "approve"/' "$lab/bramble.conf"
kill -HUP "$(appliance pid brambled)"
check 'a reload takes effect' wait_for 5 is_approve
cp "$lab/wrong.conf" "$lab/bramble.conf"
kill -HUP "$(appliance pid brambled)"
check 'a wrong one is told of' wait_for 5 grep -q 'did you mean.*old configuration stays' "$lab/log"
cp "$lab/right.conf" "$lab/bramble.conf"
check 'and changes nothing' is_approve

check 'it stops in order' appliance stop
check 'and leaves no process' is "$(ip netns pids "$lab_name-rt")" ''
rm -r "$lab/share/state/registry.db.backup" "$lab/share/state/backups"
printf 'no database' | dd of="$lab/share/state/registry.db" conv=notrunc status=none
check 'a damaged registry without a backup is an error, not an empty one' \
	brambled_ends_with 71 "won't begin with an empty registry" "$lab/bramble.conf"
done_testing
