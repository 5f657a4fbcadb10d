#!/bin/sh
# SPDX-License-Identifier: ISC
# Nodes that leave a real cluster and come back, at the level of objects: cordon, drain with a PodDisruptionBudget, reboot,
# uncordon, and a node that is forgotten. API server, controllers and scheduler are real; the test plays kubelet and agent.
# timeout: 300
set -eu
. tests/lib.sh

# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/board.sh
. tests/kubernetes/board.sh
# shellcheck source=tests/kubernetes/versions.sh
. tests/kubernetes/versions.sh
is_cordoned() { [ "$(kubectl get node "$1" -o 'jsonpath={.spec.unschedulable}')" = true ]; }
is_open() { kubectl get node "$1" >/dev/null && ! is_cordoned "$1"; }
order() { call "$1" /v1/heartbeat "$(boot_token "$1")" | jq -r '.order // "none"'; }
is_told() { [ "$(order "$1")" = "$2" ]; }
is_healthy() { [ "$(kubectl get pdb web -o 'jsonpath={.status.currentHealthy}')" = 1 ]; }
page_says() { [ "$(node_says "$1" '[.cluster.kubelet, .cluster.leaves] | tojson')" = "$2" ]; }
is_no_node() { ! kubectl get node "$1" >/dev/null 2>&1; }
upgrade_says() { cluster upgrade --dry-run | grep -F "$1"; }
refused() { ! cluster upgrade --nodes --yes >"$lab/said" 2>&1 && grep -F "$1" "$lab/said"; }
may() { kubectl auth can-i "$@" --as bramble:clusterd >/dev/null; }
test_explain() { grep -E 'brambled|clusterd' "$lab/log" | tail -n 12 | cut -c1-250 | sed 's/^/# /'; }

lab_begin clusternodes
lab_share
HEARTBEAT=60 appliance configure # nobody is absent because this test is slow
echo "kubernetes = { engine = \"kubeadm\"; programs = \"$programs\"; snapshot_hours = 0; };" >>"$lab/bramble.conf"
appliance start
boot 1 10000000c0ffee01 dc:a6:32:0a:0b:0c || bail_out 'board 1 does not boot'
boot 2 10000000c0ffee02 dc:a6:32:0a:0b:0d || bail_out 'board 2 does not boot'
for board in 1 2; do move_in $board && join_lan $board; done
cluster create >/dev/null 2>&1 || bail_out 'the cluster is not created'
register rasp1 first
register rasp2 second
live 1 first
live 2 second
kubectl cordon rasp2 >/dev/null
kubectl create deployment web --image=none >/dev/null
check 'a pod runs on the one node' wait_for 30 run_pod rasp1
pod=$(pod_on rasp1)
kubectl create poddisruptionbudget web --selector=app=web --min-available=1 >/dev/null
wait_for 20 is_healthy || bail_out 'the PodDisruptionBudget does not see the pod'
kubectl uncordon rasp2 >/dev/null

bramble node reboot rasp1 >"$lab/reboot" 2>&1 &
reboot=$!
check 'a node that is to reboot gets no more work' wait_for 20 is_cordoned rasp1
check '… which its page says' wait_for 20 page_says rasp1 '["v1.20.2",true]'
check '… its pod stays as long as its PodDisruptionBudget says so' wait_for 20 grep -q "default/$pod stays: its PodDisruptionBudget" "$lab/reboot"
check '… and it is not told to reboot' is_told 1 none
kubectl delete pdb web >/dev/null
check '… then the pod goes' wait_for 20 ends "$pod"
check '… while it ends, the node is not told' is_told 1 none
check '… another is made elsewhere' wait_for 20 pod_on rasp2
kubectl delete pod "$pod" --grace-period=0 --force >/dev/null 2>&1
check '… when it has ended, the node is told' wait_for 20 is_told 1 reboot
ip -n "$lab_name-b1" addr flush dev eth0
boot 1 10000000c0ffee01 dc:a6:32:0a:0b:0c
move_in 1
join_lan 1
check 'the command ends well' wait "$reboot"
report rasp1 first
sleep 2
check 'before it is Ready in its new life it gets no work' is_cordoned rasp1
live 1 again
report rasp1 again
check '… then it does' wait_for 20 is_open rasp1

bramble node cordon rasp1 >/dev/null
check 'cordoned by hand, no work comes' wait_for 20 is_cordoned rasp1
bramble node uncordon rasp1 >/dev/null
check '… uncordoned, it does' wait_for 20 is_open rasp1
check 'bramble-clusterd may evict' may create pods --subresource=eviction
check '… but deletes no pod' fails may delete pods
check '… and reads no secret of others' fails may get secrets -n default

bramble node forget rasp2 --yes >/dev/null
check 'a node that is forgotten is no Node any more' wait_for 30 is_no_node rasp2
register rasp2 thief
check '… and does not come back by its old credentials' wait_for 30 is_no_node rasp2
check '… the other one stays' is_open rasp1

wait_for 30 older_kubelet rasp1 again
check 'its page shows an older kubelet' wait_for 30 page_says rasp1 '["v1.20.1",false]'
check 'an upgrade names nodes that are behind' upgrade_says 'rasp1 (image base) runs kubelet v1.20.1, not v1.20.2.'
check '… and what to build where no version of their image has it' upgrade_says 'it is'"n't known which it has): "'`bramble image build base`'
check '… --nodes is refused then' refused 'no version of image base has kubelet v1.20.2'
check '… and its options want it' fails cluster upgrade --within 5m --yes
older=$(version_with v1.20.1)
check '… also when the newest has another one' refused "its newest, $(echo "$older" | cut -c1-12), has v1.20.1"
newer=$(version_with v1.20.2)
version_with v1.20.9 >/dev/null
check '… of those that have it the newest is named' upgrade_says "$(echo "$newer" | cut -c1-12)"
check '… in JSON as well' prints upgrade cluster upgrade --json --nodes --dry-run
check '… and --nodes rolls it out' cluster upgrade --nodes --no-watch --yes
check '… to that node' is "$(bramble --json rollout status | jq -r '[.version, .nodes[].node] | join(" ")')" "$newer rasp1"
done_testing
