#!/bin/sh
# SPDX-License-Identifier: ISC
# Roll-outs to two real systems: a sound version reaches both; one whose agent fails, one whose kernel panics and one
# that cuts its network stop with the first, which goes back by itself. Nobody presses a button.
# timeout: 2700
# alone
set -eu
. tests/lib.sh

hash_of() { cat "$variants/$1"; }
runs() { [ "$(node_says "$1" '.state + " " + .image_hash')" = "joined $2" ]; }
says_what_it_runs() { [ "$(on_board "$1" 'cat /etc/variant')" = "$2" ]; }
phase_of() { bramble --json rollout status | jq -r --arg node "$1" '.nodes[] | select(.node == $node).phase'; }
is_phase() { [ "$(phase_of "$1")" = "$2" ]; }
told() { bramble --json events -n 1000 | jq -r '.events[] | select(.kind == "'"$1"'") | .subject + " " + .text'; }
reboots_of() { told order.given | grep -c "^$1 .*reboot"; }
boots() { bramble --json boot list --node rasp1 | jq '.boots | length'; }
# Of the boot before the last one.
cause_is() { bramble --json boot list --node rasp1 | jq -r '.boots[1].cause' | grep -x -E -e "$1"; }
console_says() { grep -a -q "$1" "$lab/console-1.log"; }
roll_out() { bramble rollout base --to "$(hash_of "$1")" --wave 1 --within 10m >"$lab/rollout-$1.log" 2>&1; }

test_explain() { tail -n 8 "$lab"/rollout-*.log "$lab/log" "$lab"/console-*.log | cut -c1-200 | sed 's/^/# /'; }

# What has to hold of each broken version.
broken() { # kind, causes, what its console says
	began=$(date +%s)
	before=$(boots)
	check "$1: the roll-out stops" fails roll_out "$1"
	check "$1: rasp1 is back with its last good version by itself" wait_for 900 runs rasp1 "$sound"
	check "$1: which ends its part" wait_for 60 is_phase rasp1 put-back
	check "$1: one boot was enough to tell" is "$(boots)" $((before + 2))
	check "$1: the router knows the cause" cause_is "$2"
	check "$1: it was that" console_says "$3"
	check "$1: rasp2 runs what it ran" runs rasp2 "$sound"
	check "$1: and was not told to reboot" is "$(reboots_of rasp2)" 1
	check "$1: it can be aborted" bramble rollout abort
	note "$1: from the roll-out's begin to the last good version again: $(($(date +%s) - began)) s"
}

variants=$(tests/lab/variants) || bail_out 'the versions are not made'
sound=$(hash_of sound)
lab_begin rollout
mkdir -p "$lab/share"
cp -a --reflink=auto "$variants/images" "$lab/share/"
SHELL_ON_CONSOLE=1 appliance configure
sed -i 's/heartbeat_s = 2/fallback_after = 1; stuck_after_s = 120; patience_s = 180; &/' "$lab/bramble.conf"
appliance start || bail_out 'the appliance does not start'
bramble image use base "$(hash_of first)" >/dev/null
power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:01
check 'a node joins' wait_for 240 node_is rasp1 joined
power_on_machine 2 4b 10000000c0ffee02 dc:a6:32:0a:0b:02
check 'two nodes have joined' wait_for 240 node_is rasp2 joined

check 'a sound version comes to all' roll_out sound
check 'the first runs it' runs rasp1 "$sound"
check 'the other one as well' runs rasp2 "$sound"
check 'the first says so itself' says_what_it_runs 1 sound
check 'it is current' is "$(bramble --json image list | jq -r '.images[0].current')" "$sound"
# A boot that stands still for long has its cause before it starts over.
broken panic 'started-over|no-systemd' 'Kernel panic - not syncing: sysrq triggered crash'
broken agent agent-failed 'not joined 180 s after systemd was started'
broken network 'started-over|no-systemd' 'not joined 180 s after systemd was started'
check 'it fell back each time' is "$(told node.fell-back | cut -d' ' -f1 | tr '\n' ' ')" 'rasp1 rasp1 rasp1 '
done_testing
