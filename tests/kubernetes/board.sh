# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For test scripts that play the agent of a board, and its kubelet, after tests/kubernetes/lib.sh.
lab=${lab:-}
lab_name=${lab_name:-}

# The firmware's part, and bramble-init's; then the calls of the agent, from the board's own address.
boot() { # board serial mac
	power_on "$1" 4b "$2" "$3" --link-ms 0 --attempts 3 --output "$lab/files-$1" && board_status "$1"
}
address() { sed -n 's/.* address   \([0-9.]*\),.*/\1/p' "$lab/board-$1.log" | tail -n 1; }
boot_token() { sed -n 's/.*bramble.token=\([0-9a-f]*\).*/\1/p' "$lab/files-$1/"*/cmdline.txt; }
move_in() { # the board's namespace takes the board's address
	ip -n "$lab_name-b$1" addr replace "$(address "$1")/24" dev eth0
}
call() { # board path boot-token
	ip netns exec "$lab_name-b$1" curl -s -m 5 -H 'Content-Type: application/json' -d "{\"token\":\"$3\"}" "http://10.77.0.1$2"
}
join_lan() { call "$1" /v1/join "$(boot_token "$1")" | jq -e .node >/dev/null; }

status_of() { # node boot-id
	jq -n --arg name "$1" --arg life "$2" --arg now "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '{ apiVersion: "v1", kind: "Node",
		metadata: { name: $name }, status: { nodeInfo: { bootID: $life, kubeletVersion: "v1.20.2", machineID: "", systemUUID: "",
		kernelVersion: "", osImage: "", containerRuntimeVersion: "", kubeProxyVersion: "", operatingSystem: "", architecture: "" },
		capacity: { cpu: "4", memory: "2Gi", pods: "20" }, allocatable: { cpu: "4", memory: "2Gi", pods: "20" },
		conditions: [{ type: "Ready", status: "True", reason: "x", message: "x", lastHeartbeatTime: $now, lastTransitionTime: $now }] } }'
}
register() { status_of "$@" | kubectl create -f - >/dev/null; } # as a kubelet does
report() {
	status_of "$@" >"$lab/status"
	kubectl get node "$1" -o json | jq --slurpfile new "$lab/status" '.status = $new[0].status' >"$lab/node"
	kubectl replace --raw "/api/v1/nodes/$1/status" -f "$lab/node" >/dev/null
}
live() { # board boot-id: its agent says in which life it is
	ip netns exec "$lab_name-b$1" curl -s -m 5 -d "{\"token\":\"$(boot_token "$1")\",\"boot_id\":\"$2\"}" http://10.77.0.1/v1/cluster/network >/dev/null
}
older_kubelet() { # node boot-id; somebody may write the Node meanwhile
	status_of "$@" | sed s/v1.20.2/v1.20.1/ >"$lab/status"
	kubectl get node "$1" -o json | jq --slurpfile new "$lab/status" '.status = $new[0].status' >"$lab/node"
	kubectl replace --raw "/api/v1/nodes/$1/status" -f "$lab/node"
}

# Pods, of which this kubelet runs one.
pod_on() { kubectl get pods -o json | jq -er "[.items[] | select(.spec.nodeName == \"$1\")][0].metadata.name"; }
run_pod() { # node: its pod is Running and Ready
	name=$(pod_on "$1")
	kubectl get pod "$name" -o json | jq '.status.phase = "Running" | .status.conditions += [{ type: "Ready", status: "True" }]' >"$lab/pod"
	kubectl replace --raw "/api/v1/namespaces/default/pods/$name/status" -f "$lab/pod" >/dev/null
}
ends() { [ -n "$(kubectl get pod "$1" -o 'jsonpath={.metadata.deletionTimestamp}')" ]; }
