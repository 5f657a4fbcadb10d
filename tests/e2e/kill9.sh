#!/bin/sh
# SPDX-License-Identifier: ISC
# SIGKILL of brambled, tftpd, httpd and dnsmasq at random moments of a boot, 50 times (KILLS): each boot completes,
# nothing is lost, and a running node notices nothing.
# timeout: 900
set -eu
. tests/lib.sh

kills=${KILLS:-50}
victims='brambled tftpd httpd dnsmasq'

joined() { node_is "$1" joined; }
random() { od -An -N2 -tu2 /dev/urandom | tr -d ' '; }
identity() { bramble --json node list | jq -S '[.nodes[] | {id, name, address, board}]'; }
uptime_of_node() { on_board 1 'cut -d. -f1 /proc/uptime'; }

# A board boots as a Pi 4 does (a failed try is repeated); meanwhile one process is killed.
boot_and_kill() { # index
	victim=$(echo "$victims" | cut -d' ' -f$(($1 % 4 + 1)))
	board=$(($1 % 3 + 2))
	power_on "$board" 4b "1000000000c0de0$board" "dc:a6:32:00:00:0$board" --link-ms 0 --attempts 6 --hashes
	pause=$(($(random) % 900))
	sleep "$(printf '0.%03d' "$pause")"
	echo "kill $victim after $pause ms"
	appliance kill "$victim"
	board_status "$board" || {
		tail -n 6 "$lab/board-$board.log"
		return 1
	}
}

test_explain() { tail -n 15 "$lab/log" | sed 's/^/# /'; }

lab_begin kill9
lab_share
SHELL_ON_CONSOLE=1 appliance configure
appliance start || bail_out 'the appliance does not start'
power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:01
check 'a node runs' wait_for 180 joined rasp1
for board in 2 3 4; do # known boards, so that every boot can be compared
	power_on "$board" 4b "1000000000c0de0$board" "dc:a6:32:00:00:0$board" --link-ms 0 --attempts 3
	check "board $board boots" board_status "$board"
done
identity >"$lab/before"
on_board 1 'dmesg -n 1; (while sleep 0.5; do date +%s.%N >>/data/beat || echo bad >>/run/beat-failed; done) >/dev/null 2>&1 &'
pid=$(appliance pid ganesha)
uptime=$(uptime_of_node)
begin=$(date +%s)

index=0
while [ "$index" -lt "$kills" ]; do
	check "kill $((index + 1)): the boot completes" boot_and_kill "$index"
	index=$((index + 1))
done

# A machine that goes the whole way while its servers die.
power_on_machine 5 4b 10000000c0ffee05 dc:a6:32:0a:0b:05
for victim in $victims $victims; do
	sleep 2
	appliance kill "$victim" || :
done
check 'a machine joins while its servers are killed' wait_for 180 joined rasp5

identity | jq '[.[] | select(.name != "rasp5")]' >"$lab/after"
check 'nodes, addresses and boards are what they were' diff "$lab/before" "$lab/after"
check 'every process runs again' is "$(bramble --json status | jq '[.processes[] | select(.state != "running")] | length')" 0
check 'the NFS server was left alone' is "$(appliance pid ganesha)" "$pid"
check 'the running node did not reboot' [ "$(uptime_of_node)" -ge $((uptime + $(date +%s) - begin - 30)) ]
check 'it wrote its data all the time' on_board 1 '! [ -e /run/beat-failed ] &&
	awk "NR > 1 && \$1 - last > 5 { exit 1 } { last = \$1 }" /data/beat'
check 'it is still joined' joined rasp1
done_testing
