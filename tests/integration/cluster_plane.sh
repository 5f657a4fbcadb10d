#!/bin/sh
# SPDX-License-Identifier: ISC
# The control plane on a node, at the level of messages: a board plays it, with a real etcd and API server; forwarder, controllers and
# scheduler run on the router. Its keys are for it alone, its store is begun once, and a snapshot brings it back: there, on another disk,
# and on the router. (A node that does so itself: tests/long/plane.sh.)
# timeout: 400
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/board.sh
. tests/kubernetes/board.sh
# shellcheck source=tests/kubernetes/plane.sh
. tests/kubernetes/plane.sh

state() { cluster status --json | jq -r '[.state, .place] | join(" ")'; }
is_state() { [ "$(state)" = "$1" ]; }
has_token() { call "$1" /v1/cluster/token "$(boot_token "$1")" | jq -e .bootstrap; }
is_refused() { ask_plane "$1" "${2:-}" ',"offset":0' | jq -e '.error != null and .text == null'; }
says() { call "$1" /v1/cluster "$(boot_token "$1")" | jq -r .plane; }
get() { kubectl get configmap "$1" -o 'jsonpath={.data.a}'; }
has() { [ "$(get "$1")" = "$2" ]; }
refuses() { says=$1 && shift && ! "$@" >"$lab/said" 2>&1 && grep -qF -e "$says" "$lab/said"; }
is_nowhere() { ! grep -rqF -e "$1" "$lab/log" "$share/nodes" "$share/state" "$lab/run" "$lab/files-1"; }
lives_again() { ip -n "$lab_name-b$1" addr flush dev eth0 2>/dev/null || :; boot "$1" "10000000c0ffee0$1" "dc:a6:32:0a:0b:0$1" && move_in "$1" && join_lan "$1"; }
use() { sed -i "s/control_plane = [^;]*;/control_plane = [ $1 ];/" "$lab/bramble.conf" && kill -HUP "$(appliance pid brambled)"; }
test_explain() { grep -E 'brambled|clusterd|haproxy|kube' "$lab/log" | tail -n 12 | cut -c1-250 | sed 's/^/# /'; tail -n 2 "$lab"/plane/*.log | sed 's/^/# /'; }

lab_begin clusterplane
lab_share
share=$lab/share
appliance configure
echo "kubernetes = { engine = \"kubeadm\"; programs = \"$programs\"; snapshot_hours = 0; control_plane = [ \"rasp1\" ]; };" >>"$lab/bramble.conf"
appliance start
check 'a node that does not exist carries nothing' refuses 'no node rasp1' cluster create
lives_again 1
lives_again 2
cluster create >"$lab/created" 2>&1 &
create=$!
check 'the node is told that it carries the control plane' wait_for 20 fetches 1 empty
check '… the other one is not' is "$(says 2)" ''
check '… and gets no keys' is_refused 2
check 'the keys of the authorities are not among them' fails grep -q -e '"ca.key"' -e front-proxy-ca.key -e etcd/ca.key "$lab/document"
check '… and none is in a log or on the share' is_nowhere "$(document apiserver.key | sed -n 2p)"
start_plane 1
check 'it begins its store' tell_begun 1
check 'then the cluster is created' wait "$create"
check '… and ready, at the router' wait_for 30 is_state 'ready rasp1'
check '… as documented' prints cluster cluster status --json
check 'only controllers and scheduler run there' is "$(appliance pid etcd)$(appliance pid kube-apiserver)" ''
check 'the way to its store is open to nobody without a certificate' fails router curl -sk -m 5 "https://$(address 1):2379/version"
check 'a node gets its token through it' wait_for 30 has_token 2
kubectl create configmap kept --from-literal=a=b >/dev/null
call 1 /v1/cluster/kept "$(boot_token 1)" >/dev/null
check 'when pods may run there, the keys are handed out no more' is_refused 1
check '… nor its snapshot' is_refused 1 /snapshot
check 'a snapshot is made over the LAN' cluster snapshot
mkdir "$lab/next" && sed 's/v1\.20\.2/v1.20.3/g' "$programs/kubeadm" >"$lab/next/kubeadm" && chmod 755 "$lab/next/kubeadm"
sed -i "s,programs = \"[^\"]*\",programs = \"$lab/next\"," "$lab/bramble.conf"
check 'it is not upgraded there' refuses 'on the router alone' cluster upgrade --yes
sed -i "s,programs = \"[^\"]*\",programs = \"$programs\"," "$lab/bramble.conf"
kubectl create configmap later --from-literal=a=c >/dev/null

stop_plane
check 'the node is off: the cluster is not ready' wait_for 30 is_state 'not ready rasp1'
lives_again 1
check 'in its next boot it has its store' wait_for 20 fetches 1 kept
start_plane 1
check '… and goes on with it' wait_for 60 has later c
stop_plane
rm -rf "$lab/plane/etcd"
lives_again 1
check 'its disk is lost: it is not told to begin anew' fetches 1 kept
call 1 /v1/cluster/progress "$(boot_token 1)" >/dev/null
ip netns exec "$lab_name-b1" curl -s -d "{\"token\":\"$(boot_token 1)\",\"failed\":true,\"detail\":\"lost\"}" http://10.77.0.1/v1/cluster/progress >/dev/null
check '… and that is told' sh -c '"$B/bramble" --config "$0" status | grep -q "rasp1 is to carry.*lost"' "$lab/bramble.conf"
cluster rebuild --yes >"$lab/rebuilt" 2>&1 &
rebuild=$!
check 'a rebuild hands it the snapshot' wait_for 60 fetches 1 snapshot
check '… the whole of it' fetch_snapshot 1
check '… which etcdctl takes' unpack
start_plane 1
check '… once' tell_begun 1
check 'then it is rebuilt' wait "$rebuild"
check '… with what it had' has kept b
check '… and not with what came later' fails get later

use ''
check 'create moves nothing' refuses 'rebuild' cluster create
check 'a rebuild moves it to the router' cluster rebuild --yes
check '… with everything' has kept b
check '… which the node sees' is "$(says 1)" ''
stop_plane
check '… and where it stays' is_state 'ready '
done_testing
