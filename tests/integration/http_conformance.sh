#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 90
# bramble-httpd alone with one directory keeps every rule of the HTTP conformance suite. About 14 s.
set -eu
B=$(realpath "${B:-build}")
[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }

dir=$(mktemp -d)
space=brconf$$
server=
clean_up() {
	status=$?
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	ip netns del "$space" 2>/dev/null || :
	[ "${KEEP:-0}" = 1 ] || rm -rf "$dir"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

chmod 755 "$dir"
"$B/http-conformance" --make-tree "$dir/root"
ip netns add "$space"
ip -n "$space" link set lo up
ip netns exec "$space" "$B/bramble-httpd" --root "$dir/root" --listen 127.0.0.1:80 --log-level warning 2>"$dir/log" &
server=$!
sleep 2.1 # until then the files are too new for a strong tag
status=0
ip netns exec "$space" "$B/http-conformance" --tap --tree "$dir/root" 127.0.0.1:80 || status=$?
sed 's/^/# log: /' "$dir/log" | tail -n 20
exit "$status"
