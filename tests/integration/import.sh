#!/bin/sh
# SPDX-License-Identifier: ISC
# Images of roots made elsewhere (`from`): a tar, and a disk image compressed with xz; what a recipe adds to them; the same
# input gives the same version, wherever and whenever.
# timeout: 600
set -eu
. tests/lib.sh

dir=$(mktemp -d /tmp/bramble-import.XXXXXX)
trap 'rm -rf "$dir"' EXIT
kept=${BRAMBLE_CACHE:-${HOME:-/root}/.cache/bramble}
ls -d "$kept"/kernel-* >/dev/null 2>&1 || tests/lab/image >/dev/null # the kernel's part of the cache
mkdir "$dir/cache"
cp -al "$kept"/kernel-* "$dir/cache/" 2>/dev/null || cp -a "$kept"/kernel-* "$dir/cache/" # another file system

# A root: an init, a file of another owner and one with set-user-ID, a link, an attribute, and what tells of its making.
mkdir -p "$dir/root/usr/sbin" "$dir/root/etc/apt" "$dir/root/dev" "$dir/root/var/log" "$dir/root/opt"
for d in bin sbin lib; do mkdir -p "$dir/root/usr/$d"; ln -s usr/$d "$dir/root/$d"; done
printf '#!/bin/sh\n' >"$dir/root/usr/sbin/init"
cp "$dir/root/usr/sbin/init" "$dir/root/opt/tool"
chmod 755 "$dir/root/usr/sbin/init"
chmod 4755 "$dir/root/opt/tool"
echo 'deb http://elsewhere/ x main' >"$dir/root/etc/apt/sources.list"
printf 'root:x:0:0::/root:/bin/sh\nmail:x:8:8::/:/bin/false\n' >"$dir/root/etc/passwd"
printf 'root:x:0:\nmail:x:8:\n' >"$dir/root/etc/group"
echo letter >"$dir/root/opt/letter"
chown 8:8 "$dir/root/opt/letter"
date >"$dir/root/var/log/boot.log"
tar -C "$dir/root" -cJf "$dir/root.tar.xz" .
truncate -s 64M "$dir/fs"
mke2fs -q -t ext4 -d "$dir/root" "$dir/fs"
truncate -s 80M "$dir/pi.img" # as Raspberry Pi OS: a FAT partition, then the root
at() { dd of="$dir/pi.img" bs=1 seek="$1" conv=notrunc status=none; }
printf '\0\0\0\0\014\0\0\0\0\010\0\0\0\040\0\0' | at 446
printf '\0\0\0\0\203\0\0\0\0\050\0\0\0\0\002\0' | at 462
printf '\125\252' | at 510
dd if="$dir/fs" of="$dir/pi.img" bs=512 seek=10240 conv=notrunc status=none
xz -0 "$dir/pi.img"
cp "$dir/root.tar.xz" "$dir/broken.tar.xz"
truncate -s 500 "$dir/broken.tar.xz"
tar -C "$dir" -cf "$dir/noinit.tar" fs

recipe() { # NAME FROM
	{ awk '/^packages/ { skip = 1 } !skip; /^\);/ { skip = 0 }' etc/images/base.conf | grep -v '^enable\|^mask' | sed '/^	"apt-daily/,$d'
	echo "from = \"$2\";"
	echo 'files = ( { source = "added"; path = "/etc/added"; mode = "0640"; owner = "mail:mail"; } );'; } >"$dir/$1.conf"
}
echo added >"$dir/added"
recipe tar root.tar.xz
recipe disk pi.img.xz
recipe broken broken.tar.xz
recipe noinit noinit.tar
build() { "$B/bramble-image" build "$dir/$1.conf" --share "$dir/${2:-share}" --cache "$dir/cache" >"$dir/$1.out" 2>"$dir/$1.err" || { cat "$dir/$1.err"; return 1; }; }
listed() { unsquashfs -lln "$(cat "$dir/$1.out")" | awk '{ print $1, $2, $6 }' | grep -qxF -- "$2 squashfs-root$3" || { unsquashfs -lln "$(cat "$dir/$1.out")" | grep -F "$3"; return 1; }; }
whole() {
	listed "$1" '-rwxr-xr-x 0/0' /usr/sbin/init && listed "$1" '-rwsr-xr-x 0/0' /opt/tool && listed "$1" '-rw-r--r-- 8/8' /opt/letter &&
		listed "$1" '-rw-r----- 8/8' /etc/added && ! listed "$1" '-rw-r--r-- 0/0' /var/log/boot.log >/dev/null &&
		unsquashfs -cat "$(cat "$dir/$1.out")" etc/apt/sources.list | grep -q elsewhere
}
again() { # another share, no cache of results
	first=$(cat "$dir/tar.out")
	rm -rf "$dir"/cache/image-*
	touch "$dir/added"
	build tar other && [ "$(basename "$(cat "$dir/tar.out")")" = "$(basename "$first")" ] && diff -r "${first%.squashfs}.boot" "$(sed 's/squashfs$/boot/' "$dir/tar.out")"
}
changed() { echo changed >"$dir/added" && cp "$dir/tar.out" "$dir/old.out" && build tar && ! cmp -s "$dir/tar.out" "$dir/old.out"; }
difference() { "$B/bramble-image" diff "tar/$(basename "$first" .squashfs)" "tar/$(basename "$(cat "$dir/tar.out")" .squashfs)" --share "$dir/share" >"$dir/diff" && grep -qx '~ file /etc/added' "$dir/diff" && grep -q ' 1 files differ' "$dir/diff"; }
refused() { ! build "$1" >/dev/null && grep -q "$2" "$dir/$1.err" && [ -z "$(find "$dir/share/images/$1" -mindepth 1 ! -name .lock)" ]; }

rotten() { # the first block of data is the first file's
	printf x | dd of="$(cat "$dir/disk.out")" bs=1 seek=150 conv=notrunc status=none
	! "$B/bramble-image" verify disk --share "$dir/share" >"$dir/verify" && grep -q 'the root is damaged' "$dir/verify" && grep -qE "^    /.* (is damaged|can't be read)\$" "$dir/verify" &&
		grep -qE '^    block 0 of [0-9]+, from byte 0 on, has changed$' "$dir/verify" && is "$(grep -c '^    block' "$dir/verify")" 1 &&
		[ -z "$(find "$dir/share/images/disk" -name '.build-*')" ]
}

check 'a tar becomes an image' build tar
check 'with owners, modes and what the recipe adds, without logs' whole tar
check 'the same input gives the same version and boot set' again
check 'a changed file of the recipe gives another version' changed
check 'and the difference is that file' difference
check 'a compressed disk image becomes an image' build disk
check 'with owners, modes and what the recipe adds, without logs' whole disk
check 'a broken tar is refused and leaves nothing' refused broken 'tar failed'
check 'a tar without a system is refused and leaves nothing' refused noinit 'no /sbin/init'
check 'all versions are intact' "$B/bramble-image" verify --share "$dir/share"
check 'a byte that rotted is found, in which block and which file' rotten
done_testing
