#!/bin/sh
# SPDX-License-Identifier: ISC
# Two nodes of a real cluster: one is rebooted REBOOTS times and stays the same Node; then the control plane is destroyed,
# restored from its snapshot, and the nodes and what runs on them are there again.
# timeout: 2400
# alone
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/workload.sh
. tests/kubernetes/workload.sh
# shellcheck source=tests/kubernetes/nodes.sh
. tests/kubernetes/nodes.sh

boots_of() { bramble --json boot list --node "$1" | jq '.boots | length'; }
is_ready_again() { [ "$(boots_of rasp1)" -gt "$1" ] && is_ready rasp1; }
requests() { kubectl get csr -o json | jq '[.items[] | select(.spec.username | startswith("system:bootstrap"))] | length'; }
answers() { kubectl get --raw=/readyz; }

nodes_begin kuberestore
wait_for 900 both_ready || bail_out 'the nodes do not become Ready'
{ volume_and_service; pod one rasp1; pod two rasp2; } | kubectl apply -f - >/dev/null
check 'pods run' wait_for 300 runs one
in_pod one write /kept/file precious
uid=$(uid_of rasp1)
for n in $(seq "${REBOOTS:-2}"); do
	before=$(boots_of rasp1)
	on_board 1 'systemctl reboot' >/dev/null 2>&1 || :
	check "reboot $n: it is Ready again" wait_for 600 is_ready_again "$before"
	print_times rasp1 "reboot $n"
	check '… the same Node' is "$(uid_of rasp1)" "$uid"
	check '… and its pod runs again' wait_for 300 runs one
done
check 'no further certificate was asked for' is "$(requests)" 2

cluster snapshot >/dev/null
began=$(date +%s)
for process in kube-apiserver etcd; do appliance kill "$process"; done
rm -rf "$lab/share/cluster/etcd" "$lab/share/cluster/pki"
check 'the control plane is destroyed' fails answers
check 'it is rebuilt from its snapshot' cluster rebuild --yes
note "rebuilt $(($(date +%s) - began)) s after it was destroyed"
check 'both nodes are Ready' wait_for 300 both_ready
note "nodes Ready $(($(date +%s) - began)) s after it was destroyed"
check '… the same ones' is "$(uid_of rasp1)" "$uid"
check 'the pods run' wait_for 120 runs one
check '… and reach each other' wait_for 120 asks one "$(address_of two)" 8080 two
check 'the volume has what was written' is "$(in_pod one read /kept/file)" precious
done_testing
