#!/bin/sh
# SPDX-License-Identifier: ISC
# A real control plane becomes another version, one that fails is gone back from, and a new cluster takes its place. The other
# versions are the same programs with another version written into them: what differs between releases is not tested here.
# timeout: 400
set -eu
. tests/lib.sh
. tests/kubernetes/control_plane.sh

# The programs as of another version, in a directory of their own.
restamp() { # version
	mkdir -p "$lab/$1"
	for program in kubeadm kubectl kube-apiserver kube-controller-manager kube-scheduler; do
		sed "s/v1\.20\.2/$1/g" "$programs/$program" >"$lab/$1/$program"
		chmod 755 "$lab/$1/$program"
	done
}
use() { sed -i "s,programs = \"[^\"]*\",programs = \"$1\"," "$lab/bramble.conf"; }
version() { kubectl version --output=json | jq -r .serverVersion.gitVersion; }
runs_from() { tr '\0' '\n' <"/proc/$(appliance pid "$1")/cmdline" | grep -qx "$2/$1"; }
get() { kubectl get configmap "$1" -o 'jsonpath={.data.a}'; }
killed_after() { ip netns exec "$lab_name-rt" timeout -s KILL "$1" "$B/bramble" --config "$lab/bramble.conf" cluster "$2" "$3" "$4" || :; }
nothing_is_left() {
	for left in cluster.upgrading cluster.new cluster.restoring cluster.anew; do [ ! -e "$share/$left" ] || return 1; done
}
is_over() { nothing_is_left && is_ready; }
count() { find "$share" -maxdepth 1 -name 'cluster.2*' | wc -l; }

control_plane_begin upgrade 'snapshot_hours = 0;'
kubectl create configmap kept --from-literal=a=b >/dev/null
restamp v1.20.3
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
check '… and nothing is left over' nothing_is_left
snapshots() { cluster snapshots --json | jq "[.snapshots[] | select(.reason == \"before-upgrade\" and .kubernetes == \"$1\")] | length"; }
check '… after a snapshot of the old version' is "$(snapshots v1.20.2)" 1

mkdir "$lab/v1.20.4"
for program in "$lab/v1.20.3"/*; do sed 's/v1\.20\.3/v1.20.4/g' "$program" >"$lab/v1.20.4/${program##*/}"; done
cat >"$lab/v1.20.4/kube-apiserver" <<'END'
#!/bin/sh
[ "$*" != --version ] || { echo 'Kubernetes v1.20.4'; exit 0; }
exit 1
END
chmod 755 "$lab/v1.20.4"/*
use "$lab/v1.20.4"
check 'an API server that does not start' fails cluster upgrade --yes
check '… is gone back from' is "$(version) $(get kept)" 'v1.20.3 b'
check '… to the old programs' runs_from kube-apiserver "$lab/v1.20.3"
check '… and nothing is left over' nothing_is_left
killed_after 12 upgrade --yes --json
check 'one that fails and is killed is gone back from without being asked' wait_for 150 is_over
check '… to what there was' is "$(version) $(get kept)" 'v1.20.3 b'
rm "$lab/v1.20.3/kubeadm"
use "$lab/v1.20.4"
check 'without a way back nothing is begun' fails cluster upgrade --yes
cp "$lab/v1.20.4/kubeadm" "$lab/v1.20.3/kubeadm"

mkdir -p "$share/nodes/rasp1" && echo data >"$share/nodes/rasp1/file"
use "$programs"
before=$(hash)
check 'a new cluster is not begun unasked' fails cluster rebuild --new
killed_after 3 rebuild --new --yes
check 'killed, it is finished without being asked' wait_for 120 is_over
check '… another one' fails get kept
check '… with another authority' fails is "$(hash)" "$before"
check '… what was before is kept' is "$(count)" 1
check '… and so is what nodes have on the share' is "$(cat "$share/nodes/rasp1/file")" data
done_testing
