#!/bin/sh
# SPDX-License-Identifier: ISC
# KILLS times a node joins while one of brambled, bramble-clusterd, API server and etcd is killed at a random moment: it gets its
# certificate all the same, only one, and its token is gone. The nodes are simulated: the firmware's and the agent's messages from
# a board's own address, without a machine behind them. (With machines: kubernetes.sh.)
# timeout: 1800
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh

api() { # path
	ip netns exec "$lab_name-b1" curl -s -m 5 -H 'Content-Type: application/json' -d "{\"token\":\"$boot\"}" "http://10.77.0.1$1"
}
boots() { # the firmware's part of a boot; the board takes its address
	rm -rf "$lab/files"
	power_on 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c --link-ms 0 --attempts 5 --output "$lab/files" && board_status 1 || return 1
	address=$(sed -n 's/.* address   \([0-9.]*\),.*/\1/p' "$lab/board-1.log" | tail -n 1)
	ip -n "$lab_name-b1" addr replace "$address/24" dev eth0
	boot=$(sed -n 's/.*bramble.token=\([0-9a-f]*\).*/\1/p' "$lab/files/"*/cmdline.txt)
}
has_joined() { api /v1/join | jq -e .node; }
has_token() { api /v1/cluster/token | jq -er .bootstrap >"$lab/token"; }
asks() { # as a kubelet does, until the API server takes it
	kubectl get csr "$1" 2>/dev/null && return 0
	jq -n --arg name "$1" --arg csr "$(base64 -w 0 "$lab/node.csr")" '{ apiVersion: "certificates.k8s.io/v1", kind: "CertificateSigningRequest",
		metadata: { name: $name }, spec: { request: $csr, signerName: "kubernetes.io/kube-apiserver-client-kubelet",
		usages: ["digital signature", "key encipherment", "client auth"] } }' | router "$programs/kubectl" --kubeconfig /dev/null \
		--server https://10.77.0.1:6443 --certificate-authority "$lab/share/cluster/pki/ca.crt" --cache-dir "$lab/cache-token" --token "$(cat "$lab/token")" create -f -
}
is_issued() { [ -n "$(kubectl get csr "$1" -o jsonpath='{.status.certificate}')" ]; }
is_kept() { [ "$(api /v1/cluster/kept | jq .error)" = null ]; }
no_tokens() { [ "$(kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o name | wc -l)" = 0 ]; }
# A token that was minted before the kill may be lost with it: then the node asks for another.
gets_certificate() { # request
	for _ in 1 2 3 4 5 6; do
		wait_for 20 has_token || continue
		wait_for 10 asks "$1" || continue
		wait_for 20 is_issued "$1" && return 0
	done
	return 1
}
joins() { # round
	for step in 'wait_for 30 boots' 'wait_for 30 has_joined' "gets_certificate join-$1" 'wait_for 30 is_kept' 'wait_for 60 no_tokens'; do
		$step || return 1
	done
}
test_explain() {
	note "it stopped at: $step"
	grep -E 'brambled|clusterd|supervis' "$lab/log" | tail -n 25 | cut -c1-220 | sed 's/^/# /'
	kubectl get csr 2>&1 | sed 's/^/# /'
}
random() { od -An -N2 -tu2 /dev/urandom | tr -d ' '; }

lab_begin kills
lab_share
appliance configure
echo "kubernetes = { engine = \"kubeadm\"; programs = \"$programs\"; };" >>"$lab/bramble.conf"
appliance start
cluster create >/dev/null 2>&1 || bail_out 'the cluster is not created'
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$lab/node.key" -subj /O=system:nodes/CN=system:node:rasp1 -out "$lab/node.csr" 2>/dev/null
tests/lab/lab board "$lab_name" 1 dc:a6:32:0a:0b:0c
for round in $(seq "${KILLS:-15}"); do
	victim=$(printf 'brambled\nclusterd\nkube-apiserver\netcd\n' | sed -n "$(($(random) % 4 + 1))p")
	moment=$(($(random) % 60))
	{ sleep "$((moment / 10)).$((moment % 10))" && appliance kill "$victim"; } >/dev/null 2>&1 &
	began=$(date +%s)
	check "join $round: $victim is killed after $((moment / 10)).$((moment % 10)) s" joins "$round"
	note "$(($(date +%s) - began)) s"
done
check 'there is one certificate for each join' is "$(kubectl get csr -o json | jq '[.items[] | select(.status.certificate)] | length')" "${KILLS:-15}"
done_testing
