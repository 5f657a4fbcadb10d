#!/bin/sh
# SPDX-License-Identifier: ISC
# root = "ram": a node that holds its image in its own memory works on while the router's servers are away, and is heard
# again when they are back. One that hasn't the memory says so and takes it by NFS.
# timeout: 600
set -eu
. tests/lib.sh

steps_of() { bramble --json boot list --node "$1" | jq -r '.boots[0].id' | xargs tests/lab/appliance "$lab_name" cli --json boot show | jq -r '.steps[] | .stage + " " + .detail'; }
has_step() { steps_of "$1" | grep -F -e "$2"; }
# All of /usr/bin and the agent, from the image and not from what is cached.
reads_its_root() { on_board 1 'echo 3 >/proc/sys/vm/drop_caches; cat /usr/bin/* /usr/lib/bramble/bramble-agent | sha256sum | cut -c1-16'; }
heard_since() { node_is rasp1 joined && [ "$(node_says rasp1 .heartbeat_ms)" -gt "$1" ]; }

test_explain() { tail -n 8 "$lab/log" "$lab"/board-*.log "$lab"/console-*.log | cut -c1-200 | sed 's/^/# /'; }

lab_begin ram
lab_share
SHELL_ON_CONSOLE=1 NODES='settings = ( { root = "ram"; } );' appliance configure
appliance start || bail_out 'the appliance does not start'
power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:01
check 'a node joins' wait_for 240 node_is rasp1 joined
check 'its root is in its memory' has_step rasp1 'root in memory'
check 'it mounts no image by NFS' on_board 1 '! mountpoint -q /run/bramble/share && mountpoint -q /run/bramble/memory'
before=$(reads_its_root)

appliance stop
began=$(date +%s)
check 'the router is away: the node reads all of its root' is "$(reads_its_root)" "$before"
check '… runs programs that it has not run before' on_board 1 'dpkg -l >/dev/null && systemctl is-active --quiet bramble-agent'
sleep $((60 - ($(date +%s) - began) > 0 ? 60 - ($(date +%s) - began) : 0))
check '… and does so after a minute' is "$(reads_its_root)" "$before"
appliance start
check 'the router is back: the node is heard again' wait_for 60 heard_since "$(date +%s%3N)"
check 'in the same boot' is "$(bramble --json boot list --node rasp1 | jq '.boots | length')" 1
check 'it writes its data again' on_board 1 'echo new >/data/file && sync'
check 'which lies in the share' is "$(cat "$lab/share/nodes/rasp1/file")" new
power_off 1

power_on_machine 2 4b 10000000c0ffee02 dc:a6:32:0a:0b:02 --memory 320
check 'a node without the memory joins, by NFS' wait_for 240 node_is rasp2 joined
check 'it says why' has_step rasp2 'nfs not in memory but by NFS: the image and the system need'
done_testing
