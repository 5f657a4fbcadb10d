#!/bin/sh
# SPDX-License-Identifier: ISC
# The control plane on a node: a board's agent runs here, with a disk of its own, and with etcd and API server as a node has them; forwarder,
# controllers and scheduler run on the router. Its keys are for it alone, its store is begun once, and a snapshot brings it back: there, on
# another disk, and on the router. (With a machine, its kernel and systemd: tests/long/plane.sh.)
# timeout: 400
set -eu
. tests/lib.sh
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "1..0 # SKIP the agent that runs here is amd64's"; exit 0; }
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/board.sh
. tests/kubernetes/board.sh
# shellcheck source=tests/kubernetes/plane.sh
. tests/kubernetes/plane.sh

is_state() { [ "$(cluster status --json | jq -r '[.state, .place] | join(" ")')" = "$1" ]; }
has_token() { call "$1" /v1/cluster/token "$(boot_token "$1")" | jq -e .bootstrap; }
get() { kubectl get configmap "$1" -o 'jsonpath={.data.a}'; }
has() { [ "$(get "$1")" = "$2" ]; }
refuses() { says=$1 && shift && ! "$@" >"$lab/said" 2>&1 && grep -qF -e "$says" "$lab/said"; }
says() { bramble status | grep -F -e "rasp1 is to carry" | grep -F -e "$1"; }
key() { sed -n 2p "$share/cluster/pki/$1"; }
is_nowhere() { ! grep -rqF -e "$1" "$lab/log" "$share/nodes" "$share/state" "$lab/run" "$lab/files-1" "$lab/plane"; }
use() { sed -i "s,$1 = [^;]*;,$1 = $2;," "$lab/bramble.conf" && kill -HUP "$(appliance pid brambled)"; }
nothing_runs() { [ "$(appliance pid etcd 2>/dev/null)$(appliance pid kube-apiserver 2>/dev/null)" = '' ]; }
test_explain() { grep -E 'brambled|clusterd|haproxy' "$lab/log" | tail -n 8 | cut -c1-250 | sed 's/^/# /'; tail -n 4 "$lab/plane"/*log | cut -c1-250 | sed 's/^/# /'; }

lab_begin clusterplane
lab_share
share=$lab/share
appliance configure
echo "kubernetes = { engine = \"kubeadm\"; programs = \"$programs\"; snapshot_hours = 0; control_plane = [ \"rasp1\" ]; };" >>"$lab/bramble.conf"
appliance start
new_disk "$lab/disk"
new_disk "$lab/another"
check 'a node that does not exist carries nothing' refuses 'no node rasp1' cluster create
lives_again 1
lives_again 2
cluster create >"$lab/created" 2>&1 &
create=$!
start_node 1
check 'without a disk it says what it lacks' wait_for 120 says 'no local disk is mounted at /scratch'
cut_power
lives_again 1
start_node 1 "$lab/disk"
check 'with one the cluster is created' wait "$create"
check '… and ready, at the router' wait_for 30 is_state 'ready rasp1'
check '… as documented' prints cluster cluster status --json
check 'only controllers and scheduler run there' nothing_runs
check 'another node is not told that it carries it' is "$(carries 2)" ''
check '… and gets no keys' is_refused 2
check 'none is in a log or on the share' is_nowhere "$(key apiserver.key)"
check 'its store is open to nobody without a certificate' fails router curl -sk -m 5 "https://$(address 1):2379/version"
check 'the other node gets its token through it' wait_for 30 has_token 2
kubectl create configmap kept --from-literal=a=b >/dev/null
check 'a snapshot is made over the LAN' cluster snapshot
kubectl create configmap later --from-literal=a=c >/dev/null
mkdir "$lab/next" && sed 's/v1\.20\.2/v1.20.3/g' "$programs/kubeadm" >"$lab/next/kubeadm" && chmod 755 "$lab/next/kubeadm"
use programs "\"$lab/next\""
check 'it is not upgraded there' refuses 'on the router alone' cluster upgrade --yes
use programs "\"$programs\""

cut_power
check 'its power is cut: the cluster is not ready' wait_for 30 is_state 'not ready rasp1'
give_credentials
lives_again 1
start_node 1 "$lab/disk"
check 'it boots, and goes on with its store' wait_for 60 has later c
check 'when pods may run there, the keys are handed out no more' wait_for 30 is_refused 1
check '… nor its snapshot' is_refused 1 /snapshot
cut_power
lives_again 1
start_node 1 "$lab/another"
check 'with another disk it begins nothing anew, and says so' wait_for 60 says "etcd's store isn't on this node's disk"
check 'a rebuild begins with the snapshot there' cluster rebuild --yes
check '… with what it had' has kept b
check '… and not with what came later' fails get later

use control_plane '[ ]'
check 'create moves nothing' refuses 'rebuild' cluster create
check 'a rebuild moves it to the router' cluster rebuild --yes
check '… with everything' has kept b
check '… and there it is' is_state 'ready '
check '… while the node ends its own' wait_for 30 did stop bramble-etcd.service
use control_plane '[ "rasp1" ]'
cluster rebuild --yes >"$lab/rebuilt" 2>&1 &
rebuild=$!
check 'a rebuild moves it back: the node reboots for it' wait_for 60 did reboot
cut_power
lives_again 1
start_node 1 "$lab/disk"
check '… and carries it again' wait "$rebuild"
check '… with everything' has kept b
done_testing
