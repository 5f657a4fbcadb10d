#!/bin/sh
# SPDX-License-Identifier: ISC
# bramble doctor with a real appliance and a real control plane: nothing wrong, then one thing after another.
# timeout: 300
set -eu
. tests/lib.sh
. tests/kubernetes/control_plane.sh
. tests/kubernetes/shorten.sh

doctor() { ip netns exec "$lab_name-rt" "$B/bramble" --config "$lab/bramble.conf" doctor "$@"; }
examine() { doctor --quick --json >"$lab/doctor" || :; }
finds() { # check state [text]
	examine
	jq -e --arg check "$1" --arg state "$2" --arg text "${3:-}" \
		'[.findings[] | select(.check == $check and .state == $state and (.text | contains($text)))] | length > 0' "$lab/doctor"
}
is_well() { finds "$1" well; }
test_explain() { jq -r '.findings[] | "# \(.check) \(.state): \(.text)"' "$lab/doctor"; }

control_plane_begin doctor 'snapshot_hours = 1;'
cluster snapshot >/dev/null 2>&1
bramble state backup >/dev/null
for check in brambled processes disk DHCP TFTP HTTP NFS exports backup certificates snapshot etcd 'API server' nodes; do
	check "well: $check" wait_for 20 is_well "$check"
done
check 'the exit status says that nothing is wrong' is "$(examine; jq .wrong "$lab/doctor")" 0
check 'its JSON is documented' prints doctor doctor --quick --json
check 'it is told in words' sh -c 'ip netns exec "$0-rt" "$B/bramble" --config "$1" doctor | grep -q "^snapshot .*and is sound"' "$lab_name" "$lab/bramble.conf"
for server in tftpd httpd ganesha dnsmasq; do kill -STOP "$(appliance pid "$server")"; done
check 'a TFTP server that hangs' finds TFTP wrong
check '… an HTTP server' finds HTTP wrong
check '… an NFS server' finds NFS wrong
check '… are something for the exit status' fails doctor --quick
for server in tftpd httpd ganesha dnsmasq; do kill -CONT "$(appliance pid "$server")"; done
printf x | dd of="$(ls -d "$share"/cluster-snapshots/2*)/etcd.db" bs=1 seek=9000 conv=notrunc 2>/dev/null
check 'a damaged snapshot' sh -c 'ip netns exec "$0-rt" "$B/bramble" --config "$1" doctor --json | jq -e ".findings[] | select(.check == \"snapshot\" and .state == \"wrong\")"' \
	"$lab_name" "$lab/bramble.conf"
jq -n '{ apiVersion: "v1", kind: "Node", metadata: { name: "rasp9" }, status: { nodeInfo: { kubeletVersion: "v1.31.0", bootID: "", machineID: "",
	systemUUID: "", kernelVersion: "", osImage: "", containerRuntimeVersion: "", kubeProxyVersion: "", operatingSystem: "", architecture: "" } } }' |
	kubectl create -f - >/dev/null
check 'a node whose kubelet is newer than the API server' finds nodes wrong 'kubelet v1.31.0'
check '… and which is not Ready' finds nodes warning "rasp9 isn't Ready"
mv "$programs/kubeadm" "$lab/kubeadm" # no renewal
shorten ca apiserver-kubelet-client.crt 300
check 'a certificate that is about to end' finds certificates warning apiserver-kubelet-client.crt
kill -STOP "$(appliance pid kube-apiserver)"
check 'an API server that hangs' finds 'API server' wrong
kill -CONT "$(appliance pid kube-apiserver)"
appliance stop
check 'without brambled it says so' finds brambled wrong
done_testing
