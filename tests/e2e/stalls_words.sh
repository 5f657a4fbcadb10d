#!/bin/sh
# SPDX-License-Identifier: ISC
# Boots that stop in silence, or by what a node says of itself; see also stalls.sh. Its words are sent as bramble-init and the agent
# send them, from the board's address with the boot's token.
# timeout: 240
set -eu
. tests/lib.sh

mac() { printf 'dc:a6:32:59:00:%02x' "$1"; }
serial() { printf '100000000000590%1x' "$1"; }
cause() { bramble --json boot list --board "$(mac "$1")" --limit 1 | jq -r '.boots[0].cause'; }
cause_is() { [ "$(cause "$1")" = "$2" ]; }
board() { # number [option …]
	n=$1
	shift
	power_on "$n" 4b "$(serial "$n")" "$(mac "$n")" --link-ms 0 "$@"
}
names() { # number cause what
	check "$3: $2" wait_for 60 cause_is "$1" "$2"
}
says() { # stage failed detail
	ip netns exec "$lab_name-b3" curl -sf --max-time 5 http://10.77.0.1/v1/boot/stage \
		-d "{\"token\":\"$token\",\"stage\":\"$1\",\"failed\":$2,\"detail\":\"$3\"}"
}
falls_silent() { # stage cause what: after it, nothing
	says "$1" false '' >/dev/null
	names 3 "$2" "$3"
}
fails_at() { # stage detail cause what
	says "$1" true "$2" >/dev/null
	names 3 "$3" "$4"
}
test_explain() { tail -n 8 "$lab/log" "$lab"/board-*.log | sed 's/^/# /'; bramble boot list | sed 's/^/# /'; }

lab_begin stallswd
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

board 3 --output "$lab/files"
check 'a board boots' board_status 3
token=$(find "$lab/files" -name cmdline.txt -exec sed -n "s/.*bramble\.token=\([0-9a-f]*\).*/\1/p" {} +)
ip -n "$lab_name-b3" address replace "$(node_says rasp2 .address)/24" dev eth0
ip -n "$lab_name-b3" link set eth0 up
falls_silent init no-network 'bramble-init speaks once and no more'
fails_at nfs 'mount 10.77.0.1:/images: Permission denied' nfs-denied 'a share that is refused'
falls_silent data no-systemd 'all is mounted, and nothing follows'
falls_silent systemd agent-silent 'systemd runs, and nobody joins'
fails_at systemd 'the configuration cannot be applied' agent-failed 'an agent that gives up'

# Two boards at the same time, both alive.
board 4
check 'a board boots' board_status 4
power_on 5 4b "$(serial 5)" "$(mac 4)" --link-ms 0
names 4 identity-conflict 'a MAC that belongs to another board'
check 'the second got no kernel' fails grep -q 'kernel8.img' "$lab/board-5.log"
check 'it is told who' sh -c "tests/lab/appliance $lab_name cli events | grep board.conflict"
check 'the node is still of the first' is "$(node_says rasp3 .board.serial)" "$(serial 4 | tail -c 8)"
power_off 5
done_testing
