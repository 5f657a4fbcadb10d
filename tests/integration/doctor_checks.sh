# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# bramble doctor with a real appliance and a real control plane, after tests/kubernetes/control_plane.sh and shorten.sh:
# nothing wrong, then one thing after another. Control plane and brambled are gone after it.
lab=${lab:-} lab_name=${lab_name:-} share=${share:-} programs=${programs:-}

doctor() { ip netns exec "$lab_name-rt" "$B/bramble" --config "$lab/bramble.conf" doctor "$@"; }
# An examination asks several programs of the cluster's: many findings are read from one.
examine() { doctor "$@" --json >"$lab/doctor" && told=0 || told=$?; }
found() { # check state [text]
	jq -e --arg check "$1" --arg state "$2" --arg text "${3:-}" \
		'[.findings[] | select(.check == $check and .state == $state and (.text | contains($text)))] | length > 0' "$lab/doctor"
}
all_well() { # check …
	examine --quick
	for check in "$@"; do found "$check" well || return 1; done
}

examine_what_is_well() {
	bramble state backup >/dev/null
	set -- brambled processes disk DHCP TFTP HTTP NFS exports backup certificates snapshot etcd 'API server' nodes
	wait_for 60 all_well "$@" || :
	for check in "$@"; do check "well: $check" found "$check" well; done
	check 'the exit status says that nothing is wrong' is "$told $(jq .wrong "$lab/doctor")" '0 0'
	check 'its JSON is documented' prints doctor cat "$lab/doctor"
	check 'it is told in words' sh -c 'ip netns exec "$0-rt" "$B/bramble" --config "$1" doctor | grep -q "^snapshot .*and is sound"' "$lab_name" "$lab/bramble.conf"
}

break_much() {
	mv "$programs/kubeadm" "$lab/kubeadm" # no renewal
	shorten ca apiserver-kubelet-client.crt 300
	for snapshot in "$share"/cluster-snapshots/2*; do
		printf x | dd of="$snapshot/etcd.db" bs=1 seek=9000 conv=notrunc 2>/dev/null
	done
	jq -n '{ apiVersion: "v1", kind: "Node", metadata: { name: "rasp9" }, status: { nodeInfo: { kubeletVersion: "v1.31.0", bootID: "", machineID: "",
		systemUUID: "", kernelVersion: "", osImage: "", containerRuntimeVersion: "", kubeProxyVersion: "", operatingSystem: "", architecture: "" } } }' |
		kubectl create -f - >/dev/null
	for server in tftpd httpd ganesha; do kill -STOP "$(appliance pid "$server")"; done
}

doctor_checks() {
	test_explain() { jq -r '.findings[] | "# \(.check) \(.state): \(.text)"' "$lab/doctor"; }
	examine_what_is_well
	break_much
	examine
	check 'what is wrong is something for the exit status' is "$told" 1
	check 'a TFTP server that hangs' found TFTP wrong
	check '… an HTTP server' found HTTP wrong
	check '… an NFS server' found NFS wrong
	check 'a damaged snapshot' found snapshot wrong
	check 'a node whose kubelet is newer than the API server' found nodes wrong 'kubelet v1.31.0'
	check '… and which is not Ready' found nodes warning "rasp9 isn't Ready"
	check 'a certificate that is about to end' found certificates warning apiserver-kubelet-client.crt
	for server in tftpd httpd ganesha; do kill -CONT "$(appliance pid "$server")"; done
	kill -STOP "$(appliance pid kube-apiserver)"
	examine --quick
	check 'an API server that hangs' found 'API server' wrong
	kill -CONT "$(appliance pid kube-apiserver)"
	appliance stop
	examine --quick
	check 'without brambled it says so' found brambled wrong
	check '… and that etcd is gone' found etcd wrong
}
