# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For test scripts with nodes that join a real cluster, after tests/kubernetes/lib.sh: two machines, and how they are.
lab=${lab:-}
programs=${programs:-}
export WAIT_STEP_S=1 # machines need the processor more

boot_of() { bramble --json boot latest "$1"; }
boot_number() { boot_of "$1" | jq .id; }
stage() { boot_of "$1" | jq -r .stage; }
is_ready() { [ "$(stage "$1")" = ready ] && [ "$(condition "$1")" = True ]; }
is_ready_on() { boot_of "$1" | jq -e --arg mac "$2" '.stage == "ready" and .mac == $mac' && [ "$(condition "$1")" = True ]; }
is_ready_after() { [ "$(boot_number "$1")" -gt "$2" ] && is_ready "$1"; } # node boot
both_ready() { is_ready rasp1 && is_ready rasp2; }
condition() { kubectl get node "$1" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}'; }
uid_of() { kubectl get node "$1" -o jsonpath='{.metadata.uid}'; }
label_of() { kubectl get node "$1" -o "jsonpath={.metadata.labels.bramble/duty}"; }
kubelet_of() { kubectl get node "$1" -o jsonpath='{.status.nodeInfo.kubeletVersion}'; }
is_open() { [ "$(kubectl get node "$1" -o 'jsonpath={.spec.unschedulable}')" != true ]; }
address_of() { kubectl get pod "$1" -o jsonpath='{.status.podIP}'; }
runs() { [ "$(kubectl get pod "$1" -o jsonpath='{.status.phase}')" = Running ]; }
in_pod() { pod=$1; shift; kubectl exec "$pod" -- /pod "$@"; }
reads() { [ "$(in_pod "$1" read "$2")" = "$3" ]; } # pod file text
asks() { [ "$(in_pod "$1" ask "$2" "$3")" = "$4" ]; }
finds_both() { [ "$(for _ in 1 2 3 4 5 6 7 8; do in_pod one ask "$1" 80; done | sort -u | tr '\n' ' ')" = 'one two ' ]; }
tokens() { kubectl -n kube-system get secrets --field-selector type=bootstrap.kubernetes.io/token -o name | wc -l; }
# Requests that were made with a token: a node that has its credentials makes none.
requests() { kubectl get csr -o json | jq '[.items[] | select(.spec.username | startswith("system:bootstrap"))] | length'; }
# When the kubelet was heard last, by its own clock.
heard() { kubectl -n kube-node-lease get lease "$1" -o jsonpath='{.spec.renewTime}'; }
is_heard_again() { [ "$(heard "$1")" != "$2" ]; }
# Power-on to Ready, and where the time goes.
print_times() {
	boot_of "$1" | jq -r --arg when "$2" '.started_ms as $start | [.steps[] | { s: ((.at_ms - $start) / 1000), stage, detail }] as $steps
		| ($steps | map(select(.stage == "init"))[0].s) as $init | ($steps | map(select(.stage == "joined"))[0].s) as $joined
		| "# \(.node) (\($when)): Ready \($steps[-1].s) s after power-on: kernel runs \($init) s, joined the LAN \($joined) s, " +
		  ([$steps[] | select(.stage == "joined" or .stage == "cluster") | select(.detail != "") | "\(.detail | split(":")[0] | split(",")[0]) \(.s) s"] | join(", "))'
	note "load of the machine: $(cut -d' ' -f1-3 /proc/loadavg)"
}
test_explain() { grep -E 'brambled|clusterd' "$lab/log" | tail -n 10 | cut -c1-200 | sed 's/^/# /'; tail -n 2 "$lab"/console-*.log | sed 's/^/# /'; kubectl get nodes,pods -o wide | sed 's/^/# /'; }

machine() { # number [vpi's options]
	number=$1
	shift
	power_on_machine "$number" 4b "10000000c0ffee0$number" "dc:a6:32:0a:0b:0$number" "$@"
}

# A cluster that nobody has joined yet. NODES=more settings of nodes
cluster_begin() { # lab [more settings of kubernetes]
	lan_begin "$@"
	cluster create >/dev/null || bail_out 'the cluster is not created'
}

# The LAN for it. IMAGE=control-plane: for nodes that carry it
lan_begin() { # lab [more settings of kubernetes]
	image=${IMAGE:-kubernetes}
	share=$(tests/kubernetes/image ${IMAGE:+"$IMAGE"}) || bail_out 'the image is not built'
	lab_begin "$1"
	mkdir -p "$lab/share"
	cp -a --reflink=auto "$share/images" "$lab/share/"
	NODES="image = \"$image\"; roles = ( { name = \"node\"; labels = [ \"bramble/duty=test\" ]; } ); ${NODES:-}" \
		SHELL_ON_CONSOLE=1 appliance configure
	echo "kubernetes = { engine = \"kubeadm\"; programs = \"$programs\"; store_mb = 1024; store = \"loop\";
		addons_path = \"$PWD/etc/addons\"; addons = [ \"storage\" ]; ${2:-} };" >>"$lab/bramble.conf"
	appliance start
	bramble image use "$image" "$(basename "$lab/share/images/$image"/*.squashfs .squashfs)" >/dev/null
}

# The same, and two machines are about to join.
nodes_begin() {
	cluster_begin "$@"
	machine 1
	machine 2
}
