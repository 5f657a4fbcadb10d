#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 120
# Boards as they ask, dnsmasq as we configure it, and bramble-dhcpwatch between them. About 30 s.
set -eu
# shellcheck source=tests/lib.sh
. tests/lib.sh
lab_begin brmdhcp
# shellcheck source=tests/integration/services.sh
. tests/integration/services.sh

pi3=b8:27:eb:00:00:01
pi4=dc:a6:32:00:00:02
new=dc:a6:32:00:00:03
on_board() { ip netns exec "$lab_name-b1" "$@"; }

# answer MAC KIND SECONDS WORD …: the board's last answer holds every word
answer() {
	said=$(on_board "$B/dhcp-probe" eth0 "$1" "$2" "$3") || :
	echo "$said"
	shift 3
	for word in "$@"; do
		case " $said " in *"$word "*) ;; *) return 1 ;; esac
	done
}
# reported WORD …: one line of dhcpwatch's reports holds them in this order
reported() {
	wait_for 5 grep -q "^dhcp $(printf '%s.*' "$@")" "$lab/out"
}
set_hosts() {
	for host in "$@"; do tell "host $host" || return 1; done
	tell hosts
}
# The name server's answer to NAME holds ANSWER.
lookup() { on_board busybox nslookup "$1" 10.77.0.1 | grep "$2"; }
no_rights() { grep -c '^Cap\(Prm\|Eff\|Bnd\):.0000000000000000' "/proc/$(pid_of dhcpwatch)/status" | grep -x 3; }

tests/lab/lab board "$lab_name" 1 $pi3
ip -n "$lab_name-b1" link set eth0 up
check "services start" services_start dnsmasq dhcpwatch
check "an unknown board gets no answer" answer $pi3 pi3 2 nothing
check "its DISCOVER is reported with the boot ROM's option 97" \
	reported "DISCOVER $pi3" xid=26f30339 arch=0000 uuid=0044444444 vendor=PXEClient:Arch:00000
check "boards become known" set_hosts "$pi3 10.77.0.21 rasp1" "$pi4 10.77.0.22"
check "a Pi 3 is offered its address, the server and the menu text with three blanks" \
	answer $pi3 pi3 5 OFFER yiaddr=10.77.0.21 siaddr=10.77.0.1 tftp=10.77.0.1 server=10.77.0.1 \
	pxe=yes vendor=PXEClient "Raspberry Pi Boot  "
check "the OFFER, which the router itself sent, is reported" reported "OFFER $pi3" yiaddr=10.77.0.21 pxe=1
check "a Pi 4 gets OFFER and ACK" answer $pi4 pi4 5 ACK yiaddr=10.77.0.22 siaddr=10.77.0.1 pxe=yes lease=4294967295
check "its ACK is reported" reported "ACK $pi4" yiaddr=10.77.0.22
check "Linux with a client identifier gets the same address, without PXE" \
	answer $pi4 linux 5 ACK yiaddr=10.77.0.22 router=10.77.0.1 dns=10.77.0.1 netmask=255.255.255.0 pxe=no
check "an identifier that another board sends, too, changes nothing" answer $pi3 linux 5 ACK yiaddr=10.77.0.21
check "another board still gets nothing" answer $new linux 2 nothing

ip -n "$lab_name-b1" addr add 10.77.0.99/24 dev eth0
check "node names resolve" lookup rasp1.bramble 10.77.0.21
check "addresses resolve to names" lookup 10.77.0.21 rasp1.bramble

check "a board is replaced" set_hosts "$pi3 10.77.0.21 rasp1" "$new 10.77.0.22 rasp2"
check "the new board gets the address that was leased for ever" answer $new pi4 3 ACK yiaddr=10.77.0.22
check "the old board is unknown" answer $pi4 pi4 2 nothing

old=$(pid_of dnsmasq)
kill -KILL "$old"
check "a killed dnsmasq is started again" wait_for 5 has_other_pid dnsmasq "$old"
check "and answers as before" answer $new linux 5 ACK yiaddr=10.77.0.22

dnsmasq=$(pid_of dnsmasq)
dhcpwatch=$(pid_of dhcpwatch)
services_kill
check "while brambled is away boards are answered" answer $pi3 pi3 5 OFFER yiaddr=10.77.0.21
check "a new brambled starts" services_start dnsmasq dhcpwatch
check "and knows the boards" set_hosts "$pi3 10.77.0.21 rasp1"
check "with the dnsmasq of before" is "$(pid_of dnsmasq)" "$dnsmasq"
check "with the dhcpwatch of before" is "$(pid_of dhcpwatch)" "$dhcpwatch"
check "which tells what it saw meanwhile" reported "OFFER $pi3" yiaddr=10.77.0.21
check "dhcpwatch has no rights left" no_rights
# A sanitizer needs more than the few.
grep -q __asan_init "$B/bramble-dhcpwatch" || check "and few system calls" grep -q '^Seccomp:.2' "/proc/$dhcpwatch/status"

ip -n "$lab_name-rt" link del lan0
check "while the LAN interface is gone nobody gets an answer" answer $pi3 pi3 1 nothing
ip -n "$lab_name-sw" link add rt type veth peer name lan0 netns "$lab_name-rt"
ip -n "$lab_name-sw" link set rt master br0 up
ip -n "$lab_name-rt" addr add 10.77.0.1/24 dev lan0
ip -n "$lab_name-rt" link set lan0 up
check "when it is back boards are answered" answer $pi3 pi3 10 OFFER yiaddr=10.77.0.21
check "dhcpwatch has found it, too" wait_for 5 grep -q 'lan0: the interface is there now' "$lab/log"
: >"$lab/out"
check "boards are answered still" answer $pi3 pi3 10 OFFER yiaddr=10.77.0.21
check "and reported" reported "OFFER $pi3" yiaddr=10.77.0.21
check "dhcpwatch never ended" is "$(pid_of dhcpwatch)" "$dhcpwatch"
check "everything ends when told to" tell stop
done_testing
