#!/bin/sh
# SPDX-License-Identifier: ISC
# Boots that stop: each cause is injected into a running appliance, with real packets, and named (docs/boot-causes.md).
# timeout: 300
set -eu
. tests/lib.sh

family=57
# shellcheck source=tests/stalls.sh
. tests/stalls.sh

rt() { ip netns exec "$lab_name-rt" "$@"; }
join_is() { # the policy, in force at once
	sed -i "s/join = \"[a-z]*\"/join = \"$1\"/" "$lab/bramble.conf"
	kill -HUP "$(appliance pid brambled)"
}

lab_begin stalls
lab_share
appliance configure
sed -i 's/heartbeat_s = 2/stuck_after_s = 4; &/' "$lab/bramble.conf"
appliance start || bail_out 'the appliance does not start'
boot_files=$(find "$lab/share/images/base" -maxdepth 1 -name '*.boot')

# In its own namespace: what happens to one board doesn't happen to the others.
hinder() { # number chain rule
	tests/lab/lab board "$lab_name" "$1" "$(mac "$1")"
	b="ip netns exec $lab_name-b$1 nft"
	$b add table ip trouble && $b "add chain ip trouble $2 { type filter hook $2 priority 0; }" && $b "add rule ip trouble $2 $3"
}
hinder 2 output 'udp dport 69 drop'
hinder 4 input 'udp sport 1024-65535 quota over 3000000 bytes drop'
board 1
board 2
board 4
stalls 1 kernel-silent 'a kernel that never speaks'
stalls 2 no-request 'a board that asks for no file'
stalls 4 transfer-broken 'a transfer that loses all packets from some point on'

rt nft add table ip trouble
rt nft 'add chain ip trouble output { type filter hook output priority 0; }'
rt nft 'add rule ip trouble output udp sport 67 drop'
board 3 --attempts 3
stalls 3 offer-unheard 'answers that do not reach the board'
tests/lab/lab board "$lab_name" 20 52:54:00:00:00:20
ip netns exec "$lab_name-b20" ip address add 10.77.0.20/24 dev eth0
ip netns exec "$lab_name-b20" ip link set eth0 up
ip netns exec "$lab_name-b20" dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=eth0 --leasefile-ro \
	--dhcp-range=10.77.0.200,10.77.0.210 --pxe-service=0,'Raspberry Pi Boot' --pid-file= >"$lab/foreign.log" 2>&1 &
foreign=$!
board 12 --attempts 3
stalls 12 foreign-dhcp 'another DHCP server'
kill "$foreign"
rt nft delete table ip trouble

mv "$boot_files/start4.elf" "$lab/start4.elf"
board 5
stalls 5 image-incomplete 'a file that the image has lost'
mv "$lab/start4.elf" "$boot_files/start4.elf"

power_on 6 5 "$(serial 6)" "$(mac 6)" --link-ms 0
stalls 6 missing-file 'an image without a device tree for a Pi 5'

board 7
check 'a board boots' board_status 7
power_on 8 4b "$(serial 7)" "$(mac 8)" --link-ms 0
stalls 8 identity-conflict 'a serial that belongs to another board'

join_is approve
board 9
stalls 9 parked 'a board that nobody has admitted'
join_is deny
board 10 --attempts 2
check 'a board under "deny": denied, or not even a boot' wait_for 20 cause_is 10 denied
power_off 10
join_is auto

mv "$lab/share/images/base" "$lab/share/images/away"
board 11
stalls 11 image-incomplete 'an image whose files are gone'
mv "$lab/share/images/away" "$lab/share/images/base"
check 'and every cause comes with the next step' is "$(bramble --json boot list --limit 100 | jq -r '[.boots[] | select(.cause != null and .next == null)] | length')" 0
done_testing
