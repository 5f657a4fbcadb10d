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

boot_of() { bramble --json boot latest "$1"; }
stage() { boot_of "$1" | jq -r .stage; }
is_ready() { [ "$(stage "$1")" = ready ] && [ "$(condition "$1")" = True ]; }
is_ready_on() { boot_of "$1" | jq -e --arg mac "$2" '.stage == "ready" and .mac == $mac' && [ "$(condition "$1")" = True ]; }
both_ready() { is_ready rasp1 && is_ready rasp2; }
condition() { kubectl get node "$1" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}'; }
uid_of() { kubectl get node "$1" -o jsonpath='{.metadata.uid}'; }
label_of() { kubectl get node "$1" -o "jsonpath={.metadata.labels.bramble/duty}"; }
address_of() { kubectl get pod "$1" -o jsonpath='{.status.podIP}'; }
runs() { [ "$(kubectl get pod "$1" -o jsonpath='{.status.phase}')" = Running ]; }
in_pod() { pod=$1; shift; kubectl exec "$pod" -- /pod "$@"; }
asks() { [ "$(in_pod "$1" ask "$2" "$3")" = "$4" ]; }
finds_both() { [ "$(for _ in 1 2 3 4 5 6 7 8; do in_pod one ask "$1" 80; done | sort -u | tr '\n' ' ')" = 'one two ' ]; }
tokens() { kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o name | wc -l; }
# Power-on to Ready, and where the time goes.
print_times() {
	boot_of "$1" | jq -r --arg when "$2" '.started_ms as $start | [.steps[] | { s: ((.at_ms - $start) / 1000), stage, detail }] as $steps
		| ($steps | map(select(.stage == "init"))[0].s) as $init | ($steps | map(select(.stage == "joined"))[0].s) as $joined
		| "# \(.node) (\($when)): Ready \($steps[-1].s) s after power-on: kernel runs \($init) s, joined the LAN \($joined) s, " +
		  ([$steps[] | select(.stage == "joined" or .stage == "cluster") | select(.detail != "") | "\(.detail | split(":")[0] | split(",")[0]) \(.s) s"] | join(", "))'
}
test_explain() { grep -E 'brambled|clusterd' "$lab/log" | tail -n 10 | cut -c1-200 | sed 's/^/# /'; tail -n 2 "$lab"/console-*.log | sed 's/^/# /'; kubectl get nodes,pods -o wide | sed 's/^/# /'; }

share=$(tests/kubernetes/image) || bail_out 'the image is not built'
lab_begin kubernetes
mkdir -p "$lab/share"
cp -a --reflink=auto "$share/images" "$lab/share/"
SHELL_ON_CONSOLE=1 appliance configure
sed -i 's/nodes = {/& image = "kubernetes"; roles = ( { name = "node"; labels = [ "bramble\/duty=test" ]; } );/' "$lab/bramble.conf"
echo "kubernetes = { engine = \"kubeadm\"; programs = \"$programs\"; store_mb = 1024; };" >>"$lab/bramble.conf"
appliance start
bramble image use kubernetes "$(basename "$lab"/share/images/kubernetes/*.squashfs .squashfs)" >/dev/null
cluster create >/dev/null || bail_out 'the cluster is not created'
power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:01
power_on_machine 2 4b 10000000c0ffee02 dc:a6:32:0a:0b:02
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
