#!/bin/sh
# SPDX-License-Identifier: ISC
# A node with a real kubelet is told to reboot: its pod moves to the other one first, and it takes work again when it is Ready.
# Then a cluster from nothing, which both nodes join by themselves.
# timeout: 1500
# alone
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh

condition() { kubectl get node "$1" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}'; }
is_ready() { [ "$(bramble --json boot latest "$1" | jq -r .stage)" = ready ] && [ "$(condition "$1")" = True ]; }
both_ready() { is_ready rasp1 && is_ready rasp2; }
boot_number() { bramble --json boot latest "$1" | jq .id; }
web() { kubectl get pods -l app=web -o json | jq -r "[.items[] | select(.metadata.deletionTimestamp == null)][0] | $1"; }
runs_on() { [ "$(web '[.spec.nodeName, .status.phase] | join(" ")')" = "$1 Running" ]; }
is_open() { [ "$(kubectl get node "$1" -o 'jsonpath={.spec.unschedulable}')" != true ]; }
moved_at() { date -d "$(web '.status.startTime')" +%s; }
is_another() { [ "$(boot_number "$1")" != "$2" ]; }
joined_again() { is_another rasp1 "$one" && is_another rasp2 "$two" && both_ready; }
test_explain() { grep -E 'brambled|clusterd' "$lab/log" | tail -n 10 | cut -c1-200 | sed 's/^/# /'; kubectl get nodes,pods -o wide | sed 's/^/# /'; }

share=$(tests/kubernetes/image) || bail_out 'the image is not built'
lab_begin drain
mkdir -p "$lab/share"
cp -a --reflink=auto "$share/images" "$lab/share/"
appliance configure
sed -i 's/nodes = {/& image = "kubernetes";/' "$lab/bramble.conf"
echo "kubernetes = { engine = \"kubeadm\"; programs = \"$programs\"; store_mb = 1024; };" >>"$lab/bramble.conf"
appliance start
bramble image use kubernetes "$(basename "$lab"/share/images/kubernetes/*.squashfs .squashfs)" >/dev/null
cluster create >/dev/null 2>&1 || bail_out 'the cluster is not created'
power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:01
power_on_machine 2 4b 10000000c0ffee02 dc:a6:32:0a:0b:02
check 'two Pis are Ready' wait_for 600 both_ready
kubectl cordon rasp2 >/dev/null
kubectl apply -f - >/dev/null <<-END
	apiVersion: apps/v1
	kind: Deployment
	metadata: { name: web }
	spec:
	  selector: { matchLabels: { app: web } }
	  template:
	    metadata: { labels: { app: web } }
	    spec:
	      terminationGracePeriodSeconds: 1
	      automountServiceAccountToken: false
	      containers: [ { name: pod, image: "bramble.test/pod:1", imagePullPolicy: Never } ]
END
check 'a pod runs on the one' wait_for 240 runs_on rasp1
kubectl uncordon rasp2 >/dev/null
before=$(boot_number rasp1)
check 'the node is told to reboot' bramble node reboot rasp1
check 'its pod runs on the other' wait_for 120 runs_on rasp2
moved=$(moved_at)
check 'the node boots anew' wait_for 120 is_another rasp1 "$before"
began=$(bramble --json boot latest rasp1 | jq '.started_ms / 1000 | floor')
check '… after the pod had moved' [ "$moved" -le "$began" ]
check '… becomes Ready' wait_for 600 is_ready rasp1
check '… and takes work again' wait_for 60 is_open rasp1
note "the pod moved $((began - moved)) s before the board's next DHCP packet"

one=$(boot_number rasp1) two=$(boot_number rasp2)
check 'a cluster from nothing' cluster rebuild --new --yes
check '… is joined by both nodes, by themselves' wait_for 700 joined_again
check '… and knows nothing of the old one' fails kubectl get deployment web
done_testing
