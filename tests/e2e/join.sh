#!/bin/sh
# SPDX-License-Identifier: ISC
# An unknown Pi 3 and Pi 4 go from power-on to joined, with no command.
# timeout: 400
set -eu
. tests/lib.sh

both_joined() { [ "$(bramble --json node list | jq '[.nodes[] | select(.state == "joined")] | length')" = 2 ]; }

node_of() { bramble --json node list | jq -r ".nodes[] | select(.board.serial == \"$1\") | .$2"; }

heard_since() { [ "$(node_of "$1" heartbeat_ms)" -gt "$2" ]; } # serial ms

timeline_has() { # serial stages
	id=$(node_of "$1" boot)
	stages=$(bramble --json boot show "$id" | jq -r '.steps[].stage' | awk '!seen[$0]++' | tr '\n' ' ')
	echo "boot $id: $stages"
	for stage in $2; do
		case " $stages" in *" $stage "*) ;; *) echo "missing: $stage"; return 1 ;; esac
	done
}

payload_is_small() { # serial
	bytes=$(bramble --json boot show "$(node_of "$1" boot)" | jq .bytes)
	echo "$bytes bytes"
	[ "$bytes" -gt 10000000 ] && [ "$bytes" -le 20000000 ]
}

test_explain() {
	tail -n 5 "$lab/log" "$lab"/board-*.log "$lab"/console-*.log | sed 's/^/# /'
}

lab_begin join
lab_share
SHELL_ON_CONSOLE=1 appliance configure
check 'the appliance starts' appliance start
check 'it says that it is well' is "$(bramble --json status | jq -r .state)" running
hash=$(bramble --json status | jq -r .image.hash)

power_on_machine 1 3b 00000000a1b2c3d4 b8:27:eb:b2:c3:d4
power_on_machine 2 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c
check 'a Pi 3 and a Pi 4 join by themselves' wait_for 240 both_joined

for serial in a1b2c3d4 c0ffee01; do
	check "$serial has a name" is "$(node_of $serial name | sed 's/[12]$/N/')" raspN
	check "$serial runs the current image" is "$(node_of $serial image_hash)" "$hash"
	check "$serial has an address of the range" is "$(node_of $serial address | cut -d. -f1-3)" 10.77.0
	check "$serial sends heartbeats" wait_for 60 heard_since $serial "$(date +%s%3N)"
	check "$serial has a whole time line" timeline_has $serial \
		'dhcp firmware config kernel initramfs tree init nfs root data systemd joined'
	check "$serial fetched at most 20 MB" payload_is_small $serial
done
check 'the boards are told apart by model' is \
	"$(bramble --json board list | jq -r '[.boards[].model] | sort | join(", ")')" 'Raspberry Pi 3, Raspberry Pi 4'
check 'the list for people names both' is "$(bramble node list | grep -c 'joined')" 2
check 'a node knows its name' is "$(on_board 1 hostname)" "$(node_of a1b2c3d4 name)"
check 'a node finds the other by name' on_board 1 "getent hosts $(node_of c0ffee01 name)"
check 'nothing failed in systemd' is "$(on_board 2 'systemctl --failed --no-legend --plain | wc -l')" 0
done_testing
