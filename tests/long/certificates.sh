#!/bin/sh
# SPDX-License-Identifier: ISC
# The rarer cases of what bramble-upkeep does with certificates of a real control plane: its own helper's, one that kubeadm
# doesn't know, and a renewal that fails.
# timeout: 600
set -eu
. tests/lib.sh
. tests/kubernetes/control_plane.sh
. tests/kubernetes/shorten.sh

own_is_valid_for() { sed -n 's/.*client-certificate-data: //p' "$share/cluster/kubernetes/bramble.conf" | base64 -d | openssl x509 -noout -checkend "$1"; }
warns() { bramble status --json | jq -r '.warnings[]' | grep -q -F -e "$1"; }
pid_of() { appliance pid "$1"; }
is_another() { [ -n "$(pid_of "$1")" ] && [ "$(pid_of "$1")" != "$2" ]; }

control_plane_begin longcerts 'snapshots_kept = 2;'
clusterd=$(pid_of clusterd)
shorten_own 600
check 'the credentials of bramble-clusterd are about to end' fails own_is_valid_for 700
check '… and are renewed before' wait_for 90 own_is_valid_for 86400
check '… it was started anew with them' wait_for 120 is_another clusterd "$clusterd"
check '… and that was all' wait_for 60 fails warns certificate
cp "$share/cluster/pki/apiserver-kubelet-client.crt" "$share/cluster/pki/stranger.crt"
cp "$share/cluster/pki/apiserver-kubelet-client.key" "$share/cluster/pki/stranger.key"
shorten ca stranger.crt 600
check 'a certificate that kubeadm does not know stays as it is: that is told' wait_for 60 warns 'stranger.crt is to be renewed'
running=$(pid_of kube-apiserver)
sleep 20 # more than a round
check '… and not tried again and again' is "$(pid_of kube-apiserver)" "$running"
rm "$share/cluster/pki/stranger.crt" "$share/cluster/pki/stranger.key" "$lab/run/upkeep.renewal"

mv "$programs/kubeadm" "$lab/kubeadm"
shorten ca apiserver-kubelet-client.crt 300
check 'where that fails, the status warns' wait_for 60 warns 'apiserver-kubelet-client.crt of the control plane ends in 0 d'
mv "$lab/kubeadm" "$programs/kubeadm"
check '… and renewing by hand' cluster renew
check '… takes the warning away' wait_for 60 fails warns certificate
done_testing
