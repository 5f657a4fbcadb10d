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
# shellcheck disable=SC2034 # for the two
NFS=ganesha share=$lab/share clients=$lab_name-b1
# shellcheck source=tests/integration/exports_checks.sh
. tests/integration/exports_checks.sh

put() { echo "$2" >"$share/$1"; }
only_tcp_2049() { is "$(ip netns exec "$lab_name-rt" ss -Hlntup | grep -c -v '10.77.0.1\]*:2049')" 0; }

tests/lab/lab board "$lab_name" 1 dc:a6:32:00:00:01
ip -n "$clients" link set eth0 up
add_addresses eth0

check "services start" services_start exports
tell describe >/dev/null
check "they say which server it is, and why" grep -q '^nfs-ganesha (share.nfs' "$lab/out"
check_rights
check "files belong to who wrote them" is "$(stat -c '%u %s' "$share/nodes/rasp1/g")" '0 3'
check "it listens on TCP port 2049 of the LAN address alone" only_tcp_2049
check_changes
check "the data of a node that went stays" is "$(cat "$share/nodes/rasp2/f")" data2

ganesha=$(pid_of ganesha)
services_kill
hold_begin "$one" nodes/rasp1/f 3
check "a new brambled" services_start exports
check "finds the old ganesha" set_nodes "1 rasp1 $one" "3 rasp3 $two"
check "the same process" is "$(pid_of ganesha)" "$ganesha"
check "with the new exports" nfs "$two" write nodes/rasp3/f x
check "nothing was interrupted" hold_end

kill -KILL "$ganesha"
check "a killed ganesha is started again" wait_for 5 has_other_pid ganesha "$ganesha"
check "and serves as before" wait_for 25 reads "$one" nodes/rasp1/f data1

set --
for i in $(seq 100 250); do set -- "$@" "$i node$i 10.77.0.$i"; done
check "a hundred and fifty more nodes" set_nodes "1 rasp1 $one" "$@"
check "don't keep the first from its data" reads "$one" nodes/rasp1/f data1
check "an orderly stop" tell stop
check "ends it" test ! -e "$lab/run/pids/ganesha"
done_testing
