#!/bin/sh
# SPDX-License-Identifier: ISC
# A Pi with a disk carries the control plane: its etcd and API server are begun by themselves, it becomes a Node of its own cluster, and so
# does another Pi, through the router. It is power-cut, and a board without that disk is put in its place: the cluster isn't begun anew;
# with an empty disk the snapshot brings it back. Takes 20 to 50 minutes.
# timeout: 4800
# alone
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/nodes.sh
. tests/kubernetes/nodes.sh

has() { [ "$(kubectl get configmap "$1" -o 'jsonpath={.data.a}')" = "$2" ]; }
has_disk() { node_says rasp1 .config.scratch | grep -q disk; }
place() { cluster status --json | jq -r '[.state, .place] | join(" ")'; }
is_place() { [ "$(place)" = "$1" ]; }
warns() { bramble status --json | jq -r '.warnings[]' | grep -q -F -e "$1"; }
new_disk() { truncate -s 2G "$1" && mkfs.ext4 -q -L bramble-scratch "$1"; }

NODES='settings = ( { node = "rasp1"; scratch = "auto"; } );' IMAGE=control-plane lan_begin plane 'snapshot_hours = 0; control_plane = [ "rasp1" ];'
new_disk "$lab/disk.img"
machine 1 --disk "$lab/disk.img" --memory 2048
check 'a Pi with a disk joins the LAN' wait_for 600 has_disk
began=$(date +%s)
check 'the control plane is created on it' cluster create
note "created on rasp1 in $(($(date +%s) - began)) s"
machine 2
check 'the cluster is there' is_place 'ready rasp1'
check 'it is a Node of its cluster, and so is another' wait_for 900 both_ready
print_times rasp1 'carries the control plane'
print_times rasp2 'joined through the router'
uid=$(uid_of rasp1)
kubectl create configmap kept --from-literal=a=b >/dev/null
check 'a snapshot is made' cluster snapshot
kubectl create configmap later --from-literal=a=c >/dev/null

before=$(boot_number rasp1)
on_board 1 'sync; echo b >/proc/sysrq-trigger' >/dev/null 2>&1 || :
check 'a power cut: Ready again' wait_for 900 is_ready_after rasp1 "$before"
check '… the same Node' is "$(uid_of rasp1)" "$uid"
check '… with what etcd had written down' has later c

before=$(boot_number rasp1)
check 'it is drained and rebooted by order' bramble node reboot rasp1
check '… and Ready again' wait_for 900 is_ready_after rasp1 "$before"
check '… and takes work' wait_for 60 is_open rasp1

power_off 1
new_disk "$lab/empty.img"
machine 1 --disk "$lab/empty.img" --memory 2048
check 'with an empty disk nothing is begun anew: it is told' wait_for 900 warns "etcd's store isn't on this node's disk"
began=$(date +%s)
check 'the cluster is rebuilt there' cluster rebuild --yes
note "rebuilt on rasp1 in $(($(date +%s) - began)) s"
check '… with what the snapshot had' has kept b
check '… both nodes are Ready' wait_for 900 both_ready
check '… the same ones' is "$(uid_of rasp1)" "$uid"
done_testing
