#!/bin/sh
# SPDX-License-Identifier: ISC
# What lasts over a reboot of a node, and what doesn't.
# timeout: 400
set -eu
. tests/lib.sh

joined_boots() { bramble --json boot list | jq '[.boots[] | select(.stage == "joined")] | length'; }
has_joined() { [ "$(joined_boots)" -ge "$1" ]; }
shows_health() { bramble node health rasp1 "$@" | grep -E '[0-9.]+ ms'; }
host_key() { on_board 1 'cut -d" " -f2 /etc/ssh/ssh_host_ed25519_key.pub'; }
first_minute() { bramble --json node health rasp1 | jq '.minutes[0].at_ms'; }
image_sums() { (cd "$lab/share/images" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

test_explain() { tail -n 8 "$lab/log" "$lab"/board-*.log "$lab"/console-*.log | sed 's/^/# /'; }

lab_begin persist
lab_share
image_sums >"$lab/before"
SHELL_ON_CONSOLE=1 appliance configure
appliance start || bail_out 'the appliance does not start'
power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c
wait_for 30 test -d "$lab/share/nodes/rasp1" || bail_out 'no node'
# What a power cut can leave of a key, before the board looks for it.
keys=$lab/share/nodes/rasp1/.bramble/ssh
mkdir -p "$keys"
printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz' >"$keys/ssh_host_ed25519_key"
check 'a board joins' wait_for 180 has_joined 1

check 'a file in the data directory can be written' on_board 1 'echo kept >/data/file && sync'
check 'it lies in the share' is "$(cat "$lab/share/nodes/rasp1/file")" kept
check '/etc and /root can be written' on_board 1 'echo gone >/etc/gone && echo gone >/root/gone'
check 'the shared directory can be written' on_board 1 'echo shared >/shared/file'
machine_id=$(on_board 1 'cat /etc/machine-id')
key=$(host_key)
check 'a damaged SSH host key was made anew' on_board 1 'ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key && cmp /etc/ssh/ssh_host_ed25519_key /data/.bramble/ssh/ssh_host_ed25519_key'
check 'there is a machine-id' is "${#machine_id}" 32
address=$(node_says rasp1 .address)

check 'its health is known' wait_for 15 shows_health
check 'a LED that is not there is said' sh -c 'tests/lab/appliance "$0" cli node identify rasp1 2>&1 | grep -F "rasp1: failed"' "$lab_name"
check 'it reboots when it is told to' bramble node reboot 'rasp[1-9]'
check 'it joins again' wait_for 180 has_joined 2
check 'it has the same name' is "$(on_board 1 hostname)" rasp1
check 'it has the same address' is "$(node_says rasp1 .address)" "$address"
check 'the file in the data directory is there' is "$(on_board 1 'cat /data/file')" kept
check 'the shared file is there' is "$(on_board 1 'cat /shared/file')" shared
check 'what was written to /etc and /root is gone' on_board 1 '! [ -e /etc/gone ] && ! [ -e /root/gone ]'
check 'it has the same machine-id' is "$(on_board 1 'cat /etc/machine-id')" "$machine_id"
check 'it has the same SSH host key' is "$(host_key)" "$key"
check 'the images cannot be written' on_board 1 'ls /run/bramble/share/*.squashfs && ! touch /run/bramble/share/x 2>/dev/null'
image_sums >"$lab/after"
check 'the image on the router is unchanged, bit for bit' cmp "$lab/before" "$lab/after"
check 'its time line shows both boots' is "$(joined_boots)" 2
first=$(first_minute)
appliance kill brambled
check 'brambled comes back' wait_for 15 bramble status
check 'how the node was before outlives brambled' is "$(first_minute)" "$first"
check 'hour by hour as well' shows_health --hours 2
done_testing
