#!/bin/sh
# SPDX-License-Identifier: ISC
# Who looks after a real control plane. bramble-upkeep by itself: snapshots on schedule, certificates renewed before their
# end, a restore that was killed brought to its end (the rest: tests/long/certificates.sh). Then bramble doctor: nothing
# wrong, and one thing after another.
# timeout: 400
set -eu
. tests/lib.sh
. tests/kubernetes/control_plane.sh
. tests/kubernetes/shorten.sh
# shellcheck source=tests/integration/doctor_checks.sh
. tests/integration/doctor_checks.sh

count() { cluster snapshots --json | jq "[.snapshots[] | select(.verified and .reason == \"$1\")] | length"; }
has() { [ "$(count "$1")" -ge 1 ]; }
enddate() { openssl x509 -noout -enddate -in "$share/cluster/pki/$1" | cut -d= -f2; }
is_valid_for() { openssl x509 -noout -checkend "$2" -in "$share/cluster/pki/$1"; }
warns() { bramble status --json | jq -r '.warnings[]' | grep -q -F -e "$1"; }
pid_of() { appliance pid "$1"; }
is_another() { [ -n "$(pid_of "$1")" ] && [ "$(pid_of "$1")" != "$2" ]; }
serves() { echo | ip netns exec "$lab_name-rt" openssl s_client -connect 10.77.0.1:6443 2>/dev/null | openssl x509 -noout -enddate | cut -d= -f2; }
finished() { [ ! -e "$share/cluster.restoring" ] && [ ! -e "$share/cluster.new" ] && is_ready; }

control_plane_begin care 'snapshots_kept = 2;'
check 'a snapshot is made without being asked' wait_for 60 has schedule
check 'the status tells when the first certificate ends' sh -c "$B/bramble --config $lab/bramble.conf cluster status | grep -q 'ends first, in 36'"
shorten ca apiserver-kubelet-client.crt 600
check 'a certificate is about to end' fails is_valid_for apiserver-kubelet-client.crt 700
running=$(pid_of kube-apiserver) etcd=$(pid_of etcd)
check '… and is renewed before' wait_for 90 is_valid_for apiserver-kubelet-client.crt 86400
check '… the API server was started anew' wait_for 60 is_another kube-apiserver "$running"
check '… and all is ready' wait_for 60 is_ready
check '… etcd went on' is "$(pid_of etcd)" "$etcd"
check '… after a snapshot' has before-renewal
check '… its keys are not root'"'"'s' is "$(stat -c %U:%a "$share/cluster/pki/apiserver.key")" bramble-cluster:600
old=$(enddate apiserver.crt)
check 'renewed by hand' prints upkeep cluster renew --json
check '… the API server shows the new one' fails is "$(serves)" "$old"
check '… and is ready' wait_for 60 is_ready
check '… the administrator too' kubectl get --raw=/readyz
check 'nothing is left to warn of' fails warns certificate

kubectl create configmap kept --from-literal=a=b >/dev/null
name=$(cluster snapshot --json 2>/dev/null | jq -r .name)
ip netns exec "$lab_name-rt" timeout -s KILL 4 "$B/bramble" --config "$lab/bramble.conf" cluster restore "$name" --yes >/dev/null 2>&1 || :
check 'a restore that was killed is finished without being asked' wait_for 120 finished
check '… with what it knew' is "$(kubectl get configmap kept -o 'jsonpath={.data.a}')" b

doctor_checks
done_testing
