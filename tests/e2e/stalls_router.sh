#!/bin/sh
# SPDX-License-Identifier: ISC
# Boots that stop by what the router or the switch lacks; see also stalls.sh and stalls_machine.sh.
# timeout: 300
set -eu
. tests/lib.sh

family=58
# shellcheck source=tests/stalls.sh
. tests/stalls.sh

set_to() { # setting value, in force at once
	sed -i "s/$1 = [^;]*;/$1 = \"$2\";/" "$lab/bramble.conf"
	kill -HUP "$(appliance pid brambled)"
}
end() {
	code=$?
	umount -l "$lab/share/state" 2>/dev/null || :
	set +e # lab_end ends with the status before it
	(exit "$code")
	lab_end
}

lab_begin stallsrt
trap end EXIT
lab_share
mkdir "$lab/share/state"
mount -t tmpfs -o size=3m none "$lab/share/state"
appliance configure
sed -i 's/heartbeat_s = 2/stuck_after_s = 15; image = "base"; &/' "$lab/bramble.conf"
appliance start || bail_out 'the appliance does not start'

# A switch that holds the port back (spanning tree, IEEE 802.1D) until the last try of a Pi 3.
tests/lab/lab board "$lab_name" 1 b8:27:eb:58:00:01
ip -n "$lab_name-sw" link set b1 nomaster
power_on 1 3b 0000000012580001 b8:27:eb:58:00:01 --link-ms 0
forward() { sleep 18 && ip -n "$lab_name-sw" link set b1 master br0; }
forward &

set_to image nosuch
board 2
stalls 2 no-image 'an image that nobody has built'
set_to image base

board 3 --attempts 3
check 'a board boots' board_status 3
check 'and is asked for its files once more' board 3
check 'a board that starts over: started-over' wait_for 90 cause_is 3 started-over 1
check 'while it boots, its node is given to another board' bramble node replace rasp2 --board "$(mac 2)"
check 'a boot whose node has gone: node-changed' wait_for 20 cause_is 3 node-changed
power_off 3

check 'a switch port that comes up late: link-late' wait_for 60 sh -c "tests/lab/appliance $lab_name cli boot list --board b8:27:eb:58:00:01 | grep 'came late'"

set_to range_last 10.77.0.53
board 4 --attempts 2
board 5 --attempts 2
check 'a board without an address: no-address' wait_for 90 sh -c \
	"tests/lab/appliance $lab_name cli --json boot list | jq -e '[.boots[].cause] | index(\"no-address\")'"
power_off 4 && power_off 5
set_to range_last 10.77.0.250

dd if=/dev/zero of="$lab/share/state/fill" bs=4k status=none 2>/dev/null || :
board 6 --attempts 20
check 'the status says that the disk is full' wait_for 20 sh -c "tests/lab/appliance $lab_name cli status | grep -F \"can't be written\""
power_off 6
rm "$lab/share/state/fill"
stalls 6 disk-full 'a new board while the disk is full'
done_testing
