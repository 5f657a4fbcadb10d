#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 180
# NFS by nfs-ganesha: who may read and write what, and what happens to those who go on while exports change,
# ganesha is killed, or brambled is. About 40 s.
set -eu
# shellcheck source=tests/lib.sh
. tests/lib.sh
lab_begin brmnfs
# shellcheck source=tests/integration/services.sh
. tests/integration/services.sh
NFS=ganesha
one=10.77.0.21
two=10.77.0.22
other=10.77.0.30 # of the LAN, but no node

nfs() { # from, verb, path below the share, …
	from=$1
	verb=$2
	path=$3
	shift 3
	ip netns exec "$lab_name-b1" "$B/nfs-probe" 10.77.0.1 "$from" "$verb" "$lab/share/$path" "$@"
}
reads() { is "$(nfs "$1" read "$2")" "$3"; }
# Status 2 is NFS4ERR_NOENT, so that nobody learns what there is; 30 NFS4ERR_ROFS.
refuses() { # status, from …
	status=$1
	shift
	is "$(nfs "$@")" "status $status"
}
set_nodes() {
	for node in "$@"; do tell "node $node" || return 1; done
	tell nodes
}
hold_begin() {
	nfs "$1" hold "$2" "$3" >"$lab/hold" 2>&1 &
	holder=$!
}
hold_end() { wait "$holder" || :; grep -x '[1-9][0-9]* reads, 0 errors' "$lab/hold"; }
only_tcp_2049() { is "$(ip netns exec "$lab_name-rt" ss -Hlntup | grep -c -v '10.77.0.1\]*:2049')" 0; }

tests/lab/lab board "$lab_name" 1 dc:a6:32:00:00:01
ip -n "$lab_name-b1" link set eth0 up
for address in $one $two $other; do ip -n "$lab_name-b1" addr add "$address/24" dev eth0; done

check "services start" services_start exports
tell describe
check "they say which server it is, and why" grep -q '^nfs-ganesha (share.nfs' "$lab/out"
check "one node" set_nodes "1 rasp1 $one"
echo image >"$lab/share/images/x"
echo data1 >"$lab/share/nodes/rasp1/f"
check "a node reads its data" wait_for 10 reads $one nodes/rasp1/f data1
check "and writes it" nfs $one write nodes/rasp1/g new
check "as root" is "$(stat -c '%u %s' "$lab/share/nodes/rasp1/g")" '0 3'
check "everybody on the LAN reads images" reads $other images/x image
check "a new image is there at once, also where it was missed before" refuses 2 $one read images/y
echo more >"$lab/share/images/y"
check "where nobody has a copy of its absence" reads $one images/y more
check "nobody writes images" refuses 30 $one write images/z no
check "nor state" refuses 2 $one read state/ganesha
check "a node writes shared" nfs $one write shared/s all
check "who is no node doesn't see shared" refuses 2 $other read shared/s
check "nor a node's data" refuses 2 $other read nodes/rasp1/f
check "it listens on TCP port 2049 of the LAN address alone" only_tcp_2049
hold_begin $one nodes/rasp1/f 6
check "a second node" set_nodes "1 rasp1 $one" "2 rasp2 $two"
echo data2 >"$lab/share/nodes/rasp2/f"
check "reads its data at once" reads $two nodes/rasp2/f data2
check "not the first one's" refuses 2 $two read nodes/rasp1/f
check "the first not the second's" refuses 2 $one read nodes/rasp2/f
check "nor writes it" refuses 2 $one write nodes/rasp2/f no
check "the second node gets another address" set_nodes "1 rasp1 $one" "2 rasp2 $other"
check "the new address reads" reads $other nodes/rasp2/f data2
check "the old one no more" refuses 2 $two read nodes/rasp2/f
check "and not shared either" refuses 2 $two read shared/s
check "the second node goes" set_nodes "1 rasp1 $one"
check "its export, too" refuses 2 $other read nodes/rasp2/f
check "its data stays" is "$(cat "$lab/share/nodes/rasp2/f")" data2
check "whoever went on reading noticed nothing of all that" hold_end

ganesha=$(pid_of ganesha)
services_kill
hold_begin $one nodes/rasp1/f 3
check "a new brambled" services_start exports
check "finds the old ganesha" set_nodes "1 rasp1 $one" "3 rasp3 $two"
check "the same process" is "$(pid_of ganesha)" "$ganesha"
check "with the new exports" nfs $two write nodes/rasp3/f x
check "nothing was interrupted" hold_end

kill -KILL "$ganesha"
check "a killed ganesha is started again" wait_for 5 has_other_pid ganesha "$ganesha"
check "and serves as before" wait_for 25 reads $one nodes/rasp1/f data1

set --
for i in $(seq 100 250); do set -- "$@" "$i node$i 10.77.0.$i"; done
check "a hundred and fifty more nodes" set_nodes "1 rasp1 $one" "$@"
check "don't keep the first from its data" reads $one nodes/rasp1/f data1
check "an orderly stop" tell stop
check "ends it" test ! -e "$lab/run/pids/ganesha"
done_testing
