# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For test scripts with nodes that join a real cluster, after tests/kubernetes/lib.sh: two machines, and how they are.
lab=${lab:-}
programs=${programs:-}

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

# A cluster that two machines are about to join.
nodes_begin() { # lab [more settings of kubernetes]
	share=$(tests/kubernetes/image) || bail_out 'the image is not built'
	lab_begin "$1"
	mkdir -p "$lab/share"
	cp -a --reflink=auto "$share/images" "$lab/share/"
	SHELL_ON_CONSOLE=1 appliance configure
	sed -i 's/nodes = {/& image = "kubernetes"; roles = ( { name = "node"; labels = [ "bramble\/duty=test" ]; } );/' "$lab/bramble.conf"
	echo "kubernetes = { engine = \"kubeadm\"; programs = \"$programs\"; store_mb = 1024; ${2:-} };" >>"$lab/bramble.conf"
	appliance start
	bramble image use kubernetes "$(basename "$lab"/share/images/kubernetes/*.squashfs .squashfs)" >/dev/null
	cluster create >/dev/null || bail_out 'the cluster is not created'
	power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:01
	power_on_machine 2 4b 10000000c0ffee02 dc:a6:32:0a:0b:02
}
