#!/bin/sh
# SPDX-License-Identifier: ISC
# Snapshots of a real control plane and the way back to them: made, checked, damaged, restored, killed meanwhile, and
# used when nothing else is left.
# timeout: 400
set -eu
. tests/lib.sh
. tests/kubernetes/control_plane.sh

snapshot() { cluster snapshot --json | jq -r .name; }
listed() { cluster snapshots --json | jq -r ".snapshots[] | select(.name == \"$1\") | .verified"; }
get() { kubectl get configmap "$1" -o 'jsonpath={.data.a}'; }
put() { kubectl create configmap "$1" --from-literal=a="$2" >/dev/null; }
restore() { cluster restore "$@" </dev/null; }
api() { curl -s --cacert "$share/cluster/pki/ca.crt" -o /dev/null -w '%{http_code}' https://10.77.0.1:6443/readyz; }
killed_after() { ip netns exec "$lab_name-rt" timeout -s KILL "$@" || :; }
nothing_is_left() {
	for left in cluster.new cluster.restoring cluster/restored; do [ ! -e "$share/$left" ] || return 1; done
}

control_plane_begin upkeep 'snapshot_hours = 0;'
check 'there is no snapshot yet' is "$(cluster snapshots --json | jq '.snapshots | length')" 0
check 'rebuilt from nothing is not what rebuild does' fails cluster rebuild --yes
put kept first
first=$(snapshot)
check 'a snapshot is made and verified' is "$(listed "$first")" true
check '… with keys that nobody else reads' is "$(stat -c %U:%a "$share/cluster-snapshots")" root:700
put later second
check 'nobody is asked: nothing is restored' fails restore "$first"
check 'a dry run shows what it would become' sh -c "$B/bramble --config $lab/bramble.conf cluster restore $first --dry-run | grep -q 'keys at revision'"
check '… and changes nothing' is "$(get later)" second
saved=$(restore "$first" --yes --json | jq -r .saved)
check 'restored, it is ready' is "$(state)" ready
check '… what was is back' is "$(get kept)" first
check '… what came later is gone' fails get later
check '… and nothing of it is left over' nothing_is_left
check 'what was before the restore is a snapshot' is "$(listed "$saved")" true

check 'killed at any moment, a restore is whole or not begun' sh -c '
	for s in 0.6 2.4 6; do
		ip netns exec "$0-rt" timeout -s KILL $s "$B/bramble" --config "$1" cluster restore "$2" --yes || :
	done' "$lab_name" "$lab/bramble.conf" "$saved"
check '… and finished by the next call' restore "$saved" --yes
check '… with everything' is "$(get later)" second
check '… and nothing left over' nothing_is_left
killed_after 0.3 "$B/bramble" --config "$lab/bramble.conf" cluster snapshot
killed_after 0.15 "$B/bramble" --config "$lab/bramble.conf" cluster snapshot
check 'a killed snapshot is none' is "$(cluster snapshots --json | jq '[.snapshots[] | select(.verified | not)] | length')" 0
check 'what is made is documented JSON' prints snapshot cluster snapshot --json
check '… and the list' prints snapshots cluster snapshots --json
second=$(snapshot)
check 'the next one is whole' is "$(listed "$second")" true

printf x | dd of="$share/cluster-snapshots/$second/etcd.db" bs=1 seek=9000 conv=notrunc 2>/dev/null
check 'a damaged one is found' is "$(listed "$second")" false
check '… and not restored' fails restore "$second" --yes
check '… while the cluster goes on' is "$(get later)" second
check 'one that is not there is told by the exit status' sh -c "$B/bramble --config $lab/bramble.conf cluster restore 20200101T000000Z --yes; [ \$? -eq 4 ]"

before=$(hash)
rm -rf "$share/cluster/etcd/member" "$share/cluster/pki"
appliance kill etcd
check 'a destroyed control plane is down' wait_for 20 fails is_ready
for s in 1 4 7; do killed_after "$s" "$B/bramble" --config "$lab/bramble.conf" cluster rebuild --yes; done
rebuilt() { cluster rebuild --yes --json >"$lab/rebuilt"; }
check 'killed while what is left of it is put aside, a rebuild is finished' wait_for 120 rebuilt
check '… which is documented JSON' prints restored cat "$lab/rebuilt"
check '… from the newest sound snapshot' is "$(get later)" second
check '… with the same keys' is "$(hash)" "$before"
check '… and nothing left over' nothing_is_left
check '… but one directory put aside' is "$(find "$share" -maxdepth 1 -name 'cluster.2*' | wc -l)" 1
kept=$(snapshot)
cluster reset --yes >/dev/null
check 'after a reset the snapshots are still there' is "$(listed "$kept")" true
check '… and bring it back' cluster rebuild --yes
check '… as it was' is "$(get kept) $(get later)" 'first second'
done_testing
