#!/bin/sh
# SPDX-License-Identifier: ISC
# A real control plane becomes another version, one that fails is gone back from, and a new cluster takes its place. What is
# killed meanwhile and finished without being asked: tests/long/upgrade.sh.
# timeout: 300
set -eu
. tests/lib.sh
. tests/kubernetes/control_plane.sh
# shellcheck source=tests/kubernetes/versions.sh
. tests/kubernetes/versions.sh

control_plane_begin upgrade 'snapshot_hours = 0;'
kubectl create configmap kept --from-literal=a=b >/dev/null
restamp v1.20.3
write_for_newer_etcd v1.20.3
etcd_has() { tr '\0' '\n' <"/proc/$(appliance pid etcd)/cmdline" | grep -e progress -e corrupt | sort | xargs; }
check 'with the same programs nothing is to be done' sh -c "$B/bramble --config $lab/bramble.conf cluster upgrade --dry-run | grep -q 'nothing is to be done'"
use "$lab/v1.20.3"
check 'a dry run says from what to what' sh -c "ip netns exec $lab_name-rt $B/bramble --config $lab/bramble.conf cluster upgrade --dry-run | grep -q 'v1.20.2 to v1.20.3'"
check 'other programs alone change nothing' cluster create
check '… it is the old version' is "$(version)" v1.20.2
check 'another version than was meant is refused' fails cluster upgrade --to v1.20.9 --yes
check 'killed at its begin, an upgrade' killed_after 5 upgrade --yes --json
check '… is finished without being asked, or by the next call' cluster upgrade --yes
check 'what it says is documented' prints upgrade cluster upgrade --dry-run --json
check '… with what there was' is "$(version) $(get kept)" 'v1.20.3 b'
check '… by the new programs' runs_from kube-scheduler "$lab/v1.20.3"
check '… with the arguments that the installed etcd knows' is "$(etcd_has)" \
	'--experimental-initial-corrupt-check=true --experimental-watch-progress-notify-interval=5s'
check '… where admin.conf of 1.29 would have all rights' kubectl auth can-i '*' '*' --as somebody --as-group kubeadm:cluster-admins
check '… and nothing is left over' nothing_is_left
snapshots() { cluster snapshots --json | jq "[.snapshots[] | select(.reason == \"before-upgrade\" and .kubernetes == \"$1\")] | length"; }
check '… after a snapshot of the old version' is "$(snapshots v1.20.2)" 1

make_failing_version
use "$lab/v1.20.4"
check 'an API server that does not start' fails cluster upgrade --yes
check '… is gone back from' is "$(version) $(get kept)" 'v1.20.3 b'
check '… to the old programs' runs_from kube-apiserver "$lab/v1.20.3"
check '… and nothing is left over' nothing_is_left
rm "$lab/v1.20.3/kubeadm"
use "$lab/v1.20.4"
check 'without a way back nothing is begun' fails cluster upgrade --yes

mkdir -p "$share/nodes/rasp1" && echo data >"$share/nodes/rasp1/file"
use "$programs"
before=$(hash)
check 'a new cluster is not begun unasked' fails cluster rebuild --new
check 'another one is made' cluster rebuild --new --yes
check '… and is ready' wait_for 60 is_over
check '… of the version that is configured' is "$(version)" v1.20.2
check '… without what the old one had' fails get kept
check '… with another authority' fails is "$(hash)" "$before"
check '… what was before is kept' is "$(count)" 1
check '… and so is what nodes have on the share' is "$(cat "$share/nodes/rasp1/file")" data
done_testing
