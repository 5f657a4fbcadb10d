#!/bin/sh
# SPDX-License-Identifier: ISC
# Two nodes with real kubelets carry a service that is asked all the time, while one is told to reboot, and while the cluster becomes another
# version: control plane first, then the nodes by a roll-out. They are drained first, and no request fails. Then a cluster from nothing,
# which both join by themselves, and in which a claim has its data again.
# The requests come from the router: its kube-proxy sends them to the pods, as an entrance to the cluster does.
# Takes 15 to 40 minutes.
# timeout: 4800
# alone
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/versions.sh
. tests/kubernetes/versions.sh
# shellcheck source=tests/kubernetes/workload.sh
. tests/kubernetes/workload.sh
# shellcheck source=tests/kubernetes/nodes.sh
. tests/kubernetes/nodes.sh

are_ready() { [ "$(kubectl get deployment web -o 'jsonpath={.status.readyReplicas}')" = "$1" ]; }
runs_version() { [ "$(node_says "$1" .image_hash)" = "$2" ]; }
pods_on() { kubectl get pods -l app=web -o json | jq --arg node "$1" '[.items[] | select(.spec.nodeName == $node and .metadata.deletionTimestamp == null)] | length'; }
ask() { router timeout 30 busybox nc "$service" 80 </dev/null | grep -q '^web-'; }
ask_on() { while sleep 0.2 && [ -e "$lab/log" ]; do if ask; then echo good; else echo "failed $(date +%T)"; fi; done >"$lab/asked"; }
asked() { grep -c "^$1" "$lab/asked" || :; }
is_another() { [ "$(boot_number "$1")" -gt "$2" ]; }
note_asked() { note "$1: $(asked good) requests answered, $(asked failed) not: $(grep failed "$lab/asked" | head -n 5 | tr '\n' ' ')"; }
joined_again() { is_ready_after rasp1 "$one" && is_ready_after rasp2 "$two"; }

proxy=$(tests/kubernetes/build "$(dpkg --print-architecture)" kube-proxy)/kube-proxy
nodes_begin rolling 'drain_s = 600;'
new=$(tests/kubernetes/another "$lab/share/images/kubernetes" v1.20.3)
restamp v1.20.3
check 'two Pis are Ready' wait_for 900 both_ready
print_times rasp1 'first boot'
web_with_budget | kubectl apply -f - >/dev/null
check 'two pods serve' wait_for 300 are_ready 2
service=$(kubectl get service web -o jsonpath='{.spec.clusterIP}')
router ip route replace 10.96.0.0/12 dev lan0 # no packet leaves with it: kube-proxy sends it to a pod, whose way Bramble has set
router "$proxy" --kubeconfig "$lab/share/cluster/kubernetes/admin.conf" --hostname-override router --cluster-cidr 10.244.0.0/16 \
	--conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0 --conntrack-tcp-timeout-close-wait 0 </dev/null >"$lab/proxy.log" 2>&1 &
proxies=$!
check 'the router reaches them' wait_for 120 ask
ask_on &
asks=$!
uids="$(uid_of rasp1) $(uid_of rasp2)"

one=$(boot_number rasp1)
check 'a node is told to reboot' bramble node reboot rasp1
check '… it boots anew' wait_for 300 is_another rasp1 "$one"
check '… when its pods run elsewhere' is "$(pods_on rasp1)" 0
check '… becomes Ready' wait_for 900 is_ready rasp1
print_times rasp1 'reboot'
check '… and takes work again' wait_for 120 is_open rasp1
check '… two pods serve' wait_for 300 are_ready 2
note_asked 'reboot'

use "$lab/v1.20.3"
check 'the cluster becomes another version, its nodes as well' cluster upgrade --nodes --within 20m --yes
check '… of the control plane' is "$(version)" v1.20.3
check '… and of the kubelets' is "$(kubelet_of rasp1) $(kubelet_of rasp2)" 'v1.20.3 v1.20.3'
check '… by the newest version of their image, the first' runs_version rasp1 "$new"
check '… and the second' runs_version rasp2 "$new"
check '… they are the same Nodes' is "$(uid_of rasp1) $(uid_of rasp2)" "$uids"
check '… and take work' wait_for 120 is_open rasp1
check '… both' wait_for 120 is_open rasp2
check '… two pods serve' wait_for 300 are_ready 2
check '… nothing is left to do' sh -c "ip netns exec $lab_name-rt $B/bramble --config $lab/bramble.conf cluster upgrade --nodes | grep -q 'All 2 nodes'"
note_asked 'reboot and upgrade'
check 'no request failed' is "$(asked failed)" 0
check '… of many' [ "$(asked good)" -gt 100 ]
kill "$asks" "$proxies"

# Where the pod is, and what it wrote, in the life of each cluster.
claims() { { claim_and_service; pod one rasp1; } | kubectl apply -f -; }
check 'a pod has a volume of a claim' wait_for 60 claims
check '… and writes into it' wait_for 300 in_pod one write /kept/file 'of the old cluster'
one=$(boot_number rasp1) two=$(boot_number rasp2) began=$(date +%s)
check 'a cluster from nothing' cluster rebuild --new --yes
check '… is joined by both nodes, by themselves' wait_for 900 joined_again
note "both nodes Ready $(($(date +%s) - began)) s after it was begun"
check '… and knows nothing of the old one' fails kubectl get deployment web
check '… nor its Nodes' fails is "$(uid_of rasp1) $(uid_of rasp2)" "$uids"
check '… a claim of the same name' wait_for 120 claims
check '… has what was written in the old one' wait_for 300 reads one /kept/file 'of the old cluster'
done_testing
