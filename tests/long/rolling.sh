#!/bin/sh
# SPDX-License-Identifier: ISC
# A roll-out reboots two nodes with real kubelets, drained first, while a service that they carry is asked all the time: no request fails.
# The requests come from the router: its kube-proxy sends them to the pods, as an entrance to the cluster does.
# timeout: 2700
# alone
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/workload.sh
. tests/kubernetes/workload.sh
# shellcheck source=tests/kubernetes/nodes.sh
. tests/kubernetes/nodes.sh

is_open() { [ "$(kubectl get node "$1" -o 'jsonpath={.spec.unschedulable}')" != true ]; }
are_ready() { [ "$(kubectl get deployment web -o 'jsonpath={.status.readyReplicas}')" = "$1" ]; }
runs_version() { [ "$(node_says "$1" .image_hash)" = "$2" ]; }
ask() { router timeout 30 busybox nc "$service" 80 </dev/null | grep -q '^web-'; }
ask_on() { while sleep 0.2 && [ -e "$lab/log" ]; do if ask; then echo good; else echo "failed $(date +%T)"; fi; done >"$lab/asked"; }
asked() { grep -c "^$1" "$lab/asked" || :; }

proxy=$(tests/kubernetes/build "$(dpkg --print-architecture)" kube-proxy)/kube-proxy
nodes_begin rolling 'drain_s = 600;'
new=$(tests/kubernetes/another "$lab/share/images/kubernetes")
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
check 'a roll-out reboots both nodes' bramble rollout kubernetes --to "$new" --wave 1 --within 20m
check '… the first runs the new version' runs_version rasp1 "$new"
check '… the second as well' runs_version rasp2 "$new"
check '… they are the same Nodes' is "$(uid_of rasp1) $(uid_of rasp2)" "$uids"
check '… and take work' wait_for 120 is_open rasp1
check '… both' wait_for 120 is_open rasp2
check '… two pods serve' wait_for 300 are_ready 2
note "$(asked good) requests answered, $(asked failed) not: $(grep failed "$lab/asked" | head -n 5 | tr '\n' ' ')"
check 'no request failed' is "$(asked failed)" 0
check '… of many' [ "$(asked good)" -gt 100 ]
kill "$asks" "$proxies"
done_testing
