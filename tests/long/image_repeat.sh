#!/bin/sh
# SPDX-License-Identifier: ISC
# The same recipe built twice from packages, the second time with nothing of the first but the kernel, in another directory, second, time zone,
# language and umask: the same version, byte for byte. About two minutes.
# timeout: 1500
set -eu
. tests/lib.sh

dir=$(mktemp -d /tmp/bramble-repeat.XXXXXX)
trap 'rm -rf "$dir"' EXIT
test_explain() { tail -n 20 "$dir/err" | sed 's/^/# /'; }

kept=${BRAMBLE_CACHE:-${HOME:-/root}/.cache/bramble}
build() { # name umask
	# With what keeps times, makes users and writes caches.
	tests/lab/native "$dir" "$dir/$1/cache" udev dbus openssh-server ca-certificates python3-minimal
	echo 'script = "script";' >>"$dir/native.conf"
	cp -a "$kept"/apt-bookworm-* "$dir/$1/cache/" # as fresh as for the other one
	(umask "$2" && exec "$B/bramble-image" build "$dir/native.conf" --share "$dir/$1/share" --cache "$dir/$1/cache" >"$dir/out" 2>"$dir/err") &&
		mv "$(cat "$dir/out")" "$dir/$1.squashfs"
}
build_elsewhere() {
	export TZ=Asia/Tokyo LANG=de_DE.UTF-8
	build second 077
}
same() { # or what isn't
	cmp "$dir/first.squashfs" "$dir/second.squashfs" && return
	for n in first second; do unsquashfs -quiet -no-progress -dest "$dir/$n.root" "$dir/$n.squashfs" >/dev/null; done
	diff -r --no-dereference "$dir/first.root" "$dir/second.root" | head -n 20
	return 1
}

cat >"$dir/script" <<'END'
#!/bin/sh
set -eu
useradd -m somebody
echo "$PATH ${TZ:-} ${LANG:-}" >/etc/made
python3 -c 'print(hash("x"))' >/dev/null
END
chmod 755 "$dir/script"

check 'a root is built from packages' build first 022
check 'another, elsewhere' build_elsewhere
check 'it is the same, byte for byte' same
check 'it has what was installed' unsquashfs -cat "$dir/second.squashfs" usr/sbin/sshd
check 'and what the script made' unsquashfs -cat "$dir/second.squashfs" etc/made
done_testing
