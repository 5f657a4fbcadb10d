# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For test scripts after tests/kubernetes/board.sh: a board whose agent runs here (tests/kubernetes/plane_node) and carries the control
# plane. What it says lies in $lab/plane.
lab=${lab:-} lab_name=${lab_name:-} share=${share:-} programs=${programs:-}

# Firmware and bramble-init of another boot are played; it has joined the LAN then.
lives_again() { # board
	ip -n "$lab_name-b$1" addr flush dev eth0 2>/dev/null || :
	boot "$1" "10000000c0ffee0$1" "dc:a6:32:0a:0b:0$1" && move_in "$1" && join_lan "$1"
}
start_node() { # board [disk]
	mkdir -p "$lab/plane"
	ip netns exec "$lab_name-b$1" env BRAMBLE_ROUTER=10.77.0.1 BRAMBLE_DNS=10.77.0.1 BRAMBLE_PORT=80 "BRAMBLE_NODE=rasp$1" \
		"BRAMBLE_TOKEN=$(boot_token "$1")" unshare --mount --pid --fork --kill-child \
		tests/kubernetes/plane_node "${2:-}" "$programs" "$lab/plane/log" "$B/pc/bramble-agent" >>"$lab/plane/agent.log" 2>&1 &
	node=$!
}
cut_power() {
	kill -KILL "$node" 2>/dev/null || : # it may have rebooted
	wait "$node" || :
}
new_disk() {
	truncate -s 512M "$1"
	mkfs.ext4 -q "$1"
}
# What a kubelet of it would have kept.
give_credentials() {
	mkdir -p "$lab/plane/data/.bramble/kubernetes/pki"
	cp "$share/cluster/pki/ca.crt" "$lab/plane/data/.bramble/kubernetes"
	echo "client-key: none" >"$lab/plane/data/.bramble/kubernetes/kubelet.conf"
	echo none >"$lab/plane/data/.bramble/kubernetes/pki/kubelet-client-current.pem"
}
ask_plane() { # board what [more of the body]
	ip netns exec "$lab_name-b$1" curl -s -m 5 -d "{\"token\":\"$(boot_token "$1")\"${3:-}}" "http://10.77.0.1/v1/cluster/plane$2"
}
is_refused() { ask_plane "$1" "${2:-}" ',"offset":0' | jq -e '.error != null and .text == null'; }
carries() { call "$1" /v1/cluster "$(boot_token "$1")" | jq -r .plane; }
did() { grep -qx "systemctl $*" "$lab/plane/log"; }
