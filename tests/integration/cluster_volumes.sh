#!/bin/sh
# SPDX-License-Identifier: ISC
# Claims of the class "bramble" get volumes on the share, with a real control plane: bound, with their directory, only once; the same
# namespace and name has the same directory again, after the claim is gone and in a cluster from nothing. (What pods write there outlives
# node and board: tests/long/kubernetes.sh.)
# timeout: 400
set -eu
. tests/lib.sh
. tests/kubernetes/control_plane.sh

claim() { # name [more of its spec]
	kubectl apply -f - >/dev/null <<-END
		apiVersion: v1
		kind: PersistentVolumeClaim
		metadata: { name: $1, namespace: default }
		spec: { storageClassName: bramble, accessModes: [ ReadWriteMany ], resources: { requests: { storage: 2Gi } } ${2:-} }
	END
}
of_claim() { kubectl get pvc "$1" -o jsonpath="{$2}"; }
is_bound() { [ "$(of_claim "$1" .status.phase)" = Bound ]; }
of_volume() { kubectl get pv "$(of_claim "$1" .spec.volumeName)" -o jsonpath="{$2}"; }
volumes() { kubectl get pv -o name | wc -l; }
has_class() { kubectl get storageclass bramble; }
served() { grep -c "claim default/data-0 has the volume" "$lab/log"; }

control_plane_begin volumes "addons_path = \"$PWD/etc/addons\"; addons = [ \"storage\" ]; snapshot_hours = 0;"
check 'what is behind the API server is asked at its own address' sh -c 'jq -r ".\"kube-apiserver\"[]" "$0" | grep -qx -e --enable-aggregator-routing=true' "$share/cluster/processes.json"
check 'the class is there by itself' wait_for 120 has_class
claim data-0
claim block ', volumeMode: Block'
check 'a claim is bound by itself' wait_for 120 is_bound data-0
directory=$share$(of_volume data-0 .spec.hostPath.path)
check '… to a directory of its namespace and name' is "$directory" "$share/shared/volumes/default/data-0"
check '… which any pod can write' is "$(stat -c %a "$directory")" 777
check '… and which nothing removes' is "$(of_volume data-0 .spec.persistentVolumeReclaimPolicy) $(of_volume data-0 .spec.capacity.storage)" 'Retain 2Gi'
echo precious >"$directory/file"
check 'what is no directory is refused' wait_for 60 grep -q 'claim default/block gets no volume' "$lab/log"
appliance kill clusterd
claim data-1
check 'so is the next one, with what makes them killed' wait_for 120 is_bound data-1
check '… and each was made once' is "$(volumes) $(served)" '2 1'
old=$(of_claim data-0 .spec.volumeName)
kubectl delete pvc data-0 >/dev/null
check 'without its claim the data is there' grep -q precious "$directory/file"
claim data-0
check 'a claim of that name is bound again' wait_for 120 is_bound data-0
check '… to another volume' fails is "$(of_claim data-0 .spec.volumeName)" "$old"
check '… of the same directory' is "$share$(of_volume data-0 .spec.hostPath.path)" "$directory"

check 'a cluster from nothing' cluster rebuild --new --yes
check '… has the class' wait_for 120 has_class
check '… and no volume' is "$(volumes)" 0
claim data-0
check 'the claim of that name is bound there' wait_for 120 is_bound data-0
check '… to what it had' grep -q precious "$share$(of_volume data-0 .spec.hostPath.path)/file"
done_testing
