#!/bin/sh
# SPDX-License-Identifier: ISC
# join = "window": unknown boards wait until an administrator lets them in for a while, or announced them.
# timeout: 240
set -eu
. tests/lib.sh

nodes() { bramble --json node list | jq '.nodes | length'; }
state_is() { [ "$(board_says "$1" .state)" = "$2" ]; }
has_one_node() { [ "$(nodes)" = 1 ]; }
left_is() { [ "$(window .left)" = "$1" ]; }
window() { bramble --json admit | jq -r "$1"; }
has_event() { bramble --json events | grep -F -e "\"kind\":\"$1\""; }
import() { bramble import "$1" "$lab/list"; }

test_explain() { tail -n 8 "$lab/log" "$lab"/board-*.log | sed 's/^/# /'; }

lab_begin admission
lab_share
JOIN=window appliance configure
appliance start || bail_out 'the appliance does not start'

power_on 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:01 --attempts 30
power_on 2 4b 10000000c0ffee02 dc:a6:32:0a:0b:02 --attempts 30
check 'an unknown board is parked' wait_for 30 state_is c0ffee01 parked
check 'another one, too' wait_for 30 state_is c0ffee02 parked
check 'there is no node' is "$(nodes)" 0
check 'a wrong time is refused' fails bramble admit --for 10
check 'the window opens, for one board' bramble admit --for 5m --count 1
check 'it lasts over kill -9 of brambled' appliance kill brambled
check 'and is open still' wait_for 20 left_is 1
check 'one board becomes a node' wait_for 60 has_one_node
check 'then the window is closed' is "$(window .open_until_ms)" null
check 'which is an event' has_event admission.closed
sleep 6 # one more try of the other board
check 'the other board stays parked' is "$(nodes)" 1

printf 'serial;name;place\n10000000c0ffee03;kitchen;under the sink\n' >"$lab/list"
check 'what an import would do can be asked' import --dry-run
check 'without an effect' is "$(window '.expected | length')" 0
check 'a list of boards is imported' bramble import "$lab/list"
power_on 3 4b 10000000c0ffee03 dc:a6:32:0a:0b:03 --attempts 10
check 'an announced board boots at once' board_status 3
check 'under its name' is "$(node_says kitchen .board.serial)" c0ffee03
check 'it is announced no longer' is "$(window '.expected | length')" 0
printf 'mac,name\ndc:a6:32:0a:0b,rasp7\n' >"$lab/list"
check 'a list with a mistake is refused' fails bramble import "$lab/list"
power_off 1
power_off 2
done_testing
