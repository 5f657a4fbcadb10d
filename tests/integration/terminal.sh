#!/bin/sh
# SPDX-License-Identifier: ISC
# What the bramble command shows a person at a terminal, of which script(1) makes one.
# timeout: 120
set -eu
. tests/lib.sh

escape=$(printf '\033')

on_terminal() { # TERM NO_COLOR verb …
	TERM=$1 NO_COLOR=$2
	export TERM NO_COLOR
	shift 2
	script -qec "stty cols 80 rows 24; '$B/bramble' --config '$lab/bramble.conf' $*" /dev/null </dev/null >"$lab/said"
}
has_color() { grep -q "$escape\\[[0-9;]*m" "$lab/said"; }
status_has_color() { on_terminal "$1" "$2" status && grep -q 'nfs-ganesha' "$lab/said" && has_color; }
has_boot() { [ "$(bramble --json boot list | jq '.boots | length')" = 1 ]; }

lab_begin terminal
JOIN=approve appliance configure
appliance start || bail_out 'the appliance does not start'
check 'colours on a terminal' status_has_color xterm ''
check 'but for who wants none' fails status_has_color xterm 1
check 'and where it shows none' fails status_has_color dumb ''
check 'nor into a pipe' fails sh -c "tests/lab/appliance $lab_name cli status | grep -F '$escape'"
check 'nothing is wider than the terminal' fails grep -E '^.{82}' "$lab/said" # with the carriage return

check 'without boots a watch says so' on_terminal xterm 1 boot watch --for 1s
check '... in words' grep -q 'No board boots just now' "$lab/said"
power_on 1 4b 100000001a2b3c4d dc:a6:32:0a:0b:0c --attempts 20
check 'a board boots' wait_for 60 has_boot
check 'a watch draws it' on_terminal xterm 1 boot watch --for 2s
check '... with its progress' grep -q '\[#*\.*\]' "$lab/said"
check '... over the picture before' grep -q "$escape\\[[0-9]*A" "$lab/said"
check '... and why it waits' grep -q 'bramble node admit' "$lab/said"
power_off 1
done_testing
