#!/bin/sh
# SPDX-License-Identifier: ISC
# A build takes its packages by way of the package cache: of the next one the archive is only asked whether its lists are new, and it makes the
# same version. The archive is the real one, reached by a relay that stands on the lab's LAN under its name. About two minutes.
# timeout: 900
set -eu
. tests/lib.sh

archive=$(apt-get indextargets --format '$(SITE)' 'Identifier: Packages' 'Origin: Debian' | sort -u | sed -n 's|^http://\([^/]*\).*|\1|p' | head -n 1)
[ -n "$archive" ] || { echo "1..0 # SKIP this machine's apt doesn't reach Debian's archive by HTTP"; exit 0; }
unset http_proxy
host=${archive%%:*}
port=$(echo "$archive" | sed -n 's/.*://p')

test_explain() { tail -n 8 "$lab/log" "$lab/relay.log" "$lab/cache/build.log" 2>/dev/null | sed 's/^/# /'; }
end() {
	code=$?
	rm -rf "/etc/netns/$lab_name-rt"
	set +e # lab_end ends with the status before it
	(exit "$code")
	lab_end
}
listens() { ip netns exec "$lab_name-rt" ss -Hltn 'sport = 3142' | grep -F 10.77.0.1:3142; }
build() { bramble image build native --watch >"$lab/said" 2>&1 || { cat "$lab/said" && false; }; }
version() { bramble --json image list | jq -r '.images[0].versions[0].hash'; }
kept() { find "$lab/cache/packages" -name '*.deb' | wc -l; }
fetched() { ip -n "$lab_name-b9" -json -stats link show eth0 | jq '.[0].stats64.tx.bytes'; } # from the archive, so far
forget_results() { rm -rf "$lab"/cache/root-* "$lab"/cache/image-*; }

lab_begin pkgbuild
trap end EXIT
tests/lab/native "$lab/images" "$lab/cache" busybox-static
tests/lab/lab board "$lab_name" 9 52:54:00:77:00:09
ip -n "$lab_name-b9" addr add 10.77.0.9/24 dev eth0 && ip -n "$lab_name-b9" link set eth0 up
# Its socket is in the lab, its way out is this machine's.
ip netns exec "$lab_name-b9" systemd-socket-activate -l "10.77.0.9:${port:-80}" \
	nsenter --net="/proc/$$/ns/net" /lib/systemd/systemd-socket-proxyd "$host:${port:-80}" >"$lab/relay.log" 2>&1 &
ip netns exec "$lab_name-b9" dnsmasq --keep-in-foreground --conf-file=/dev/null --no-hosts --no-resolv --listen-address=10.77.0.9 --bind-interfaces \
	--address="/$host/10.77.0.9" --pid-file= >"$lab/names.log" 2>&1 &
mkdir -p "/etc/netns/$lab_name-rt"
echo nameserver 10.77.0.9 >"/etc/netns/$lab_name-rt/resolv.conf" # ip-netns(8)

appliance configure
sed -i "s|paths = {|packages = { cache = true; }; paths = { cache = \"$lab/cache\";|" "$lab/bramble.conf"
check 'the appliance starts' appliance start
check 'the cache listens' wait_for 10 listens
check 'an image is built from packages' build
check 'they came by way of the cache' [ "$(kept)" -ge 50 ]
first=$(version)
packages=$(kept)
before=$(fetched)
note "$before bytes, $packages packages"
forget_results
check 'the image is built again, from packages' build
note "$(($(fetched) - before)) bytes more"
check '… that come from the cache' [ $(($(fetched) - before)) -lt $((before / 20)) ]
check '… which has no more of them' is "$(kept)" "$packages"
check 'it is the same version' is "$(version)" "$first"
check '… of which there is one' is "$(bramble --json image list | jq '.images[0].versions | length')" 1
done_testing
