#!/bin/sh
# SPDX-License-Identifier: ISC
# Scratch space on a local disk: the one that the administrator names is formatted, found again at every boot and swapped to;
# another one, with somebody's data, is never written. The node is a PC, which boots fastest; its image comes from an OCI archive,
# made here of the root of the image for PCs.
# timeout: 3000
set -eu
. tests/lib.sh
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "1..0 # SKIP the image's programs are amd64's"; exit 0; }

mac=52:54:00:77:00:02
power_on_with_disks() {
	power_on_pc 1 $mac -drive "file=$lab/empty.img,format=raw,if=virtio" -drive "file=$lab/foreign.img,format=raw,if=virtio"
}
format() { bramble node scratch-format pc1 --device "$@" --yes; }
refuses() { # words disk...
	words=$1
	shift
	if said=$(format "$@" 2>&1); then
		echo "formatted: $said"
		return 1
	fi
	echo "$said"
	echo "$said" | grep -F "$words"
}
scratch_is() { node_says pc1 .config.scratch | grep -E "$1"; }
joined_since() { node_is pc1 joined && [ "$(node_says pc1 .boot)" -gt "$1" ] && [ "$(node_says pc1 .config.scratch)" != null ]; }
reboots() {
	boot=$(node_says pc1 .boot)
	bramble node reboot pc1 && wait_for 900 joined_since "$boot"
}
foreign_is_untouched() { is "$(sha256sum <"$lab/foreign.img")" "$foreign"; }

# The same recipe, but for packages: they are in the archive.
image_of_oci_archive() {
	kept=${BRAMBLE_CACHE:-${HOME:-/root}/.cache/bramble}
	mkdir -p "$lab/images" "$lab/cache"
	{ cp -al "$kept"/kernel-* "$lab/cache/" 2>/dev/null || cp -a "$kept"/kernel-* "$lab/cache/"; } && cp -a "$kept"/apt-* "$lab/cache/"
	{
		awk '/^packages/ { skip = 1 } !skip; /^\);/ { skip = 0 }' etc/images/pc.conf
		echo 'from = "root.tar";'
	} >"$lab/images/pc.conf"
	unsquashfs -quiet -no-progress -dest "$lab/root" "$lab/share/images/pc/$hash.squashfs" >/dev/null
	rm -rf "$lab/share/images/pc"
	tar -C "$lab/root" --sort=name --numeric-owner --xattrs --xattrs-include='*' -cf "$lab/layer.tar" .
	zstd -q -1 --rm "$lab/layer.tar"
	tests/lab/oci "$lab/images/root.tar" amd64 "$lab/layer.tar.zst"
	"$B/bramble-image" build "$lab/images/pc.conf" --share "$lab/share" --cache "$lab/cache" >"$lab/said" 2>"$lab/err" || { cat "$lab/err"; return 1; }
	rm -rf "$lab/root" "$lab/images" "$lab/cache" "$lab/layer.tar.zst"
	hash=$(basename "$(cat "$lab/said")" .squashfs)
}

test_explain() {
	tail -n 6 "$lab/log" | sed 's/^/# /'
	tail -n 4 "$lab"/console-*.log | tr -d '\r' | cut -c1-200 | sed 's/^/# /'
}

lab_begin scratch
lab_share_of_pcs
NODES='rules = ( { model = "pc"; image = "pc"; name = "pc%d"; role = "pc"; } );
	roles = ( { name = "pc"; kernel_arguments = "quiet mitigations=off systemd.debug_shell=ttyS0 systemd.getty_auto=0"; } );
	settings = ( { scratch = "auto"; swap = "scratch"; scratch_mb = 128; } );' appliance configure
check 'an OCI archive becomes an image' image_of_oci_archive
truncate -s 1G "$lab/empty.img"
truncate -s 192M "$lab/foreign.img"
mkfs.ext4 -q -L precious "$lab/foreign.img"
foreign=$(sha256sum <"$lab/foreign.img")
appliance start || bail_out 'the appliance does not start'
bramble image use pc "$hash" >/dev/null
power_on_with_disks
check 'a node with two disks joins' wait_for 900 joined_since 0
check 'it runs the image of the archive' is "$(node_says pc1 .image_hash)" "$hash"
check 'its scratch space is on the router or in memory: no disk is taken unasked' scratch_is '^(file|memory), '
check 'a disk with data is refused' refuses "isn't empty" vdb
check 'what is no disk as well' refuses 'is no local disk' loop0
check 'an empty one is formatted' format vda
check 'a second one is not, even by force' refuses "scratch space already" vdb --force
check 'the answer is JSON of the schema' prints order bramble --json node scratch-format pc1 --device vda --no-wait --yes
check 'the node reboots' reboots
check 'its scratch space is that disk' wait_for 60 scratch_is '^disk vda, [0-9]+ MiB, writes [0-9.]+ MB/s$'
check 'people see it' sh -c "tests/lab/appliance $lab_name cli node show pc1 | grep 'disk vda'"
check 'it swaps to it' is "$(on_board 1 "swapon --noheadings --show=NAME | tr -d '\r'" | tail -n 1)" /scratch/swap
check 'a disk in use is refused' refuses 'in use' vda --force
check 'it is written' on_board 1 'echo kept >/scratch/file && sync'
check 'the node reboots once more' reboots
check 'and finds it again with what was on it' is "$(on_board 1 'cat /scratch/file' | tr -d '\r' | tail -n 1)" kept
check 'the other disk is as it was' foreign_is_untouched
done_testing
