#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 400
# NFS by the kernel's nfsd, in a virtual machine whose kernel has one: the same rights and changes as with
# nfs-ganesha, and what happens when brambled or rpc.mountd is killed, or nfs-server.service runs already. About 90 s.
set -eu
# shellcheck source=tests/lib.sh
. tests/lib.sh
lab_begin nfsk
# shellcheck disable=SC2034 # for exports_checks.sh
share=/srv/bramble clients=$lab_name-rt
# shellcheck source=tests/integration/exports_checks.sh
. tests/integration/exports_checks.sh

work=$lab/guest
mkdir -p "$lab/empty/images"
tests/guest/disks "$work" "$lab/empty" || bail_out "the router's disks can't be made"
ip -n "$clients" addr flush dev lan0
ip -n "$clients" addr add 10.77.0.9/24 dev lan0
add_addresses lan0
ip -n "$lab_name-sw" tuntap add router mode tap vnet_hdr
ip -n "$lab_name-sw" link set router master br0 up
tests/guest/boot "$work" "$lab_name-sw" router </dev/null >"$lab/guest.log" 2>&1 &

login="-q -i $work/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=3 -o BatchMode=yes
	-o ControlMaster=auto -o ControlPath=$lab/ssh -o ControlPersist=30"
# shellcheck disable=SC2086 # a list of options
router() { ip netns exec "$clients" ssh $login -b 10.77.0.9 root@10.77.0.1 "$@"; }
put() { echo "$2" | router "cat >$share/$1"; }
test_explain() { router 'tail -n 6 /run/services.log' | sed 's/^/# log: /'; }

# The driver in the guest: its input is a FIFO that somebody holds open, its output a file.
services_start() {
	router "rm -f /run/in; mkfifo /run/in; : >/run/out; (sleep 1000 >/run/in &) >/dev/null 2>&1
		setsid /root/services --run /run/bramble --share $share --interface eth0 --address 10.77.0.1/24 \
		--libexec /usr/libexec/bramble --nfs auto exports </run/in >>/run/out 2>>/run/services.log &"
	wait_for 15 router grep -q ^ready /run/out
}
tell() {
	router "before=\$(grep -Ec '^(ok|failed)' /run/out); echo '$*' >/run/in
		for i in \$(seq 150); do
			[ \$(grep -Ec '^(ok|failed)' /run/out) = \$before ] || break; sleep 0.1
		done
		grep -E '^(ok|failed)' /run/out | tail -n 1 | grep -x ok"
}
nfsd_threads() { router "ps -o pid= -C nfsd" | tr '\n' ' '; }
has_other_mountd() { fails router "grep -q '^$mountd ' /run/bramble/pids/mountd"; }
sees() { router "$1" | grep -q "$2"; }

check "the router's machine comes up" wait_for 120 router true
router 'cat >/root/services; chmod 755 /root/services; mkdir -p /run/bramble' <"$B/services"
check "nfs-server.service runs already" router \
	'systemctl unmask nfs-server 2>/dev/null; rpc.nfsd --no-nfs-version 3 2 && grep -q 2 /proc/fs/nfsd/threads'
check "services start" services_start
sees "cat /run/out" ^ready || bail_out "without services there is nothing to test"
tell describe >/dev/null
check "they chose the kernel's" sees 'cat /run/out' '^kernel nfsd (nfs-utils)'
check_rights
check "NFSv4.1 and later alone are served" sees 'cat /proc/fs/nfsd/versions' '^-3 +4 -4.0 +4.1 +4.2'
check "on the LAN address alone, and by nothing else" \
	is "$(router "ss -Hlntu | grep -v ':22 '" | awk '{ print $5 }' | sort -u | tr '\n' ' ')" '10.77.0.1:2049 '
check "the share remembers the clients" sees "journalctl -k -o cat" 'Using nfsdcld client tracking'
check_changes

threads=$(nfsd_threads)
hold_begin "$one" nodes/rasp1/f 15
router 'kill -KILL $(pidof services)'
check "a new brambled" services_start
check "finds everything as it was" set_nodes "1 rasp1 $one" "3 rasp3 $two"
check "the same threads" is "$(nfsd_threads)" "$threads"
check "the new exports" nfs "$two" write nodes/rasp3/f x
mountd=$(router "cut -d ' ' -f 1 /run/bramble/pids/mountd")
router "kill -KILL $mountd"
check "a killed rpc.mountd is started again" wait_for 10 has_other_mountd
check "and answers for a new node" set_nodes "1 rasp1 $one" "4 rasp4 $other"
check "with its export" wait_for 10 nfs "$other" write nodes/rasp4/f y
check "nothing was interrupted" hold_end
check "an orderly stop" tell stop
check "withdraws the exports" is "$(router grep -c bramble /var/lib/nfs/etab || :)" 0
check "and stops the threads" is "$(router cat /proc/fs/nfsd/threads)" 0
router poweroff || :
done_testing
