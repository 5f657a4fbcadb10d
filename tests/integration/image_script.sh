#!/bin/sh
# SPDX-License-Identifier: ISC
# A recipe's script is foreign code that runs as root: what it gets is what it needs, and every way out of the root is closed.
# timeout: 300
set -eu
. tests/lib.sh

dir=$(mktemp -d /tmp/bramble-script.XXXXXX)
trap 'rm -rf "$dir"' EXIT
root=$dir/root
test_explain() { tail -n 30 "$dir/err" 2>/dev/null | sed 's/^/# /'; }
tried() { is "$(grep "^$1 " "$root/etc/tried")" "$1 $2"; }
# As a build lays it out (rootfs/script.c), in mounts of its own; the machine's own busybox is the shell of that root.
run_script() {
	unshare --mount sh -euc '
		mount -t tmpfs -o mode=0755 tmpfs "$1/dev" && mount -t tmpfs tmpfs "$1/tmp"
		for device in null zero urandom; do : >"$1/dev/$device" && mount --bind "/dev/$device" "$1/dev/$device"; done
		exec "$2" --in-root "$1" /script' sh "$root" "$B/bramble-image" 2>"$dir/err"
}
ends_with() {
	status=0
	run_script || status=$?
	is "$status" "$1" && grep -F -e "$2" "$dir/err"
}

for place in usr/bin dev run tmp proc etc; do mkdir -p "$root/$place"; done
ln -s usr/bin "$root/bin"
cp "$(command -v busybox)" "$root/usr/bin/busybox"
mknod "$root/etc-disk" b 7 0
cat >"$root/script" <<'END'
#!/usr/bin/busybox sh
export PATH=/bin
/usr/bin/busybox mkdir -p /bin /inner && /usr/bin/busybox --install -s /usr/bin
try() { # word, then the command: did it work?
	word=$1 && shift
	if "$@" >/dev/null 2>>/tmp/errors; then echo "$word yes"; else echo "$word no"; fi
}
{
	try chown chown 1000:1000 /inner
	try chmod chmod 4755 /inner
	try null sh -c 'echo x >/dev/null && head -c 8 /dev/urandom >/inner/random'
	try device mknod /inner/disk b 7 0
	try open head -c 1 /etc-disk
	try mount mount -t tmpfs none /inner
	try proc mount -t proc proc /inner
	try unmount umount /proc/sys
	try chroot chroot /inner /bin/true
	try sysctl sh -c 'read value </proc/sys/kernel/core_pattern && echo "$value" >/proc/sys/kernel/core_pattern'
	try sysrq sh -c 'echo h >/proc/sysrq-trigger'
	try memory head -c 1 /proc/kcore
	try hostname hostname elsewhere
	try others kill -0 2
	try network sh -c '[ "$(ls /sys/class/net 2>/dev/null || cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d " ")" != lo ]'
	try namespace unshare -r true
	try priority nice -n -5 true
	echo "capabilities $(sed -n 's/^CapBnd:\t*//p' /proc/self/status)"
	echo "process $$"
} >/etc/tried
rm -rf /inner/random
END
chmod 755 "$root/script"

check 'a script runs in a root' run_script
for what in chown chmod null; do check "the script may: $what" tried $what yes; done
for what in device open mount proc unmount chroot sysctl sysrq memory hostname others network namespace priority; do
	check "the script may not: $what" tried $what no
done
# chown, dac_override, fowner, fsetid, kill, setgid, setuid, setfcap
check 'its capabilities are few' tried capabilities 00000000800000fb
check 'it is alone' tried process 1
check 'nothing is mounted any more' fails grep -F "$dir" /proc/self/mountinfo
printf '#!/usr/bin/busybox sh\necho something is wrong >&2; exit 3\n' >"$root/script"
check 'one that fails: its status, and what it said' ends_with 3 'something is wrong'
printf '#!/usr/bin/nothing\n' >"$root/script"
check 'one that nothing can run: says so' ends_with 125 'No such file'
ln -s /usr/bin "$dir/elsewhere" && rmdir "$root/proc" && ln -s ../../elsewhere "$root/proc"
check 'a root whose /proc leads elsewhere: refused' ends_with 125 "the root can't be laid out"
done_testing
