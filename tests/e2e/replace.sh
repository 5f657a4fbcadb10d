#!/bin/sh
# SPDX-License-Identifier: ISC
# A node moves to another board and stays itself.
# timeout: 500
set -eu
. tests/lib.sh

joined_on() { [ "$(node_says rasp1 '.state + " " + .board.serial')" = "joined $1" ]; }
identity() { on_board "$1" 'cat /etc/machine-id; cut -d" " -f2 /etc/ssh/ssh_host_ed25519_key.pub; cat /data/file'; }
board_is_known() { board_says "$1" .state; }
node_in_cmdline() { grep -o 'bramble.node=[a-z0-9]*' "$lab/files-$1/"*/cmdline.txt; }

test_explain() { tail -n 8 "$lab/log" "$lab"/board-*.log "$lab"/console-*.log | sed 's/^/# /'; }

lab_begin replace
lab_share
SHELL_ON_CONSOLE=1 appliance configure
appliance start || bail_out 'the appliance does not start'
power_on_machine 1 3b 00000000a1b2c3d4 b8:27:eb:b2:c3:d4
check 'a Pi 3 joins as rasp1' wait_for 180 joined_on a1b2c3d4
check 'it writes into its data directory' on_board 1 'echo precious >/data/file && sync'
identity 1 >"$lab/before"
address=$(node_says rasp1 .address)
power_off 1

check 'the next unknown board is to be rasp1' bramble node replace rasp1 --next
power_on_machine 3 4b 10000000deadbe03 dc:a6:32:03:03:03
check 'a Pi 4 joins as rasp1' wait_for 180 joined_on deadbe03
identity 3 >"$lab/after"
check 'it has the machine-id, host key and data of rasp1' cmp "$lab/before" "$lab/after"
check 'it has the address of rasp1' is "$(node_says rasp1 .address)" "$address"
check 'the Pi 3 is parked' is "$(board_says a1b2c3d4 .state)" parked
check 'there is still one node' is "$(bramble --json node list | jq '.nodes | length')" 1

power_on 1 3b 00000000a1b2c3d4 b8:27:eb:b2:c3:d4 --link-ms 0
check 'the Pi 3 only waits from now on' fails board_status 1
power_off 3

# By serial number; the firmware level is enough.
power_on 4 4b 10000000deadbe04 dc:a6:32:04:04:04 --link-ms 0 --attempts 3
check 'another Pi 4 becomes a node of its own' board_status 4
check 'rasp1 can be given to it by serial number' bramble node replace rasp1 --board deadbe04
power_on 4 4b 10000000deadbe04 dc:a6:32:04:04:04 --link-ms 0 --attempts 3 --output "$lab/files-4"
check 'it boots' board_status 4
check 'it boots as rasp1' is "$(node_in_cmdline 4)" bramble.node=rasp1
check 'with the address of rasp1' grep -q "address   $address," "$lab/board-4.log"
check 'the Pi 4 before it is parked' is "$(board_says deadbe03 .state)" parked
done_testing
