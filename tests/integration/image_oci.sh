#!/bin/sh
# SPDX-License-Identifier: ISC
# An OCI archive as an image: layers in three compressions that add, replace and take away make the same version as the same root in one
# tar; what is damaged, no system or hostile is refused and leaves nothing.
# timeout: 900
set -eu
. tests/lib.sh

here=$PWD
dir=$(mktemp -d /tmp/bramble-oci.XXXXXX)
trap 'rm -rf "$dir"' EXIT
layer() { # NAME[.gz|.zst] PATH …: of the directory `layer`, without what is in directories
	name=$1 && shift
	tar -C "$dir/layer" --no-recursion --owner=0 --group=0 --mtime=@1000000000 -cf "$dir/plain" "$@"
	case $name in
	*.gz) gzip -n <"$dir/plain" >"$dir/$name" ;;
	*.zst) zstd -q <"$dir/plain" >"$dir/$name" ;;
	*) cp "$dir/plain" "$dir/$name" ;;
	esac
}
build() { "$B/bramble-image" build "$dir/images/tiny.conf" --share "$dir/share" --cache "$dir/cache" >"$dir/out" 2>"$dir/err" || { cat "$dir/err" && false; }; }
version() { basename "$(cat "$dir/out")" .squashfs; }
refused() { # part of the message
	rm -rf "$dir/share/images"
	! build >/dev/null && { grep -F -e "$1" "$dir/err" || { cat "$dir/err" && false; }; } && [ -z "$(find "$dir/share/images/tiny" -mindepth 1 ! -name .lock)" ]
}
archive() { tests/lab/oci "$dir/images/root.tar" "$@"; }
said() { unsquashfs -cat "$(cat "$dir/out")" "$1"; }

tests/lab/tiny "$dir/images" "$dir/cache"
mkdir "$dir/layer" "$dir/flat"
tar -C "$dir/layer" -xf "$dir/images/root.tar" && tar -C "$dir/flat" -xf "$dir/images/root.tar"
cd "$dir/layer"
mkdir -p opt/gone srv/old lib && echo lower >etc/replaced && echo x | tee opt/gone/x >srv/old/y
find . | sort >"$dir/list" && layer 1.tar -T "$dir/list"
# A path through the link lib -> usr/lib of the layer below; a name of another alphabet, and a second name of that file.
echo module >lib/module && echo upper >etc/replaced && echo ő >opt/Főtanúsítvány && ln opt/Főtanúsítvány opt/second && : >opt/.wh.gone
layer 2.tar.gz usr/lib lib/module etc etc/replaced opt opt/Főtanúsítvány opt/second opt/.wh.gone
: >srv/.wh..wh..opq && echo new >srv/new
layer 3.tar srv srv/.wh..wh..opq srv/new
head -c 1540 "$dir/3.tar" | zstd -q >"$dir/3.tar.zst" # as umoci leaves it: without the end, and the rest of the last block
ln -s "$dir" out && layer 4.tar out && rm out && mkdir out && echo x >out/escaped && layer 5.tar out/escaped
cd "$dir/flat"
mkdir -p opt srv && echo module >usr/lib/module && echo upper >etc/replaced && echo ő >opt/Főtanúsítvány && ln opt/Főtanúsítvány opt/second && echo new >srv/new
tar --sort=name --owner=0 --group=0 --mtime=@1000000000 -cf "$dir/images/root.tar" .
cd "$here"

check 'the root in one tar becomes an image' build
flat=$(version)
archive arm64 "$dir/1.tar" "$dir/2.tar.gz" "$dir/3.tar.zst"
check 'its layers in an OCI archive do' build
check 'it is the very same version' is "$(version)" "$flat"
check 'a name of another alphabet is kept' is "$(said opt/Főtanúsítvány)" ő
archive arm64 "$dir/2.tar.gz" "$dir/3.tar.zst"
check 'without an init: refused, with what it needs' refused 'systemd-sysv'
archive arm64 "$dir/1.tar" "$dir/2.tar.gz"
size=$(stat -c %s "$dir/2.tar.gz") hash=$(sha256sum "$dir/2.tar.gz" | cut -d' ' -f1)
printf x | dd of="$dir/images/root.tar" bs=1 seek=$(($(grep -abo "blobs/sha256/$hash" "$dir/images/root.tar" | head -n 1 | cut -d: -f1) + 512 + size / 2)) conv=notrunc status=none
check 'a layer that was changed: refused' refused 'is damaged'
DIFF_ID=$hash archive arm64 "$dir/1.tar" "$dir/2.tar.gz"
check 'a layer that is not what the configuration says: refused' refused "isn't what the image's configuration says"
archive arm64 "$dir/1.tar"
head -c 20000 "$dir/images/root.tar" >"$dir/cut" && mv "$dir/cut" "$dir/images/root.tar"
check 'an archive that was cut: refused' refused "can't be read"
archive arm64 "$dir/1.tar" "$dir/4.tar" "$dir/5.tar"
check 'a link that leads out: refused' refused "out/escaped can't be unpacked"
check 'and nothing was written there' test ! -e "$dir/escaped"
done_testing
