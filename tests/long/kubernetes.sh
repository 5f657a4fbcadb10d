#!/bin/sh
# SPDX-License-Identifier: ISC
# Two Pis are powered on and become nodes of a real Kubernetes cluster with no command: kubelet, containerd, CNI, kube-proxy. Pods reach
# each other and have a volume of a claim. Then five boots: one with each kind of container store, one by power cut, one of another board
# in the node's place, and it is the same Node with the same data. Then the control plane is destroyed and rebuilt from its snapshot.
# Takes 15 to 40 minutes.
# timeout: 4800
# alone
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/workload.sh
. tests/kubernetes/workload.sh
# shellcheck source=tests/kubernetes/nodes.sh
. tests/kubernetes/nodes.sh
# shellcheck source=tests/kubernetes/store.sh
. tests/kubernetes/store.sh

life=0
# Another life of rasp1 has begun: what is so in each.
same_node() { # what
	life=$((life + 1))
	print_times rasp1 "$1"
	check "$1: the same Node" is "$(uid_of rasp1)" "$uid"
	check '… its pod runs' wait_for 300 reads one "/kept/life-$((life - 1))" "life $((life - 1))"
	in_pod one write "/kept/life-$life" "life $life" || :
}
reboots() { # what, command
	before=$(boot_number rasp1)
	on_board 1 "$2" >/dev/null 2>&1 || :
	check "$1: Ready again" wait_for 900 is_ready_after rasp1 "$before"
	same_node "$1"
}
answers() { kubectl get --raw=/readyz; }
both_heard() { is_heard_again rasp1 "$one" && is_heard_again rasp2 "$two"; }

NODES='settings = ( { node = "rasp1"; scratch = "auto"; scratch_mb = 128; } );' cluster_begin kubernetes
truncate -s 1G "$lab/disk.img"
mkfs.ext4 -q -L bramble-scratch "$lab/disk.img"
store_begin
machine 1 --disk "$lab/disk.img"
machine 2
check 'two Pis that are powered on become Ready' wait_for 900 both_ready
print_times rasp1 'first boot'
print_times rasp2 'first boot'
uid=$(uid_of rasp1)
check 'their tokens are gone' is "$(tokens)" 0
check 'they bear the labels of their role' is "$(label_of rasp1) $(label_of rasp2)" 'test test'

{ claim_and_service; pod one rasp1; pod two rasp2; } | kubectl apply -f - >/dev/null
check 'a pod runs on the first' wait_for 300 runs one
check 'a pod runs on the second' wait_for 120 runs two
check 'they reach each other' wait_for 60 asks one "$(address_of two)" 8080 two
check '… both ways' wait_for 60 asks two "$(address_of one)" 8080 one
check 'a service finds both' wait_for 60 finds_both "$(kubectl get service web -o jsonpath='{.spec.clusterIP}')"
check 'what one writes into the volume' in_pod one write /kept/life-0 'life 0'
check '… the other reads' reads two /kept/life-0 'life 0'
store_measure 1 loop
reboots 'power cut' 'echo b >/proc/sysrq-trigger'
store_use tmpfs
reboots 'reboot, containers in memory' 'systemctl reboot'
store_measure 1 tmpfs
store_use scratch
reboots 'reboot, containers on a disk' 'systemctl reboot'
store_measure 1 scratch
store_use loop
reboots 'reboot, containers on the router again' 'systemctl reboot'

power_off 1
kubectl delete pod one --wait=false >/dev/null
check 'the board dies: another one is put in its place' bramble node replace rasp1 --next
machine 3
check 'the node is Ready again' wait_for 900 is_ready_on rasp1 dc:a6:32:0a:0b:03
check 'the dead pod is gone' wait_for 180 fails kubectl get pod one
pod one rasp1 | kubectl apply -f - >/dev/null
same_node 'another board'
check 'there are two Nodes' is "$(kubectl get nodes -o name | wc -l)" 2
check '… and no certificate was asked for since' is "$(requests)" 2

cluster snapshot >/dev/null
began=$(date +%s)
for process in kube-apiserver etcd; do appliance kill "$process"; done
rm -rf "$lab/share/cluster/etcd" "$lab/share/cluster/pki"
check 'the control plane is destroyed' fails answers
check 'it is rebuilt from its snapshot' cluster rebuild --yes
note "rebuilt $(($(date +%s) - began)) s after it was destroyed"
one=$(heard rasp1) two=$(heard rasp2)
check 'the kubelets of both nodes are heard again' wait_for 300 both_heard
check '… and both are Ready' wait_for 120 both_ready
note "nodes heard $(($(date +%s) - began)) s after it was destroyed"
check '… the same ones' is "$(uid_of rasp1)" "$uid"
check 'the pods run and reach each other' wait_for 120 asks one "$(address_of two)" 8080 two
check '… with what was written' reads one "/kept/life-$life" "life $life"
pod three rasp2 | kubectl apply -f - >/dev/null
check 'another one is begun' wait_for 300 reads three "/kept/life-$life" "life $life"
done_testing
