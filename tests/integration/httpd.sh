# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For sourcing behind tests/lib.sh: bramble-httpd alone with one directory, in a network namespace of its own.
# $dir/root/big is 33 MB; $url is where it is served.

[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
dir=$(mktemp -d)
space=brhttp$$
server=
others= # processes to end at the end
clean_up() {
	status=$?
	for pid in $server $others; do kill "$pid" 2>/dev/null || :; done
	ip netns del "$space" 2>/dev/null || :
	[ "${KEEP:-0}" = 1 ] || rm -rf "$dir"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
test_explain() { tail -n 8 "$dir/log" | sed 's/^/# log: /'; }

in_space() { ip netns exec "$space" "$@"; }
start() { # option …
	: >"$dir/log"
	ip netns exec "$space" "$B/bramble-httpd" --root "$dir/root" --listen 127.0.0.1:80 "$@" 2>>"$dir/log" &
	server=$!
	wait_for 5 grep -q 'notice: ready' "$dir/log"
}
stop() {
	kill -TERM "$server"
	code=0
	wait "$server" || code=$?
	server=
	is "$code" 0
}
get() { in_space curl -sS --max-time 20 "$@"; }
code() { get -o "$dir/body" -w '%{http_code}' "$@"; }
# status CODE WORD …: curl with these words is answered with this status
status() {
	wanted=$1
	shift
	is "$(code "$@")" "$wanted"
}
whole() { cmp "$dir/root/big" "$dir/out"; }
fetch() { rm -f "$dir/out" && get -f -o "$dir/out" "$@" "$url/big" && whole; }
# raw STATUS BYTES: what is sent as it is, in printf's notation
raw() {
	# shellcheck disable=SC2059 # the bytes are a format
	printf "$2" | in_space timeout 5 busybox nc 127.0.0.1 80 >"$dir/answer" || :
	is "$(head -n 1 "$dir/answer" | cut -d ' ' -f 2)" "$1"
}
says() { grep -iF "$1" "$dir/header"; }
# exits CODE TEXT WORD …: the program with these words ends with CODE and says TEXT
exits() {
	wanted=$1
	said=$2
	shift 2
	code=0
	in_space timeout 5 "$B/bramble-httpd" "$@" >"$dir/said" 2>&1 || code=$?
	cat "$dir/said"
	is "$code" "$wanted" && grep -qF -e "$said" "$dir/said"
}
resume() {
	head -c 12345678 "$dir/root/big" >"$dir/out"
	get -f -C - -o "$dir/out" "$url/big"
	whole
}
same_bytes() { get -f -r 1000000-1999999 "$url/big" | cmp - "$dir/part"; }
busybox_gets() { in_space busybox wget -q -O "$dir/out" "$url/big" && whole; }
busybox_resumes() {
	head -c 30000000 "$dir/root/big" >"$dir/out"
	in_space busybox wget -q -c -O "$dir/out" "$url/big" && whole
}
at_once() {
	for n in 1 2 3 4 5 6 7 8; do get -f -o "$dir/out$n" "$url/big" & done
	wait_for 20 all_there
}
all_there() { for n in 1 2 3 4 5 6 7 8; do cmp -s "$dir/root/big" "$dir/out$n" || return 1; done; }
# Slow, but never idle: only a deadline that activity doesn't move ends it.
slow_reader() {
	ip netns exec "$space" curl -s --limit-rate 200K -o "$dir/out" "$url/big" &
	reader=$!
	cut=0
	wait_for 5 grep -q "GET /big 200, [0-9]* of 33000000 bytes .*: the answer took longer than 2 s" "$dir/log" || cut=1
	kill "$reader"
	return $cut
}
slow_writer() {
	{ for byte in G E T ' ' / ' ' H T T P / 1 . 1; do printf '%s' "$byte" && sleep 0.2; done 2>/dev/null; } |
		in_space timeout 10 busybox nc 127.0.0.1 80 >/dev/null || :
	wait_for 2 grep -q "no request: the request's header took longer than 1 s" "$dir/log"
}
url=http://127.0.0.1

chmod 755 "$dir"
mkdir -p "$dir/root/sub"
head -c 33000000 /dev/urandom >"$dir/root/big"
tail -c +1000001 "$dir/root/big" | head -c 1000000 >"$dir/part"
ip netns add "$space"
ip -n "$space" link set lo up
