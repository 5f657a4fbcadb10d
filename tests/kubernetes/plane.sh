# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For test scripts after tests/kubernetes/board.sh: a board plays the node that carries etcd and the API server. Both are real, run in
# its network namespace with what the router hands out, and have their files below $lab/plane.
lab=${lab:-} lab_name=${lab_name:-} share=${share:-} programs=${programs:-}

ask_plane() { # board what [more of the body]
	ip netns exec "$lab_name-b$1" curl -s -m 5 -d "{\"token\":\"$(boot_token "$1")\"${3:-}}" "http://10.77.0.1/v1/cluster/plane$2"
}
# The document, in its parts.
fetch_document() { # board
	: >"$lab/document"
	while ask_plane "$1" '' ",\"offset\":$(stat -c %s "$lab/document")" >"$lab/part" && jq -e .text "$lab/part" >/dev/null; do
		jq -j .text "$lab/part" >>"$lab/document"
		[ "$(stat -c %s "$lab/document")" -lt "$(jq .size "$lab/part")" ] || return 0
	done
	return 1
}
document() { jq -r ".\"$1\"" "$lab/document"; }
begins() { [ "$(document begin)" = "$1" ]; }
fetches() { fetch_document "$1" && begins "$2"; } # board how
store() { echo "$lab/plane/etcd/$(document store)"; }
fetch_snapshot() { # board
	: >"$lab/snapshot.db"
	while ask_plane "$1" /snapshot ",\"offset\":$(stat -c %s "$lab/snapshot.db")" >"$lab/part" && jq -e .text "$lab/part" >/dev/null; do
		jq -r .text "$lab/part" | base64 -d >>"$lab/snapshot.db"
		[ "$(stat -c %s "$lab/snapshot.db")" -lt "$(jq .size "$lab/part")" ] || return 0
	done
	return 1
}
unpack() {
	etcdctl snapshot restore "$lab/snapshot.db" --data-dir="$(store)" --name=router --initial-cluster=router=https://127.0.0.1:2380 \
		--initial-advertise-peer-urls=https://127.0.0.1:2380 >"$lab/restored" 2>&1
}
tell_begun() { ask_plane "$1" /begun ",\"store\":\"$(document store)\"" | jq -e '.error == null' >/dev/null; }

run_as_plane() { # board program
	document "$2" | sed "s,/run/bramble/control-plane,$lab/plane,; s,/scratch,$lab/plane," >"$lab/plane/$2.arguments"
	program=$programs/$2
	[ -x "$program" ] || program=/usr/bin/$2
	xargs -d '\n' -a "$lab/plane/$2.arguments" ip netns exec "$lab_name-b$1" "$program" >"$lab/plane/$2.log" 2>&1 &
	echo $! >>"$lab/plane/pids"
}
start_plane() { # board
	mkdir -p "$lab/plane/pki/etcd" "$(store)"
	chmod 700 "$(store)"
	jq -r 'keys[] | select(test("crt$|key$|pub$"))' "$lab/document" | while read -r name; do document "$name" >"$lab/plane/pki/$name"; done
	: >"$lab/plane/pids"
	run_as_plane "$1" etcd
	run_as_plane "$1" kube-apiserver
}
stop_plane() {
	while read -r pid; do
		kill "$(cat "/proc/$pid/task/$pid/children")" 2>/dev/null || :
		wait "$pid" || :
	done <"$lab/plane/pids"
}
