#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 300
# The servers' sandboxes on Debian's own kernel (Debian 12: Linux 6.1, whose Landlock is ABI 2), and with Landlock
# turned off: nobody gets out, and both servers still serve. The machine has no disk and no network. About 30 s.
set -eu
. tests/lib.sh

dir=$(mktemp -d)
guest=
clean_up() {
	[ -z "$guest" ] || kill "$guest" 2>/dev/null || :
	[ "${KEEP:-0}" = 1 ] || rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
test_explain() { note "console: $log"; grep -h '^not ok\|^# ' "$log" | tail -n 20 | sed 's/^/# /'; }

programs="test-sandbox test-escape-tftpd test-escape-httpd bramble-tftpd bramble-httpd"
lay_out() {
	mkdir -p "$dir/fs/bin" "$dir/fs/etc"
	cp "$(command -v busybox)" "$dir/fs/bin/busybox"
	for name in sh mount mkdir ip chmod head tail cat grep sleep rm cmp kill tftp wget poweroff; do
		ln -s busybox "$dir/fs/bin/$name"
	done
	for name in $programs; do
		cp "$B/$name" "$dir/fs/bin"
		ldd "$B/$name" | grep -o '/[^ ]*' | while read -r library; do
			mkdir -p "$dir/fs$(dirname "$library")"
			cp -L "$library" "$dir/fs$library"
		done
	done
	cp tests/guest/confined "$dir/fs/init"
	printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$dir/fs/etc/passwd"
	(cd "$dir/fs" && find . | cpio -o -H newc --quiet) >"$dir/initrd"
}

power_on() { # log, kernel parameters
	log=$1
	: >"$log"
	timeout 120 qemu-system-x86_64 -M q35 -cpu max -accel tcg,thread=multi -smp 1 -m 512 -display none -monitor none \
		-serial "file:$log" -no-reboot -nic none -kernel "$kernel" -initrd "$dir/initrd" \
		-append "console=ttyS0 quiet panic=1 $2" </dev/null >/dev/null 2>&1 &
	guest=$!
	wait "$guest" || :
	guest=
	tr -d '\r' <"$log" >"$log.txt"
	log=$log.txt
	grep -q '^result end' "$log"
}
was() { grep -qx "result $1 0" "$log"; }
attempts() { sed -n 's/^ok [0-9]* - \(.*\) attempts were made.*/\1/p' "$log" | tr '\n' ' '; }
says() { grep -q "$1" "$log"; }
checks() { # what
	for name in sandbox escape-tftpd escape-httpd bramble-tftpd bramble-httpd; do
		check "$1: $name" was "$name"
	done
	note "$1: attempts that were made: $(attempts)"
}

lay_out
kernel=$(find "$(tests/guest/tree)/boot" -name 'vmlinuz-*' | head -n 1)
check "Debian's kernel does all that it is told" power_on "$dir/with" ''
abi=$(sed -n 's/^# Landlock ABI //p' "$log" | head -n 1)
check "it has Landlock" [ "${abi:-0}" -gt 0 ]
checks "Landlock ABI ${abi:-0}"
check "the kernel without Landlock, and with a clock that has to be asked by a system call" \
	power_on "$dir/without" 'lsm=yama clocksource=acpi_pm'
check "has none" says '^# Landlock ABI 0$'
check "it asks for the time" says '^clock source: acpi_pm'
checks "no Landlock"
check "which is said" says 'this kernel has no Landlock'
done_testing
