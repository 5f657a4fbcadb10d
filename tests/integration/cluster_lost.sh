#!/bin/sh
# SPDX-License-Identifier: ISC
# The store of a real control plane is lost, or another one lies in its place: etcd isn't begun anew, nothing is kept of what isn't the
# cluster, no snapshot of what was goes for it, and it is told what to do.
# timeout: 400
set -eu
. tests/lib.sh
. tests/kubernetes/control_plane.sh

names() { find "$share/cluster-snapshots" -mindepth 1 -maxdepth 1 -name '2*' -printf '%f\n' | sort | tr '\n' ' '; }
has_one() { [ -n "$(names)" ]; }
warns() { bramble status --json | jq -r '.warnings[]' | grep -q -F -e "$1"; }
tells() { bramble events --json | grep -q '"cluster.lost"'; }
diagnoses() { ip netns exec "$lab_name-rt" "$B/bramble" --config "$lab/bramble.conf" doctor 2>&1 | grep -q -F -e "$1"; }
uid() { kubectl get namespace kube-system -o jsonpath='{.metadata.uid}'; }
refuses() { says=$1 && shift && ! "$@" >"$lab/said" 2>&1 && grep -qF -e "$says" "$lab/said"; }
is_dead() { [ -z "$(appliance pid etcd)" ]; }
another_serves() { [ -n "$(uid)" ] && [ "$(uid)" != "$id" ]; }

control_plane_begin lost 'snapshots_kept = 1;'
check 'a snapshot is made without being asked' wait_for 120 has_one
name=$(names) name=${name% }
id=$(uid)
check '… which says whose it is' is "$(cluster snapshots --json | jq -r '.snapshots[0].cluster')" "$id"
kubectl create configmap kept --from-literal=a=b >/dev/null
cp -a "$share/cluster-snapshots/$name" "$share/cluster-snapshots/20200101T000000Z" # of another cluster
sed -i "s/$id/2f0f3f5a-1f5c-4b0e-9c8e-3d1c7a0f3b11/" "$share/cluster-snapshots/20200101T000000Z/snapshot.json"
mv "$share/cluster-snapshots/$name" "$share/cluster-snapshots/20200102T000000Z"
replaced() { [ ! -e "$share/cluster-snapshots/20200102T000000Z" ]; }
check 'the next one takes its place' wait_for 120 replaced
name=$(names) name=${name% } name=${name##* }
check '… it has what came later' sh -c 'grep -q kept "$0"' "$share/cluster-snapshots/$name/etcd.db"

rm -rf "$share/cluster/etcd/member"
check 'its files are gone: it is told at once' wait_for 120 warns 'etcd'"'"'s store is gone'
check '… as an event' wait_for 120 tells
appliance kill etcd
check '… etcd is not begun anew' wait_for 120 is_dead
check '… which doctor tells' diagnoses 'is gone from'
check '… nor does create begin it' refuses 'cluster rebuild' cluster create
check '… that of another cluster stays' [ -e "$share/cluster-snapshots/20200101T000000Z" ]
check '… there is still no store' [ ! -e "$share/cluster/etcd/member" ]

mv "$share/cluster/identity" "$lab/identity" # so that one of another cluster comes into being
check 'another store lies there' wait_for 120 another_serves
mv "$lab/identity" "$share/cluster/identity"
mv "$share/cluster-snapshots/$name" "$share/cluster-snapshots/20200103T000000Z" # one is due
before=$(names)
rm -f "$lab/run/upkeep.store" # it was looked at lately
check '… it is told' wait_for 120 warns "isn't that of this cluster"
check '… by doctor as well' diagnoses "isn't that of this cluster"
check '… nothing is kept of it on demand' refuses "isn't that of this cluster" cluster snapshot
check '… create does not take it over' refuses "isn't that of this cluster" cluster create
check 'the cluster is brought back' prints restored cluster rebuild --yes --json
check '… from its own snapshot' is "$(uid) $(kubectl get configmap kept -o 'jsonpath={.data.a}')" "$id b"
check '… none was made of the other, none was lost' is "$(names)" "$before"
check '… and nothing is left to tell' wait_for 120 fails warns 'store'
done_testing
