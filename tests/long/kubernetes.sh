#!/bin/sh
# SPDX-License-Identifier: ISC
# Two Pis are powered on and become nodes of a real Kubernetes cluster with no command: kubelet, containerd, CNI, kube-proxy.
# Then pods that reach each other, and a board that dies: its node lives on in another one.
# timeout: 1500
# alone
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/workload.sh
. tests/kubernetes/workload.sh

# shellcheck source=tests/kubernetes/nodes.sh
. tests/kubernetes/nodes.sh

nodes_begin kubernetes
check 'two Pis that are powered on become Ready' wait_for 600 both_ready
print_times rasp1 'first boot'
print_times rasp2 'first boot'
check 'their tokens are gone' is "$(tokens)" 0
check 'they bear the labels of their role' is "$(label_of rasp1) $(label_of rasp2)" 'test test'

{ volume_and_service; pod one rasp1; pod two rasp2; } | kubectl apply -f - >/dev/null
check 'a pod runs on the first' wait_for 240 runs one
check 'a pod runs on the second' wait_for 120 runs two
check 'they reach each other' wait_for 60 asks one "$(address_of two)" 8080 two
check '… both ways' wait_for 60 asks two "$(address_of one)" 8080 one
check 'a service finds both' wait_for 60 finds_both "$(kubectl get service web -o jsonpath='{.spec.clusterIP}')"
check 'what one writes into the volume' in_pod one write /kept/file precious
check '… the other reads' is "$(in_pod two read /kept/file)" precious

uid=$(uid_of rasp1)
power_off 1
kubectl delete pod one --wait=false >/dev/null
check 'the board dies: another one is put in its place' bramble node replace rasp1 --next
power_on_machine 3 4b 10000000c0ffee03 dc:a6:32:0a:0b:03
check 'the node is Ready again' wait_for 600 is_ready_on rasp1 dc:a6:32:0a:0b:03
print_times rasp1 'another board'
check 'it is the same Node' is "$(uid_of rasp1)" "$uid"
check '… and there are two' is "$(kubectl get nodes -o name | wc -l)" 2
check 'no certificate was asked for' is "$(kubectl get csr -o json | jq '[.items[] | select(.spec.username | startswith("system:bootstrap"))] | length')" 2
check 'the dead pod is gone' wait_for 120 fails kubectl get pod one
pod one rasp1 | kubectl apply -f - >/dev/null
check 'a pod runs there' wait_for 240 runs one
check 'the volume has outlived pod and board' is "$(in_pod one read /kept/file)" precious
done_testing
