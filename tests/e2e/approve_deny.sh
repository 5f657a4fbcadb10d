#!/bin/sh
# SPDX-License-Identifier: ISC
# join = "approve": an unknown board waits for one command. join = "deny": it gets nothing.
# timeout: 300
set -eu
. tests/lib.sh

state_is() { [ "$(board_says "$1" .state)" = "$2" ]; }
nodes() { bramble --json node list | jq '.nodes | length'; }
is_running() { kill -0 "$(cat "$lab/board-$1.pid")"; }
kernels() { awk '$3 == "kernel"' "$lab/board-$1.log" | wc -l; }
list_says() { bramble board list | grep -F -e "$1"; }
nothing_fetched() { ! grep -q ' tftp .*complete' "$lab/board-$1.log"; }

test_explain() { tail -n 8 "$lab/log" "$lab"/board-*.log | sed 's/^/# /'; }

lab_begin approve
lab_share
JOIN=approve appliance configure
appliance start || bail_out 'the appliance does not start'

power_on 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c --attempts 20
check 'an unknown board is parked' wait_for 30 state_is c0ffee01 parked
admit=$(board_says c0ffee01 .admit)
check 'it is listed with the command that admits it' is "$admit" 'bramble node admit c0ffee01'
check 'the list for people says it too' list_says 'node admit c0ffee01'
sleep 10 # long enough for two more of its tries
check 'it keeps asking' is_running 1
check 'it got no node to be' is "$(kernels 1)" 0
check 'there is no node' is "$(nodes)" 0
# shellcheck disable=SC2086 # the command as the list says it
check 'it can be admitted' $admit
admitted=$(date +%s)
check 'it boots within its own retry cycle' board_status 1
check 'within a minute' [ $(($(date +%s) - admitted)) -le 60 ]
check 'there is one node' is "$(nodes)" 1

power_on 2 3b 00000000a1b2c3d4 b8:27:eb:b2:c3:d4 --attempts 20
check 'an unknown Pi 3 is parked' wait_for 30 state_is b8:27:eb:b2:c3:d4 parked
check 'a board can be admitted by MAC, to a name' bramble node admit b8:27:eb:b2:c3:d4 --node kitchen
check 'the Pi 3 boots' board_status 2
check 'the node has that name' is "$(node_says kitchen .board.mac)" b8:27:eb:b2:c3:d4

JOIN=deny appliance configure
check 'the appliance restarts' appliance restart
power_on 3 4b 10000000c0ffee03 dc:a6:32:0a:0b:03 --link-ms 0 --attempts 1
power_on 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c --link-ms 0 --attempts 2
check 'a node that is known boots under "deny" as well' board_status 1
check 'an unknown board does not boot' fails board_status 3
check 'it fetched nothing' nothing_fetched 3
check 'no node was made of it' is "$(nodes)" 2
done_testing
