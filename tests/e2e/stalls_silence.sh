#!/bin/sh
# SPDX-License-Identifier: ISC
# A board that falls silent while it loads, and two boards with one MAC; see also stalls.sh.
# timeout: 180
set -eu
. tests/lib.sh

family=59
# shellcheck source=tests/stalls.sh
. tests/stalls.sh

lab_begin stallssi
lab_share
appliance configure
sed -i 's/heartbeat_s = 2/stuck_after_s = 3; &/' "$lab/bramble.conf"
appliance start || bail_out 'the appliance does not start'

# Its first requests are answered, and their files arrive; then it asks no more.
tests/lab/lab board "$lab_name" 1 "$(mac 1)"
b1="ip netns exec $lab_name-b1 nft"
$b1 add table ip trouble && $b1 'add chain ip trouble output { type filter hook output priority 0; }'
$b1 'add rule ip trouble output udp dport 69 quota over 300 bytes drop'
board 1
names 1 firmware-stopped 'a board that falls silent between two files'
power_off 1

# Two boards at the same time, both alive.
board 4
check 'a board boots' board_status 4
power_on 5 4b "$(serial 5)" "$(mac 4)" --link-ms 0
names 4 identity-conflict 'a MAC that belongs to another board'
check 'the second got no kernel' fails grep -q 'kernel8.img' "$lab/board-5.log"
check 'it is told who' sh -c "tests/lab/appliance $lab_name cli events | grep board.conflict"
check 'the node is still of the first' is "$(node_says rasp2 .board.serial)" "$(serial 4 | tail -c 8)"
power_off 5
done_testing
