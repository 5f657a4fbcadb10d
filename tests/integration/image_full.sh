#!/bin/sh
# SPDX-License-Identifier: ISC
# A real disk that is too small, or gets full while a root is unpacked, compressed, or kept in the cache: the build says so, leaves nothing
# but the versions that were there, and the next one works when there is room.
# timeout: 600
set -eu
. tests/lib.sh

dir=$(mktemp -d /tmp/bramble-full.XXXXXX)
end() {
	umount -l "$dir/share" "$dir/small" 2>/dev/null || :
	rm -rf "$dir"
}
trap end EXIT
disk() { # NAME MB: an ext4 of its own; where there are no loop devices a tmpfs, which gets as full
	mkdir "$dir/$1"
	truncate -s "$2M" "$dir/$1.ext4"
	mke2fs -q -t ext4 -m 0 "$dir/$1.ext4"
	mount -o loop "$dir/$1.ext4" "$dir/$1" 2>/dev/null || mount -t tmpfs -o size="$2m" none "$dir/$1"
}
free_mb() { df -B1M --output=avail "$dir/$1" | tail -n 1 | tr -d ' '; }
fill() { fallocate -l "$(($(free_mb "$1") - $2))M" "$dir/$1/fill"; } # DISK MB: so much stays free
root_with() { # MB of noise, MB of zeros: the tar of it, which shrinks
	rm -rf "$dir/root" && mkdir "$dir/root" && tar -C "$dir/root" -xf "$dir/empty.tar"
	head -c "$1M" /dev/urandom >"$dir/root/noise"
	{ [ "$2" = 0 ] || head -c "$2M" /dev/zero; } >"$dir/root/zeros"
	tar -C "$dir/root" -cf - . | gzip -1 >"$dir/images/root.tar"
}
build() { "$B/bramble-image" build "$dir/images/tiny.conf" --share "$dir/share" --cache "${1:-$dir/cache}" >"$dir/out" 2>"$dir/err" || { cat "$dir/err" && false; }; }
whole() { "$B/bramble-image" verify --share "$dir/share" && is "$(find "$dir/share/images/tiny" -mindepth 1 -maxdepth 1 ! -name .lock | sed 's/.*\///' | sort)" "$there"; }
now_there() { there=$(find "$dir/share/images/tiny" -mindepth 1 -maxdepth 1 ! -name .lock | sed 's/.*\///' | sort); }
refused() { # part of the message, [cache]
	! build "${2:-$dir/cache}" >/dev/null && { grep -F -e "$1" "$dir/err" || { cat "$dir/err" && false; }; } &&
		whole && [ -z "$(find "${2:-$dir/cache}" -name '*.tmp')" ]
}

tests/lab/tiny "$dir/images" "$dir/cache"
mv "$dir/images/root.tar" "$dir/empty.tar"
disk share 400
root_with 1 0
check 'a version comes to be' build
now_there

root_with 2 0
fill share 100
check 'too small a disk is refused beforehand, with what to do' refused 'MB free, about'
check 'which is' grep -q "not enough space: $dir/share/.*bramble image gc" "$dir/err"
rm "$dir/share/fill"
root_with 1 420
check 'full while the root is unpacked: the build says so, and nothing is left' refused 'No space left on device'
check 'and which disk' grep -q "no space is left on $dir/share" "$dir/err"
# Boot set and modules are about 50 MB here; what stays is less than the noise.
zeros=$(($(free_mb share) - 40 - 50 - 12))
[ "$zeros" -gt 0 ] || bail_out "$zeros MB are left: an earlier build left something"
root_with 40 "$zeros"
check 'full while it is compressed' refused 'mksquashfs failed'
check 'why' grep -q 'No space left on device' "$dir/err"
root_with 2 0
disk small 800
cp -a "$dir"/cache/kernel-* "$dir"/cache/apt-* "$dir/small/"
fill small 100
check 'too small a disk for the cache is refused beforehand' refused "not enough space: $dir/small" "$dir/small"
rm "$dir/small/fill"
check 'with room again, it is built' build "$dir/small"
now_there
check 'and all that is there is whole' whole
done_testing
