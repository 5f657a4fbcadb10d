#!/bin/sh
# SPDX-License-Identifier: ISC
# How a node gets into the cluster, at the level of messages: the node API, bootstrap tokens and certificate requests, with a
# real control plane. Whoever has stolen a token, or asks from elsewhere, gets nothing. (Nodes that run: tests/e2e.)
# timeout: 300
set -eu
. tests/lib.sh

# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/board.sh
. tests/kubernetes/board.sh
with_token() { router "$programs/kubectl" --kubeconfig /dev/null --server https://10.77.0.1:6443 --certificate-authority "$share/cluster/pki/ca.crt" --cache-dir "$lab/cache-token" --token "$@"; }
has_token() { call "$1" /v1/cluster/token "$(boot_token "$1")" | jq -er .bootstrap >"$lab/token-$1"; }
request() { # name node token [organization]: a certificate request, as a kubelet makes it
	kubectl delete csr "$1" --ignore-not-found >/dev/null
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$lab/$1.key" \
		-subj "/O=${4:-system:nodes}/CN=system:node:$2" -out "$lab/$1.csr" 2>/dev/null
	jq -n --arg name "$1" --arg csr "$(base64 -w 0 "$lab/$1.csr")" '{ apiVersion: "certificates.k8s.io/v1",
		kind: "CertificateSigningRequest", metadata: { name: $name }, spec: { request: $csr,
		signerName: "kubernetes.io/kube-apiserver-client-kubelet", usages: ["digital signature", "key encipherment", "client auth"] } }' |
		with_token "$3" create -f -
}
verdict() { kubectl get csr "$1" -o jsonpath='{.status.conditions[0].type}'; }
is_judged() { [ "$(verdict "$1")" = "$2" ]; }
is_issued() { [ -n "$(kubectl get csr "$1" -o jsonpath='{.status.certificate}')" ]; }
has_other_token() { has_token "$1" && [ "$(cat "$lab/token-$1")" != "$2" ]; }
tokens() { kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o name | wc -l; }
no_tokens() { [ "$(tokens)" = 0 ]; }
lives_minutes() {
	end=$(kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o json | jq -r '.items[0].data.expiration | @base64d | fromdate')
	[ $((end - $(date +%s))) -le 900 ]
}
refused() { [ "$(call "$@" | jq -r '.error != null and .bootstrap == null')" = true ]; }
is_nowhere() { ! grep -rqF "$1" "$lab/log" "$share/nodes" "$share/state" "$lab/run" "$lab/files-1" "$lab/files-2"; }
was_denied_or_never_made() { ! kubectl get csr "$1" >/dev/null 2>&1 || is_judged "$1" Denied; }
test_explain() { grep -E 'brambled|clusterd' "$lab/log" | tail -n 12 | cut -c1-250 | sed 's/^/# /'; }

lab_begin clusterjoin
lab_share
share=$lab/share
appliance configure
echo "kubernetes = { engine = \"kubeadm\"; programs = \"$programs\"; };" >>"$lab/bramble.conf"
appliance start
boot 1 10000000c0ffee01 dc:a6:32:0a:0b:0c || bail_out 'board 1 does not boot'
boot 2 10000000c0ffee02 dc:a6:32:0a:0b:0d || bail_out 'board 2 does not boot'
move_in 1
move_in 2
one=$(boot_token 1)
check 'before there is a cluster a node is told so' is "$(call 1 /v1/cluster "$one" | jq -c '[.engine, .exists, .joined]')" '["kubeadm",false,false]'
router "$B/bramble" --config "$lab/bramble.conf" cluster create >/dev/null || bail_out 'the cluster is not created'
check 'a boot that has not joined gets no token' refused 1 /v1/cluster/token "$one"
check 'it joins the LAN' join_lan 1
check 'so does another' join_lan 2
check 'a node learns whom to trust' is "$(call 1 /v1/cluster "$one" | jq -r .ca | base64 -d)" "$(cat "$share/cluster/pki/ca.crt")"
check 'a node gets a token' wait_for 20 has_token 1
check '… which lives for 15 minutes at most' lives_minutes
check 'its boot token from another address gets none' refused 2 /v1/cluster/token "$one"
check '… nor does an invented one from its own' refused 1 /v1/cluster/token "$(echo "$one" | tr 0-9a-f 1-9a-f0)"
token=$(cat "$lab/token-1")
check 'the token is in no log and no file' is_nowhere "$token"

check 'a thief asks for another node in its name' request thief rasp2 "$token"
check '… and is refused' wait_for 20 is_judged thief Denied
check 'a thief asks for more rights in its name' request lord rasp1 "$token" system:masters
check '… and is refused' wait_for 20 is_judged lord Denied
check 'with the token nothing else can be done' fails with_token "$token" get nodes
check 'its own request' request own rasp1 "$token"
check '… is approved' wait_for 20 is_judged own Approved
check '… and issued' wait_for 20 is_issued own
check 'a second one with the same token' request replay rasp1 "$token"
check '… is refused' wait_for 20 is_judged replay Denied
check 'the node says that it has its certificate' is "$(call 1 /v1/cluster/kept "$one" | jq .error)" null
check '… then the token is gone' wait_for 20 no_tokens
# The API server remembers for ten seconds whom a token was (k8s.io/apiserver, authenticator/token/cache).
check '… and opens nothing any more' wait_for 30 fails request late rasp1 "$token"
check '… not even while the API server still knew it' wait_for 20 was_denied_or_never_made late
check '… and this boot gets no other, whoever asks on the node' refused 1 /v1/cluster/token "$one"

check 'the other node gets a token' wait_for 20 has_token 2
# As when brambled dies just when the kubelet asks, which names its requests by a key that it keeps.
kill -STOP "$(appliance pid clusterd)"
check '… and asks with it' request early rasp2 "$(cat "$lab/token-2")"
kubectl -n kube-system delete secret "bootstrap-token-$(cut -d. -f1 "$lab/token-2")" >/dev/null
kill -CONT "$(appliance pid clusterd)"
check '… the token is taken back: no denial stands in the way of its next request' wait_for 60 fails kubectl get csr early
appliance kill brambled
check 'brambled is killed: it gets another one' wait_for 20 has_token 2
check '… and there is one only' wait_for 20 is "$(tokens)" 1
check '… with which it joins' request second rasp2 "$(cat "$lab/token-2")"
check '… and it is approved' wait_for 20 is_judged second Approved
second=$(cat "$lab/token-2")
check 'it was interrupted before it kept its certificate: half a minute later it gets another token' wait_for 60 has_other_token 2 "$second"
check 'a request with a token that nobody was given is refused by the API server' fails request guess rasp2 abcdef.0123456789abcdef
done_testing
