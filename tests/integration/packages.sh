#!/bin/sh
# SPDX-License-Identifier: ISC
# The package cache: what apt has fetched once by way of the router, for a build or a node, comes from there again while the archive is away;
# killed it comes back, switched off it ends and nodes' apt knows nothing of it.
# timeout: 120
set -eu
. tests/lib.sh

test_explain() { tail -n 8 "$lab/log" "$lab/said" 2>/dev/null | sed 's/^/# /'; }
listens() { ip netns exec "$lab_name-rt" ss -Hltn 'sport = 3142' | grep -F 10.77.0.1:3142; }
process() { cut -d' ' -f1 "$lab/run/pids/packages"; }
another() { listens && [ "$(process)" != "$1" ]; }
user_of() { ps -o user:20= -p "$(process)"; }
# apt on a board, with nothing of this machine's, told of the cache as a node is.
board_apt() ( # directory command …
	mkdir -p "$lab/$1" && cd "$lab/$1" && shift
	ip netns exec "$lab_name-b2" apt-get -q -c "$lab/apt/apt.conf.d/90bramble-cache" -o Dir::Etc="$lab/apt" -o Dir::Etc::main=- -o Dir::State="$lab/apt/state" -o Dir::State::status="$lab/apt/status" \
		-o Dir::Cache="$lab/apt/cache" -o APT::Sandbox::User=root "$@"
)
downloads() { # directory
	board_apt "$1" download hello-bramble >"$lab/said" 2>&1 && ls "$lab/$1"/*.deb
}

lab_begin pkgs
for n in 2 9; do
	tests/lab/lab board "$lab_name" $n "52:54:00:77:00:0$n"
	ip -n "$lab_name-b$n" addr add "10.77.0.$n/24" dev eth0 && ip -n "$lab_name-b$n" link set eth0 up
done
mkdir -p "$lab/archive/debs" "$lab/package/DEBIAN" "$lab/apt/sources.list.d" \
	"$lab/apt/preferences.d" "$lab/apt/apt.conf.d" "$lab/apt/state/lists/partial" "$lab/apt/cache/archives/partial"
: >"$lab/apt/status"
printf 'Package: hello-bramble\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@example.org>\nDescription: a package\n' >"$lab/package/DEBIAN/control"
dpkg-deb --root-owner-group -b "$lab/package" "$lab/archive/debs/hello-bramble_1_all.deb" >/dev/null
(cd "$lab/archive/debs" && { dpkg-deb -f hello-bramble_1_all.deb && printf 'Filename: debs/hello-bramble_1_all.deb\nSize: %s\nSHA256: %s\n' \
	"$(stat -c %s hello-bramble_1_all.deb)" "$(sha256sum hello-bramble_1_all.deb | cut -d' ' -f1)"; } >Packages)
echo 'deb [trusted=yes] http://10.77.0.9 debs/' >"$lab/apt/sources.list"
echo 'Acquire::http::Proxy "http://10.77.0.1:3142";' >"$lab/apt/apt.conf.d/90bramble-cache"
ip netns exec "$lab_name-b9" "$B/bramble-httpd" --root "$lab/archive" --listen 10.77.0.9:80 >"$lab/archive.log" 2>&1 &
archive=$!

appliance configure
sed -i "s|paths = {|packages = { cache = true; }; paths = { cache = \"$lab/cache\";|" "$lab/bramble.conf"
check 'the appliance starts' appliance start
check 'the cache listens on the LAN alone' wait_for 10 listens
check 'as its own user' is "$(user_of)" apt-cacher-ng
check 'apt on a board reads the archive by way of it' board_apt one update
check 'and fetches a package' downloads one
kill "$archive"
wait "$archive" 2>/dev/null || :
check 'the archive is away: it comes from the cache' downloads two
check '… and from nowhere else' fails ip netns exec "$lab_name-b2" curl -s --max-time 3 http://10.77.0.9/debs/Packages
check '… the same file' cmp "$lab/one/hello-bramble_1_all.deb" "$lab/two/hello-bramble_1_all.deb"
before=$(process)
kill -KILL "$before"
check 'killed it comes back' wait_for 10 another "$before"
check 'and has kept what it had' downloads three
sed -i 's/cache = true/cache = false/' "$lab/bramble.conf"
check 'switched off' bramble config apply --yes
check 'it ends' wait_for 10 fails listens
sed -i 's/cache = false/cache = true/' "$lab/bramble.conf"
check 'switched on' bramble config apply --yes
check 'it is there' wait_for 10 listens
sed -i 's/cache = true/cache = false/' "$lab/bramble.conf"
kill -KILL "$(cat "$lab/brambled.pid")"
check 'switched off while brambled was killed: it ends as well' wait_for 20 fails listens
done_testing
