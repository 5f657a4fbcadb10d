#!/bin/sh
# SPDX-License-Identifier: ISC
# A parked board says on its own console how to admit it, and goes on by itself when it was.
# timeout: 300
set -eu
. tests/lib.sh

state_is() { [ "$(board_says c0ffee01 .state)" = "$1" ]; }
console_says() { grep -aF -e "$1" "$lab/console-1.log"; }
waits_again() { [ "$(grep -acF 'waits to be admitted' "$lab/console-1.log")" -gt 1 ]; }
joined() { [ "$(node_says rasp1 .state)" = joined ]; }
boot_waits() { bramble boot list | grep -F 'bramble node admit c0ffee01'; }
nodes() { bramble --json node list | jq '.nodes | length'; }
secrets() { grep -aoE 'bramble[.](token|node|data)=' "$lab/console-1.log"; }

test_explain() { tail -n 8 "$lab/log" "$lab"/board-*.log "$lab"/console-*.log | sed 's/^/# /'; }

lab_begin waiting
lab_share
JOIN=approve appliance configure
appliance start || bail_out 'the appliance does not start'

power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c
check 'its console shows what to type' wait_for 90 console_says 'bramble node admit c0ffee01'
check 'it is parked' state_is parked
check 'there is no node' is "$(nodes)" 0
check 'it was told nothing of nodes' fails secrets
check 'its boot says why it waits' boot_waits
check 'it shows it again for a screen that was plugged in later' wait_for 60 waits_again
check 'brambled may be killed meanwhile' appliance kill brambled
check 'it can be admitted' wait_for 20 bramble node admit c0ffee01
check 'it is told so' wait_for 30 console_says 'admitted as rasp1'
check 'it joins by itself' wait_for 150 joined
done_testing
