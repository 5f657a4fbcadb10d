#!/bin/sh
# SPDX-License-Identifier: ISC
# SIGKILL of brambled, tftpd, httpd and dnsmasq at random moments, 50 times (KILLS), while boards boot again and again
# and a machine goes the whole way: every boot completes, nothing is lost, and a running node notices nothing.
# timeout: 900
set -eu
. tests/lib.sh

kills=${KILLS:-50}
victims='brambled tftpd httpd dnsmasq'
boards='2 3 4 6 7 8 9'

joined() { node_is "$1" joined; }
random() { od -An -N2 -tu2 /dev/urandom | tr -d ' '; }
identity() { bramble --json node list | jq -S '[.nodes[] | select(.board.serial != "c0ffee05") | {id, name, address, board}]'; }
uptime_of_node() { on_board 1 'cut -d. -f1 /proc/uptime'; }
other_pid() { now=$(appliance pid "$1") && [ "$now" != "$2" ] && kill -0 "$now"; }

# A Pi 4 tries again by itself after a transfer that broke off.
boot() { # number
	ip netns exec "$lab_name-b$1" "$B/vpi" --model 4b --serial "1000000000c0de0$1" --mac "dc:a6:32:00:00:0$1" \
		--interface eth0 --link-ms 0 --attempts 8 >"$lab/board-$1.log" 2>&1
}

boot_until_told() { # number
	while [ ! -e "$lab/enough" ]; do
		if boot "$1"; then
			echo "$1" >>"$lab/booted"
		else
			cp "$lab/board-$1.log" "$lab/not-booted-$1.log"
		fi
		sleep 0.2
	done
}

kill_one() { # victim
	pid=$(appliance pid "$1")
	kill -KILL "$pid"
	wait_for 10 other_pid "$1" "$pid"
}

every_boot_completed() {
	echo "$(wc -l <"$lab/booted") boots"
	! tail -n 8 "$lab"/not-booted-*.log 2>/dev/null && [ "$(sort -u "$lab/booted" | tr '\n' ' ')" = "$boards " ]
}

test_explain() { tail -n 15 "$lab/log" | sed 's/^/# /'; }

lab_begin kill9
lab_share
SHELL_ON_CONSOLE=1 appliance configure
appliance start || bail_out 'the appliance does not start'
power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:01
check 'a node runs' wait_for 180 joined rasp1
for board in $boards; do
	tests/lab/lab board "$lab_name" "$board" "dc:a6:32:00:00:0$board"
	check "board $board boots" boot "$board"
done
identity >"$lab/before"
on_board 1 'dmesg -n 1; (while sleep 0.5; do date +%s >>/data/beat || echo bad >>/run/beat-failed; done) >/dev/null 2>&1 &'
ganesha=$(appliance pid ganesha)
uptime=$(uptime_of_node)
begin=$(date +%s)

for board in $boards; do boot_until_told "$board" & loops="${loops:-} $!"; done
power_on_machine 5 4b 10000000c0ffee05 dc:a6:32:0a:0b:05 --attempts 20
index=0
while [ "$index" -lt "$kills" ]; do
	sleep "$((index % 2)).$(printf '%03d' $(($(random) % 1000)))"
	victim=$(echo "$victims" | cut -d' ' -f$((index % 4 + 1)))
	index=$((index + 1))
	check "kill $index: $victim runs again" kill_one "$victim"
done
touch "$lab/enough"
for pid in $loops; do wait "$pid"; done
check 'every boot completed' every_boot_completed
check 'a machine joined while its servers were killed' wait_for 180 joined rasp9
identity >"$lab/after"
check 'nodes, addresses and boards are what they were' diff "$lab/before" "$lab/after"
check 'every process runs' is "$(bramble --json status | jq '[.processes[] | select(.state != "running")] | length')" 0
check 'the NFS server was left alone' is "$(appliance pid ganesha)" "$ganesha"
check 'the running node did not reboot' [ "$(uptime_of_node)" -ge $((uptime + $(date +%s) - begin - 20)) ]
check 'it could write its data all the time' on_board 1 \
	'! [ -e /run/beat-failed ] && awk "NR > 1 && \$1 - last > 5 { exit 1 } { last = \$1 }" /data/beat'
check 'it is still joined' joined rasp1
done_testing
