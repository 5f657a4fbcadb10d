#!/bin/sh
# SPDX-License-Identifier: ISC
# The default image can be built, is cached, and is small where boards fetch it block by block.
# timeout: 1500
set -eu
. tests/lib.sh

build_image() { share=$(tests/lab/image) && [ -d "$share/images/base" ]; }

cached_build_is_quick() {
	begin=$(date +%s)
	tests/lab/image
	[ $(($(date +%s) - begin)) -le 30 ]
}

size_of() { stat -Lc %s "$set/$1"; }

initramfs_is_small() {
	size=$(size_of initramfs8)
	echo "$size bytes"
	[ "$size" -le $((4 * 1024 * 1024)) ]
}

payload_is_small() { # firmware, fixup
	total=$(($(size_of "$1") + $(size_of "$2") + $(size_of kernel8.img) + $(size_of initramfs8) + 100000))
	echo "$total bytes"
	[ "$total" -le 20000000 ]
}

check 'the default image can be built' build_image
set=$(find "$share/images/base" -maxdepth 1 -name '*.boot' | head -n 1)
check 'building it again takes its parts from the cache' cached_build_is_quick
check 'every file of it has the hash that was recorded' "$B/bramble-image" verify --share "$share"
check 'the initramfs has at most 4 MiB' initramfs_is_small
check 'a Pi 3 fetches at most 20 MB' payload_is_small start.elf fixup.dat
check 'a Pi 4 fetches at most 20 MB' payload_is_small start4.elf fixup4.dat
done_testing
